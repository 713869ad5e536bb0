"""A fit as scikit-learn's callbacks see it: one task, with one subtask per epoch.

Perceptrons and wrappers create a `FitTask` at the start of ``fit``, pass its watchers to the
engine, and end it.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sklearn.callback import CallbackContext, CallbackSupportMixin, FitCallback

from skhp.compat.sklearn_callback import has_callbacks

if TYPE_CHECKING:
    from skhp.engine.plan import TrainingState

History = dict[str, list[float]]


class EpochEnd:
    """What a callback can read at the end of an epoch, in addition to its arguments.

    Attributes
    ----------
    logs : dict of str to float
        "loss", metrics, "val_loss", ...
    """

    def __init__(
        self, logs: dict[str, float], run: Any, attributes: Callable[[], Mapping[str, Any]]
    ) -> None:
        self.logs = logs
        self._run, self._attributes = run, attributes

    @property
    def is_earlier(self) -> bool:
        """Whether an earlier fit has trained this epoch. Its weights are not kept."""
        return getattr(self._run, "is_earlier", False)

    def state(self) -> TrainingState:
        """The weights at the end of the epoch. Each call makes a copy."""
        return self._run.state()

    def fitted(self, estimator: Any) -> Any:
        """A copy of the estimator being fitted, as if its training had ended now.

        It is the ``fitted_estimator`` of scikit-learn's callbacks. A callback that takes this
        argument gets a copy for each epoch. Epochs of an earlier fit are then trained again.
        """
        copied = copy.copy(estimator)
        for name, value in self._attributes().items():
            setattr(copied, name, value)
        return copied


_ends: weakref.WeakKeyDictionary[CallbackContext, EpochEnd] = weakref.WeakKeyDictionary()


def epoch_end(context: CallbackContext) -> EpochEnd | None:
    """The `EpochEnd` of a task, for a callback in its ``on_fit_task_end``.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        As a callback's ``on_fit_task_end`` gets it.

    Returns
    -------
    EpochEnd or None
        None for a task that is not an epoch.
    """
    return _ends.get(context)


class FitTask:
    """One fit of an estimator, in the tree of tasks that callbacks see.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        The one being fitted. Its ``fit`` is decorated with
        `sklearn.callback.with_callbacks`.
    X, y, sample_weight
        The arguments of ``fit``, unchanged: callbacks score the estimator on them.
    epochs : int
        The maximum number of epochs.

    Raises
    ------
    TypeError
        If a scikit-learn callback is among the estimator's Keras callbacks.
    """

    def __init__(
        self, estimator: CallbackSupportMixin, X: Any, y: Any, sample_weight: Any, epochs: int
    ) -> None:
        _check_keras_callbacks(getattr(estimator, "callbacks", None))
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context = estimator._init_callback_context(max_subtasks=epochs)
        self._context.call_on_fit_task_begin(**self._data)

    def watchers(self, attributes: Callable[[Any, History], Mapping[str, Any]]) -> tuple[Any, ...]:
        """Watchers for the engine; none if no callback is set, which takes no time.

        Parameters
        ----------
        attributes : callable
            It takes a run of the engine and the history of this fit so far. It returns
            the fitted attributes with which a copy of the estimator predicts as if
            training had stopped now. Only called for a callback that needs a fitted
            estimator.
        """
        return (Epochs(self._context, self._data, attributes),) * has_callbacks(self._context)

    def end(self) -> None:
        """Call the callbacks at the end of the fit."""
        self._context.call_on_fit_task_end(**self._data, reconstruction_attributes={})


def _check_keras_callbacks(callbacks: Any) -> None:
    """Raise TypeError if a scikit-learn callback is among the Keras callbacks."""
    if callbacks is None:  # isinstance with a protocol takes a hundredth of a small fit
        return
    if isinstance(callbacks, Mapping):
        callbacks = list(callbacks.values())
    for callback in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        if isinstance(callback, list | tuple | Mapping):
            _check_keras_callbacks(callback)
        elif isinstance(callback, FitCallback):
            name = getattr(callback, "__name__", type(callback).__name__)
            raise TypeError(
                f"callbacks must be Keras callbacks. Got {name}, which is a scikit-learn "
                f"callback: use set_callbacks({name}(...)) on the search, pipeline or estimator."
            )


class Epochs:
    """A watcher of the engine that makes one subtask per epoch.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The context of the fit.
    data : dict
        Arguments of the hooks: estimator, X, y, metadata.
    attributes : callable
        As in `FitTask.watchers`.
    """

    def __init__(self, context: Any, data: dict[str, Any], attributes: Any) -> None:
        self._context, self._data, self._attributes = context, data, attributes
        self._history: History = {}
        self._epoch: Any = None  # the task of the epoch that runs

    def train_begin(self, run: Any) -> None:
        """Before the first epoch."""

    def epoch_begin(self, epoch: int, run: Any) -> None:
        """Begin the epoch's task; again if no program could run the epoch, and Keras does."""
        if self._epoch is not None:
            return
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """End the epoch's task; True if a callback asks to stop."""
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)

        def attributes() -> Mapping[str, Any]:
            return self._attributes(run, self._history)

        _ends[self._epoch] = EpochEnd(dict(logs), run, attributes)
        try:
            return self._epoch.call_on_fit_task_end(
                **self._data, reconstruction_attributes=attributes
            )
        finally:
            del _ends[self._epoch]  # scikit-learn keeps the context until the whole search ends
            self._epoch = None

    def train_end(self, run: Any) -> None:
        """After the last epoch."""

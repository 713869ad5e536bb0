"""A fit as scikit-learn's callbacks see it: one task, with one subtask an epoch.

Both faces, the perceptrons and the wrappers of a user's own model, open a `FitTask` at
the start of ``fit``, hand its watchers to the engine, and end it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sklearn.callback import CallbackContext, CallbackSupportMixin, FitCallback

from skhp.compat.sklearn_callback import has_callbacks

if TYPE_CHECKING:
    from skhp.engine.plan import TrainingState

History = dict[str, list[float]]


class EpochEnd:
    """What a callback may know at the end of an epoch, beside scikit-learn's arguments.

    Attributes
    ----------
    logs : dict of str to float
        "loss", metrics, "val_loss", ...
    """

    def __init__(self, logs: dict[str, float], run: Any) -> None:
        self.logs = logs
        self._run = run

    def state(self) -> TrainingState:
        """The weights that the epoch ended with, copied when asked for."""
        return self._run.state()


_ends: weakref.WeakKeyDictionary[CallbackContext, EpochEnd] = weakref.WeakKeyDictionary()


def epoch_end(context: CallbackContext) -> EpochEnd | None:
    """What an epoch left, to be read by a callback in its ``on_fit_task_end``.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        As a callback's ``on_fit_task_end`` gets it.

    Returns
    -------
    EpochEnd or None
        None for a task that is no epoch.
    """
    return _ends.get(context)


class FitTask:
    """One fit of an estimator, in the tree of tasks that callbacks follow.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        The one being fitted. Its ``fit`` is decorated with
        `sklearn.callback.with_callbacks`.
    X, y, sample_weight
        What ``fit`` was given, as given: callbacks score the estimator on them.
    epochs : int
        The most epochs to come.

    Raises
    ------
    TypeError
        If a callback of scikit-learn's kind is among the estimator's Keras callbacks.
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
        """Watchers for the engine: none where no callback is set, so that none costs nothing.

        Parameters
        ----------
        attributes : callable
            Of a run of the engine and the history of this fit so far: the fitted
            attributes with which a copy of the estimator predicts as if training had
            stopped there. Called only for a callback that asks for a fitted estimator.
        """
        return (Epochs(self._context, self._data, attributes),) * has_callbacks(self._context)

    def end(self) -> None:
        """Tell the callbacks that the estimator is fitted."""
        self._context.call_on_fit_task_end(**self._data, reconstruction_attributes={})


def _check_keras_callbacks(callbacks: Any) -> None:
    """Raise TypeError where a scikit-learn callback stands among those for Keras."""
    if isinstance(callbacks, Mapping):
        callbacks = list(callbacks.values())
    for callback in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        if isinstance(callback, list | tuple | Mapping):
            _check_keras_callbacks(callback)
        elif isinstance(callback, FitCallback):
            name = getattr(callback, "__name__", type(callback).__name__)
            raise TypeError(
                f"callbacks must be Keras callbacks. Got {name}, a callback of scikit-learn's "
                f"kind: use set_callbacks({name}(...)) on the search, pipeline or estimator."
            )


class Epochs:
    """A watcher of the engine that makes a subtask of each epoch.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit.
    data : dict
        What the hooks are given: estimator, X, y, metadata.
    attributes : callable
        As in `FitTask.watchers`.
    """

    def __init__(self, context: Any, data: dict[str, Any], attributes: Any) -> None:
        self._context, self._data, self._attributes = context, data, attributes
        self._history: History = {}

    def train_begin(self, run: Any) -> None:
        """Before the first epoch."""

    def epoch_begin(self, epoch: int, run: Any) -> None:
        """Begin the epoch's task."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """End the epoch's task; True where a callback asks to stop."""
        _ends[self._epoch] = EpochEnd(dict(logs), run)
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)
        try:
            return self._epoch.call_on_fit_task_end(
                **self._data,
                reconstruction_attributes=lambda: self._attributes(run, self._history),
            )
        finally:
            del _ends[self._epoch]  # scikit-learn keeps the context until the whole search ends

    def train_end(self, run: Any) -> None:
        """After the last epoch."""

"""What MLPClassifier and MLPRegressor share: everything but their targets."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from skhp import runtime
from skhp.fitting.allowed_values import (
    ARRAY_LIKE,
    BOOLEAN,
    CALLABLE,
    NONE,
    RANDOM_STATE,
    VERBOSE,
    Allowed,
    check_values,
    float_from,
    instance_of,
    int_from,
    object_with,
)
from skhp.fitting.callback_support import CallbackSupport
from skhp.fitting.fit_task import FitTask
from skhp.fitting.store import FitStore
from skhp.keras_objects.copying import ready_to_clone
from skhp.keras_objects.late_attributes import LateAttributes, current_attributes
from skhp.keras_objects.stored_reader import read_attributes
from skhp.keras_objects.stored_writer import stored_attributes
from skhp.mlp.history import joined_history
from skhp.mlp.other_names import what_to_set
from skhp.mlp.parameter_checks import (
    check_instances,
    check_precision,
    refuse_callbacks_of_sklearn,
)
from skhp.mlp.rows import checked_rows, floatx

if TYPE_CHECKING:
    from skhp.engine.plan import TrainingState
    from skhp.mlp.spec import MLPSpec
    from skhp.mlp.target_coding import TargetCoding


class BaseMLP(CallbackSupport, LateAttributes, BaseEstimator):
    """A multi-layer perceptron, without what depends on the targets.

    Subclasses define what differs between classes and values: ``_check_target_kind``,
    ``_check_targets``, ``_class_weights`` and ``_stratify``.
    """

    _allowed_values: dict[str, list[Allowed]] = {
        # A program with more layers would take too long to compile.
        "n_layers": [int_from(0, 1000), NONE],
        "width": [int_from(1), ARRAY_LIKE],
        "activation": [instance_of(str), CALLABLE, NONE],
        "learning_rate": [
            float_from(0, low_included=False),
            object_with("__call__", "get_config"),  # a keras LearningRateSchedule
            NONE,
        ],
        "optimizer": [instance_of(str), object_with("apply", "get_config")],
        "weight_decay": [float_from(0), NONE],
        "dropout": [float_from(0, 1)],
        "batch_norm": [BOOLEAN],
        "l2": [float_from(0)],
        "kernel_initializer": [instance_of(str), CALLABLE],
        "loss": [instance_of(str), CALLABLE],
        "batch_size": [int_from(1)],
        "epochs": [int_from(1)],
        "max_seconds": [float_from(0, low_included=False), NONE],
        "shuffle": [BOOLEAN],
        "early_stopping": [BOOLEAN],
        "validation_fraction": [float_from(0, 1, low_included=False)],
        "patience": [int_from(1)],
        "min_delta": [float_from(0)],
        "monitor": [instance_of(str), CALLABLE],
        "metrics": [instance_of(str), CALLABLE, ARRAY_LIKE, NONE],
        "callbacks": [ARRAY_LIKE, object_with("set_model"), NONE],
        "warm_start": [BOOLEAN],
        "memory": [instance_of(str), instance_of(os.PathLike), instance_of(FitStore), NONE],
        "random_state": [RANDOM_STATE],
        "verbose": [VERBOSE],
    }

    @classmethod
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads the signature again for each clone, set_params and get_params.
        kind: Any = cls
        return list(_names_in_signature(kind, kind.__init__))

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Their names and values.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If a name is unknown, the name of a nested parameter such as
            "optimizer__momentum", or a name of another library such as "max_iter". The message
            says what to set instead.
        """
        kind: Any = type(self)
        own = _parameter_names(kind)
        instead = what_to_set(own, params)
        if instead is not None:
            raise ValueError(f"Invalid parameter for estimator {kind.__name__}: {instead}.")
        return super().set_params(**params)

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Training rows. Arrays of more dimensions (images) are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts. Weights are scaled to a mean of one.
        X_val, y_val : array-like, optional
            Rows to validate on after each epoch, instead of held-out rows.
        sample_weight_val : array-like, optional
            Their weights.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not valid. The message says what was given,
            what is allowed and what to do.
        """
        self._check_params()
        task = FitTask(self, X, y, sample_weight, self.epochs)
        given, validation = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        continues = bool(self.warm_start) and hasattr(self, "_state")
        from skhp.mlp.fit_steps import fit_network

        with self._unfitted_on_error(continues):
            fit_network(self, given, validation, task.watchers(self._attributes_at), continues)
        task.end()
        return self

    @contextlib.contextmanager
    def _unfitted_on_error(self, continues: bool) -> Iterator[None]:
        """After an error, do not keep untrained weights: the estimator would seem fitted.

        An estimator that was trained further is as before, so that the next ``fit`` draws the
        same random numbers.
        """
        before = vars(self).copy()
        if continues:
            before["_random_state"] = copy.deepcopy(self._random_state)
        try:
            yield
        except BaseException:
            if continues:
                self.__dict__ = before
            else:
                for name in ("_state", "_model"):
                    self.__dict__.pop(name, None)
            raise

    def _check_params(self) -> None:
        params = self._params()
        refuse_callbacks_of_sklearn(self.callbacks)
        check_values(self._allowed_values, params, type(self).__name__)
        check_instances(params)
        runtime.start()
        check_precision(params, floatx())

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, **classes: Any) -> Self:
        self._check_params()
        continues = hasattr(self, "_state")
        from skhp.mlp.fit_steps import fit_one_epoch

        with self._unfitted_on_error(continues):
            fit_one_epoch(self, (X, y, sample_weight), continues, **classes)
        return self

    def _with_state(self, state: TrainingState) -> Self:
        """A copy with other weights, which predicts as if training had ended with them."""
        copied = copy.copy(self)
        copied._state = state
        return copied

    def _params(self) -> dict[str, Any]:
        kind: Any = type(self)
        return {name: getattr(self, name) for name in _parameter_names(kind)}

    def _attributes_at(self, run: Any, history: Mapping[str, list[float]]) -> dict[str, Any]:
        """The attributes that this estimator would have if training had stopped now."""
        so_far = joined_history(self.history_, history)
        return {
            "_state": run.state(),
            "history_": so_far,
            "n_epochs_": len(so_far["loss"]),
        }

    def evaluation(self, X: Any, y: Any) -> Callable[[Any], dict[str, float]]:
        """The loss and metrics on other rows, for any weights of the fitted network.

        Parameters
        ----------
        X, y : array-like
            Rows. All of them have the same weight.

        Returns
        -------
        callable
            It takes a `skhp.engine.plan.TrainingState` and returns a dict of floats.
        """
        from skhp.engine.evaluation import Evaluation
        from skhp.mlp.planning import plan_training
        from skhp.mlp.training import encoded_rows

        plan = plan_training(self._fitted_params, self._network, self._coding)
        rows = encoded_rows(checked_rows(self, X, y, None, reset=False), self._coding)
        # class_weight is for training only: rows that score a candidate have equal weights.
        return Evaluation(plan, replace(rows, weight=np.ones_like(rows.weight)))

    def count_parameters(self, like: Any = None) -> int:
        """The number of weights, moving statistics included.

        Parameters
        ----------
        like : estimator, optional
            A fitted estimator of the same kind. The weights are counted as if this one was
            fitted on the same data. By default this one must be fitted.

        Returns
        -------
        int
        """
        check_is_fitted(self if like is None else like)
        if like is None:
            return self._network.n_parameters()
        runtime.start()
        from skhp.mlp.planning import plan_network
        from skhp.mlp.targets import choose_coding

        coding = like._coding
        if not getattr(like, "_one_hot", False):  # one-hot rows need these outputs with any loss
            coding = choose_coding(like._task, like.n_outputs_, self.loss)
        return plan_network(self._params(), like.n_features_in_, coding).n_parameters()

    def _outputs(self, X: Any) -> np.ndarray:
        from skhp.mlp.outputs import network_outputs

        check_is_fitted(self)
        return network_outputs(self, X)

    @property
    def model_(self) -> Any:
        """The fitted network as a compiled `keras.Model`, built when first used."""
        check_is_fitted(self)
        if "_model" not in self.__dict__:
            runtime.start()
            from skhp.engine.keras_fit import resume
            from skhp.mlp.planning import plan_training

            plan = plan_training(self._fitted_params, self._network, self._coding)
            self._model = plan.network.compiled_model(plan, self._state)
            resume(self._model.optimizer, self._state)
        return self._model

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def __sklearn_clone__(self) -> Any:
        stand_in = object.__new__(type(self))
        params = {name: ready_to_clone(value) for name, value in self._params().items()}
        stand_in.__dict__.update(vars(self), **params)
        return BaseEstimator.__sklearn_clone__(stand_in)

    def __copy__(self) -> Self:
        # The stored form would take long to make, and callbacks copy at each epoch.
        copied = object.__new__(type(self))
        copied.__dict__.update({n: v for n, v in vars(self).items() if n != "_model"})
        return copied

    def __getstate__(self) -> dict[str, Any]:
        # The model is made again from the weights.
        attributes = current_attributes(self)
        return stored_attributes({n: v for n, v in attributes.items() if n != "_model"})

    def __setstate__(self, state: dict[str, Any]) -> None:
        read_attributes(self, state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        return tags

    # What fit learns in addition to its public attributes.
    _coding: TargetCoding
    _network: MLPSpec
    _state: TrainingState
    _fitted_params: dict[str, Any]
    _optimizer_token: Hashable = None

    # What the classifier and the regressor define.
    _task: str

    def _check_target_kind(self, y: Any) -> None:
        raise NotImplementedError

    def _check_targets(self, y: Any, reset: bool) -> np.ndarray:
        raise NotImplementedError

    def _class_weights(self, labels: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _stratify(self, labels: np.ndarray) -> np.ndarray | None:
        raise NotImplementedError


@functools.lru_cache(maxsize=128)
def _names_in_signature(kind: Any, constructor: Any) -> tuple[str, ...]:
    """What scikit-learn finds in the signature of a class's constructor."""
    return tuple(super(BaseMLP, kind)._get_param_names())  # type: ignore[misc]


@functools.lru_cache(maxsize=128)
def _parameter_names(kind: Any) -> tuple[str, ...]:
    """The names of a class's constructor parameters, in alphabetical order.

    The constructor of a user's subclass may take fewer than the class that it calls.
    """
    names: set[str] = set()
    for owner in kind.__mro__:
        if issubclass(owner, BaseMLP) and "__init__" in vars(owner):
            parameters = list(inspect.signature(owner.__init__).parameters.values())[1:]
            names.update(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
    return tuple(sorted(names))

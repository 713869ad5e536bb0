"""What MLPClassifier and MLPRegressor share: everything but their targets."""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skhp import runtime
from skhp.engine.large_table import LargeTable
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
from skhp.fitting.divergence import check_can_predict, check_converged
from skhp.fitting.features import as_rows, as_table, checks_of
from skhp.fitting.fit_task import FitTask
from skhp.fitting.outcome import fitted_attributes, warn_if_cut, warn_if_diverged
from skhp.fitting.rows import CheckedRows
from skhp.fitting.sample_weight import checked_sample_weight
from skhp.fitting.store import FitStore
from skhp.keras_objects.late_attributes import LateAttributes, current_attributes
from skhp.keras_objects.stored_values import read_attributes, stored_attributes
from skhp.mlp.history import joined_history
from skhp.mlp.parameter_checks import (
    check_instances,
    check_precision,
    refuse_callbacks_of_sklearn,
    refuse_nested,
    refuse_other_names,
)

if TYPE_CHECKING:
    from skhp.engine.checkpoint import Checkpoints
    from skhp.engine.plan import Outcome, Rows, TrainingPlan, TrainingState, ValidationScore
    from skhp.mlp.spec import MLPSpec
    from skhp.mlp.target_coding import TargetCoding


class BaseMLP(CallbackSupportMixin, LateAttributes, BaseEstimator):
    """A multi-layer perceptron, but for its targets.

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
        "metrics": [ARRAY_LIKE, NONE],
        "callbacks": [ARRAY_LIKE, object_with("set_model"), NONE],
        "warm_start": [BOOLEAN],
        "memory": [instance_of(str), instance_of(os.PathLike), instance_of(FitStore), NONE],
        "random_state": [RANDOM_STATE],
        "verbose": [VERBOSE],
    }

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
        own = _parameter_names(type(self))
        refuse_nested(type(self).__name__, own, params)
        refuse_other_names(type(self).__name__, own, params)
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
        continuing = self.warm_start and hasattr(self, "_state")
        with self._unfitted_on_error(continuing):
            self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), task, continuing)
        task.end()
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: tuple[Any, Any, Any],
        task: FitTask,
        continuing: bool,
    ) -> None:
        rows = self._checked_rows(X, y, sample_weight, reset=not continuing)
        self._plan_network(continuing)
        validation = self._checked_validation_rows(*validation_data)
        data, held_out = validation_data, None
        if validation is None and self.early_stopping:
            train, held_out = self._hold_out(rows)
            data = (X, y, sample_weight)
            rows, validation = rows.part(train), rows.part(held_out)
        score = self._validation_score(data, held_out) if self.early_stopping else None
        self._keep(self._train(rows, validation, task.watchers(self._attributes_at), score))

    @contextlib.contextmanager
    def _unfitted_on_error(self, continuing: bool) -> Iterator[None]:
        """After an error, do not keep untrained weights: the estimator would seem fitted."""
        try:
            yield
        except BaseException:
            if not continuing:
                for name in ("_state", "_model"):
                    self.__dict__.pop(name, None)
            raise

    def _check_params(self) -> None:
        refuse_callbacks_of_sklearn(self.callbacks)
        check_values(self._allowed_values, self._params(), type(self).__name__)
        check_instances(self._params())
        runtime.start()
        check_precision(self._params(), floatx())

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, **classes: Any) -> Self:
        self._check_params()
        continuing = hasattr(self, "_state")
        with self._unfitted_on_error(continuing):
            rows = self._checked_rows(X, y, sample_weight, reset=not continuing, **classes)
            self._plan_network(continuing)
            self._keep(self._train(rows, None, one_epoch=True))
        return self

    def _checked_rows(
        self, X: Any, y: Any, sample_weight: Any, reset: bool, **classes: Any
    ) -> CheckedRows:
        """Check X, y and weights, once. With ``reset``, learn what y and the columns are."""
        self._check_target_kind(y)
        table = as_table(X)
        with np.errstate(over="ignore"):  # an error names the numbers that are too large
            X, y = validate_data(
                self,
                table,
                y,
                reset=reset,
                accept_sparse="csr",
                multi_output=True,
                **checks_of(table, floatx()),
            )
            X = as_rows(X, floatx(), type(self).__name__)
        labels = self._check_targets(y, reset=reset, **classes)
        return CheckedRows(X, labels, self._checked_weights(labels, sample_weight))

    def _checked_weights(self, labels: np.ndarray, sample_weight: Any) -> np.ndarray:
        if isinstance(sample_weight, str | Mapping):
            raise TypeError(
                f"sample_weight must be an array with one number per row. Got {sample_weight!r}. "
                "Pass weights of classes as class_weight, a parameter of MLPClassifier."
            )
        weight = checked_sample_weight(sample_weight, len(labels), np.float64)
        weight = weight * self._class_weights(labels)
        if not weight.sum() > 0:
            raise ValueError(
                "sample_weight (times class_weight) adds up to zero, so no row counts. Give at "
                "least one row a positive weight."
            )
        return weight * (len(weight) / weight.sum())

    def _checked_validation_rows(
        self, X_val: Any, y_val: Any, sample_weight_val: Any
    ) -> CheckedRows | None:
        if (X_val is None) != (y_val is None):
            missing, given = ("y_val", "X_val") if y_val is None else ("X_val", "y_val")
            raise ValueError(
                f"{given} was given without {missing}. Validation needs both: pass {missing} too."
            )
        if X_val is None or y_val is None:
            if sample_weight_val is not None:
                raise ValueError(
                    "sample_weight_val was given without X_val and y_val. Pass these too."
                )
            return None
        return self._checked_rows(X_val, y_val, sample_weight_val, reset=False)

    def _hold_out(self, rows: CheckedRows) -> tuple[np.ndarray, np.ndarray]:
        """Row numbers to train on, and to validate on."""
        from skhp.fitting.held_out_rows import hold_out

        fraction = float(self.validation_fraction)
        return hold_out(len(rows), fraction, self._stratify(rows.y), self._random_state)

    def _validation_score(
        self, data: tuple[Any, Any, Any], which: np.ndarray | None
    ) -> ValidationScore | None:
        """The score that early stopping watches; None if it watches the loss or a metric.

        It is measured on those rows of X, y and weights, or on all.
        """
        from skhp.fitting.validation_score import scored_rows, validation_score
        from skhp.mlp.monitor import monitored_name, scorer_of
        from skhp.mlp.targets import look_up_metrics

        scorer = scorer_of(self.monitor, look_up_metrics(self.metrics, self._coding))
        if scorer is None:
            return None
        rows = scored_rows(*data, which)
        name = monitored_name(self.monitor)
        return validation_score(name, scorer, rows, self._with_state, "monitor")

    def _with_state(self, state: TrainingState) -> Self:
        """A copy with other weights, which predicts as if training had ended with them."""
        copied = copy.copy(self)
        copied._state = state
        return copied

    def _plan_network(self, continuing: bool) -> None:
        from skhp.engine.plan import TrainingState
        from skhp.mlp.network import initial_weights
        from skhp.mlp.planning import check_same_weights, plan_network
        from skhp.mlp.targets import choose_coding

        coding = choose_coding(self._task, self.n_outputs_, self.loss)
        network = plan_network(self._params(), self.n_features_in_, coding)
        if continuing:
            check_same_weights(self._network, network)
        else:
            self._random_state = check_random_state(self.random_state)
            self._state = TrainingState(*initial_weights(network, self._random_state))
            self.history_: dict[str, list[float]] = {}
            self.n_epochs_ = 0
        self._coding, self._network = coding, network
        # Later changes of parameters must not change a fitted network.
        self._fitted_params = {**self._params(), "callbacks": None}

    def _params(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _parameter_names(type(self))}

    def _train(
        self,
        rows: CheckedRows,
        validation: CheckedRows | None,
        watchers: Sequence[Any] = (),
        score: ValidationScore | None = None,
        one_epoch: bool = False,
    ) -> Outcome:
        from skhp.engine.train import train
        from skhp.mlp.planning import optimizer_token, plan_training
        from skhp.mlp.user_functions import check_weights_count

        check_weights_count(self._coding, rows.weight)
        plan = plan_training(self._params(), self._network, self._coding)
        plan = replace(plan, watchers=watchers, validation_score=score)
        if one_epoch or validation is None:
            plan = replace(plan, early_stop=None)
        if one_epoch:
            plan = replace(plan, epochs=1)
        self.callbacks_ = list(plan.callbacks)
        token = optimizer_token(self.optimizer, plan)
        if self._optimizer_token != token:
            self._state.optimizer_variables = None  # they are another optimizer's
        held_out = None if validation is None else self._encoded(validation)
        arguments = (plan, self._encoded(rows), held_out, self._state, self._random_state)
        memory = None if one_epoch else self.memory
        outcome = train(*arguments, checkpoints=self._checkpoints(memory, *arguments))
        self._optimizer_token = token
        return outcome

    def _checkpoints(self, memory: Any, plan: TrainingPlan, *arguments: Any) -> Checkpoints:
        """Checkpoints of earlier fits with these arguments of the engine."""
        from skhp.fitting.fit_key import fit_key
        from skhp.fitting.remembered import FitRequest, store_for
        from skhp.mlp.network_key import network_key

        def key() -> str:
            return fit_key(network_key(self._network), plan, *arguments)

        return store_for(memory).checkpoints(FitRequest(plan, self._state, self._params(), key))

    def _encoded(self, rows: CheckedRows) -> Rows:
        """Checked rows as the engine takes them."""
        from skhp.engine.plan import Rows

        X = rows.X if isinstance(rows.X, LargeTable) else np.ascontiguousarray(rows.X)
        return Rows(X, self._coding.encode(rows.y, X.dtype.name), rows.weight.astype(X.dtype))

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
            Rows, which count alike.

        Returns
        -------
        callable
            It takes a `skhp.engine.plan.TrainingState` and returns a dict of floats.
        """
        from skhp.engine.evaluation import Evaluation
        from skhp.mlp.planning import plan_training

        plan = plan_training(self._fitted_params, self._network, self._coding)
        rows = self._encoded(self._checked_rows(X, y, None, reset=False))
        # class_weight is for training only: rows that score a candidate count alike.
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

        return plan_network(self._params(), like.n_features_in_, like._coding).n_parameters()

    def _keep(self, outcome: Outcome) -> None:
        check_converged(outcome, self._rate())
        self._state = outcome.state
        self.__dict__.pop("_model", None)
        history = joined_history(self.history_, outcome.history)
        self.__dict__.update(fitted_attributes(outcome, history))
        warn_if_diverged(outcome, self._rate())
        warn_if_cut(outcome, self.max_seconds)

    def _rate(self) -> Any:
        """The learning rate that training starts with: the parameter or the optimizer's own."""
        params = self._fitted_params
        if params["learning_rate"] is not None:
            return params["learning_rate"]
        from skhp.keras_objects.catalogue import look_up

        return look_up("optimizer", params["optimizer"]).config["learning_rate"]

    def _outputs(self, X: Any) -> np.ndarray:
        from skhp.mlp.prediction import predict

        check_is_fitted(self)
        dtype, table = self._state.trainable[0].dtype, as_table(X)
        with np.errstate(over="ignore"):  # an error names the numbers that are too large
            checks = checks_of(table, dtype)
            X = validate_data(self, table, reset=False, accept_sparse="csr", **checks)
            X = as_rows(X, dtype, type(self).__name__)
        check_can_predict(self, self._state.is_finite(), self._rate)
        if not isinstance(X, LargeTable):
            return predict(self._network, self._state, X)
        if X.has_few_entries():
            return predict(self._network, self._state, X.table)
        return self._outputs_in_blocks(X)

    def _outputs_in_blocks(self, X: LargeTable) -> np.ndarray:
        """The outputs for a large X, by Keras: its kernels take a third of NumPy's time."""
        runtime.start()
        from skhp.engine.block_outputs import outputs_in_blocks, rows_at_once

        return outputs_in_blocks(self.model_, X, rows_at_once(self.model_, X))

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


def floatx() -> str:
    """Keras's float type, in which a new network is trained."""
    import keras

    return keras.config.floatx()


def _parameter_names(kind: Any) -> list[str]:
    """The names of a class's constructor parameters, in alphabetical order."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return sorted(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)

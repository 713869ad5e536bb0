"""What KerasClassifier and KerasRegressor share, on scikeras's BaseWrapper.

scikeras gives the promises: what a builder may ask for, how parameters are routed, what
may be overridden. Training, prediction, data checks and pickling are skhp's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import NotFittedError

from skhp.compat.scikeras import route_params
from skhp.fitting.divergence import check_can_predict, rate_of, warn_diverged
from skhp.fitting.fit_task import FitTask
from skhp.fitting.sample_weight import checked_sample_weight
from skhp.keras_objects.storage import copy_model
from skhp.runtime.eager_kernels import note_model_built
from skhp.runtime.global_generators import seeded
from skhp.wrappers.constraints import check_arguments, check_parameters, check_score_settings
from skhp.wrappers.encoders import fit_encoder
from skhp.wrappers.history import KerasHistory
from skhp.wrappers.inputs import check_is_table
from skhp.wrappers.integer_seed import integer_seed
from skhp.wrappers.kept_model import KeptModel
from skhp.wrappers.parameters import KERAS_ARGUMENTS
from skhp.wrappers.rows import WrapperRows, check_split
from skhp.wrappers.training import TrainingRequest, predict_model, train_model
from skhp.wrappers.warm_start import changed_learning_rate, settings_of_model

# What an estimator needs of its data, beside the model, to predict.
_LEARNED = (
    "target_encoder_", "feature_encoder_", "X_shape_", "X_dtype_", "n_features_in_",
    "feature_names_in_", "classes_", "_predict_callbacks", "target_type_", "y_ndim_", "y_dtype_",
    "y_shape_",
)  # fmt: skip


class BaseWrapper(CallbackSupportMixin, KeptModel, WrapperRows):
    """A Keras network of your own as an estimator of your own: extend it.

    `KerasClassifier` and `KerasRegressor` extend it. A subclass may override
    ``target_encoder`` and ``feature_encoder`` (properties that return unfitted
    transformers of y and X), ``_keras_build_fn`` (a method that builds the model, in place
    of ``model``) and ``scorer`` (a static method, which `score` calls).

    Parameters
    ----------
    model : callable or keras.Model, default=None
        As in `KerasClassifier`, and so are the other parameters.
    build_fn : callable, default=None
        An old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` goes on with the model of the last one.
    random_state : int, RandomState, Generator or None, default=None
        For first weights, dropout and the order of rows.
    optimizer : str, keras.optimizers.Optimizer or subclass of it, default="rmsprop"
        Settings go to a name or class: ``optimizer__learning_rate=0.1``.
    loss : str, callable, keras.losses.Loss or subclass of it, or list or dict, default=None
        Settings go to a name or class: ``loss__label_smoothing=0.1``.
    metrics : list, dict or one of str, keras.metrics.Metric or subclass, default=None
        Recorded in ``history_``.
    batch_size : int or None, default=None
        Rows a step; None for 32, -1 for all.
    validation_batch_size : int or None, default=None
        Rows a step in validation.
    verbose : int, default=0
        1 or 2 prints a line an epoch.
    callbacks : list, dict or one of keras.callbacks.Callback or subclass, default=None
        The objects themselves run.
    validation_split : float, default=0.0
        Share of the rows, the last ones, to validate on after each epoch.
    shuffle : bool, default=True
        Whether each epoch takes the rows in an order of its own.
    run_eagerly : bool, default=False
        Whether Keras runs the model without compiling it.
    epochs : int, default=1
        Passes over the training rows.
    **kwargs : dict
        Arguments of the builder, and parameters with a prefix.

    Attributes
    ----------
    model_ : keras.Model
        The fitted model.
    history_ : dict of str to list of float
        One value an epoch.
    callbacks_ : list of keras.callbacks.Callback
        Those that ran.
    n_epochs_ : int
        Epochs in ``history_``.
    engine_ : {"compiled", "keras"}
        Whether a compiled program or Keras's own ``fit`` trained.
    engine_reason_ : str or None
        Why Keras's ``fit`` did, where it did.
    target_encoder_, feature_encoder_ : transformer
        As fitted.
    n_features_in_ : int
        Columns of X.

    See Also
    --------
    KerasClassifier : For classes.
    KerasRegressor : For values.

    Examples
    --------
    >>> import keras
    >>> from sklearn.base import TransformerMixin
    >>> from sklearn.datasets import load_iris
    >>> from skhp import BaseWrapper
    >>> class Compressor(TransformerMixin, BaseWrapper):
    ...     def _keras_build_fn(self, meta, width=2):
    ...         x = keras.Input((meta["n_features_in_"],))
    ...         code = keras.layers.Dense(width)(x)
    ...         self.encoder_ = keras.Model(x, code)
    ...         return keras.Model(x, keras.layers.Dense(meta["n_features_in_"])(code))
    ...     def fit(self, X, y=None):
    ...         return super().fit(X, X)
    ...     def transform(self, X):
    ...         return self.encoder_.predict(X, verbose=0)
    >>> X, _ = load_iris(return_X_y=True)
    >>> Compressor(loss="mse", width=3).fit_transform(X).shape
    (150, 3)
    """

    def _initialize(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        self._random_state = integer_seed(self.random_state)
        X, y = self._validate_data(X, y, reset=True)
        self.target_encoder_ = fit_encoder(self.target_encoder, y)
        self.__dict__.update(getattr(self.target_encoder_, "get_metadata", dict)())
        self.feature_encoder_ = fit_encoder(self.feature_encoder, X)
        self.__dict__.update(getattr(self.feature_encoder_, "get_metadata", dict)())
        self.model_ = self._build_keras_model()
        self._give_weights(X)
        self._take_up_given_model()
        self._check_settings_are_used()
        note_model_built()
        self._initialize_callbacks()
        self._settings = settings_of_model(self.get_params())
        self.n_epochs_ = 0
        return X, y

    def _continue_training(self) -> None:
        """Go on with the model as it is, and with what may change from fit to fit."""
        settings = settings_of_model(self.get_params())
        before = self.__dict__.get("_settings", settings)  # none where model_ was set by hand
        rate = changed_learning_rate(before, settings, type(self).__name__)
        if rate is not None:
            self.model_.optimizer.learning_rate = rate
        self._settings = settings
        self._random_state = integer_seed(self.random_state)
        self._initialize_callbacks()

    def _initialize_callbacks(self) -> None:
        super()._initialize_callbacks()
        # A dict or list of callbacks may hold lists of them.
        self._fit_callbacks: list[Any] = keras.tree.flatten(self._fit_callbacks)
        self._predict_callbacks: list[Any] = keras.tree.flatten(self._predict_callbacks)

    def initialize(self, X: Any, y: Any = None) -> Self:
        """Build the model and leave it untrained.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows like those to come.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        self
            The estimator, which predicts with the weights that the model came with.
        """
        check_is_table(X, type(self).__name__, y)
        self._check_parameters({})
        with self._unfitted_on_error(continuing=False):
            self._forget()
            self._initialize(X, y)
        return self

    def _forget(self) -> None:
        """Forget what an earlier fit learned that would steer this one."""

    # Fitting ------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Build the model and train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            Factors of the rows' losses, as Keras takes them.
        **kwargs : dict
            Arguments of ``keras.Model.fit``, for this fit alone.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not what they should be, or training diverges,
            so that the weights are no finite numbers. An estimator that goes on from an
            earlier fit keeps the weights of that one.
        """
        check_is_table(X, type(self).__name__, y)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        self._check_parameters(kwargs)
        epochs = kwargs.pop("epochs", self.get_params().get("fit__epochs", self.epochs))
        initial_epoch = kwargs.pop("initial_epoch", 0)
        task = FitTask(self, X, y, sample_weight, int(epochs))
        continuing = self.warm_start and self.initialized_
        with self._unfitted_on_error(continuing):
            if not continuing:
                self._forget()
            self._fit(
                X=X,
                y=y,
                sample_weight=sample_weight,
                warm_start=self.warm_start,
                epochs=epochs,
                initial_epoch=initial_epoch,
                watchers=task.watchers(self._attributes_at),
                **kwargs,
            )
        task.end()
        return self

    def _check_parameters(self, arguments: Mapping[str, Any]) -> None:
        """Check the estimator's parameters, and the arguments of ``fit`` for Keras."""
        name = type(self).__name__
        builder = self._builder_if_any()
        names_of_builder = builder.names if builder else ()
        own = [*self._get_param_names(), *KERAS_ARGUMENTS.difference(names_of_builder)]
        check_parameters(self.get_params(), own, name)
        check_score_settings(self.get_params(), type(self))
        check_arguments("fit", arguments, name)

    @contextlib.contextmanager
    def _unfitted_on_error(self, continuing: bool) -> Iterator[None]:
        """Leave no estimator that seems fitted and has the weights it was built with."""
        try:
            yield
        except BaseException:
            if not continuing:
                learned = [n for n in vars(self) if n.endswith("_") and not n.startswith("_")]
                for name in (
                    *learned,
                    "_model",
                    "_packed_model",
                    "_optimizer_variables",
                    "_last_history",
                ):
                    self.__dict__.pop(name, None)
            raise

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        warm_start: bool,
        epochs: int,
        initial_epoch: int,
        watchers: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        if (self.warm_start or warm_start) and self.initialized_:
            X, y = self._validate_data(X, y)
            self._continue_training()
        else:
            X, y = self._initialize(X, y)
        self._ensure_compiled_model()
        params = self.get_params()
        for name in ("class_weight", "validation_data"):
            if name not in kwargs and f"fit__{name}" in params:
                kwargs[name] = params[f"fit__{name}"]
        class_weight = self._class_weight(kwargs, y)
        if kwargs.get("validation_data") is not None:
            rows = self._validation_rows(kwargs["validation_data"], class_weight)
            kwargs["validation_data"] = rows
        weight = self._weights(y, sample_weight, class_weight)
        X, y, weight = self._encoded_rows(X, y, weight)
        self._check_model_compatibility(y)
        self._fit_keras_model(
            X,
            y,
            sample_weight=weight,
            warm_start=warm_start,
            epochs=epochs,
            initial_epoch=initial_epoch,
            watchers=watchers,
            **kwargs,
        )

    def _fit_keras_model(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        warm_start: bool,
        epochs: int,
        initial_epoch: int,
        watchers: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        arguments = route_params(
            self.get_params(),
            destination="fit",
            pass_filter=self._fit_kwargs - {"class_weight", "sample_weight"},
        )
        for name in [n for n in arguments if n.startswith("callbacks") or n == "class_weight"]:
            del arguments[name]
        arguments |= {"epochs": epochs, "initial_epoch": initial_epoch, **kwargs}
        if arguments.get("validation_data") is None:
            check_split(len(keras.tree.flatten(y)[0]), arguments.get("validation_split"))
        self.callbacks_ = keras.tree.flatten(
            [self._fit_callbacks, arguments.pop("callbacks", None) or ()]
        )
        request = TrainingRequest(
            model=self.model_,
            X=X,
            y=y,
            sample_weight=sample_weight,
            arguments=arguments,
            callbacks=self.callbacks_,
            watchers=watchers,
            seed=self._random_state,
        )
        # A layer may draw without a seed of its own; other numbers than the builder drew.
        draws = seeded(None if self._random_state is None else self._random_state + 1)
        with draws, self._naming_the_builder(X, y), self._noting_training():
            outcome = train_model(request)
        if outcome.engine != "keras":
            self._keep_training(outcome)
        self._note(outcome, restart=not warm_start or initial_epoch == 0)

    def _note(self, outcome: Any, restart: bool) -> None:
        """Keep what training left beside the weights."""
        if restart or not hasattr(self, "history_"):
            self.history_: dict[str, list[float]] = KerasHistory()
        for name, values in outcome.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_epochs_ = len(self.history_.get("loss", ()))
        self.engine_, self.engine_reason_ = outcome.engine, outcome.reason
        if outcome.diverged_at is not None:
            warn_diverged(outcome.diverged_at, rate_of(self.model_))

    def _attributes_at(self, run: Any, history: Mapping[str, list[float]]) -> dict[str, Any]:
        """What this estimator's attributes would be, had training stopped at this epoch."""
        from skhp.wrappers.computation import KerasNetwork

        model, state = copy_model(self.model_), run.state()
        KerasNetwork(model).load(model, state)
        return {
            **self._learned_from_data(),
            "model_": model,
            "history_": KerasHistory(history),
            "_is_finite": state.is_finite(),
        }

    def _learned_from_data(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _LEARNED if hasattr(self, name)}

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
        if like is None or like is self:
            return self._unpacked_model().count_params()
        fitted = clone(self)
        learned = {n: v for n, v in vars(like).items() if n[0] != "_" and n[-1] == "_"}
        fitted.__dict__.update(learned, _random_state=0)
        fitted.model_ = fitted._build_keras_model()
        empty = "" if like.X_dtype_.kind == "O" else 0
        fitted._give_weights(np.full((1, *like.X_shape_[1:]), empty, like.X_dtype_))
        return fitted.model_.count_params()

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
        from skhp.wrappers.training import TrainingRequest, measure_model

        X, y = self._validate_data(X, y)
        X, y = self._encoded_X(X), self._encoded_y(y)
        return measure_model(TrainingRequest(self.model_, X, y, None, {"epochs": 1}))

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Train one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            Factors of the rows' losses.
        **kwargs : dict
            Arguments of ``keras.Model.fit``, but for ``epochs``.

        Returns
        -------
        self
            The estimator.
        """
        check_is_table(X, type(self).__name__, y)
        self._check_parameters(kwargs)
        with self._unfitted_on_error(continuing=self.initialized_):
            return super().partial_fit(X, y, sample_weight=sample_weight, **kwargs)

    # Predicting ---------------------------------------------------------------------

    def _predict_raw(self, X: Any, **kwargs: Any) -> Any:
        if not self.initialized_:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            )
        check_is_table(X, type(self).__name__)
        X, _ = self._validate_data(X)
        model = self._unpacked_model()
        check_can_predict(self, self.__dict__.get("_is_finite", True), lambda: rate_of(model))
        X = self._encoded_X(X)
        arguments = route_params(
            self.get_params(), destination="predict", pass_filter=self._predict_kwargs, strict=True
        )
        arguments = {k: v for k, v in arguments.items() if not k.startswith("callbacks")}
        arguments |= kwargs
        check_arguments("predict", arguments, type(self).__name__)
        given = arguments.pop("callbacks", None) or ()
        callbacks = keras.tree.flatten([self._predict_callbacks, given])
        return predict_model(model, X, arguments, callbacks)

    def predict(self, X: Any, **kwargs: Any) -> Any:
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As the target encoder makes them of the network's outputs.
        """
        outputs = self._probabilities(self._predict_raw(X, **kwargs))
        return self.target_encoder_.inverse_transform(outputs)

    def _probabilities(self, outputs: Any) -> Any:
        """Outputs as the target encoder takes them: what logits and margins stand for."""
        return outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score predictions with `scorer`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their true targets.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.

        Returns
        -------
        float
        """
        weight = None if sample_weight is None else checked_sample_weight(sample_weight, len(y))
        arguments = route_params(self.get_params(), destination="score", pass_filter=set())
        return self.scorer(np.asarray(y), self.predict(X), sample_weight=weight, **arguments)

    def __sklearn_tags__(self) -> Any:
        tags = BaseEstimator.__sklearn_tags__(self)
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.target_tags.required = True
        tags.non_deterministic = False
        return tags

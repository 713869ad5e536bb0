"""`BaseWrapper`: what KerasClassifier and KerasRegressor share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import with_callbacks
from sklearn.exceptions import NotFittedError

from skhp import runtime
from skhp.fitting.callback_support import CallbackSupport
from skhp.fitting.fit_task import FitTask
from skhp.fitting.sample_weight import checked_sample_weight
from skhp.wrappers.hooks import WrapperHooks
from skhp.wrappers.model_attribute import MODEL_ATTRIBUTES
from skhp.wrappers.routing import route_params


class BaseWrapper(CallbackSupport, WrapperHooks):
    """The base class for estimators around a Keras network.

    `KerasClassifier` and `KerasRegressor` extend it. A subclass may override
    ``target_encoder`` and ``feature_encoder`` (properties that return unfitted
    transformers of y and X), ``_keras_build_fn`` (a method that builds the model, instead
    of ``model``) and ``scorer`` (a static method, which `score` calls).

    Parameters
    ----------
    model : callable or keras.Model, default=None
        As in `KerasClassifier`. So are the other parameters.
    build_fn : callable, default=None
        The old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` trains the model of the last fit further.
    random_state : int, RandomState, Generator or None, default=None
        Decides the initial weights, dropout and the order of rows.
    optimizer : str, keras.optimizers.Optimizer or subclass of it, default="rmsprop"
        A name or a class takes settings: ``optimizer__learning_rate=0.1``.
    loss : str, callable, keras.losses.Loss or subclass of it, or list or dict, default=None
        A name or a class takes settings: ``loss__label_smoothing=0.1``.
    metrics : list, dict or one of str, keras.metrics.Metric or subclass, default=None
        Recorded in ``history_``.
    batch_size : int or None, default=None
        Rows in a training step. None means 32, and -1 all rows.
    validation_batch_size : int or None, default=None
        Rows in a validation step.
    verbose : int, default=0
        1 or 2 prints a line for each epoch.
    callbacks : list, dict or one of keras.callbacks.Callback or subclass, default=None
        The objects themselves run, not copies.
    validation_split : float, default=0.0
        Share of the rows to validate on after each epoch. The last rows are taken.
    shuffle : bool, default=True
        Whether each epoch takes the rows in a new order.
    run_eagerly : bool, default=False
        Whether Keras runs the model without compiling it.
    epochs : int, default=1
        Passes over the training rows.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn, measured on the validation rows after each epoch.
    max_seconds : float or None, default=None
        Training stops after the first epoch that ends later, as for `MLPClassifier`.
    memory : path, skhp.search.FitStore or None, default=None
        A directory that keeps fits on disk, as for `MLPClassifier`. An argument ``memory`` of
        the builder is set with ``model__memory``.
    **kwargs : dict
        Arguments of the builder, and parameters with a prefix.

    Attributes
    ----------
    model_ : keras.Model
        The fitted model.
    history_ : dict of str to list of float
        One value for each epoch.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks that ran.
    n_epochs_ : int
        Number of epochs in ``history_``.
    engine_ : {"compiled", "graph", "keras"}
        What trained: a program that XLA compiled, a TensorFlow graph, or Keras's own ``fit``.
    engine_reason_ : str or None
        Why it was not "compiled". None if it was.
    target_encoder_, feature_encoder_ : transformer
        The fitted encoders.
    n_features_in_ : int
        Number of columns of X.

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

    if not TYPE_CHECKING:  # mypy would take it for the name of the class

        @property
        def __name__(self) -> str:
            return type(self).__name__

    @property
    def current_epoch(self) -> int:
        """Number of epochs in ``history_``; 0 before the first fit."""
        return len(self.history_["loss"]) if hasattr(self, "history_") else 0

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
            Factors of the losses of the rows, as in Keras.
        **kwargs : dict
            Arguments of ``keras.Model.fit``, for this fit only.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not valid, or training diverges: the weights
            are then not finite. With ``warm_start``, the estimator keeps the weights of
            the last fit.
        """
        self._check_data_are_given(X, y)
        from skhp.wrappers.fit_steps import FitCall, fit_model

        with self._parameters_read_once():
            self._check_parameters(kwargs)
            counts = route_params(self._params(), "fit", also=("epochs", "initial_epoch"))
            epochs = int(kwargs.pop("epochs", counts.get("epochs", self.epochs)))
            first = int(kwargs.pop("initial_epoch", counts.get("initial_epoch", 0)))
            task = FitTask(self, X, y, sample_weight, epochs)
            continues = bool(self.warm_start and self.initialized_)
            call = FitCall(
                epochs,
                first,
                continues,
                extends_history=bool(self.warm_start) and first != 0,
                arguments=kwargs,
                watchers=task.watchers(self._attributes_at),
                memory=self.memory,
                max_seconds=self.max_seconds,
                scoring=self.scoring,
            )
            with self._unfitted_on_error(continues):
                if not continues:
                    self._forget()
                fit_model(self, X, y, sample_weight, call)
        task.end()
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Train one more epoch, on these rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            Factors of the losses of the rows.
        **kwargs : dict
            Arguments of ``keras.Model.fit``, except ``epochs`` and ``initial_epoch``.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        TypeError
            If ``epochs`` or ``initial_epoch`` is given.
        """
        self._check_data_are_given(X, y)
        for name in ("epochs", "initial_epoch"):
            if name in kwargs:
                raise TypeError(
                    f"partial_fit takes no argument {name!r}: it trains one epoch, after those "
                    f"before. Got {name}={kwargs[name]!r}. Use fit, or call partial_fit again."
                )
        from skhp.wrappers.fit_steps import FitCall, fit_model

        with self._parameters_read_once():
            self._check_parameters(kwargs)
            first, continues = self.current_epoch, self.initialized_
            call = FitCall(1, first, continues, extends_history=first != 0, arguments=kwargs)
            with self._unfitted_on_error(continues):
                fit_model(self, X, y, sample_weight, call)
        return self

    def initialize(self, X: Any, y: Any = None) -> Self:
        """Build the model and do not train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows like those to come.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        self
            The estimator. It predicts with the initial weights of the model.
        """
        self._check_data_are_given(X, y, needs_y=False)
        with self._parameters_read_once():
            self._check_parameters({})
            with self._unfitted_on_error(continues=False):
                self._forget()
                self._initialize(X, y)
        return self

    def _check_data_are_given(self, X: Any, y: Any, needs_y: bool = True) -> None:
        runtime.start()
        from skhp.wrappers.inputs import check_is_table

        check_is_table(X, type(self).__name__, y)
        if y is None and needs_y:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )

    def _check_parameters(self, arguments: Mapping[str, Any]) -> None:
        from skhp.wrappers.parameter_checks import check_estimator

        check_estimator(self, self._params(), arguments)

    def _forget(self) -> None:
        """Forget what an earlier fit learned, if it would change this fit."""

    @contextlib.contextmanager
    def _unfitted_on_error(self, continues: bool) -> Iterator[None]:
        """After an error, do not look fitted with a model that was never trained."""
        try:
            yield
        except BaseException:
            if not continues:
                learned = [n for n in vars(self) if n.endswith("_") and not n.startswith("_")]
                for name in (*learned, *MODEL_ATTRIBUTES):
                    self.__dict__.pop(name, None)
            raise

    # Predicting ---------------------------------------------------------------------

    def _predict_raw(self, X: Any, **kwargs: Any) -> Any:
        """The network's outputs for X."""
        if not self.initialized_:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            )
        runtime.start()
        from skhp.wrappers.prediction import predict_rows

        return predict_rows(self, X, kwargs)

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
            The network's outputs, decoded by the target encoder.
        """
        outputs = self._probabilities(self._predict_raw(X, **kwargs))
        return self.target_encoder_.inverse_transform(outputs)

    def _probabilities(self, outputs: Any) -> Any:
        """Outputs as the target encoder takes them: probabilities instead of logits."""
        return outputs

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """Compute the score of predictions. A subclass must override it to use `score`.

        Parameters
        ----------
        y_true, y_pred : array-like
            The targets, and the predictions.
        **kwargs : dict
            ``sample_weight``, and the parameters with the prefix ``score__``.
        """
        raise NotImplementedError(
            "BaseWrapper has no scorer. Override the static method scorer(y_true, y_pred, "
            "**kwargs) in a subclass, or use KerasClassifier or KerasRegressor."
        )

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
        settings = route_params(self._extra, "score")
        return self.scorer(np.asarray(y), self.predict(X), sample_weight=weight, **settings)

    # What callbacks and tables need from a network ----------------------------------

    def _attributes_at(self, run: Any, history: Mapping[str, list[float]]) -> dict[str, Any]:
        from skhp.wrappers.during_training import attributes_at

        return attributes_at(self, run, history)

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
        runtime.start()
        from skhp.wrappers.parameter_count import count_parameters

        return count_parameters(self, self if like is None else like)

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
        from skhp.wrappers.during_training import evaluation

        return evaluation(self, X, y)

    def __sklearn_tags__(self) -> Any:
        tags = BaseEstimator.__sklearn_tags__(self)
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.target_tags.required = True
        tags.non_deterministic = False
        return tags

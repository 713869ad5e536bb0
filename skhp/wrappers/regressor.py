"""`KerasRegressor`: your own Keras network as a scikit-learn regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from skhp.wrappers.base import BaseWrapper


class KerasRegressor(RegressorMixin, BaseWrapper):
    """Your own Keras network as a scikit-learn regressor.

    Code written for scikeras needs one other import: ``from skhp import KerasRegressor``.

    Parameters
    ----------
    model : callable or keras.Model
        A function (or method, partial, callable object) that returns a model. Its
        arguments are parameters of the estimator, with the defaults of the function. An
        argument ``meta`` gets what fit learned of the data, ``compile_kwargs`` the
        arguments for ``compile``, and ``params`` all parameters. If the function returns
        a model that is not compiled, the estimator compiles it with ``optimizer``,
        ``loss`` and ``metrics``. A model itself may be given instead: it is not copied,
        and each fit starts from the weights that it was given with.
    build_fn : callable, default=None
        The old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` trains the model of the last fit further. Then only the learning
        rate may change of the parameters that build or compile the model.
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
        The objects themselves run, so you can read them after the fit
        (``stopping.stopped_epoch``). Clones of the estimator, which a search fits, have
        copies. If a callback needs every batch, Keras's own ``fit`` trains.
    validation_split : float, default=0.0
        Share of the rows to validate on after each epoch. The last rows are taken.
    shuffle : bool, default=True
        Whether each epoch takes the rows in a new order.
    run_eagerly : bool, default=False
        Whether Keras runs the model without compiling it.
    epochs : int, default=1
        Passes over the training rows.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn, measured on the validation rows after each epoch: a name such
        as "r2", or a callable ``scorer(estimator, X, y)``. It gets rows and
        targets as ``fit`` got them, before the encoders, and ``sample_weight`` if it takes it.
        ``history_`` has its values as "val_r2", or "val_score" for a callable.
        Keras callbacks can watch them: ``EarlyStopping("val_score", mode="max")``.
    max_seconds : float or None, default=None
        Training stops after the first epoch that ends later, as for `MLPClassifier`.
    memory : path, skhp.search.FitStore or None, default=None
        A directory that keeps fits on disk, as for `MLPClassifier`. An argument ``memory`` of
        the builder is set with ``model__memory``.
    **kwargs : dict
        Arguments of the builder, and parameters with a prefix: ``model__``,
        ``optimizer__``, ``loss__``, ``metrics__``, ``callbacks__``, ``compile__``,
        ``fit__``, ``predict__`` and ``score__``.

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
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame with string names.
    target_type_ : str
        The kind of y, as `sklearn.utils.multiclass.type_of_target` names it.
    X_shape_, X_dtype_, y_dtype_, y_ndim_ : object
        Shape, types and dimensions of the training data.
    n_outputs_, n_outputs_expected_ : int
        Number of columns of y, and number of outputs that the model should have.

    See Also
    --------
    MLPRegressor : A network without a builder.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from skhp import KerasRegressor
    >>> def build(width=32):
    ...     return keras.Sequential([
    ...         keras.Input((10,)),
    ...         keras.layers.Dense(width, activation="relu"),
    ...         keras.layers.Dense(1),
    ...     ])
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = KerasRegressor(
    ...     build, loss="mse", optimizer="adam", optimizer__learning_rate=0.05,
    ...     epochs=30, random_state=0,
    ... )
    >>> bool(net.fit(scale(X), y).score(scale(X), y) > 0.4)
    True
    """

    @property
    def target_encoder(self) -> Any:
        """An unfitted transformer of y. Override it to encode your own targets."""
        from skhp.wrappers.encoders import RegressorTargetEncoder

        return RegressorTargetEncoder()

    def _has_own_encoder(self) -> bool:
        """Whether a subclass encodes the targets itself."""
        from skhp.wrappers.encoders import RegressorTargetEncoder

        return not isinstance(self.target_encoder_, RegressorTargetEncoder)

    def _output_columns(self) -> tuple[int, ...]:
        return () if self._has_own_encoder() else (self.n_outputs_,)

    _score_settings = ("force_finite", "multioutput")

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """Compute R2. Override it to score in another way.

        Parameters
        ----------
        y_true, y_pred : array-like
            The targets, and the predictions.
        **kwargs : dict
            Arguments of `sklearn.metrics.r2_score`.

        Returns
        -------
        float
        """
        from sklearn.metrics import r2_score

        return r2_score(y_true, y_pred, **kwargs)

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict values.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values, in the shape that y had in ``fit``.
        """
        return np.asarray(super().predict(X, **kwargs), dtype=np.float64)

    score = BaseWrapper.score  # the mixin's ignores `scorer` and `score__*`

    def _probabilities(self, outputs: Any) -> Any:
        if self._has_own_encoder():
            return outputs
        from skhp.wrappers.output_link import link_of

        link = link_of(self._similar_model())
        return outputs if link.are_margins else link.to_probabilities(outputs)

    def _check_model_compatibility(self, y: Any) -> None:
        super()._check_model_compatibility(y)
        model = self._similar_model()
        if getattr(model, "outputs", None) is not None:
            from skhp.wrappers.output_link import check_values_of_loss

            check_values_of_loss(model.loss, y, type(self).__name__)

    _y_numeric = True

    def _class_weight(self, arguments: dict[str, Any], y: np.ndarray) -> Any:
        if arguments.get("class_weight") is not None:
            raise ValueError(
                f"class_weight is for classes, and {type(self).__name__} learns values. Give the "
                "rows weights with sample_weight."
            )
        return None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

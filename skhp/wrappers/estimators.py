"""KerasClassifier and KerasRegressor: your own Keras network as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from skhp.wrappers.base import BaseWrapper
from skhp.wrappers.class_labels import check_classes
from skhp.wrappers.class_weights import class_weights_of, weights_by_class
from skhp.wrappers.encoders import ClassifierLabelEncoder, RegressorTargetEncoder
from skhp.wrappers.output_link import (
    check_values_of_loss,
    gives_margins,
    gives_probabilities,
    has_margins,
    is_one_hot,
    link_of,
)

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A Keras network of your own as a scikit-learn classifier.

    Code written for scikeras needs one other import: ``from skhp import KerasClassifier``.

    Parameters
    ----------
    model : callable or keras.Model
        A function (method, partial, callable object) that returns a model, or a model,
        which is trained itself, each fit from the weights that it was given with. The
        function's own arguments are parameters of the estimator, with the function's
        defaults. Where it has arguments ``meta``, ``compile_kwargs`` or ``params`` it is
        given what fit learned of the data, the arguments for ``compile``, or all
        parameters. A model that it leaves uncompiled is compiled with ``optimizer``,
        ``loss`` and ``metrics``.
    build_fn : callable, default=None
        An old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` goes on with the model of the last one. Parameters that make or
        compile the model must then stay as they are, but for the learning rate.
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
        The objects themselves run, so that they can be asked afterwards
        (``stopping.stopped_epoch``); clones of the estimator, as a search fits them, have
        copies. Callbacks that look at every batch make Keras's own ``fit`` do the training.
    validation_split : float, default=0.0
        Share of the rows, the last ones, to validate on after each epoch.
    shuffle : bool, default=True
        Whether each epoch takes the rows in an order of its own.
    run_eagerly : bool, default=False
        Whether Keras runs the model without compiling it.
    epochs : int, default=1
        Passes over the training rows.
    class_weight : dict, list of dict, "balanced" or None, default=None
        How much each class counts, by the labels in y. Multiplies ``sample_weight``, and
        counts in validation too. ``fit`` takes one for itself alone.
    **kwargs : dict
        Arguments of the builder, and parameters with a prefix: ``model__``,
        ``optimizer__``, ``loss__``, ``metrics__``, ``callbacks__``, ``compile__``,
        ``fit__``, ``predict__`` and ``score__``.

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
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_classes_ : int
        Their number.
    target_encoder_, feature_encoder_ : transformer
        As fitted.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X is a data frame with string names.
    target_type_ : str
        As `sklearn.utils.multiclass.type_of_target` says.
    X_shape_, X_dtype_, y_dtype_, y_ndim_ : object
        Of the training data.
    n_outputs_, n_outputs_expected_ : int
        Columns of y, and outputs the model should have.

    See Also
    --------
    MLPClassifier : A network without a builder.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skhp import KerasClassifier
    >>> def build(meta, width=16):
    ...     return keras.Sequential([
    ...         keras.Input((meta["n_features_in_"],)),
    ...         keras.layers.Dense(width, activation="relu"),
    ...         keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> X, y = load_iris(return_X_y=True)
    >>> net = KerasClassifier(
    ...     build, loss="sparse_categorical_crossentropy", optimizer="adam",
    ...     optimizer__learning_rate=0.01, epochs=40, random_state=0,
    ... )
    >>> bool(net.fit(scale(X), y).score(scale(X), y) > 0.9)
    True
    >>> net.get_params()["width"]
    16
    >>> net.set_params(widht=32)
    Traceback (most recent call last):
        ...
    ValueError: Invalid parameter 'widht' ... Did you mean 'width'? ...
    """

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 0,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        class_weight: Any = None,
        **kwargs: Any,
    ) -> None:
        self.class_weight = class_weight
        super().__init__(
            model,
            build_fn=build_fn,
            warm_start=warm_start,
            random_state=random_state,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            batch_size=batch_size,
            validation_batch_size=validation_batch_size,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            shuffle=shuffle,
            run_eagerly=run_eagerly,
            epochs=epochs,
            **kwargs,
        )

    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Self:
        """Train one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their classes.
        classes : array-like of shape (n_classes,), optional
            All classes that will ever come, at the first call; those of y where it is
            left out.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.
        **kwargs : dict
            Arguments of ``keras.Model.fit``.

        Returns
        -------
        self
            The estimator.
        """
        given = None if classes is None else np.unique(classes)
        known: Any = getattr(self, "classes_", None)
        if not self.initialized_:
            self.classes_ = given
        elif given is not None and not np.array_equal(given, known):
            raise ValueError(
                f"classes={list(given)} are not those of the first call, {list(known)}. "
                "Leave `classes` out, or fit a new estimator."
            )
        return super().partial_fit(X, y, sample_weight=sample_weight, **kwargs)

    @available_if(gives_probabilities)
    def predict_proba(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict probabilities.

        Not available where the loss is one of the hinge losses, whose outputs are margins.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The network's outputs, or the sigmoid or softmax of them where the loss takes
            logits; for a single output, the probabilities of both classes.
        """
        outputs = self._probabilities(self._predict_raw(X, **kwargs))
        return self.target_encoder_.inverse_transform(outputs, return_proba=True)

    @available_if(gives_margins)
    def decision_function(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Signed distances from the decision boundary, where the loss is a hinge loss.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The network's outputs. For two classes, a positive number stands for
            ``classes_[1]``.
        """
        outputs = self._predict_raw(X, **kwargs)
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def _probabilities(self, outputs: Any) -> Any:
        if not isinstance(self.target_encoder_, ClassifierLabelEncoder):
            return outputs  # an encoder of the user's own takes them as they are
        return link_of(self._unpacked_model()).to_probabilities(outputs)

    def _has_margins(self) -> bool:
        return has_margins(self._unpacked_model().loss if self.initialized_ else self.loss)

    score = BaseWrapper.score  # ClassifierMixin's ignores `scorer` and `score__*`

    @property
    def target_encoder(self) -> Any:
        """An unfitted transformer of targets; override it for targets of your own."""
        known = getattr(self, "classes_", None)
        loss = "categorical_crossentropy" if is_one_hot(self.loss) else self.loss
        return ClassifierLabelEncoder(loss=loss, categories="auto" if known is None else [known])

    def _type_of_target(self, y: np.ndarray) -> str:
        found, known = type_of_target(y), getattr(self, "classes_", None)
        # Rows of two classes out of more that partial_fit was told of.
        return type_of_target(known) if found == "binary" and known is not None else found

    def _output_columns(self, y: Any) -> tuple[int, ...]:
        own = not isinstance(self.target_encoder_, ClassifierLabelEncoder)
        if own or self.n_classes_ == 1:  # of a single class, the number of all is not known
            return ()
        several = (self.n_classes_,)
        return {
            "binary": (1, 2), "multiclass": several, "multilabel-indicator": several,
        }.get(self.target_type_, ())  # fmt: skip

    _score_settings = ("normalize",)

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """Accuracy; override it to score in another way."""
        from sklearn.metrics import accuracy_score

        return accuracy_score(y_true, y_pred, **kwargs)

    def _forget(self) -> None:
        super()._forget()
        self.classes_ = None

    def _check_targets(self, y: np.ndarray) -> None:
        own = not isinstance(self.target_encoder, ClassifierLabelEncoder)
        check_classes(y, getattr(self, "classes_", None), own, type(self).__name__)

    def _class_weight(self, arguments: dict[str, Any], y: np.ndarray) -> Any:
        given = arguments.pop("class_weight", None)
        if given is None:
            given = self.class_weight
        return class_weights_of(given, y, getattr(self, "classes_", None))

    def _weights(
        self, y: np.ndarray, sample_weight: Any, class_weight: Any = None
    ) -> np.ndarray | None:
        weight = super()._weights(y, sample_weight)
        if class_weight is None:
            return weight
        by_class = weights_by_class(class_weight, y)
        weight = by_class if weight is None else weight * by_class
        if not weight.sum() > 0:
            raise ValueError(
                "sample_weight times class_weight adds up to zero: there is nothing to learn "
                "from. Give at least one row a positive weight."
            )
        return weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A Keras network of your own as a scikit-learn regressor.

    Code written for scikeras needs one other import: ``from skhp import KerasRegressor``.

    Parameters
    ----------
    model : callable or keras.Model
        A function (method, partial, callable object) that returns a model, or a model,
        which is trained itself, each fit from the weights that it was given with. The
        function's own arguments are parameters of the estimator, with the function's
        defaults. Where it has arguments ``meta``, ``compile_kwargs`` or ``params`` it is
        given what fit learned of the data, the arguments for ``compile``, or all
        parameters. A model that it leaves uncompiled is compiled with ``optimizer``,
        ``loss`` and ``metrics``.
    build_fn : callable, default=None
        An old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` goes on with the model of the last one. Parameters that make or
        compile the model must then stay as they are, but for the learning rate.
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
        The objects themselves run, so that they can be asked afterwards
        (``stopping.stopped_epoch``); clones of the estimator, as a search fits them, have
        copies. Callbacks that look at every batch make Keras's own ``fit`` do the training.
    validation_split : float, default=0.0
        Share of the rows, the last ones, to validate on after each epoch.
    shuffle : bool, default=True
        Whether each epoch takes the rows in an order of its own.
    run_eagerly : bool, default=False
        Whether Keras runs the model without compiling it.
    epochs : int, default=1
        Passes over the training rows.
    **kwargs : dict
        Arguments of the builder, and parameters with a prefix: ``model__``,
        ``optimizer__``, ``loss__``, ``metrics__``, ``callbacks__``, ``compile__``,
        ``fit__``, ``predict__`` and ``score__``.

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
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X is a data frame with string names.
    target_type_ : str
        As `sklearn.utils.multiclass.type_of_target` says.
    X_shape_, X_dtype_, y_dtype_, y_ndim_ : object
        Of the training data.
    n_outputs_, n_outputs_expected_ : int
        Columns of y, and outputs the model should have.

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
        """An unfitted transformer of targets; override it for targets of your own."""
        return RegressorTargetEncoder()

    def _output_columns(self, y: Any) -> tuple[int, ...]:
        own = not isinstance(self.target_encoder_, RegressorTargetEncoder)
        return () if own else (self.n_outputs_,)

    _score_settings = ("force_finite", "multioutput")

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """R2; override it to score in another way."""
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
            As y was at fit.
        """
        return np.asarray(super().predict(X, **kwargs), dtype=np.float64)

    score = BaseWrapper.score  # RegressorMixin's ignores `scorer` and `score__*`

    def _probabilities(self, outputs: Any) -> Any:
        if not isinstance(self.target_encoder_, RegressorTargetEncoder):
            return outputs
        link = link_of(self._unpacked_model())
        return outputs if link.are_margins else link.to_probabilities(outputs)

    def _check_losses_match(self, y: Any) -> None:
        super()._check_losses_match(y)
        check_values_of_loss(self._unpacked_model().loss, y, type(self).__name__)

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

"""`KerasClassifier`: your own Keras network as a scikit-learn classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from skhp import runtime
from skhp.fitting.accuracy import accuracy
from skhp.fitting.class_weight import refuse_balanced
from skhp.fitting.string_labels import refuse_string_dtype
from skhp.wrappers.base import BaseWrapper
from skhp.wrappers.class_labels import check_classes
from skhp.wrappers.class_weights import class_weights_of


def _gives_probabilities(estimator: Any) -> bool:
    if estimator._has_margins():
        raise AttributeError(
            "predict_proba is not available, because the loss of the model is a hinge loss: its "
            "outputs are margins, not probabilities. Use decision_function, wrap the estimator in "
            "sklearn.calibration.CalibratedClassifierCV, or train with a cross-entropy."
        )
    return True


def _gives_margins(estimator: Any) -> bool:
    if not estimator._has_margins():
        raise AttributeError(
            "decision_function is available only with a hinge loss, whose outputs are margins. "
            "Use predict_proba."
        )
    return True


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """Your own Keras network as a scikit-learn classifier.

    Code written for scikeras needs one other import: ``from skhp import KerasClassifier``.

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
        as "balanced_accuracy", or a callable ``scorer(estimator, X, y)``. It gets rows and
        targets as ``fit`` got them, before the encoders, and ``sample_weight`` if it takes it.
        ``history_`` has its values as "val_balanced_accuracy", or "val_score" for a callable.
        Keras callbacks can watch them: ``EarlyStopping("val_score", mode="max")``.
    max_seconds : float or None, default=None
        Training stops after the first epoch that ends later, as for `MLPClassifier`.
    memory : path, skhp.search.FitStore or None, default=None
        A directory that keeps fits on disk, as for `MLPClassifier`. An argument ``memory`` of
        the builder is set with ``model__memory``.
    class_weight : dict, list of dict, "balanced" or None, default=None
        How much each class counts, by the labels in y. It multiplies ``sample_weight``,
        in validation too. ``fit`` takes one for that fit only.
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
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_classes_ : int
        Number of classes.
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
        scoring: Any = None,
        max_seconds: float | None = None,
        memory: Any = None,
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
            scoring=scoring,
            max_seconds=max_seconds,
            memory=memory,
            **kwargs,
        )

    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Self:
        """Train one more epoch, on these rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their classes.
        classes : array-like of shape (n_classes,), optional
            All classes that any call may bring, for the first call. By default those of y.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.
        **kwargs : dict
            Arguments of ``keras.Model.fit``, except ``epochs`` and ``initial_epoch``.

        Returns
        -------
        self
            The estimator.
        """
        refuse_balanced(kwargs.get("class_weight") or self.class_weight)
        refuse_string_dtype(classes, "classes")
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

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict probabilities.

        Not available with a hinge loss, whose outputs are margins.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The network's outputs. If the loss takes logits, the sigmoid or softmax of them.
            If the network has one output, the probabilities of both classes.
        """
        outputs = self._probabilities(self._predict_raw(X, **kwargs))
        return self.target_encoder_.inverse_transform(outputs, return_proba=True)

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            -inf where the probability is zero.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X, **kwargs))

    @available_if(_gives_margins)
    def decision_function(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Compute signed distances from the decision boundary, with a hinge loss.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        **kwargs : dict
            Arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The network's outputs. With two classes, a positive number means
            ``classes_[1]``.
        """
        outputs = self._predict_raw(X, **kwargs)
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def _probabilities(self, outputs: Any) -> Any:
        if self._has_own_encoder(self.target_encoder_):
            return outputs
        from skhp.wrappers.output_link import link_of

        return link_of(self._similar_model()).to_probabilities(outputs)

    def _has_margins(self) -> bool:
        runtime.start()
        from skhp.wrappers.output_link import has_margins

        return has_margins(self._similar_model().loss if self.initialized_ else self.loss)

    score = BaseWrapper.score  # the mixin's ignores `scorer` and `score__*`

    @property
    def target_encoder(self) -> Any:
        """An unfitted transformer of y. Override it to encode your own targets."""
        from skhp.wrappers.encoders import ClassifierLabelEncoder
        from skhp.wrappers.output_link import is_one_hot

        known = getattr(self, "classes_", None)
        loss = "categorical_crossentropy" if is_one_hot(self.loss) else self.loss
        return ClassifierLabelEncoder(loss=loss, categories="auto" if known is None else [known])

    @staticmethod
    def _has_own_encoder(encoder: Any) -> bool:
        """Whether a subclass encodes the targets itself."""
        from skhp.wrappers.encoders import ClassifierLabelEncoder

        return not isinstance(encoder, ClassifierLabelEncoder)

    def _type_of_target(self, y: np.ndarray) -> str:
        found, known = type_of_target(y), getattr(self, "classes_", None)
        # partial_fit may know of more classes than the two in y.
        return type_of_target(known) if found == "binary" and known is not None else found

    def _check_targets(self, y: np.ndarray, reset: bool) -> None:
        kind, known = self._type_of_target(y), getattr(self, "classes_", None)
        check_classes(y, kind, known, type(self).__name__)
        if kind == "multiclass-multioutput" and not self._has_own_encoder(self.target_encoder):
            raise ValueError(
                f"y has {y.shape[1]} columns of classes, and {type(self).__name__} takes one "
                "column, or columns of 0 and 1. Give one column; fit an estimator for each column "
                "with sklearn.multioutput.MultiOutputClassifier; or override target_encoder in a "
                "subclass."
            )
        if reset:
            self.target_type_ = kind

    def _output_columns(self) -> tuple[int, ...]:
        # If y has a single class, the number of all classes is not known.
        if self._has_own_encoder(self.target_encoder_) or self.n_classes_ == 1:
            return ()
        several = (self.n_classes_,)
        return {
            "binary": (1, 2), "multiclass": several, "multilabel-indicator": several,
        }.get(self.target_type_, ())  # fmt: skip

    _score_settings = ("normalize",)

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """Compute the accuracy. Override it to score in another way.

        Parameters
        ----------
        y_true, y_pred : array-like
            The classes, and the predicted classes.
        **kwargs : dict
            Arguments of `sklearn.metrics.accuracy_score`.

        Returns
        -------
        float
        """
        return accuracy(y_true, y_pred, **kwargs)

    def _forget(self) -> None:
        self.classes_ = None

    def _class_weight(self, arguments: dict[str, Any], y: np.ndarray) -> Any:
        given = arguments.pop("class_weight", None)
        if given is None:
            given = self.class_weight
        return class_weights_of(given, y, getattr(self, "classes_", None))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

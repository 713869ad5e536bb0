"""MLPClassifier and MLPRegressor: Keras networks as scikit-learn estimators."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skhp.base import BaseMLP, floatx
from skhp.compat import StrOptions


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron that classifies, trained by Keras.

    Parameters
    ----------
    n_layers : int, default=2
        Hidden layers. 0 makes a linear model.
    width : int or sequence of int, default=64
        Units of each hidden layer, or one number a layer.
    activation : str, callable or keras.layers.Layer, default="relu"
        Of the hidden layers: a name that Keras knows, or a function of a tensor.
    learning_rate : float, LearningRateSchedule or None, default=1e-3
        Step size. None keeps the learning rate of an optimizer that is given as an
        object.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        A name that Keras knows, or an optimizer, whose settings are copied.
    dropout : float, default=0.0
        Share of the hidden units that are silenced at each step.
    batch_norm : bool, default=False
        Whether to batch-normalize hidden layers, before their activation.
    l2 : float, default=0.0
        Factor of the sum of squared kernels in the loss.
    kernel_initializer : str or keras.initializers.Initializer, default="glorot_uniform"
        How kernels are drawn. Biases start at zero.
    loss : str, callable or keras.losses.Loss, default="auto"
        "auto" is cross-entropy: binary, sparse categorical, or binary for each label of
        multilabel targets.
    batch_size : int, default=32
        Rows a step. At most all rows are taken.
    epochs : int, default=100
        Passes over the training rows.
    shuffle : bool, default=True
        Whether each epoch takes the rows in an order of its own.
    early_stopping : bool, default=False
        Whether to stop when the loss on held-out rows (or on ``X_val``) has not fallen
        for ``patience`` epochs, and to take the best weights seen.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out, with the shares of the classes kept.
    patience : int, default=10
        Epochs without a better validation loss that early stopping puts up with.
    class_weight : dict, "balanced" or None, default=None
        How much each class counts; "balanced" weighs classes inversely to their
        frequency. Multiplies ``sample_weight``.
    metrics : list of (str, callable or keras.metrics.Metric), default=None
        Recorded in ``history_``, beside the loss.
    callbacks : list of keras.callbacks.Callback, default=None
        The objects themselves run, so that they can be asked afterwards
        (``stopping.stopped_epoch``); clones of the estimator, as a search fits them, have
        copies. Callbacks that look at every batch make Keras's own ``fit`` do the training.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights and optimizer state of the last one.
    random_state : int, RandomState or None, default=None
        For the first weights, held-out rows, their order and dropout. A fit's result
        depends on nothing else that is random, and on no global seed.
    verbose : int, default=0
        1 prints a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; the numbers of the columns for multilabel targets.
    n_features_in_ : int
        Columns of X (after flattening).
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X is a data frame with string names.
    n_outputs_ : int
        Columns of ``predict_proba``, or labels of multilabel targets.
    model_ : keras.Model
        The fitted network, made when first asked for. It is a copy: training it
        further leaves this estimator's predictions as they are.
    history_ : dict of str to list of float
        One value an epoch: "loss", metrics, "val_loss", ...
    callbacks_ : list of keras.callbacks.Callback
        Those that ran.
    n_epochs_ : int
        Epochs run.
    engine_ : {"compiled", "keras"}
        Whether a compiled program or Keras's own ``fit`` trained.
    engine_reason_ : str or None
        Why Keras's ``fit`` did, where it did.

    See Also
    --------
    MLPRegressor : The same for numbers.
    sklearn.neural_network.MLPClassifier : scikit-learn's own, in NumPy.

    Notes
    -----
    Training runs in a program compiled by XLA once for each network structure; learning
    rates, dropout rates, l2, seeds, and for common activations and narrow layers (up to
    32 units, and up to 64) also widths and activations, are data to it and share it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skhp import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
    >>> bool(net.fit(X, y).score(X, y) > 0.95)
    True
    >>> net.set_params(mlpclassifier__width=0).fit(X, y)
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: ...
    """

    def __init__(
        self,
        n_layers: int = 2,
        width: Any = 64,
        activation: Any = "relu",
        learning_rate: Any = 1e-3,
        *,
        optimizer: Any = "adam",
        dropout: float = 0.0,
        batch_norm: bool = False,
        l2: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        loss: Any = "auto",
        batch_size: int = 32,
        epochs: int = 100,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        class_weight: Any = None,
        metrics: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        self.n_layers = n_layers
        self.width = width
        self.activation = activation
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.l2 = l2
        self.kernel_initializer = kernel_initializer
        self.loss = loss
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.metrics = metrics
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their classes.
        classes : array-like of shape (n_classes,), optional
            All classes that will ever come, at the first call; without them, those of its
            rows are all.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If ``classes`` differs from that of the first call, or y holds a class that
            is not among those.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all rows at once, and partial_fit sees some. "
                "Pass class_weight as a dict, from "
                "sklearn.utils.class_weight.compute_class_weight('balanced', ...)."
            )
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Of the classes' own type; 0 and 1 for multilabel targets.
        """
        probabilities = self.predict_proba(X)
        if self._task == "multilabel":
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Of each class, in the order of ``classes_``, float32. For a loss that is no
            likelihood (hinge and the like) they are squashed scores.
        """
        check_is_fitted(self)
        return self._coding.probabilities(self._outputs(X))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the logarithms of `predict_proba`.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            -inf where the probability is zero.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _target_checks(self) -> dict[str, Any]:
        return {"multi_output": True}

    def _check_targets(self, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
        multilabel = _is_multilabel(y)
        y = _dense_labels(y) if multilabel else _one_class_a_row(y)
        if multilabel:
            classes = None  # the labels are the columns, all of which are there
        if reset:
            self._learn_classes(y if classes is None else np.unique(classes), multilabel)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} differ from those of the first call to "
                f"partial_fit, {self.classes_.tolist()}. Pass the same, or fit a new estimator."
            )
        self._check_task(y, multilabel)
        return y if multilabel else self._class_numbers(y)

    def _learn_classes(self, y: np.ndarray, multilabel: bool) -> None:
        self.classes_ = np.arange(y.shape[1]) if multilabel else np.unique(y)
        n = len(self.classes_)
        if n < 2 and not multilabel:
            raise ValueError(
                f"{type(self).__name__} needs at least two classes, and y has one class "
                f"only: {self.classes_[0]!r}. Give rows of another class too."
            )
        self._task = "multilabel" if multilabel else "binary" if n == 2 else "multiclass"
        self.n_outputs_ = n

    def _check_task(self, y: np.ndarray, multilabel: bool) -> None:
        fitted_multilabel = self._task == "multilabel"
        columns = y.shape[1] if multilabel else None
        if multilabel != fitted_multilabel or (multilabel and columns != self.n_outputs_):
            expected = (
                f"{self.n_outputs_} label columns" if fitted_multilabel else "one class a row"
            )
            raise ValueError(
                f"y of shape {y.shape} does not fit this network, made for {expected}. "
                "Fit a new estimator for other targets."
            )

    def _class_numbers(self, y: np.ndarray) -> np.ndarray:
        numbers = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[numbers] != y
        if unknown.any():
            raise ValueError(
                f"y holds {np.unique(y[unknown]).tolist()}, not among the classes "
                f"{self.classes_.tolist()} that this network was made for. Leave those rows "
                "out, fit a new estimator, or name all classes at the first call to partial_fit, "
                "in `classes`."
            )
        return numbers

    def _class_weights(self, labels: np.ndarray) -> np.ndarray:
        if self.class_weight is None:
            return np.ones(len(labels))
        if self._task == "multilabel":
            return compute_sample_weight(self.class_weight, labels)
        if isinstance(self.class_weight, dict):
            # These rows may lack a class that the dict names, and the other way round.
            weights = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_
            )
            return weights[labels]
        return compute_sample_weight(self.class_weight, self.classes_[labels])

    def _stratify(self, labels: np.ndarray) -> np.ndarray | None:
        return None if self._task == "multilabel" else labels


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multi-layer perceptron that predicts numbers, trained by Keras.

    Parameters
    ----------
    n_layers : int, default=2
        Hidden layers. 0 makes a linear model.
    width : int or sequence of int, default=64
        Units of each hidden layer, or one number a layer.
    activation : str, callable or keras.layers.Layer, default="relu"
        Of the hidden layers: a name that Keras knows, or a function of a tensor.
    learning_rate : float, LearningRateSchedule or None, default=1e-3
        Step size. None keeps the learning rate of an optimizer that is given as an
        object.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        A name that Keras knows, or an optimizer, whose settings are copied.
    dropout : float, default=0.0
        Share of the hidden units that are silenced at each step.
    batch_norm : bool, default=False
        Whether to batch-normalize hidden layers, before their activation.
    l2 : float, default=0.0
        Factor of the sum of squared kernels in the loss.
    kernel_initializer : str or keras.initializers.Initializer, default="glorot_uniform"
        How kernels are drawn. Biases start at zero.
    loss : str, callable or keras.losses.Loss, default="auto"
        "auto" is the mean squared error. "poisson" predicts through an exponential.
    batch_size : int, default=32
        Rows a step. At most all rows are taken.
    epochs : int, default=100
        Passes over the training rows.
    shuffle : bool, default=True
        Whether each epoch takes the rows in an order of its own.
    early_stopping : bool, default=False
        Whether to stop when the loss on held-out rows (or on ``X_val``) has not fallen
        for ``patience`` epochs, and to take the best weights seen.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out.
    patience : int, default=10
        Epochs without a better validation loss that early stopping puts up with.
    metrics : list of (str, callable or keras.metrics.Metric), default=None
        Recorded in ``history_``, beside the loss.
    callbacks : list of keras.callbacks.Callback, default=None
        The objects themselves run, so that they can be asked afterwards
        (``stopping.stopped_epoch``); clones of the estimator, as a search fits them, have
        copies. Callbacks that look at every batch make Keras's own ``fit`` do the training.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights and optimizer state of the last one.
    random_state : int, RandomState or None, default=None
        For the first weights, held-out rows, their order and dropout. A fit's result
        depends on nothing else that is random, and on no global seed.
    verbose : int, default=0
        1 prints a line an epoch.

    Attributes
    ----------
    n_features_in_ : int
        Columns of X (after flattening).
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X is a data frame with string names.
    n_outputs_ : int
        Columns of y.
    model_ : keras.Model
        The fitted network, made when first asked for. It is a copy: training it
        further leaves this estimator's predictions as they are.
    history_ : dict of str to list of float
        One value an epoch: "loss", metrics, "val_loss", ...
    callbacks_ : list of keras.callbacks.Callback
        Those that ran.
    n_epochs_ : int
        Epochs run.
    engine_ : {"compiled", "keras"}
        Whether a compiled program or Keras's own ``fit`` trained.
    engine_reason_ : str or None
        Why Keras's ``fit`` did, where it did.

    See Also
    --------
    MLPClassifier : The same for classes.
    sklearn.compose.TransformedTargetRegressor : Scales y too.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skhp import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = make_pipeline(StandardScaler(), MLPRegressor(random_state=0))
    >>> bool(net.fit(X, y).score(X, y) > 0.5)
    True
    """

    def __init__(
        self,
        n_layers: int = 2,
        width: Any = 64,
        activation: Any = "relu",
        learning_rate: Any = 1e-3,
        *,
        optimizer: Any = "adam",
        dropout: float = 0.0,
        batch_norm: bool = False,
        l2: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        loss: Any = "auto",
        batch_size: int = 32,
        epochs: int = 100,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        metrics: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        self.n_layers = n_layers
        self.width = width
        self.activation = activation
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.l2 = l2
        self.kernel_initializer = kernel_initializer
        self.loss = loss
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.metrics = metrics
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their values.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.

        Returns
        -------
        self
            The estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Predict values.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As y was at fit.
        """
        outputs = self._outputs(X).astype(np.float64)
        return outputs[:, 0] if self._y_is_1d else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _target_checks(self) -> dict[str, Any]:
        return {"multi_output": True}

    def _check_targets(self, y: Any, reset: bool) -> np.ndarray:
        y = _numbers(y)
        columns = y.reshape(len(y), -1)
        if reset:
            self._y_is_1d = y.ndim == 1
            self.n_outputs_ = columns.shape[1]
        if columns.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {columns.shape[1]} columns, and this network was made for "
                f"{self.n_outputs_}. Fit a new estimator for other targets."
            )
        with np.errstate(over="ignore"):
            too_large = ~np.isfinite(columns.astype(floatx()))
        if too_large.any():
            raise ValueError(
                f"y holds {columns[too_large][0]}, too large for {floatx()}. Scale y, "
                "for example with sklearn.compose.TransformedTargetRegressor."
            )
        return columns

    def _class_weights(self, labels: np.ndarray) -> np.ndarray:
        return np.ones(len(labels))

    def _stratify(self, labels: np.ndarray) -> np.ndarray | None:
        return None

    _task = "regression"


def _numbers(y: Any) -> np.ndarray:
    try:
        return np.asarray(y) if np.asarray(y).dtype.kind in "biuf" else np.asarray(y, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"y must hold real numbers for MLPRegressor: {error}. Fit an MLPClassifier to classes."
        ) from error


def _is_multilabel(y: Any) -> bool:
    kind = type_of_target(y)
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)  # raises scikit-learn's own error, and looks at y anew
    return kind == "multilabel-indicator"


def _one_class_a_row(y: Any) -> np.ndarray:
    if np.ndim(y) > 1 and np.shape(y)[1] > 1:
        raise ValueError(
            f"y should be a 1d array of classes, or an indicator matrix of 0 and 1 for several "
            f"labels a row. Got one of shape {np.shape(y)}. For several targets of any classes "
            "use sklearn.multioutput.MultiOutputClassifier."
        )
    return column_or_1d(y, warn=True)


def _dense_labels(y: Any) -> np.ndarray:
    return np.asarray(y.toarray() if hasattr(y, "toarray") else y)


# scikit-learn asks for it some ten times a fit, and it takes long to work out.
for _kind in (MLPClassifier, MLPRegressor):
    _kind.__init__.__signature__ = inspect.signature(_kind.__init__)  # type: ignore[union-attr]

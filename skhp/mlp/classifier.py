"""MLPClassifier: a Keras network that classifies, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skhp.fitting.allowed_values import NONE, instance_of, text
from skhp.fitting.user_warning import warn_user
from skhp.mlp.base import BaseMLP
from skhp.mlp.parameter_checks import check_class_weight
from skhp.mlp.target_checks import check_labels, is_one_hot


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron that classifies, trained by Keras.

    Parameters
    ----------
    n_layers : int, default=2
        Hidden layers, at most 1000. 0 makes a linear model.
    width : int or sequence of int, default=64
        Units of each hidden layer, or one number a layer.
    activation : str, callable or keras.layers.Layer, default="relu"
        Of the hidden layers: a name that Keras knows, or a function of a tensor.
    learning_rate : float, LearningRateSchedule or None, default=1e-3
        Step size. It counts for every optimizer: ``optimizer=keras.optimizers.SGD()``
        trains at 1e-3 too, and not at SGD's own 0.01. None keeps the optimizer's own.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        A name that Keras knows, or an optimizer, whose settings are copied.
    weight_decay : float or None, default=None
        Each step takes ``learning_rate * weight_decay`` times each weight and bias off
        it, as ``keras.optimizers.AdamW`` does. None keeps the optimizer's own.
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
        multilabel targets. With a loss for one class a row, such as
        "categorical_crossentropy", one-hot targets mean classes, see the notes.
    batch_size : int, default=32
        Rows a step. At most all rows are taken.
    epochs : int, default=100
        Passes over the training rows.
    shuffle : bool, default=True
        Whether each epoch takes the rows in an order of its own.
    early_stopping : bool, default=False
        Whether to stop when the loss on held-out rows (or on ``X_val``) has not fallen
        for ``patience`` epochs, and to take the best weights seen. ``monitor`` names
        another value than that loss.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out, with the shares of the classes kept.
    patience : int, default=10
        Early stopping ends training after this many epochs without a better value.
    min_delta : float, default=0.0
        A value must be better than the best one by more than this to count as better.
    monitor : str, default="val_loss"
        The value that early stopping looks at, by its name in ``history_``: "val_loss",
        or a metric such as "val_accuracy", which must be among ``metrics``. Whether
        higher is better follows from the metric, as in Keras.
    class_weight : dict, "balanced" or None, default=None
        How much each class counts; "balanced" weighs classes inversely to their
        frequency. Multiplies ``sample_weight``. A list of one dict a label for
        multilabel targets.
    metrics : list of (str, callable or keras.metrics.Metric), default=None
        Recorded in ``history_``, beside the loss.
    callbacks : list of keras.callbacks.Callback, default=None
        The objects themselves run, so that they can be asked afterwards
        (``stopping.stopped_epoch``); clones of the estimator, as a search fits them, have
        copies. Callbacks that look at every batch make Keras's own ``fit`` do the training.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights and optimizer state of the last one.
        After a change of ``optimizer`` it goes on from the weights alone.
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
        One value an epoch: "loss", metrics, "val_loss", ... NaN where an epoch of an
        earlier or later fit (``warm_start``, ``partial_fit``) did not measure it.
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
    y of several columns of 0 and 1 means several labels a row, each of which is predicted
    by itself. One-hot targets look the same, and are warned of: pass the class numbers,
    ``y.argmax(axis=1)``. Or pass ``loss="categorical_crossentropy"``; then ``classes_``
    are the numbers of the columns, probabilities add up to one in each row, and
    ``predict`` gives one-hot rows, as y was.

    Training runs in a program compiled by XLA once for each network structure; learning
    rates, weight decay, dropout rates, l2, seeds, and for common activations and narrow
    layers (up to 32 units, and up to 64) also widths and activations, are data to it and
    share it.

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
        weight_decay: float | None = None,
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
        min_delta: float = 0.0,
        monitor: str = "val_loss",
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
        self.weight_decay = weight_decay
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
        self.min_delta = min_delta
        self.monitor = monitor
        self.class_weight = class_weight
        self.metrics = metrics
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    _allowed_values = {
        **BaseMLP._allowed_values,
        "class_weight": [instance_of(dict), instance_of(list), text("balanced"), NONE],
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
            Of the classes' own type; 0 and 1 for multilabel and one-hot targets.
        """
        probabilities = self.predict_proba(X)
        if self._task == "multilabel":
            return (probabilities > 0.5).astype(int)
        numbers = probabilities.argmax(axis=1)
        return (
            np.eye(self.n_outputs_, dtype=int)[numbers]
            if self._one_hot
            else (self.classes_[numbers])
        )

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

    def _check_target_kind(self, y: Any) -> None:
        check_labels(y)

    def _check_targets(self, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
        matrix = _is_multilabel(y)
        y = _dense_labels(y) if matrix else _one_class_a_row(y)
        if matrix:
            classes = None  # the columns are the labels, and all of them are there
        if reset:
            self._one_hot = matrix and self._means_classes(y)
            multilabel = matrix and not self._one_hot
            self._learn_classes(y if classes is None else np.unique(classes), matrix, multilabel)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} differ from those of the first call to "
                f"partial_fit, {self.classes_.tolist()}. Pass the same, or fit a new estimator."
            )
        self._check_task(y, matrix)
        if matrix and self._one_hot:
            return _numbers_of_one_hot(y)
        return y if matrix else self._class_numbers(y)

    def _means_classes(self, y: np.ndarray) -> bool:
        """Whether the rows of an indicator matrix are classes; a warning where they may be."""
        if not is_one_hot(y):
            return False
        from skhp.mlp.targets import is_for_one_class

        if is_for_one_class(self.loss):
            return True
        warn_user(
            f"Each row of y has exactly one 1, as if y were one-hot. It is taken for "
            f"{y.shape[1]} labels, each of which is predicted by itself. If each row has one "
            "class, pass the class numbers, y.argmax(axis=1), or "
            "loss='categorical_crossentropy'."
        )
        return False

    def _learn_classes(self, y: np.ndarray, matrix: bool, multilabel: bool) -> None:
        self.classes_ = np.arange(y.shape[1]) if matrix else np.unique(y)
        n = len(self.classes_)
        if n < 2 and not multilabel:
            raise ValueError(
                f"{type(self).__name__} needs at least two classes, and y has one class "
                f"only: {self.classes_.tolist()[0]!r}. Give rows of another class too."
            )
        self._task = "multilabel" if multilabel else "binary" if n == 2 else "multiclass"
        self.n_outputs_ = n

    def _check_task(self, y: np.ndarray, matrix: bool) -> None:
        fitted_matrix = self._task == "multilabel" or self._one_hot
        columns = y.shape[1] if matrix else None
        if matrix != fitted_matrix or (matrix and columns != self.n_outputs_):
            expected = f"{self.n_outputs_} label columns" if fitted_matrix else "one class a row"
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
        check_class_weight(self.class_weight, self._task == "multilabel")
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


def _is_multilabel(y: Any) -> bool:
    if np.ndim(y) == 1 and y.dtype.kind in "biuU":  # scikit-learn would check y twice more
        return False
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
    return y if y.ndim == 1 else column_or_1d(y, warn=True)


def _dense_labels(y: Any) -> np.ndarray:
    return np.asarray(y.toarray() if hasattr(y, "toarray") else y)


def _numbers_of_one_hot(y: np.ndarray) -> np.ndarray:
    if not is_one_hot(y):
        raise ValueError(
            "y has rows without exactly one 1, and this network was made for one-hot rows. Fit "
            "a new estimator for several labels a row."
        )
    return y.argmax(axis=1)

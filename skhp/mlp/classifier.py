"""MLPClassifier: a Keras network that classifies, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skhp.fitting.accuracy import accuracy
from skhp.fitting.allowed_values import NONE, instance_of, text
from skhp.fitting.class_weight import refuse_balanced
from skhp.mlp.base import BaseMLP
from skhp.mlp.class_targets import checked_classes, weights_of_classes
from skhp.mlp.other_names import explains_other_names
from skhp.mlp.target_checks import check_labels


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron that classifies, trained by Keras.

    Parameters
    ----------
    n_layers : int or None, default=None
        Hidden layers, at most 1000. 0 makes a linear model. None makes one layer for each
        number in ``width``, or two layers if ``width`` is one number.
    width : int or sequence of int, default=64
        Units of each hidden layer: one number for all layers, or one number per layer.
    activation : str, callable or keras.layers.Layer, default="relu"
        Activation of the hidden layers: a name that Keras knows, or a function of a tensor.
    learning_rate : float, LearningRateSchedule or None, default=1e-3
        Step size, for every optimizer: ``optimizer=keras.optimizers.SGD()`` also trains
        with 1e-3, not with SGD's default of 0.01. None uses the optimizer's learning rate.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        A name that Keras knows, or an optimizer. Its settings are copied.
    weight_decay : float or None, default=None
        Each step subtracts ``learning_rate * weight_decay`` times the value from each
        weight and bias, as ``keras.optimizers.AdamW`` does. None uses the optimizer's
        weight decay.
    dropout : float, default=0.0
        Fraction of the hidden units that are set to zero at each training step.
    batch_norm : bool, default=False
        Whether to batch-normalize hidden layers, before their activation.
    l2 : float, default=0.0
        This factor times the sum of squared kernel weights is added to the loss.
    kernel_initializer : str or keras.initializers.Initializer, default="glorot_uniform"
        How the first kernels are drawn. Biases start at zero.
    loss : str, callable or keras.losses.Loss, default="auto"
        "auto" is cross-entropy: binary, sparse categorical, or binary for each label of
        multilabel targets. With a loss for one class per row, such as
        "categorical_crossentropy", one-hot targets are read as classes; see Notes.
    batch_size : int, default=32
        Rows per training step. If there are fewer rows, one step takes them all.
    epochs : int, default=100
        Passes over the training rows.
    max_seconds : float or None, default=None
        Training stops, with a warning, after the first epoch that ends later than this many
        seconds (for epochs of milliseconds: up to a quarter of a second later). Compiling
        counts too. The result then depends on the speed of the machine. With ``memory``,
        the next fit continues, and trains for as long again.
    shuffle : bool, default=True
        Whether each epoch takes the rows in a new random order.
    early_stopping : bool, default=False
        Whether to stop when the loss on held-out rows (or on ``X_val``) has not improved
        for ``patience`` epochs, and to keep the weights of the best epoch. ``monitor`` can
        name another value to watch. Without it, the parameters from
        ``validation_fraction`` to ``monitor`` have no effect.
    validation_fraction : float, default=0.1
        Fraction of the rows that early stopping holds out, stratified by class.
    patience : int, default=10
        Early stopping ends training after this many epochs without a better value.
    min_delta : float, default=0.0
        A value counts as better only if it improves on the best one by more than this.
    monitor : str or callable, default="val_loss"
        What early stopping watches after each epoch:

        - "val_loss", or "loss" (on the training rows);
        - one of ``metrics`` on the validation rows, such as "val_accuracy". As in
          Keras, the metric decides whether higher is better;
        - a scorer of scikit-learn on the validation rows: a name such as
          "balanced_accuracy", or a callable ``scorer(estimator, X, y)``. Higher is
          better. A scorer gets rows and targets as ``fit`` got them, and ``sample_weight``
          if it takes it. ``history_`` has its values as "val_balanced_accuracy", or
          "val_score" for a callable. A call takes about a millisecond for few rows.
    class_weight : dict, "balanced" or None, default=None
        How much each class counts; "balanced" weights classes inversely to their
        frequency. It multiplies ``sample_weight``. For multilabel targets, a list with
        one dict for each label.
    metrics : str, callable, keras.metrics.Metric or list of these, default=None
        Recorded in ``history_``, in addition to the loss. A name such as "accuracy",
        "f1_score" or "auc" means this metric with the settings that suit the targets.
    callbacks : list of keras.callbacks.Callback, default=None
        These objects run, so that you can read their attributes after ``fit``
        (``stopping.stopped_epoch``). A search fits clones of the estimator, which have
        copies. With a callback that handles every batch, Keras's own ``fit`` trains.
    warm_start : bool, default=False
        Whether ``fit`` continues from the weights and the optimizer state of the last fit.
        After a change of ``optimizer`` it continues from the weights only.
    memory : path, skhp.search.FitStore or None, default=None
        A directory that keeps fits on disk. A fit that is there is loaded and not trained. A
        fit that is there with fewer epochs, or that was interrupted, is continued. The result
        is the same, bit for bit. It needs a ``random_state``. None keeps nothing.
    random_state : int, RandomState or None, default=None
        Seed of the first weights, the held-out rows, the order of rows and dropout.
        Nothing else in a fit is random, and global seeds do not change it.
    verbose : int, default=0
        1 prints one line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; the numbers of the columns for multilabel targets.
    n_features_in_ : int
        Columns of X (after flattening).
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the columns, if X is a data frame with string names.
    n_outputs_ : int
        Columns of ``predict_proba``, or labels of multilabel targets.
    model_ : keras.Model
        The fitted network, built when first used. It is a copy: training it does not
        change the estimator.
    history_ : dict of str to list of float
        One value per epoch: "loss", metrics, "val_loss", ... With ``warm_start`` and
        ``partial_fit``, NaN for the epochs of a fit that did not measure it.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks that ran.
    n_epochs_ : int
        Epochs run.
    engine_ : {"compiled", "graph", "keras"}
        What trained: a program that XLA compiled, a TensorFlow graph, or Keras's own ``fit``.
    engine_reason_ : str or None
        Why it was not "compiled". None if it was.

    See Also
    --------
    MLPRegressor : The same for numeric targets.
    sklearn.neural_network.MLPClassifier : scikit-learn's own network, in NumPy.

    Notes
    -----
    A y with several columns of 0 and 1 is a multilabel target: each column is predicted
    separately. One-hot targets look the same, so they give a warning. Pass the class numbers
    instead: ``y.argmax(axis=1)``. Or pass ``loss="categorical_crossentropy"``: then
    ``classes_`` are the numbers of the columns, the probabilities of each row add up to
    one, and ``predict`` returns one-hot rows.

    XLA compiles a training program once for each network structure. Networks that differ
    only in learning rate, dropout rate or seed share one program, and so do values of
    weight decay and values of l2 above zero. With a common activation, so do networks that
    differ in activation or width, if their layers are compiled with the same size: 32, 64,
    128 or 256 units.

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

    @explains_other_names
    def __init__(
        self,
        n_layers: int | None = None,
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
        max_seconds: float | None = None,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        min_delta: float = 0.0,
        monitor: Any = "val_loss",
        class_weight: Any = None,
        metrics: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        memory: Any = None,
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
        self.max_seconds = max_seconds
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
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    _allowed_values = {
        **BaseMLP._allowed_values,
        "class_weight": [instance_of(dict), instance_of(list), text("balanced"), NONE],
    }

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these rows.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their classes.
        classes : array-like of shape (n_classes,), optional
            All classes that this and later calls will see, given at the first call. By
            default these are the classes in the rows of the first call.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If ``classes`` differs from the first call, or y holds a class that is not
            among ``classes``.
        """
        refuse_balanced(self.class_weight)
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
            Classes, with the type of y; 0 and 1 for multilabel and one-hot targets.
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
            The probability of each class, in the order of ``classes_``, as float32. With a
            loss without probabilities (such as hinge), these are scores from 0 to 1.
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

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of rows whose class is predicted.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their classes. With several labels, a row counts only if all of them are right.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts.

        Returns
        -------
        float
            From 0 to 1, as `sklearn.metrics.accuracy_score` computes it.
        """
        return accuracy(y, self.predict(X), sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _check_target_kind(self, y: Any) -> None:
        check_labels(y)

    def _check_targets(self, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
        return checked_classes(self, y, reset, classes)

    def _class_weights(self, labels: np.ndarray) -> np.ndarray:
        return weights_of_classes(self, labels)

    def _stratify(self, labels: np.ndarray) -> np.ndarray | None:
        return None if self._task == "multilabel" else labels

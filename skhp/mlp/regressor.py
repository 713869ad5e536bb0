"""MLPRegressor: a Keras network that predicts numbers, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from skhp.mlp.base import BaseMLP, floatx
from skhp.mlp.target_checks import check_values


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multi-layer perceptron that predicts numbers, trained by Keras.

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
        "auto" is the mean squared error. "poisson" predicts through an exponential.
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
        Share of the rows that early stopping holds out.
    patience : int, default=10
        Early stopping ends training after this many epochs without a better value.
    min_delta : float, default=0.0
        A value must be better than the best one by more than this to count as better.
    monitor : str, default="val_loss"
        The value that early stopping looks at, by its name in ``history_``: "val_loss",
        or a metric such as "val_accuracy", which must be among ``metrics``. Whether
        higher is better follows from the metric, as in Keras.
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

    def _check_target_kind(self, y: Any) -> None:
        check_values(y)

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

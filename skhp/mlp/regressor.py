"""MLPRegressor: a Keras network that predicts numbers, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import assert_all_finite

from skhp.mlp.base import BaseMLP
from skhp.mlp.other_names import explains_other_names
from skhp.mlp.rows import floatx
from skhp.mlp.target_checks import check_values


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multi-layer perceptron that predicts numbers, trained by Keras.

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
        "auto" is the mean squared error. "poisson" predicts through an exponential.
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
        Fraction of the rows that early stopping holds out.
    patience : int, default=10
        Early stopping ends training after this many epochs without a better value.
    min_delta : float, default=0.0
        A value counts as better only if it improves on the best one by more than this.
    monitor : str or callable, default="val_loss"
        What early stopping watches after each epoch:

        - "val_loss", or "loss" (on the training rows);
        - one of ``metrics`` on the validation rows, such as "val_mean_absolute_error". As in
          Keras, the metric decides whether higher is better;
        - a scorer of scikit-learn on the validation rows: a name such as
          "neg_mean_absolute_error", or a callable ``scorer(estimator, X, y)``. Higher is
          better. A scorer gets rows and targets as ``fit`` got them, and ``sample_weight``
          if it takes it. ``history_`` has its values as "val_neg_mean_absolute_error", or
          "val_score" for a callable. A call takes about a millisecond for few rows.
    metrics : str, callable, keras.metrics.Metric or list of these, default=None
        Recorded in ``history_``, in addition to the loss.
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
    n_features_in_ : int
        Columns of X (after flattening).
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the columns, if X is a data frame with string names.
    n_outputs_ : int
        Columns of y.
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
    MLPClassifier : The same for classes.
    sklearn.compose.TransformedTargetRegressor : It can also scale y.

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
        self.metrics = metrics
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these rows.

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
                f"y has {columns.shape[1]} columns, but this network was fitted with "
                f"{self.n_outputs_}. Fit a new estimator to other targets."
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
    array = np.asarray(y)
    if array.dtype.kind in "biuf":
        return array
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"y must hold real numbers for MLPRegressor: {error}. Fit an MLPClassifier to classes."
        ) from error
    assert_all_finite(numbers, input_name="y")  # None became NaN
    return numbers

"""The engine ends where `keras.Model.fit` ends.

Each test trains an estimator with ``shuffle=False`` and, from the same initial weights, a
network put together here from `keras.layers`, and holds weights and history equal in
float32. Keras runs eagerly: it need not trace, and is as independent as it can be.
"""

from functools import cache

import keras
import numpy as np
import pytest

from skhp import MLPClassifier, MLPRegressor
from skhp.keras_objects.catalogue import known_names

pytestmark = pytest.mark.slow

EPOCHS = 2
BATCH = 8
# Without hidden layers a program compiles in two thirds of the time: for all that does not
# depend on the depth.
LINEAR = {"n_layers": 0, "random_state": 3}
SETTINGS = {"n_layers": 1, "width": 5, "random_state": 3}
DEEP = {"n_layers": 2, "width": (5, 4), "random_state": 3}
BY_DEPTH = {0: LINEAR, 1: SETTINGS, 2: DEEP}
FIT = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False}

rng = np.random.RandomState(0)
X = rng.normal(size=(22, 6)).astype("float32")  # 22 = 8 + 8 + 6: the last batch is partial
SCORES = X @ rng.normal(size=(6, 3)).astype("float32")
X_VAL, SCORES_VAL = X[:13] + 0.1, SCORES[:13]
WEIGHT = rng.uniform(0.2, 3, size=22)
WEIGHT[4] = 0


@cache
def initial_weights(n_outputs, depth, with_validation=False, **settings):
    """What an estimator starts from: what it ends with where it hardly learns.

    Its optimizer and its validation are those of the tests, so that it shares their programs.
    """
    settings = {**BY_DEPTH[depth], "optimizer": "sgd", **settings}
    still = MLPRegressor(**settings, learning_rate=1e-30, batch_size=BATCH, epochs=1)
    rows = {"X_val": X_VAL, "y_val": SCORES_VAL} if with_validation else {}
    weights = still.fit(X, SCORES[:, :n_outputs], **rows).model_.trainable_weights
    # A bias of 1e-31 in place of 0 would decide which side of a kink a row is on.
    return [np.where(np.abs(w.numpy()) < 1e-20, 0, w.numpy()) for w in weights]


def keras_network(n_outputs, final=None, activation="relu", batch_norm=False, l2=0.0, depth=1):
    """The network by hand, with the estimator's initial weights."""
    model = keras.Sequential([keras.Input((6,))])
    regularizer = keras.regularizers.L2(l2)
    for width in (5, 4)[:depth]:
        model.add(keras.layers.Dense(width, kernel_regularizer=regularizer))
        if batch_norm:
            model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.Activation(activation))
    model.add(keras.layers.Dense(n_outputs, activation=final, kernel_regularizer=regularizer))
    like_tests = {"optimizer": "sgd" if batch_norm else "adam", "with_validation": True}
    more = {"batch_norm": batch_norm, **like_tests} if depth == 2 else {}
    start = initial_weights(n_outputs, depth, **more)
    for variable, value in zip(model.trainable_weights, start, strict=True):
        variable.assign(value)
    return model


def keras_optimizer(name, learning_rate=0.01):
    """An optimizer by its name, with a learning rate."""
    classes = {kind.lower(): value for kind, value in vars(keras.optimizers).items()}
    return classes[name](learning_rate=learning_rate)


def train_keras(model, y, loss, optimizer, metrics=(), **fit):
    """Train with Keras; the history."""
    model.compile(optimizer, loss, metrics=list(metrics), run_eagerly=True)
    return model.fit(X, y, verbose=0, **{**FIT, **fit}).history


def assert_same(estimator, model, history, rtol=2e-4, engine="compiled"):
    """Hold weights, moving statistics and history equal."""
    assert estimator.engine_ == engine, estimator.engine_reason_
    for i, (ours, theirs) in enumerate(
        zip(estimator.model_.get_weights(), model.get_weights(), strict=True)
    ):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-5, err_msg=f"weight {i}")
    assert estimator.history_.keys() == history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(
            estimator.history_[name], values, rtol=rtol, atol=2e-6, err_msg=name
        )


def assert_learned(model, depth=0):
    """The comparison means nothing where Keras itself did not move."""
    start = initial_weights(model.output_shape[1], depth)
    moved = [np.abs(a - b).max() for a, b in zip(model.trainable_weights, start, strict=False)]
    assert max(moved) > 1e-4


# --- optimizers -----------------------------------------------------------------------


# Their step depends on a weight as a whole, so they need several. Others take each number alone.
LOOK_AT_A_WHOLE_WEIGHT = ("adafactor", "lamb", "muon")


@pytest.mark.parametrize("name", known_names("optimizer"))
def test_every_optimizer(name):
    depth = 1 if name in LOOK_AT_A_WHOLE_WEIGHT else 0
    rate = 1.0 if name == "adadelta" else 0.01  # as its paper has it; its first steps are tiny
    net = MLPRegressor(**BY_DEPTH[depth], **FIT, optimizer=name, learning_rate=rate)
    net.fit(X, SCORES[:, :2])
    model = keras_network(2, depth=depth)
    history = train_keras(model, SCORES[:, :2], "mean_squared_error", keras_optimizer(name, rate))
    assert_learned(model, depth)
    # On TensorFlow, Keras's ScheduleFreeAdamW is another algorithm than as a pure function.
    engine = "keras" if name == "schedulefreeadamw" else "compiled"
    assert_same(net, model, history, engine=engine)


OPTIMIZER_SETTINGS = {
    "momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.01, momentum=0.8, nesterov=True),
    "RMSprop, momentum": lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "amsgrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True, beta_1=0.5, epsilon=1e-4),
    "AdamW, weight decay": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.3),
    "AdamW, no decay": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.0),
    "Adam, weight decay": lambda: keras.optimizers.Adam(0.01, weight_decay=0.1),
    "clipnorm": lambda: keras.optimizers.Adam(0.01, clipnorm=0.02),
    "SGD, clipnorm": lambda: keras.optimizers.SGD(0.1, clipnorm=0.1),
    "clipvalue": lambda: keras.optimizers.SGD(0.1, clipvalue=0.01),
    "global_clipnorm": lambda: keras.optimizers.SGD(0.1, global_clipnorm=0.1),
    "schedule": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5)
    ),
    "cosine": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(0.1, decay_steps=4)
    ),
}


@pytest.mark.parametrize("name", OPTIMIZER_SETTINGS)
def test_optimizer_settings(name):
    make = OPTIMIZER_SETTINGS[name]
    net = MLPRegressor(**LINEAR, **FIT, optimizer=make(), learning_rate=None)
    net.fit(X, SCORES[:, :2])
    model = keras_network(2, depth=0)
    history = train_keras(model, SCORES[:, :2], "mean_squared_error", make())
    assert_learned(model)
    assert_same(net, model, history)


def test_learning_rate_schedule_as_learning_rate():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.01, 0.05])
    net = MLPRegressor(**LINEAR, **FIT, optimizer="sgd", learning_rate=schedule)
    net.fit(X, SCORES[:, :2])
    model = keras_network(2, depth=0)
    history = train_keras(
        model, SCORES[:, :2], "mean_squared_error", keras.optimizers.SGD(schedule)
    )
    assert_same(net, model, history)


# --- losses, each with an activation of its own -----------------------------------------

LABELS = SCORES.argmax(axis=1)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
SIGNS = (SCORES[:, :1] > 0).astype("float32")
MANY = (SCORES > 0).astype("float32")
BINARY = (MLPClassifier, SIGNS.ravel().astype(int), SIGNS)
MULTICLASS = (MLPClassifier, LABELS, ONE_HOT)
NUMBERED = (MLPClassifier, LABELS, LABELS)
MULTILABEL = (MLPClassifier, MANY.astype(int), MANY)
VALUES = (MLPRegressor, SCORES, SCORES)
ONE_VALUE = (MLPRegressor, SCORES[:, 0], SCORES[:, :1])
COUNTS = (MLPRegressor, MANY + 1, MANY + 1)

# targets, loss, activation of the output layer, activation of the hidden ones
LOSSES = [
    (BINARY, "binary_crossentropy", "sigmoid", "relu"),
    (BINARY, "binary_focal_crossentropy", "sigmoid", "tanh"),
    (BINARY, "hinge", None, "sigmoid"),
    (BINARY, "squared_hinge", None, "linear"),
    (BINARY, "huber", "sigmoid", "leaky_relu"),
    (BINARY, "dice", "sigmoid", "elu"),
    (BINARY, "tversky", "sigmoid", "selu"),
    (MULTICLASS, "categorical_crossentropy", "softmax", "gelu"),
    (MULTICLASS, "categorical_focal_crossentropy", "softmax", "silu"),
    (NUMBERED, "categorical_generalized_cross_entropy", "softmax", "mish"),
    (MULTICLASS, "categorical_hinge", None, "softplus"),
    (MULTICLASS, "kl_divergence", "softmax", "softsign"),
    (MULTICLASS, "dice", "softmax", "relu6"),
    (MULTILABEL, "binary_crossentropy", "sigmoid", "hard_sigmoid"),
    (MULTILABEL, "tversky", "sigmoid", "softmax"),
    (VALUES, "mean_squared_error", None, "squareplus"),
    (VALUES, "mean_absolute_error", None, "hard_silu"),
    (VALUES, "mean_absolute_percentage_error", None, "celu"),
    (VALUES, "huber", None, "log_softmax"),
    (VALUES, "log_cosh", None, "hard_shrink"),
    (VALUES, "cosine_similarity", None, "tanh_shrink"),
    (ONE_VALUE, "mean_squared_error", None, "log_sigmoid"),
    (COUNTS, "mean_squared_logarithmic_error", None, "sparsemax"),
    (COUNTS, "poisson", "exponential", "hard_tanh"),
]


@pytest.mark.parametrize(
    ("targets", "loss", "final", "activation"), LOSSES, ids=lambda v: v if type(v) is str else ""
)
def test_losses_and_activations(targets, loss, final, activation):
    estimator, y, coded = targets
    net = estimator(
        **SETTINGS, **FIT, optimizer="sgd", learning_rate=0.02, loss=loss, activation=activation
    )
    net.fit(X, y)
    model = keras_network(coded.shape[1] if coded.ndim == 2 else 3, final, activation)
    if loss == "categorical_generalized_cross_entropy":  # Keras does not look up its name
        loss = keras.losses.CategoricalGeneralizedCrossEntropy()
    history = train_keras(model, coded, loss, keras_optimizer("sgd", 0.02))
    assert_same(net, model, history)


# --- the whole of it: metrics, validation, weights, regularization ----------------------


def test_class_numbers_metrics_and_validation():
    metrics = ["accuracy", "sparse_top_k_categorical_accuracy"]
    net = MLPClassifier(**SETTINGS, **FIT, metrics=metrics)
    net.fit(X, LABELS, X_val=X_VAL, y_val=LABELS[:13])
    model = keras_network(3, "softmax")
    history = train_keras(
        model,
        LABELS,
        "sparse_categorical_crossentropy",
        keras_optimizer("adam", 1e-3),
        metrics,
        validation_data=(X_VAL, LABELS[:13]),
        validation_batch_size=BATCH,
    )
    assert set(history) >= {"val_loss", "val_accuracy"}
    assert_same(net, model, history)


METRICS = {
    "binary": (BINARY, "binary_crossentropy", "sigmoid", ["accuracy", "auc", "precision"]),
    "values": (VALUES, "mean_squared_error", None, ["r2_score", "root_mean_squared_error"]),
}


@pytest.mark.parametrize("kind", METRICS)
def test_metrics_that_keep_a_state(kind):
    (estimator, y, coded), loss, final, metrics = METRICS[kind]
    net = estimator(**LINEAR, **FIT, optimizer="sgd", learning_rate=0.1, metrics=metrics)
    net.fit(X, y, X_val=X_VAL, y_val=y[:13])
    model = keras_network(coded.shape[1], final, depth=0)
    history = train_keras(
        model,
        coded,
        loss,
        keras_optimizer("sgd", 0.1),
        [m if m == "accuracy" else named_metric(m) for m in metrics],
        validation_data=(X_VAL, coded[:13]),
        validation_batch_size=BATCH,
    )
    assert_same(net, model, history)


def named_metric(name):
    """A metric that reports under the name it was asked for by."""
    metric = keras.metrics.get(name)
    return type(metric).from_config({**metric.get_config(), "name": name})


def test_sample_weights_are_relative():
    """Weights act as Keras's, scaled to a mean of one; validation ones too."""
    net = MLPRegressor(**DEEP, **FIT, learning_rate=0.01)
    net.fit(X, SCORES, WEIGHT, X_val=X_VAL, y_val=SCORES_VAL, sample_weight_val=7 * WEIGHT[:13])
    model = keras_network(3, depth=2)
    history = train_keras(
        model,
        SCORES,
        "mean_squared_error",
        keras_optimizer("adam"),
        sample_weight=WEIGHT / WEIGHT.mean(),
        validation_data=(X_VAL, SCORES_VAL, WEIGHT[:13] / WEIGHT[:13].mean()),
        validation_batch_size=BATCH,
    )
    assert_same(net, model, history)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_reductions(reduction):
    loss = keras.losses.MeanSquaredError(reduction=reduction)
    net = MLPRegressor(**LINEAR, **FIT, optimizer="sgd", learning_rate=0.005, loss=loss)
    net.fit(X, SCORES, WEIGHT)
    model = keras_network(3, depth=0)
    history = train_keras(
        model,
        SCORES,
        keras.losses.MeanSquaredError(reduction=reduction),
        keras_optimizer("sgd", 0.005),
        sample_weight=WEIGHT / WEIGHT.mean(),
    )
    assert_same(net, model, history)


@pytest.mark.parametrize("class_weight", [{0: 1.0, 1: 4.0, 2: 0.5}, "balanced"])
def test_class_weights(class_weight):
    net = MLPClassifier(**LINEAR, **FIT, class_weight=class_weight).fit(X, LABELS)
    if class_weight == "balanced":
        factor = len(LABELS) / (3 * np.bincount(LABELS))
    else:
        factor = np.array([class_weight[label] for label in range(3)])
    mean = factor[LABELS].mean()
    model = keras_network(3, "softmax", depth=0)
    history = train_keras(
        model,
        LABELS,
        "sparse_categorical_crossentropy",
        keras_optimizer("adam", 1e-3),
        class_weight={label: float(f / mean) for label, f in enumerate(factor)},
    )
    assert_same(net, model, history)


@pytest.mark.parametrize("batch_size", [1, 7, 11, 22, 500])
def test_batch_sizes(batch_size):
    """Whole batches, partial ones, one row a batch, and a batch of more than all rows."""
    fit = {**FIT, "batch_size": batch_size}
    net = MLPRegressor(**LINEAR, **fit, optimizer="sgd", learning_rate=0.02).fit(X, SCORES)
    model = keras_network(3, depth=0)
    history = train_keras(
        model, SCORES, "mean_squared_error", keras_optimizer("sgd", 0.02), batch_size=batch_size
    )
    assert_same(net, model, history)


@pytest.mark.parametrize("batch_size", [8, 500])
def test_batch_normalization(batch_size):
    """Padding rows touch neither the outputs nor the moving statistics."""
    fit = {**FIT, "batch_size": batch_size}
    net = MLPRegressor(**DEEP, **fit, batch_norm=True, optimizer="sgd", learning_rate=0.05)
    net.fit(X, SCORES, X_val=X_VAL, y_val=SCORES_VAL)
    model = keras_network(3, batch_norm=True, depth=2)
    history = train_keras(
        model,
        SCORES,
        "mean_squared_error",
        keras_optimizer("sgd", 0.05),
        batch_size=batch_size,
        validation_data=(X_VAL, SCORES_VAL),
        validation_batch_size=batch_size,
    )
    moving = [w for w in model.non_trainable_weights if "moving" in w.path]
    assert len(moving) == 4 and np.abs(moving[0]).max() > 1e-3
    assert_same(net, model, history, rtol=1e-3)


def test_l2():
    net = MLPRegressor(**DEEP, **FIT, l2=0.05, learning_rate=0.01)
    net.fit(X, SCORES, X_val=X_VAL, y_val=SCORES_VAL)
    model = keras_network(3, l2=0.05, depth=2)
    history = train_keras(
        model,
        SCORES,
        "mean_squared_error",
        keras_optimizer("adam"),
        validation_data=(X_VAL, SCORES_VAL),
        validation_batch_size=BATCH,
    )
    assert_same(net, model, history)


def test_linear_model():
    net = MLPRegressor(**LINEAR, **FIT, optimizer="sgd", learning_rate=0.05)
    net.fit(X, SCORES[:, 0])
    model = keras_network(1, depth=0)
    history = train_keras(model, SCORES[:, :1], "mean_squared_error", keras_optimizer("sgd", 0.05))
    assert_same(net, model, history)


def test_wide_network():
    """Beside kernels above 4096 numbers the gradients of biases are products."""
    wide = {"n_layers": 2, "width": 70, "random_state": 0}
    net = MLPRegressor(**wide, **FIT, optimizer="sgd", learning_rate=0.02).fit(X, SCORES)
    start = MLPRegressor(
        **wide, optimizer="sgd", learning_rate=1e-30, batch_size=BATCH, epochs=1
    ).fit(X, SCORES)
    layers = [keras.layers.Dense(70, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(3)])
    values = [np.where(np.abs(w) < 1e-20, 0, w) for w in start.model_.get_weights()]
    model.set_weights(values)
    history = train_keras(model, SCORES, "mean_squared_error", keras_optimizer("sgd", 0.02))
    assert np.abs(model.get_weights()[1]).max() > 1e-3  # biases have moved
    assert_same(net, model, history)


# --- the user's own loss and metric, which may look at a batch as a whole ----------------


def pairwise(y_true, y_pred):
    """A loss that compares each row with the mean of its batch."""
    shifted = y_pred - keras.ops.mean(y_pred, axis=0, keepdims=True)
    return keras.ops.mean(keras.ops.square(y_true - shifted), axis=-1)


class BatchSpread(keras.metrics.Metric):
    """The sum over batches of the largest output."""

    def __init__(self, name="batch_spread", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.max(y_pred) + keras.ops.sum(keras.ops.ones_like(y_pred)))

    def result(self):
        # A result that is the variable itself Keras reads after validation has changed it.
        return self.total + 0.0


class BareBatchSpread(BatchSpread):
    """Its result is the variable itself."""

    def result(self):
        return self.total


def test_metric_whose_result_is_its_variable():
    settings = {"optimizer": "sgd", "learning_rate": 0.05}
    net = MLPRegressor(**LINEAR, **FIT, **settings, metrics=[BareBatchSpread()]).fit(X, SCORES)
    metrics = [BareBatchSpread()]
    model = keras_network(3, depth=0)
    history = train_keras(model, SCORES, "mse", keras_optimizer("sgd", 0.05), metrics)
    assert_same(net, model, history)


@pytest.mark.parametrize("batch_size", [8, 11])
def test_own_loss_and_metric_see_no_padding_rows(batch_size):
    fit = {**FIT, "batch_size": batch_size}
    net = MLPRegressor(
        **LINEAR,
        **fit,
        optimizer="sgd",
        learning_rate=0.05,
        loss=pairwise,
        metrics=[BatchSpread()],
    )
    net.fit(X, SCORES, WEIGHT, X_val=X_VAL, y_val=SCORES_VAL)
    model = keras_network(3, depth=0)
    history = train_keras(
        model,
        SCORES,
        pairwise,
        keras_optimizer("sgd", 0.05),
        [BatchSpread()],
        batch_size=batch_size,
        sample_weight=WEIGHT / WEIGHT.mean(),
        validation_data=(X_VAL, SCORES_VAL),
        validation_batch_size=batch_size,
    )
    assert_same(net, model, history)

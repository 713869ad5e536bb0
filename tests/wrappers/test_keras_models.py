"""Any Keras model, on real data: the weights that Keras's own fit ends with."""

import pickle

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.preprocessing import FunctionTransformer, StandardScaler, scale

from skhp import KerasClassifier, KerasRegressor
from skhp.keras_objects.storage import copy_model
from skhp.wrappers import BaseWrapper

pytestmark = pytest.mark.slow

LOSS = "sparse_categorical_crossentropy"
ROWS = 150


def digits():
    X, y = load_digits(return_X_y=True)
    return (X[:ROWS] / 16).astype("float32"), y[:ROWS]


def images():
    X, y = digits()
    return X.reshape(-1, 8, 8, 1), y


def sequences():
    X, y = digits()
    return X.reshape(-1, 8, 8), y


def tokens():
    X, y = digits()
    return (X[:, 16:32] * 16).astype("int32"), y


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X).astype("float32"), y


def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X)[:ROWS].astype("float32"), y[:ROWS]


def softmax(n=10):
    return layers.Dense(n, activation="softmax")


def cnn():
    hidden = [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    return keras.Sequential([keras.Input((8, 8, 1)), *hidden, softmax()])


def gru():
    return keras.Sequential([keras.Input((8, 8)), layers.GRU(6), softmax()])


def embedding():
    hidden = [layers.Embedding(17, 3), layers.GlobalAveragePooling1D()]
    return keras.Sequential([keras.Input((16,), dtype="int32"), *hidden, softmax()])


def batch_normalized():
    hidden = [layers.Dense(8, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([keras.Input((4,)), *hidden, softmax(3)])


class Subclassed(keras.Model):
    def __init__(self, width=6):
        super().__init__()
        self.hidden = layers.Dense(width, activation="tanh")
        self.outputs_ = softmax(3)

    def call(self, x):
        return self.outputs_(self.hidden(x))


class Scaled(layers.Layer):
    """A custom layer with a weight of its own."""

    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, shape):
        self.factor = self.add_weight(
            shape=(shape[-1],), initializer=keras.initializers.Constant(self.start)
        )

    def call(self, x):
        return x * self.factor


def custom_layer():
    return keras.Sequential([keras.Input((4,)), Scaled(0.5), softmax(3)])


class OwnStep(keras.Model):
    """A train_step that trains as Keras's does, and counts."""

    def __init__(self):
        super().__init__()
        self.layer = softmax(3)
        self.steps = 0

    def call(self, x):
        return self.layer(x)

    def train_step(self, data):
        self.steps += 1
        return super().train_step(data)


def spectrally_normalized():
    return keras.Sequential(
        [keras.Input((4,)), layers.SpectralNormalization(layers.Dense(6)), softmax(3)]
    )


def smooth_hinge(y_true, y_pred):
    chosen = keras.ops.take_along_axis(y_pred, keras.ops.cast(y_true, "int32"), axis=1)
    return keras.ops.mean(keras.ops.softplus(y_pred - chosen), axis=-1)


class Certainty(keras.metrics.Metric):
    """The mean of the largest probability."""

    def __init__(self, name="certainty", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        largest = keras.ops.max(y_pred, axis=-1)
        weight = keras.ops.ones_like(largest) if sample_weight is None else sample_weight
        self.total.assign_add(keras.ops.sum(largest * keras.ops.cast(weight, largest.dtype)))
        self.count.assign_add(keras.ops.sum(keras.ops.cast(weight, largest.dtype)))

    def result(self):
        return self.total / self.count


def dense():
    return keras.Sequential([keras.Input((4,)), softmax(3)])


def start_and_expected(net, X, y, **fit):
    """First weights of a fit, and a copy of them trained by Keras alone."""
    model = copy_model(net.initialize(X, y).model_)
    arguments = {"loss": net.loss, "metrics": net.metrics, "optimizer": net.optimizer}
    model.compile(**arguments)
    history = model.fit(X, y[:, None], shuffle=False, verbose=0, **fit).history  # as encoded
    return model, history


CASES = {
    "cnn": (cnn, images, {}),
    "gru": (gru, sequences, {}),
    "embedding": (embedding, tokens, {}),
    "batch normalization": (batch_normalized, iris, {}),
    "subclassed": (Subclassed, iris, {}),
    "custom layer": (custom_layer, iris, {}),
    "custom loss": (dense, iris, {"loss": smooth_hinge}),
    "custom metric": (dense, iris, {"metrics": [Certainty()]}),
    "custom train_step": (OwnStep, iris, {}),
    "run eagerly": (dense, iris, {"run_eagerly": True}),
    "spectral normalization": (spectrally_normalized, iris, {}),
}
WHY_KERAS = {
    "custom train_step": "OwnStep has a train_step of its own",
    "run eagerly": "run_eagerly=True",
    "spectral normalization": "assigns its own trainable weight",
    "subclassed": "is a class of its own",
}


@pytest.mark.parametrize("case", CASES)
def test_weights_and_history_are_those_of_keras(case):
    build, data, given = CASES[case]
    X, y = data()
    params = {"loss": LOSS, "optimizer": "sgd", "metrics": None, **given}
    net = KerasClassifier(
        lambda: build(), epochs=2, batch_size=32, shuffle=False, random_state=0, **params
    )
    expected, history = start_and_expected(net, X, y, epochs=2, batch_size=32)
    net.fit(X, y)
    for ours, theirs in zip(net.model_.weights, expected.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)
    assert set(net.history_) == set(history)
    for name, values in history.items():
        np.testing.assert_allclose(net.history_[name], values, rtol=1e-4)
    assert net.engine_ == ("keras" if case in WHY_KERAS else "graph")
    assert WHY_KERAS.get(case, "") in (net.engine_reason_ or "")
    np.testing.assert_allclose(net.predict_proba(X), expected.predict(X, verbose=0), atol=1e-4)


def test_two_inputs():
    X, y = breast_cancer()

    class TwoInputs(KerasClassifier):
        @property
        def feature_encoder(self):
            return FunctionTransformer(lambda X: [X[:, :10], X[:, 10:]])

    def build():
        means, rest = keras.Input((10,)), keras.Input((20,))
        hidden = [layers.Dense(4, activation="relu")(x) for x in (means, rest)]
        outputs = layers.Dense(1, activation="sigmoid")(layers.Concatenate()(hidden))
        return keras.Model([means, rest], outputs)

    net = TwoInputs(build, loss="binary_crossentropy", optimizer="sgd", random_state=0,
                    shuffle=False, epochs=2)  # fmt: skip
    expected = copy_model(net.initialize(X, y).model_)
    expected.compile("sgd", loss="binary_crossentropy")
    expected.fit([X[:, :10], X[:, 10:]], y, epochs=2, shuffle=False, verbose=0)
    net.fit(X, y)
    assert net.engine_ == "graph"
    for ours, theirs in zip(net.model_.weights, expected.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)


class ClassAndLength(BaseWrapper):
    """Iris's class, and a petal's length from the other columns."""

    @property
    def target_encoder(self):
        split = FunctionTransformer(lambda y: [y[:, 0].astype("int32"), y[:, 1]])
        split.get_metadata = lambda: {"n_outputs_expected_": 2}
        return split


def test_two_outputs_of_different_types():
    X, kind = iris()
    X, y = X[:, :3], np.column_stack([kind, X[:, 2]]).astype("float32")

    def build():
        x = keras.Input((3,))
        hidden = layers.Dense(4, activation="tanh")(x)
        return keras.Model(x, [softmax(3)(hidden), layers.Dense(1)(hidden)])

    losses = [LOSS, "mse"]
    net = ClassAndLength(
        build, loss=losses, optimizer="sgd", random_state=0, shuffle=False, epochs=2
    )
    expected = copy_model(net.initialize(X, y).model_)
    expected.compile("sgd", loss=losses, run_eagerly=True)
    history = expected.fit(
        X, [y[:, 0].astype("int32"), y[:, 1]], epochs=2, shuffle=False, verbose=0
    ).history
    net.fit(X, y)
    assert net.engine_ == "graph"
    np.testing.assert_allclose(net.history_["loss"], history["loss"], rtol=1e-4)
    for ours, theirs in zip(net.model_.weights, expected.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)


def test_mixed_precision():
    X, y = iris()
    plain = KerasClassifier(dense, loss=LOSS, optimizer="sgd", random_state=0, epochs=3).fit(X, y)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = KerasClassifier(dense, loss=LOSS, optimizer="sgd", random_state=0, epochs=3)
        net.fit(X, y)
    finally:
        keras.config.set_dtype_policy("float32")
    assert net.engine_ == "graph" and net.model_.layers[0].compute_dtype == "bfloat16"
    assert net.predict_proba(X).dtype == "float32"
    ours, exact = net.model_.get_weights()[0], plain.model_.get_weights()[0]
    assert ours.dtype == "float32" and not np.array_equal(ours, exact)
    np.testing.assert_allclose(ours, exact, atol=0.02)


def test_structures_that_look_alike_are_told_apart():
    """Names of layers, and functions of one name, must not pass for one another."""
    X, y = iris()

    def named(kind):
        def build():
            middle = [layers.Dense(5), layers.Activation(kind, name=kind)]
            return keras.Sequential([keras.Input((4,)), *middle, softmax(3)])

        return build

    def scaled_by(factor):
        def activation(x):
            return x * factor

        def build():
            return keras.Sequential(
                [keras.Input((4,)), layers.Dense(5, activation=activation), softmax(3)]
            )

        return build

    for a, b in [(named("relu"), named("tanh")), (scaled_by(0.0), scaled_by(1.0))]:
        nets = [
            KerasClassifier(f, loss=LOSS, optimizer="sgd", shuffle=False, random_state=0)
            for f in (a, b)
        ]
        for net in nets:
            _, history = start_and_expected(net, X, y, epochs=1, batch_size=32)
            np.testing.assert_allclose(net.fit(X, y).history_["loss"], history["loss"], rtol=1e-4)


def test_values_from_images():
    X, y = images()
    net = KerasRegressor(
        lambda: keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)]),
        loss="mse", optimizer="adam", optimizer__learning_rate=0.05, epochs=40, random_state=0,
    )  # fmt: skip
    assert net.fit(X, y.astype(float)).score(X, y) > 0.5


class FreezesTheFirst(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[0].trainable = False


def two_layers(hidden=None):
    hidden = hidden or layers.Dense(4, activation="relu")
    model = keras.Sequential([keras.Input((4,)), hidden, layers.Dense(1, activation="sigmoid")])
    kernels = np.random.RandomState(0)
    model.set_weights([kernels.normal(size=w.shape) for w in model.get_weights()])
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
    return model


def assert_equal_weights(model, expected):
    for weight, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-6)


def test_a_callback_that_freezes_a_layer(binary):
    X, y = binary
    settings = {"epochs": 3, "shuffle": False, "callbacks": [FreezesTheFirst()]}
    net, expected = KerasClassifier(two_layers, **settings).fit(X, y), two_layers()
    expected.fit(X, y[:, None], verbose=0, **settings)
    assert net.engine_ == "graph" and not net.model_.layers[0].trainable
    assert_equal_weights(net.model_, expected)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(net)).predict_proba(X), net.predict_proba(X)
    )


def test_layers_frozen_after_a_training(binary, tmp_path):
    X, y = binary
    trained = two_layers()
    trained.fit(X, y[:, None], verbose=0)
    trained.save(tmp_path / "model.keras")
    given, expected = (keras.models.load_model(tmp_path / "model.keras") for _ in range(2))
    given.layers[0].trainable = expected.layers[0].trainable = False
    expected.fit(X, y[:, None], shuffle=False, epochs=2, verbose=0)
    net = KerasClassifier(given, shuffle=False, epochs=2)
    for estimator in (clone(net), net):
        estimator.fit(X, y)
        assert "frozen" in estimator.engine_reason_
        assert_equal_weights(estimator.model_, expected)
    np.testing.assert_array_equal(given.get_weights()[0], trained.get_weights()[0])


def test_a_shared_layer_that_is_trained_only_later(binary):
    shared = layers.Dense(4, activation="relu", trainable=False)
    net = KerasClassifier(lambda: two_layers(shared)).fit(*binary)
    first = shared.get_weights()[0]
    shared.trainable = True
    net.model_.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
    assert net.partial_fit(*binary).engine_ == "graph"
    assert np.abs(shared.get_weights()[0] - first).max() > 0.01

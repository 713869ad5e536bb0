"""Constants that no config tells, and losses that layers add: each fit trains with its own.

Every network is trained by the estimator and by `keras.Model.fit`, from the same weights in
the same order, with several constants one after the other.
"""

import json
import os
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, ops

from skhp import KerasRegressor, MLPRegressor
from skhp.engine import compile_count
from skhp.runtime import compile_cache
from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

rng = np.random.default_rng(0)
X = rng.normal(size=(44, 4)).astype("float32")  # 44 = 16 + 16 + 12: the last batch is partial
Y = (X @ [1.0, 2, 3, 4]).astype("float32")
FIT = {"epochs": 2, "batch_size": 16, "shuffle": False}


class Scale(layers.Layer):
    """Its factor is set after it is made."""

    factor = 1.0

    def call(self, x):
        return x * self.factor


class Forgetful(layers.Layer):
    """Its config leaves the factor out."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return super().get_config()


class Clip(keras.constraints.Constraint):
    """Has no config."""

    def __init__(self, most):
        self.most = most

    def __call__(self, w):
        return ops.clip(w, -self.most, self.most)


class Penalty(keras.regularizers.Regularizer):
    """Has no config."""

    def __init__(self, strength):
        self.strength = strength

    def __call__(self, w):
        return self.strength * ops.sum(ops.square(w))


class AddedLoss(layers.Layer):
    def __init__(self, strength, reduce, **kwargs):
        super().__init__(**kwargs)
        self.strength, self.reduce = strength, reduce

    def call(self, x):
        self.add_loss(self.strength * self.reduce(ops.square(x)))
        return x


class Centre(layers.Layer):
    """Looks at the whole batch."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x - self.factor * ops.mean(x, axis=0, keepdims=True)


class Constants:
    value = 1.0


GLOBAL = 1.0


def global_loss(y_true, y_pred):
    return GLOBAL * ops.mean(ops.square(y_true - y_pred), axis=-1)


def class_loss(y_true, y_pred):
    return Constants.value * ops.mean(ops.square(y_true - y_pred), axis=-1)


def network(*hidden, loss="mse", **dense):
    """A network whose weights are the same each time."""
    first = layers.Dense(5, activation="tanh", **dense)
    model = keras.Sequential([keras.Input((4,)), first, *hidden, layers.Dense(1)])
    fixed = np.random.default_rng(7)
    model.set_weights([fixed.normal(size=w.shape) * 0.5 for w in model.get_weights()])
    model.compile(keras.optimizers.SGD(0.02), loss=loss, metrics=["mae"])
    return model


def attribute(value):
    layer = Scale()
    layer.factor = value
    return network(layer)


def variable_regularizer(value):
    model = network()
    model.layers[0].kernel.regularizer = keras.regularizers.L2(value)
    return model


def global_name(value):
    global GLOBAL
    GLOBAL = value
    return network(loss=global_loss)


def class_attribute(value):
    Constants.value = value
    return network(loss=class_loss)


def closure(value):
    box = {"factor": value}

    def loss(y_true, y_pred):
        return box["factor"] * ops.mean(ops.square(y_true - y_pred), axis=-1)

    return network(loss=loss)


def functional(value):
    inputs = keras.Input((4,))
    x = layers.Dense(3, kernel_initializer="ones")(inputs)
    x = x - value * ops.mean(x, axis=0, keepdims=True)
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="ones")(x))
    model.compile(keras.optimizers.SGD(0.002), "mse")
    return model


# name -> a network with a constant
NETWORKS = {
    "attribute set later": attribute,
    "config that forgets": lambda v: network(Forgetful(v)),
    "constraint without config": lambda v: network(kernel_constraint=Clip(v)),
    "regularizer without config": lambda v: network(kernel_regularizer=Penalty(v)),
    "regularizer of a variable": variable_regularizer,
    "global name": global_name,
    "class attribute": class_attribute,
    "closure": closure,
    "activity regularizer": lambda v: network(activity_regularizer=keras.regularizers.L1(v)),
    "ActivityRegularization": lambda v: network(layers.ActivityRegularization(l2=v)),
    "add_loss of a mean": lambda v: network(AddedLoss(v, ops.mean)),
    "add_loss of a sum": lambda v: network(AddedLoss(v, ops.sum)),
    "layer that looks across the batch": lambda v: network(Centre(v)),
    "operation across the batch": functional,
    "activation across the batch": lambda v: network(
        layers.Activation(lambda x: x - v * ops.max(x, axis=0, keepdims=True))
    ),
}


def by_keras(model):
    """The history and the predictions of Keras's own fit."""
    model.run_eagerly = True  # cheaper here than Keras's own graphs, and the same numbers
    history = model.fit(X, Y, verbose=0, **FIT).history
    return history, model.predict(X, batch_size=16, verbose=0)[:, 0]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_fit_has_its_own_constant(name):
    make = NETWORKS[name]
    expected = {value: by_keras(make(value)) for value in (1.0, 0.1)}
    for value in (1.0, 0.1, 1.0):  # the last one may use the program of the first
        net = KerasRegressor(lambda v=value: make(v), **FIT).fit(X, Y)
        assert net.engine_ == "graph", net.engine_reason_
        history, predicted = expected[value]
        for metric, values in history.items():
            np.testing.assert_allclose(net.history_[metric], values, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(net.predict(X), predicted, rtol=1e-3, atol=1e-3)
    losses = [expected[value][0]["loss"][-1] for value in (1.0, 0.1)]
    assert abs(losses[0] - losses[1]) > 1e-4  # the constant mattered


def test_equal_constants_share_a_program():
    KerasRegressor(lambda: network(Forgetful(0.5)), **FIT).fit(X, Y)
    before = compile_count()
    for _ in range(3):
        KerasRegressor(lambda: network(Forgetful(0.5)), **FIT).fit(X, Y)
    assert compile_count() == before


@pytest.mark.parametrize("own", ["activation", "loss"])
def test_a_perceptron_reads_a_global_anew(own):
    losses = []
    for value in (1.0, 0.0):
        global_name(value)
        parts = {"loss": global_loss} if own == "loss" else {"activation": global_activation}
        net = MLPRegressor(1, 8, random_state=0, learning_rate=0.05, **FIT, **parts).fit(X, Y)
        assert net.engine_ == "compiled", net.engine_reason_
        losses.append(net.history_["loss"][-1])
    assert losses[0] != losses[1]


def global_activation(x):
    return GLOBAL * ops.tanh(x)


def across_the_batch(x):
    return x - ops.mean(x, axis=0, keepdims=True)


def test_a_perceptron_whose_activation_looks_across_the_batch():
    settings = {"activation": across_the_batch, "optimizer": "sgd", "learning_rate": 0.01}
    net = MLPRegressor(1, 8, random_state=0, **FIT, **settings).fit(X, Y)
    start = MLPRegressor(1, 8, random_state=0, **FIT, **{**settings, "learning_rate": 1e-30})
    model = start.fit(X, Y).model_
    model.optimizer.learning_rate = 0.01
    wanted = model.fit(X, Y[:, None], verbose=0, **FIT).history["loss"]
    np.testing.assert_allclose(net.history_["loss"], wanted, rtol=1e-4)


class Rounded(layers.Layer):
    """Reads a setting of NumPy's, which no fingerprint shows."""

    def call(self, x):
        return x * np.get_printoptions()["precision"]


def test_a_program_that_differs_from_keras_is_noticed():
    """The second network computes another thing than the first, and looks the same."""
    with np.printoptions(precision=1):
        first = KerasRegressor(lambda: network(Rounded()), **FIT).fit(X, Y)
        assert first.engine_ == "graph", first.engine_reason_
    with np.printoptions(precision=2):
        second = KerasRegressor(lambda: network(Rounded()), **FIT).fit(X, Y)
        wanted = network(Rounded()).fit(X, Y, verbose=0, **FIT).history["loss"]
    assert second.engine_ == "keras" and "differ from those of Keras" in second.engine_reason_
    np.testing.assert_allclose(second.history_["loss"], wanted, rtol=1e-5)


def test_settings_of_keras_are_read_anew():
    """The Kullback-Leibler divergence takes no output for less than keras.config.epsilon()."""

    def build():
        last = layers.Dense(2, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((4,)), last])
        model.compile(keras.optimizers.SGD(1e-6), "kl_divergence")
        return model

    y = np.tile([1.0, 0.0], (len(X), 1))
    before = keras.config.epsilon()
    try:
        for epsilon in (1e-7, 1e-2):
            keras.config.set_epsilon(epsilon)
            net = KerasRegressor(build, epochs=1).fit(X, y)
            assert net.engine_ == "graph"
            np.testing.assert_allclose(net.history_["loss"][0], -np.log(epsilon), rtol=1e-3)
    finally:
        keras.config.set_epsilon(before)


@pytest.mark.parametrize("kind", ["int64", "uint32"])
def test_integers_beyond_int32(kind):
    y = np.full(32, 3_000_000_000).astype(kind)

    def build():
        model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.5), "mse")
        return model

    net = KerasRegressor(build, epochs=20, random_state=0).fit(np.zeros((32, 1)), y)
    np.testing.assert_allclose(net.predict(np.zeros((1, 1))), 3e9, rtol=1e-2)
    big = (X * 1e12).astype("int64")
    net = KerasRegressor(lambda: network(), epochs=1, shuffle=False, batch_size=16).fit(big, Y)
    wanted = network().fit(big, Y, epochs=1, shuffle=False, batch_size=16, verbose=0).history
    np.testing.assert_allclose(net.history_["loss"], wanted["loss"], rtol=1e-4)


SEEDS = """
import json, os, sys
import keras, numpy as np
from keras import layers
from skhp import KerasClassifier

def build():
    return keras.Sequential([
        keras.Input((4,)), layers.Dense(4), layers.BatchNormalization(),
        layers.Dense(1, activation="sigmoid"),
    ])

X = np.random.default_rng(0).normal(size=(70, 4)).astype("float32")
y = (X[:, 0] > 0).astype(int)
dumps = sys.argv[0] + ".dumps"
def compiled():
    return len([name for name in os.listdir(dumps) if name.endswith("before_optimizations.txt")])
counts = []
for seed in range(3):
    settings = {"epochs": 6, "batch_size": 1}  # so many steps that XLA compiles
    KerasClassifier(build, loss="binary_crossentropy", random_state=seed, **settings).fit(X, y)
    counts.append(compiled())
print(json.dumps(counts))
"""


def test_a_seed_is_no_part_of_a_program(tmp_path):
    """XLA writes down each program that it compiles, whatever asked for it."""
    script = tmp_path / "seeds.py"
    flags = f"--xla_dump_to={script}.dumps --xla_dump_hlo_as_text"
    environment = {
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}",
        # No program of an earlier run: XLA does not compile it again.
        compile_cache.VARIABLE: str(tmp_path / "programs"),
        "TF_XLA_FLAGS": "",
    }
    counts = run_script(script, SEEDS, **environment)
    assert counts[0] > 0 and counts == [counts[0]] * 3, json.dumps(counts)


def test_a_loss_that_follows_from_no_weight():
    """Keras has an error for it, and a program would train nothing without a word."""
    build = partial(network, loss=lambda y_true, y_pred: ops.ones_like(y_true[:, 0]))
    with pytest.raises(ValueError, match="No gradients provided"):
        KerasRegressor(lambda: build(), **FIT).fit(X, Y)

"""How a program runs: compiled by XLA, or as a TensorFlow graph. Both end where Keras ends."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from skhp import KerasClassifier, MLPClassifier
from skhp.engine import compile_count
from skhp.engine.engine_choice import engine_for
from skhp.engine.program import Program
from skhp.engine.program_cache import ProgramCache

ROWS, BATCH = 24, 8
rng = np.random.default_rng(0)
X = rng.normal(size=(ROWS, 6, 6, 1)).astype("float32")
y = rng.integers(0, 3, ROWS)


def convolutional(rate=0.5, seed=7):
    """A model with a convolution and dropout; the same first weights each time."""
    return keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            layers.Conv2D(2, 3, kernel_initializer=keras.initializers.GlorotUniform(seed)),
            layers.Dropout(rate, seed=seed),
            layers.Flatten(),
            layers.Dense(
                3, "softmax", kernel_initializer=keras.initializers.GlorotUniform(seed + 1)
            ),
        ]
    )


FIXED = {
    "loss": "sparse_categorical_crossentropy",
    "optimizer": "adam",
    "batch_size": BATCH,
    "epochs": 3,
    "shuffle": False,
    "random_state": 0,
}


def net(**params):
    return KerasClassifier(convolutional, **{**FIXED, **params})


def assert_same_weights(one, other, **close):
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **{"rtol": 0, "atol": 0, **close})


@pytest.fixture(scope="module")
def fitted():
    return net().fit(X, y)


def test_a_convolution_runs_as_a_graph_and_says_why(fitted):
    assert fitted.engine_ == "graph"
    assert "Conv2D" in fitted.engine_reason_


def test_it_ends_where_keras_ends_with_the_same_random_numbers(fitted):
    """Without XLA a graph draws what Keras draws; all batches here are full."""
    expected = convolutional()
    expected.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    history = expected.fit(X, y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0).history
    np.testing.assert_allclose(fitted.history_["loss"], history["loss"], rtol=1e-5)
    assert_same_weights(fitted.model_, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("size", "is_parallel"), [(8, False), (30, True)])
def test_graphs_end_where_keras_ends_with_one_thread_and_with_many(size, is_parallel):
    def build():
        kernel = keras.initializers.GlorotUniform(7)
        images = [keras.Input((size, size, 1)), layers.Conv2D(8, 3, kernel_initializer=kernel)]
        kernel = keras.initializers.GlorotUniform(8)
        return keras.Sequential(
            [*images, layers.Flatten(), layers.Dense(3, "softmax", kernel_initializer=kernel)]
        )

    X = rng.normal(size=(ROWS, size, size, 1)).astype("float32")
    trained = KerasClassifier(build, **FIXED).fit(X, y)
    expected = build()
    choice = engine_for(expected.layers, expected.count_params(), n_steps=3)
    assert choice.is_parallel is is_parallel
    expected.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    history = expected.fit(X, y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0).history
    assert trained.engine_ == "graph"
    np.testing.assert_allclose(trained.history_["loss"], history["loss"], rtol=1e-4)
    assert_same_weights(trained.model_, expected, rtol=1e-3, atol=1e-5)


def test_weights_follow_from_the_random_state_alone():
    keras.utils.set_random_seed(1)
    first = net(shuffle=True).fit(X, y)
    keras.utils.set_random_seed(2)
    again, other = net(shuffle=True).fit(X, y), net(shuffle=True, random_state=1).fit(X, y)
    assert_same_weights(first.model_, again.model_)
    assert first.history_ == again.history_ != other.history_


def test_dropout_follows_from_its_seed(fitted):
    other = net(model__seed=8).fit(X, y)
    assert fitted.history_ != other.history_


def test_training_that_goes_on_ends_in_the_same_bits(fitted):
    halves = net(epochs=1, warm_start=True).fit(X, y)
    halves.set_params(epochs=2).fit(X, y)
    assert halves.engine_ == "graph"
    assert_same_weights(halves.model_, fitted.model_)


def test_callbacks_at_epochs_change_nothing(fitted):
    class Quiet(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            pass

    watched = net(callbacks=[Quiet()]).fit(X, y)
    assert watched.engine_ == "graph"
    assert_same_weights(watched.model_, fitted.model_)


def test_what_differs_in_numbers_makes_no_new_program(fitted):
    before = compile_count()
    net(random_state=3, epochs=2, optimizer__learning_rate=0.01).fit(X[:-3], y[:-3])
    assert compile_count() == before


def test_the_cache_bounds_graphs_too(monkeypatch):
    cache = ProgramCache(limit_mb=20)
    monkeypatch.setattr("skhp.wrappers.keras_network.programs", cache)
    made = []
    monkeypatch.setattr(Program, "__init__", _noting(made, Program.__init__))
    for batch_size in (3, 4):
        assert net(batch_size=batch_size, epochs=1).fit(X, y).engine_ == "graph"
    gc.collect()
    assert [program() is not None for program in made] == [False, True]


def _noting(made, init):
    def noting(self, *args):
        made.append(weakref.ref(self))
        init(self, *args)

    return noting


def test_dense_layers_are_compiled_by_xla():
    mlp = MLPClassifier(1, 4, epochs=1).fit(X.reshape(ROWS, -1), y)
    assert (mlp.engine_, mlp.engine_reason_) == ("compiled", None)


@pytest.mark.parametrize(
    ("kinds", "engine"),
    [
        (("Dense", "BatchNormalization", "LSTM"), "compiled"),
        (("Dense", "Dropout"), "graph"),
        (("LSTM", "Dropout"), "compiled"),
        (("LSTM", "Dropout", "SeparableConv1D"), "graph"),
        (("MaxPooling2D",), "graph"),
        (("ConvLSTM2D",), "graph"),
    ],
)
def test_the_choice_follows_from_the_layers(kinds, engine):
    settings = {
        "Dense": {"units": 2},
        "LSTM": {"units": 2, "dropout": 0.1},
        "Dropout": {"rate": 0.1},
        "SeparableConv1D": {"filters": 2, "kernel_size": 2},
        "ConvLSTM2D": {"filters": 2, "kernel_size": 2},
    }
    made = [getattr(layers, kind)(**settings.get(kind, {})) for kind in kinds]
    assert engine_for(made, n_weights=10, n_steps=1000).name == engine


def perceptron(width=2):
    """A model that draws its first weights by a seed."""
    kernel = keras.initializers.GlorotUniform(7)
    hidden = layers.Dense(width, "relu", kernel_initializer=kernel)
    last = layers.Dense(3, "softmax", kernel_initializer=keras.initializers.GlorotUniform(8))
    return keras.Sequential([keras.Input((2,)), hidden, last])


@pytest.mark.parametrize(("n_rows", "engine"), [(200, "graph"), (201, "compiled")])
def test_a_small_model_is_compiled_only_for_many_steps(n_rows, engine):
    X, y = np.resize(rng.normal(size=(40, 2)), (n_rows, 2)), np.resize(rng.permutation(3), n_rows)
    fixed = {**FIXED, "batch_size": 1, "epochs": 2}
    trained = KerasClassifier(perceptron, **fixed).fit(X, y)
    expected = perceptron()
    expected.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    expected.fit(X, y, batch_size=1, epochs=2, shuffle=False, verbose=0)
    assert trained.engine_ == engine
    assert ("at most 400 steps" in (trained.engine_reason_ or "")) == (engine == "graph")
    assert_same_weights(trained.model_, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "units", "engine"),
    [((2,), 8, "graph"), ((400,), 130, "compiled"), ((900, 2), 8, "compiled")],
)
def test_a_large_model_is_compiled(shape, units, engine):
    """A model is large by its weights, or by the numbers that its layers compute for a row."""
    model = keras.Sequential([keras.Input(shape), layers.Dense(units), layers.Dense(3)])
    assert engine_for(model.layers, model.count_params(), n_steps=1).name == engine

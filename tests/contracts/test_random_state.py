"""What a builder draws follows from the random state, beside any other thread."""

import random
import threading
from random import choice

import keras
import numpy as np
import pytest
from keras import layers
from numpy.random import uniform

from skhp import KerasClassifier
from skhp.wrappers.builder import Builder

pytestmark = pytest.mark.slow

# Draws from NumPy's global generator are what is tested here.
# ruff: noqa: NPY002


class Noise:
    """A thread that draws from both global generators all the time."""

    def __enter__(self):
        self.draws, self._stop = [], threading.Event()
        self._thread = threading.Thread(target=self._draw)
        self._thread.start()
        return self

    def _draw(self):
        while not self._stop.wait(1e-4):
            self.draws += [random.random(), np.random.rand(), choice(range(10**15)), uniform()]

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()


def plain():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3), layers.Dropout(0.5), layers.Dense(2)]
    )


def draws_by_module():
    rate, width = random.random(), np.random.randint(3, 50)
    return keras.Sequential([keras.Input((4,)), layers.Dense(width), layers.Dropout(rate)])


def draws_by_imported_name():
    rate, width = 0.9 * uniform(), choice(range(3, 50))
    return keras.Sequential([keras.Input((4,)), layers.Dense(width), layers.Dropout(rate)])


def draws_by_keras():
    kernel = keras.random.normal((4, 3))
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, kernel_initializer=lambda *_, **__: kernel)]
    )


def seeds_by_itself():
    keras.utils.set_random_seed(7)
    return plain()


class Callable:
    def __call__(self):
        return draws_by_imported_name()


BUILDERS = [plain, draws_by_module, draws_by_imported_name, draws_by_keras, Callable()]


def content(model):
    """All that a build can draw: weights, seeds and dropout rates."""
    values = [variable.numpy() for variable in model.variables]
    rates = [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    return [value.tolist() for value in values], rates


@pytest.mark.parametrize("function", BUILDERS, ids=lambda f: getattr(f, "__name__", "object"))
def test_a_model_follows_from_the_seed_beside_a_thread_that_draws(function):
    builder = Builder(function)
    expected = content(builder({}, seed=3))
    keras.random.normal((2,))  # Keras's generator of this thread goes on
    with Noise() as noise:
        for _ in range(5):
            assert content(builder({}, seed=3)) == expected
    assert content(builder({}, seed=4)) != expected
    assert len(set(noise.draws)) == len(noise.draws)


def test_two_threads_build_at_once():
    builder, found = Builder(draws_by_module), {}

    def build(seed):
        found[seed] = [content(builder({}, seed)) for _ in range(5)]

    threads = [threading.Thread(target=build, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, models in found.items():
        assert models == [content(builder({}, seed))] * 5


def test_the_global_generators_are_left_alone():
    functions = random.random, np.random.rand, np.random.seed, choice, uniform
    before = random.getstate(), np.random.get_state()[1].tolist()
    for function in (plain, draws_by_module, draws_by_imported_name, seeds_by_itself):
        Builder(function)({}, seed=3)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert (random.random, np.random.rand, np.random.seed, choice, uniform) == functions


def test_without_a_seed_the_global_generators_serve():
    builder = Builder(draws_by_module)
    random.seed(1), np.random.seed(1)
    first = content(builder({}, seed=None))
    random.seed(1), np.random.seed(1)
    assert content(builder({}, seed=None)) == first != content(builder({}, seed=None))


def test_a_seed_that_the_builder_sets_counts():
    builder = Builder(seeds_by_itself)
    assert content(builder({}, seed=1)) == content(builder({}, seed=2))


def test_an_error_in_a_builder_puts_the_functions_back():
    original = random.random

    def fails():
        assert random.random is not original
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        Builder(fails)({}, seed=0)
    assert random.random is original


def build(meta):
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), layers.Dense(5), layers.Dropout(0.2),
         layers.Dense(meta["n_classes_"], activation="softmax")]
    )  # fmt: skip


class Noisy(layers.Layer):
    """Draws without a seed whenever it is called in training."""

    def call(self, x, training=False):
        return x + keras.random.normal(keras.ops.shape(x)) if training else x


def build_noisy():
    return keras.Sequential([keras.Input((4,)), Noisy(), layers.Dense(3, activation="softmax")])


def test_what_a_layer_draws_in_training_follows_from_the_random_state(multiclass):
    X, y = multiclass
    net = KerasClassifier(build_noisy, loss="sparse_categorical_crossentropy", random_state=0)
    net.set_params(run_eagerly=True)  # so that each batch draws anew
    first = net.fit(X, y).predict_proba(X)
    keras.random.normal((1,))
    np.testing.assert_array_equal(net.fit(X, y).predict_proba(X), first)


def test_a_fit_beside_a_thread_that_draws(multiclass):
    X, y = multiclass
    net = KerasClassifier(build, loss="sparse_categorical_crossentropy", epochs=2, random_state=0)
    expected = net.fit(X, y).predict_proba(X)
    with Noise() as noise:
        for _ in range(5):
            np.testing.assert_array_equal(net.fit(X, y).predict_proba(X), expected)
    assert len(set(noise.draws)) == len(noise.draws)

"""Weights that become variables when they are read: they are those of Keras."""

import copy
import threading

import numpy as np
import pytest

from skhp import runtime
from skhp.compat.keras_variables import (
    as_tensors,
    initializers_of,
    read_variables,
    set_variables,
    variables_made_when_read,
)

runtime.start()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402


def build():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,), name="x")
    hidden = keras.layers.Dense(4, "relu", name="hidden")(inputs)
    hidden = keras.layers.BatchNormalization(name="norm")(hidden)
    return keras.Model(inputs, keras.layers.Dense(1, name="out")(hidden), name="model")


@pytest.fixture
def later():
    with variables_made_when_read():
        return build()


@pytest.fixture
def made(monkeypatch):
    """The names of the variables that TensorFlow has made since the start of the test."""
    names = []
    initialize = keras.Variable._initialize

    def counted(self, value):
        names.append(self.name)
        initialize(self, value)

    monkeypatch.setattr(keras.Variable, "_initialize", counted)
    return names


X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)


def described(variable):
    return (variable.path, variable.value.name, variable.value.trainable, variable.value.dtype)


def test_a_variable_that_is_read_is_the_one_of_keras(later):
    at_once = build()
    assert list(map(described, later.variables)) == list(map(described, at_once.variables))
    for ours, keras_own in zip(later.variables, at_once.variables, strict=True):
        assert isinstance(ours.value, tf.Variable) and ours.value is ours.value
        np.testing.assert_array_equal(ours.numpy(), keras_own.numpy())


def test_reading_setting_and_predicting_make_none(later, made):
    at_once = build()
    made.clear()
    arrays = [array + 0.25 for array in read_variables(later.variables)]
    set_variables(later.variables, arrays)
    with as_tensors(later.variables):
        outputs = later(X, training=False).numpy()
    assert made == []
    set_variables(at_once.variables, arrays)
    np.testing.assert_array_equal(outputs, at_once(X, training=False))
    np.testing.assert_array_equal(outputs, later(X, training=False))
    assert len(made) == len(later.variables)
    with as_tensors(later.variables):
        np.testing.assert_array_equal(outputs, later(X, training=False))


def test_other_values_are_taken_for_a_prediction(later, made):
    at_once = build()
    made.clear()
    arrays = [array + 0.25 for array in read_variables(later.variables)]
    with as_tensors(later.variables, arrays):
        outputs = later(X, training=False).numpy()
    assert made == []
    set_variables(at_once.variables, arrays)
    np.testing.assert_array_equal(outputs, at_once(X, training=False))


def test_the_initializers_of_weights_that_are_not_read(later):
    seeds = [getattr(found, "seed", None) for found in initializers_of(later.variables)]
    kernels = [variable.path.endswith("kernel") for variable in later.variables]
    assert [seed is not None for seed in seeds] == kernels
    later.variables[0].numpy()
    assert initializers_of(later.variables) is None
    assert initializers_of(build().variables) is None


def test_a_value_that_is_set_is_a_copy(later):
    (kernel,) = [v for v in later.variables if v.path == "out/kernel"]
    array = np.ones((4, 1), "float32")
    set_variables([kernel], [array])
    array[:] = 2
    read = read_variables([kernel])[0]
    read[:] = 3
    np.testing.assert_array_equal(kernel.numpy(), np.ones((4, 1)))


def test_a_value_of_another_shape_is_refused(later):
    with pytest.raises(ValueError, match="shape"):
        set_variables(later.trainable_variables[:1], [np.ones((2, 2), "float32")])


def test_keras_trains_to_the_same_weights():
    at_once = build()
    at_once.compile("adam", "mse", metrics=["mae"])
    with variables_made_when_read():
        later = build()
        later.compile("adam", "mse", metrics=["mae"])
    for model in (later, at_once):
        keras.utils.set_random_seed(1)
        model.fit(X, X[:, :1], epochs=2, batch_size=2, verbose=0)
    for ours, keras_own in zip(later.get_weights(), at_once.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, keras_own)


def test_a_frozen_layer_can_be_trained_later(later):
    layer = later.layers[1]
    layer.trainable = False
    later(X)  # reads the variables
    layer.trainable = True
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(later(X))
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert len(gradients) == 2 and all(gradient is not None for gradient in gradients)


def test_a_model_is_saved_copied_and_traced_with_its_values(later, tmp_path):
    later.save(tmp_path / "model.keras")
    with variables_made_when_read():
        copied, traced = copy.deepcopy(build()), build()
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = build()(X).numpy()
    for model in (loaded, copied, tf.function(traced)):
        np.testing.assert_allclose(model(X), expected, rtol=1e-6)
    np.testing.assert_array_equal(traced(X), expected)


def test_threads_get_one_variable(later):
    kernel, found = later.trainable_variables[0], []
    barrier = threading.Barrier(4)

    def read():
        barrier.wait()
        found.append(kernel.value)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(value is kernel.value for value in found)


def test_another_thread_makes_variables_at_once(later, made):
    with variables_made_when_read():
        thread = threading.Thread(target=lambda: keras.layers.Dense(2).build((None, 1)))
        thread.start()
        thread.join()
        keras.layers.Dense(2).build((None, 1))
    assert sorted(made) == ["bias", "kernel"]


class Inner(keras.layers.Layer):
    """A layer that makes its inner layer when Keras asks for its outputs."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3, name="dense", kernel_initializer="ones")

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_weights_that_keras_puts_off_itself(dtype):
    with variables_made_when_read():
        inputs = keras.Input((3,))
        model = keras.Sequential([inputs, Inner(dtype=dtype)])
        eager = Inner(dtype=dtype)
        eager(X)
    for layer in (model.layers[0], eager):
        kernel = layer.dense.kernel
        assert kernel.value.dtype == tf.float32
        set_variables([kernel], [np.full((3, 3), 2, "float32")])
        np.testing.assert_array_equal(read_variables([kernel])[0], np.full((3, 3), 2))
        np.testing.assert_array_equal(kernel.numpy(), np.full((3, 3), 2))


def test_weights_made_in_a_graph():
    with variables_made_when_read():
        layer = keras.layers.Dense(2, name="dense", kernel_initializer="ones")
        outputs = tf.function(layer)(tf.constant(X))
    np.testing.assert_array_equal(layer.kernel.numpy(), np.ones((3, 2)))
    np.testing.assert_allclose(outputs, X @ np.ones((3, 2)), rtol=1e-6)

"""Activations that are data to a program, against those of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from skhp.mlp.activation_curves import Curve, coefficients
from skhp.mlp.shared_activation import shared_activation

NAMES = ["relu", "leaky_relu", "linear", "elu", "tanh", "sigmoid"]


def compute(name, x, units):
    curve = Curve(*tf.unstack(tf.constant(coefficients(name, "float32"))))
    return shared_activation(x, curve, curve.constant * units)


def value_and_gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y.numpy(), tape.gradient(y, x).numpy()


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_are_those_of_keras(name):
    few = [0.0, 1e-6, -1e-6, 1e-30, 200, -200, 3e38, -3e38]
    x = tf.constant([*np.linspace(-20, 20, 401), *few], tf.float32)
    shared = value_and_gradient(lambda x: compute(name, x, units=1.0), x)
    expected = value_and_gradient(keras.activations.get(name), x)
    np.testing.assert_allclose(shared, expected, rtol=1e-6, atol=5e-7)


@pytest.mark.parametrize("name", NAMES)
def test_no_number_stays_no_number(name):
    assert np.isnan(compute(name, tf.constant([np.nan]), units=1.0).numpy()).all()


@pytest.mark.parametrize("name", NAMES)
def test_padding_stays_zero(name):
    y = compute(name, tf.zeros((3, 2)), units=tf.constant([1.0, 0.0])).numpy()
    np.testing.assert_array_equal(y[:, 0], keras.activations.get(name)(tf.zeros(3)))
    np.testing.assert_array_equal(y[:, 1], 0)

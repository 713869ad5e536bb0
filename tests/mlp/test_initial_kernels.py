"""initial_kernels: what Keras's initializers draw, from another generator."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from skhp import MLPRegressor
from skhp.keras_objects.catalogue import known_names, look_up
from skhp.mlp.initial_kernels import draw_kernel

SHAPE = (300, 100)
RANDOM = [
    name
    for name in known_names("kernel_initializer")
    if name not in ("zeros", "ones", "identity", "orthogonal")
]


def draw(initializer, shape=SHAPE, seed=0):
    return draw_kernel(
        look_up("kernel_initializer", initializer), shape, np.random.RandomState(seed)
    )


@pytest.mark.parametrize("name", RANDOM)
def test_named_initializers_draw_from_kerass_distribution(name):
    ours, theirs = draw(name), ops.convert_to_numpy(keras.initializers.get(name)(SHAPE))
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert stats.ks_2samp(ours.ravel(), theirs.ravel()).pvalue > 1e-4
    # The ends of a bounded distribution, and the spread of any.
    np.testing.assert_allclose(np.abs(ours).max(), np.abs(theirs).max(), rtol=0.25)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.02)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal", "untruncated_normal"])
def test_variance_scaling(mode, distribution):
    make = keras.initializers.VarianceScaling(0.7, mode, distribution)
    ours, theirs = draw(make), ops.convert_to_numpy(make(SHAPE))
    assert stats.ks_2samp(ours.ravel(), theirs.ravel()).pvalue > 1e-4


def test_the_two_distributions_can_be_told_apart():
    """The comparisons above mean something."""
    one, other = draw("glorot_uniform"), draw("glorot_normal")
    assert stats.ks_2samp(one.ravel(), other.ravel()).pvalue < 1e-10


@pytest.mark.parametrize("name", RANDOM)
def test_random_state_decides(name):
    np.testing.assert_array_equal(draw(name, seed=3), draw(name, seed=3))
    assert (draw(name, seed=3) != draw(name, seed=4)).any()


def test_the_kernels_of_a_network_are_independent():
    X = np.random.RandomState(0).normal(size=(8, 20))
    still = {"optimizer": "sgd", "learning_rate": 1e-30, "epochs": 1, "random_state": 0}
    net = MLPRegressor(2, 20, **still).fit(X, X[:, 0])
    first, second = (net.model_.layers[i].get_weights()[0] for i in (0, 2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2


def test_a_seed_of_its_own_counts():
    make = keras.initializers.HeNormal(seed=5)
    np.testing.assert_array_equal(draw(make), ops.convert_to_numpy(make(SHAPE)))


def test_every_name_that_the_errors_list_makes_a_kernel():
    for name in known_names("kernel_initializer"):
        assert draw(look_up("kernel_initializer", name).value).shape == SHAPE


def test_orthogonal():
    kernel = draw("orthogonal", (6, 6))
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(6), atol=1e-5)


def test_constant_and_the_users_own():
    assert (draw("ones") == 1).all()

    class Rows(keras.initializers.HeNormal):
        """The user's own, which takes a seed and computes something else."""

        def __call__(self, shape, dtype=None):
            return super().__call__(shape, dtype) + 10.0

    def twos(shape, dtype=None):
        return np.full(shape, 2.0, "float32")

    assert draw(Rows()).min() > 5
    assert (draw(Rows(), seed=1) != draw(Rows(), seed=2)).any()
    assert (
        draw_kernel(look_up("kernel_initializer", twos), SHAPE, np.random.RandomState(0)) == 2
    ).all()


def test_axes_of_a_variance_scaling_count():
    make = keras.initializers.VarianceScaling(input_axes=[0], output_axes=[1], seed=None)
    ours, theirs = draw(make), ops.convert_to_numpy(make(SHAPE))
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.05)

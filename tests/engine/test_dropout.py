"""Dropout: the right amount of it, in training alone."""

import numpy as np
import pytest

from skhp import MLPRegressor

LINEAR = {
    "n_layers": 1,
    "width": 24,
    "activation": "linear",
    "batch_size": 64,
    "random_state": 0,
    "optimizer": "sgd",
}


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_the_loss_has_the_noise_that_theory_gives_it(rate, regression):
    """A unit is 0 with the rate's chance, else scaled up, independently of all others.

    Of an output that sums ``h_j w_j``, such masks leave the mean and add a variance of
    ``rate / (1 - rate) * sum((h_j w_j)**2)``, and that much to the mean squared error.
    """
    X, y = regression
    net = MLPRegressor(**LINEAR, dropout=rate, learning_rate=1e-30, epochs=400).fit(X, y)
    kernel, bias, output_kernel, output_bias = net.model_.get_weights()
    parts = (X @ kernel + bias) * output_kernel[:, 0]
    error = parts.sum(axis=1) + output_bias - y
    expected = np.mean(error**2) + rate / (1 - rate) * np.mean((parts**2).sum(axis=1))
    losses = net.history_["loss"]
    assert len(set(losses)) > 390  # masks of their own at each step
    assert abs(np.mean(losses) - expected) < 4 * np.std(losses) / np.sqrt(len(losses))


def test_a_rate_that_drops_nothing_is_no_dropout(regression):
    nets = [MLPRegressor(**LINEAR, dropout=rate, epochs=5).fit(*regression) for rate in (0.0, 1e-9)]
    for one, other in zip(*(net.model_.get_weights() for net in nets), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_predictions_have_none(regression):
    X, y = regression
    net = MLPRegressor(**LINEAR, dropout=0.5, epochs=5).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), net.predict(X))
    np.testing.assert_allclose(
        net.predict(X), net.model_.predict(X, verbose=0)[:, 0], rtol=1e-4, atol=1e-5
    )


def test_seeds_give_masks_of_their_own(regression):
    """From one set of initial weights, another random state drops other units."""
    X, y = regression
    first = MLPRegressor(**LINEAR, dropout=0.5, epochs=1, kernel_initializer="ones")
    losses = {
        first.set_params(random_state=seed).fit(X, y).history_["loss"][0] for seed in range(9)
    }
    assert len(losses) == 9
    again = first.set_params(random_state=3).fit(X, y).history_["loss"][0]
    assert again in losses

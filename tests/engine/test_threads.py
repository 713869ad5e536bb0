"""Threads that fit at once share programs, and nothing else."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skhp import MLPClassifier

N_FITS = 200


def settings(number):
    """Of a fit: widths, seeds and rates of its own, of two structures."""
    return {
        "n_layers": 1 + number % 2,
        "width": (4, 9, 16)[number % 3],
        "activation": ("relu", "tanh")[number // 2 % 2],
        "learning_rate": 1e-3 * (1 + number % 7),
        "dropout": (0.0, 0.25, 0.5)[number // 3 % 3],
        "random_state": number,
        "epochs": 2 + number % 3,
    }


def outcome(number, data):
    """All that a fit leaves behind: weights of every tenth, predictions and history of all."""
    X, y = data
    net = MLPClassifier(**settings(number)).fit(X[number % 20 :], y[number % 20 :])
    weights = net.model_.get_weights() if number % 10 == 0 else []
    return [net.predict_proba(X), *weights], net.history_


@pytest.fixture(scope="module")
def in_sequence(binary):
    return [outcome(number, binary) for number in range(N_FITS)]


@pytest.mark.parametrize("n_threads", [2, 4])
def test_fits_in_threads_are_the_fits_in_sequence(n_threads, in_sequence, binary):
    with ThreadPoolExecutor(n_threads) as pool:
        in_threads = list(pool.map(lambda number: outcome(number, binary), range(N_FITS)))
    for (arrays, history), (expected, expected_history) in zip(
        in_threads, in_sequence, strict=True
    ):
        assert history == expected_history
        for array, other in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(array, other)


def test_the_fits_differ(in_sequence):
    """The comparison means something: no two fits are alike."""
    assert len({arrays[0].tobytes() for arrays, _ in in_sequence}) == N_FITS

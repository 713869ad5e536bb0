"""counter_random: uniform, and without a trace of what it is made from."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

from skhp.mlp.counter_random import uniform


def draw(seed, step, shape=(64, 256)):
    return ops.convert_to_numpy(uniform(shape, ops.convert_to_tensor(seed), np.int32(step)))


def test_same_arguments_same_numbers():
    np.testing.assert_array_equal(draw(3, 5), draw(3, 5))


@pytest.mark.parametrize(("seed", "step"), [(0, 0), (1, 0), (0, 1), (2**31 - 1, 12345)])
def test_numbers_are_uniform(seed, step):
    numbers = draw(seed, step)
    assert numbers.dtype == np.float32
    assert numbers.min() >= 0 and numbers.max() < 1
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 1e-4


def test_places_steps_and_seeds_are_independent():
    base = draw(7, 9)
    others = {
        "next column": (base[:, :-1], base[:, 1:]),
        "next row": (base[:-1], base[1:]),
        "next step": (base, draw(7, 10)),
        "next seed": (base, draw(8, 9)),
        "step and seed swapped": (base, draw(9, 7)),
    }
    for name, (a, b) in others.items():
        correlation = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        assert abs(correlation) < 5 / np.sqrt(a.size), name  # five standard errors


def test_a_unit_is_dropped_at_its_rate_over_the_steps():
    seed, steps = ops.convert_to_tensor(1), ops.arange(2000, dtype="int32")
    drawn = ops.vectorized_map(lambda step: uniform((4, 8), seed, step), steps)
    kept = ops.convert_to_numpy(drawn) >= 0.3
    error = np.sqrt(0.3 * 0.7 / 2000)
    np.testing.assert_allclose(kept.mean(axis=0), 0.7, atol=5 * error)
    pair = (kept[:, 0, 0] == kept[:, 1, 1]).mean()
    assert abs(pair - (0.49 + 0.09)) < 5 * np.sqrt(0.58 * 0.42 / 2000)

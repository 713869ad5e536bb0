"""The accuracy of predicted classes, compared with scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from skhp.fitting.accuracy import accuracy


@pytest.mark.parametrize(
    "y, predicted",
    [
        (np.array([0, 1, 1, 2, 2, 2, 0]), np.array([0, 1, 0, 2, 1, 2, 0])),
        (np.array(["a", "bcd", "a"]), np.array(["a", "bcd", "bcd"])),
        (np.array(["a", "bcd", "a"], dtype=object), np.array(["a", "b", "a"], dtype=object)),
        (np.array([True, False, True]), np.array([True, True, True])),
        (np.array([0, 1], dtype="uint8"), np.array([1, 1])),
        (np.array([0.0, 1.0, 1.0]), np.array([0, 1, 0])),
        ([0, 1, 1], np.array([0, 1, 0])),
        (pd.Series([1, 0, 1]), np.array([1, 0, 0])),
        (np.array([[1], [0], [1]]), np.array([1, 0, 0])),
        (np.array([[1, 0], [0, 1], [1, 1]]), np.array([[1, 0], [1, 1], [1, 1]])),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"normalize": False}, {"sample_weight": "given"}])
def test_is_that_of_scikit_learn(y, predicted, settings):
    if "sample_weight" in settings:
        settings = {"sample_weight": np.arange(1.0, len(predicted) + 1)}
    result = accuracy(y, predicted, **settings)
    assert result == accuracy_score(y, predicted, **settings)
    assert type(result) is float


@pytest.mark.parametrize(
    "y, predicted",
    [
        (np.array([0, 1, 1]), np.array([0, 1])),
        (np.array([0, 1]), np.array(["a", "b"])),
        (np.array([[0, 1], [1, 1]]), np.array([0, 1])),
        (np.array([0.5, 1.5]), np.array([0, 1])),
        (np.array([], dtype=int), np.array([], dtype=int)),
    ],
)
def test_errors_are_those_of_scikit_learn(y, predicted):
    with pytest.raises((ValueError, TypeError)) as expected:
        accuracy_score(y, predicted)
    with pytest.raises(type(expected.value)) as error:
        accuracy(y, predicted)
    assert str(error.value) == str(expected.value)

import numpy as np
import pytest

from skhp.fitting.sample_weight import checked_sample_weight


def test_weights_are_floats_one_a_row():
    assert checked_sample_weight(None, 3, dtype=np.float64).tolist() == [1, 1, 1]
    assert checked_sample_weight(2, 3, dtype=np.float64).tolist() == [2, 2, 2]
    assert checked_sample_weight([1, 0, 2], 3, dtype=np.float64).dtype == np.float64
    assert checked_sample_weight([0, 0, 0], 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("given, kept", [("f4", "f4"), ("f8", "f8"), ("i8", "f8"), ("f2", "f8")])
def test_a_float_type_is_kept(given, kept):
    assert checked_sample_weight(np.ones(2, given), 2).dtype == np.dtype(kept)


@pytest.mark.parametrize(
    "wrong",
    [[1, 2], [1, 2, -1], [1, 2, np.nan], [1, 2, np.inf], [[1], [2], [3]], -1, list("abc")],
)
def test_weights_that_are_refused(wrong):
    with pytest.raises(ValueError, match="sample_weight must"):
        checked_sample_weight(wrong, 3, dtype=np.float64)


@pytest.mark.parametrize("wrong", ["balanced", {0: 1, 1: 2}])
def test_weights_of_classes_are_refused(wrong):
    with pytest.raises(TypeError, match=r"sample_weight must be an array.*class_weight"):
        checked_sample_weight(wrong, 3)

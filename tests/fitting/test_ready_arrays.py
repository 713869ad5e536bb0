"""Arrays that need no conversion are found out; all others get scikit-learn's check."""

import numpy as np
import pytest
from sklearn.utils import check_X_y

from skhp.fitting.ready_arrays import are_ready, is_ready

X, Y = np.ones((4, 3), "float32"), np.array([0, 1, 0, 1])


def with_value(value):
    return np.vstack([X[:3], np.full((1, 3), value, "float32")])


READY = [
    (X, Y),
    (np.asfortranarray(X), Y),
    (X[::2], Y[::2]),
    (X, Y.astype("float64") + 0.5),
    (X, Y.astype(bool)),
    (X[:1], Y[:1]),
]


@pytest.mark.parametrize("X, y", READY)
def test_scikit_learn_returns_ready_arrays_as_they_are(X, y):
    assert are_ready(X, y, "float32")
    checked = check_X_y(X, y, dtype="float32", accept_sparse="csr", multi_output=True)
    assert checked[0] is X
    assert checked[1] is y


@pytest.mark.parametrize(
    "X, y",
    [
        (with_value(np.nan), Y),
        (with_value(np.inf), Y),
        (with_value(3e38), Y),  # finite, but the sum is not
        (X.astype("float64"), Y),
        (X.astype("int32"), Y),
        (X.tolist(), Y),
        (X[0], Y),
        (X[:, :0], Y),
        (X[:0], Y[:0]),
        (X.reshape(4, 3, 1), Y),
        (np.ma.masked_array(X), Y),
        (X, Y[:3]),
        (X, Y.tolist()),
        (X, Y.reshape(4, 1)),
        (X, np.array([0.0, 1.0, np.nan, 1.0])),
        (X, np.array(["a", "b", "a", "b"])),
        (X, Y.astype(object)),
    ],
)
def test_other_arrays_are_left_to_scikit_learn(X, y):
    with np.errstate(over="ignore"):
        assert not are_ready(X, y, "float32")


def test_a_large_array_is_not_read_twice():
    assert not is_ready(np.zeros((2**18, 2), "float32"), "float32")

"""Arrays that scikit-learn would take as they are.

In a search, most X and y come from a scaler and a splitter. They are arrays of finite numbers, and
they have the right type. To find that out takes a few microseconds. scikit-learn's own check takes
longer than an epoch of a small network. So it gets only the other arrays, which it converts or
refuses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# For a larger array, the sum takes most of the time of scikit-learn's check.
_MOST_BYTES = 2**20


def are_ready(X: Any, y: Any, dtype: Any) -> bool:
    """Whether scikit-learn's check of X and y would change nothing and raise no error.

    Parameters
    ----------
    X, y : array-like
    dtype : dtype
        The type that X must have.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.ones((3, 2), "float32"), np.array([0, 1, 0])
    >>> are_ready(X, y, "float32"), are_ready(X, y, "float64"), are_ready(X, y[:2], "float32")
    (True, False, False)
    """
    is_vector = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biuf"
    return is_vector and is_ready(X, dtype) and len(y) == len(X) and _is_finite(y)


def is_ready(X: Any, dtype: Any) -> bool:
    """Whether scikit-learn's check of X would change nothing and raise no error.

    Parameters
    ----------
    X : array-like
    dtype : dtype
        The type that X must have.

    Examples
    --------
    >>> import numpy as np
    >>> is_ready(np.ones((3, 2)), "float64"), is_ready(np.full((3, 2), np.nan), "float64")
    (True, False)
    >>> is_ready([[1.0, 2.0]], "float64"), is_ready(np.ones((0, 2)), "float64")
    (False, False)
    """
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and 0 < X.nbytes <= _MOST_BYTES
        and X.dtype == dtype
        and _is_finite(X)
    )


def _is_finite(numbers: np.ndarray) -> bool:
    # The sum of finite numbers may be infinite. Then scikit-learn looks at each number.
    return numbers.dtype.kind in "biu" or bool(np.isfinite(numbers.sum()))

"""One checked weight for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_array

_FLOATS = (np.float64, np.float32)


def checked_sample_weight(sample_weight: Any, n_rows: int, dtype: Any = _FLOATS) -> np.ndarray:
    """Finite weights that are not negative, one for each row.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,), number or None
        A number is the weight of every row; None is 1 for each.
    n_rows : int
    dtype : dtype or sequence of dtype, default=(numpy.float64, numpy.float32)
        The type of the weights. If there are several, weights that already have one of these
        types keep it, and other weights get the first.

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    TypeError
        If it is a name or a mapping, such as a class weight.
    ValueError
        If there is another number of weights, or one is negative, missing or infinite.

    Examples
    --------
    >>> checked_sample_weight([1, 0, 2], 3)
    array([1., 0., 2.])
    >>> checked_sample_weight(None, 2)
    array([1., 1.])
    """
    if sample_weight is None:
        return np.ones(n_rows, dtype[0] if isinstance(dtype, tuple) else dtype)
    if isinstance(sample_weight, str | Mapping):
        raise TypeError(
            f"sample_weight must be an array with one number for each row. Got {sample_weight!r}. "
            "Weights of classes are the parameter class_weight of classifiers."
        )
    try:
        weight = check_array(
            np.full(n_rows, sample_weight) if np.isscalar(sample_weight) else sample_weight,
            ensure_2d=False,
            ensure_min_samples=0,
            dtype=list(dtype) if isinstance(dtype, tuple) else dtype,
            order="C",
            input_name="sample_weight",
        )
    except (TypeError, ValueError) as error:
        raise type(error)(f"sample_weight must be one number for each row: {error}") from error
    if weight.shape != (n_rows,):
        raise ValueError(
            f"sample_weight must have one number for each of the {n_rows} rows. Got an array of "
            f"shape {weight.shape}."
        )
    if (weight < 0).any():
        raise ValueError(
            f"sample_weight must not be negative. Got {weight[weight < 0][0]:g} among its values."
        )
    return weight

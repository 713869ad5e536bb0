"""X as a network takes it: numbers in two dimensions, without holes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse


def as_table(X: Any) -> Any:
    """X with rows flattened to one dimension each; tables are passed on as they are.

    Parameters
    ----------
    X : array-like, data frame or sparse matrix
        Data frames and sparse matrices have two dimensions already.

    Returns
    -------
    array-like, data frame or sparse matrix

    Raises
    ------
    ValueError
        If a sparse X has more or fewer than two dimensions, or X holds something
        other than real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> as_table(np.zeros((5, 8, 8))).shape
    (5, 64)
    """
    if sparse.issparse(X):
        return _checked_sparse(X)
    if not isinstance(X, list | tuple) and not _is_array(X):
        _check_frame(X)
        return X
    array = np.asarray(X) if _is_array(X) else _array_of_lists(X)
    _check_kind(array)
    if array.ndim > 2:
        return array.reshape(len(array), -1)
    return X


def as_dense(X: Any) -> np.ndarray:
    """A sparse X filled in; anything else as it is."""
    return X.toarray() if sparse.issparse(X) else X


def _is_array(X: Any) -> bool:
    # Tensors too; a data frame knows its columns.
    return hasattr(X, "__array__") and hasattr(X, "ndim") and not hasattr(X, "columns")


def _array_of_lists(X: Any) -> np.ndarray:
    try:
        return np.asarray(X)
    except ValueError as error:
        raise ValueError(
            f"X is a list whose rows do not fit together: {error}. Give rows of equal length."
        ) from error


def _checked_sparse(X: Any) -> Any:
    if X.ndim != 2:
        raise ValueError(
            f"A sparse X must have two dimensions. Got one of shape {X.shape}. Give a dense "
            "array, or reshape it to (n_samples, n_features)."
        )
    _check_kind(X)
    return X


def _check_kind(X: Any) -> None:
    if X.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: X has dtype {X.dtype}. Give real numbers, such as "
            "np.hstack([X.real, X.imag])."
        )
    if X.dtype.kind in "OUS" and not sparse.issparse(X):
        _check_objects(X, (TypeError, ValueError))


def _check_frame(X: Any) -> None:
    # Missing values of a nullable column (a TypeError here) are for scikit-learn to name.
    if hasattr(X, "columns") and (array := np.asarray(X)).dtype.kind in "OUS":
        _check_objects(array, ValueError)


def _check_objects(X: np.ndarray, errors: Any) -> None:
    try:
        X.astype(np.float64)
    except errors as error:
        raise type(error)(
            f"X holds objects that are no numbers: {error}. X must be numeric: encode "
            "categories with sklearn.preprocessing.OneHotEncoder, in a ColumnTransformer."
        ) from error

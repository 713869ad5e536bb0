"""Check X, and flatten its rows to one dimension each."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite

from skhp.engine.large_table import is_large, is_large_shape, large_table, slices
from skhp.fitting.lists import check_list


def as_table(X: Any) -> Any:
    """X with rows flattened to one dimension each; tables are not changed.

    Parameters
    ----------
    X : array-like, data frame or sparse matrix
        Data frames and sparse matrices have two dimensions.

    Returns
    -------
    array-like, data frame or sparse matrix

    Raises
    ------
    TypeError
        If X is not an array, list, data frame or sparse matrix.
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
    _refuse_other_containers(X)
    if not isinstance(X, list | tuple) and not _is_array(X):
        _check_frame(X)
        return X
    array = np.asarray(check_list(X, "X"))
    _check_kind(array)
    if array.ndim > 2:
        return array.reshape(len(array), -1)
    return X


def checks_of(X: Any, dtype: Any) -> dict[str, Any]:
    """Arguments of `validate_data` that say how it converts and checks the numbers of X.

    A large array, or a large data frame of one type, is neither converted nor read as a whole.
    `as_rows` does that in blocks.

    Parameters
    ----------
    X : array-like
    dtype : dtype
    """
    stored = X.dtype if isinstance(X, np.ndarray) else _dtype_of_frame(X)
    if stored is not None and is_large_shape(X.shape, stored, dtype):
        return {"dtype": [dtype, stored], "ensure_all_finite": False}
    return {"dtype": dtype}


def as_rows(X: Any, dtype: Any, estimator: str) -> Any:
    """X as a dense array, or as a `LargeTable` if it is large.

    Parameters
    ----------
    X : ndarray or sparse matrix
        As `validate_data` returned it.
    dtype : dtype
        The type of the rows.
    estimator : str
        Name of the estimator's class.

    Returns
    -------
    ndarray or LargeTable

    Raises
    ------
    ValueError
        If a large X holds NaN, infinity, or a number that is too large for the type.
    """
    if not is_large(X, dtype):
        return as_dense(X)
    rows = large_table(X, dtype)
    for some in () if sparse.issparse(X) else slices(rows):
        assert_all_finite(rows[some], input_name="X", estimator_name=estimator)
    return rows


def as_dense(X: Any) -> Any:
    """A sparse X as a dense array; any other X unchanged."""
    return X.toarray() if sparse.issparse(X) else X


def check_column_names(frame: Any) -> None:
    """Refuse no columns, and two of one name: scikit-learn's own errors do not name X.

    Parameters
    ----------
    frame : data frame
    """
    if not len(frame.columns):
        raise ValueError(
            f"X is a data frame with 0 feature(s): it has {len(frame)} rows and no columns. Give "
            "at least one column."
        )
    if not getattr(frame.columns, "is_unique", True):
        name = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(
            f"X is a data frame with several columns named {name!r}. Rename them, or leave out "
            "all but the first: X.loc[:, ~X.columns.duplicated()]."
        )


def _is_array(X: Any) -> bool:
    # This includes tensors, but not data frames, which have columns.
    return hasattr(X, "__array__") and hasattr(X, "ndim") and not hasattr(X, "columns")


def _checked_sparse(X: Any) -> Any:
    if X.ndim != 2:
        raise ValueError(
            f"A sparse X must have two dimensions. Got one of shape {X.shape}. Give a dense "
            "array, or reshape it to (n_samples, n_features)."
        )
    _check_kind(X)
    return X


def _refuse_other_containers(X: Any) -> None:
    is_list = hasattr(X, "__len__") and hasattr(X, "__getitem__")
    kinds = {kind.__name__ for kind in type(X).__mro__}
    known = next((name for name in _WAYS if name in kinds), None)
    if hasattr(X, "__array__") or hasattr(X, "__dlpack__") or (is_list and not known):
        return
    way = _WAYS.get(known or "", "For an iterator pass list(X).")
    raise TypeError(
        "X must be an array, a list of rows, a data frame or a sparse matrix. Got "
        f"{'None' if X is None else 'an object of type ' + type(X).__name__}. {way}".rstrip()
    )


_DATASETS = (
    "For a dataset of batches (x, y) pass arrays: "
    "X, y = map(numpy.concatenate, zip(*batches)), where a batch is a pair of arrays."
)

# Name of a class -> what to pass instead.
_WAYS = {
    "dict": "For named columns pass pandas.DataFrame(X).",
    "Mapping": "For named columns pass pandas.DataFrame(X).",
    "set": "A set has no order: pass a list of rows.",
    "str": "Pass numbers.",
    "bytes": "Pass numbers.",
    "NoneType": "",
    "LazyFrame": "Pass X.collect().",
    "PyDataset": _DATASETS,
    "DatasetV2": _DATASETS,
    "DataLoader": _DATASETS,
}


def _check_kind(X: Any) -> None:
    if X.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: X has dtype {X.dtype}. Give real numbers, such as "
            "np.hstack([X.real, X.imag])."
        )
    if X.dtype.kind in "mM":
        raise ValueError(
            f"X holds dates or durations: its dtype is {X.dtype}. Turn them into numbers, such "
            "as (X - X.min()) / numpy.timedelta64(1, 'D')."
        )
    if X.dtype.names:
        raise ValueError(
            f"X is an array of records with the fields {', '.join(X.dtype.names)}. Pass "
            "pandas.DataFrame(X), or numpy.lib.recfunctions.structured_to_unstructured(X)."
        )
    if X.dtype.kind in "OUST" and not sparse.issparse(X):
        _check_objects(X)


def _dtype_of_frame(X: Any) -> np.dtype | None:
    """The type of all columns of a data frame; None if there are several, or pandas's own."""
    dtypes = set(X.dtypes) if hasattr(X, "columns") and hasattr(X, "dtypes") else set()
    only = dtypes.pop() if len(dtypes) == 1 else None
    return only if isinstance(only, np.dtype) else None


def _check_frame(X: Any) -> None:
    if not hasattr(X, "columns"):
        return
    check_column_names(X)
    if _holds_plain_numbers(X):
        return
    array = np.asarray(X)
    if array.dtype.kind in "OUSmM":
        _check_kind(array)


def _holds_plain_numbers(X: Any) -> bool:
    """Whether all columns of a data frame have number types of NumPy."""
    dtypes = getattr(X, "dtypes", [None])
    return all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in dtypes)


def _check_objects(X: np.ndarray) -> None:
    try:
        X.astype(np.float64)
    except (TypeError, ValueError) as error:
        if all(_is_missing(value) or _is_number(value) for value in X.ravel()):
            raise ValueError(
                "Input X contains NaN: it has missing values (pandas.NA). Fill them in, for "
                "example with sklearn.impute.SimpleImputer in a pipeline."
            ) from error
        raise type(error)(
            f"X holds objects that are not numbers: {error}. X must be numeric: encode "
            "categories with sklearn.preprocessing.OneHotEncoder, in a ColumnTransformer, and "
            "turn dates into numbers."
        ) from error


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType"


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True

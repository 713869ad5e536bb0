"""Rows for a wrapper's model: checked, weighted and encoded in the same way for every use."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_array, validate_data

from skhp.engine.large_table import LargeTable, is_large, large_table, part_of
from skhp.engine.plan import Rows
from skhp.fitting.features import as_dense, as_rows, checks_of
from skhp.fitting.lists import check_list
from skhp.fitting.sample_weight import checked_sample_weight
from skhp.fitting.string_labels import refuse_string_dtype
from skhp.wrappers.encoders import encode, is_identity
from skhp.wrappers.inputs import (
    as_text,
    check_at_most_two_dimensions,
    check_is_numeric,
    check_labels,
    check_values,
    inputs_by_name,
)
from skhp.wrappers.output_shape import shape_of_outputs


def checked_X(estimator: Any, X: Any, reset: bool) -> np.ndarray:
    """Check the X of a wrapper.

    Parameters
    ----------
    estimator : BaseWrapper
        It learns the shape, the type and the columns if ``reset``, else they must match.
    X : array-like, data frame or sparse matrix
    reset : bool

    Returns
    -------
    ndarray or LargeTable
        Dense; numbers in Keras's float type, or text as objects.
    """
    name = type(estimator).__name__
    checks: dict[str, Any] = {"allow_nd": True, "accept_sparse": "csr", "reset": reset}
    text = as_text(X)
    if text is not None:
        X, checks["dtype"] = text, None
        checks["ensure_all_finite"] = False  # `check_values` names the missing values
    elif _may_stay_large(estimator, X):
        checks |= checks_of(X, _row_type(X))
    if isinstance(X, np.ndarray):
        check_values(X, name)
    try:
        X = validate_data(estimator, X, **checks)
    except ValueError as error:
        if "could not convert string" not in str(error):
            raise
        raise ValueError(
            f"X holds text and numbers: {error}. Encode categories with "
            "sklearn.preprocessing.OneHotEncoder in a ColumnTransformer, or give a data frame "
            "to a model with an input for each column."
        ) from error
    check_values(X, name)
    if _may_stay_large(estimator, X):
        X = as_rows(X, _row_type(X), name)
    else:
        X = _in_floatx(as_dense(X), "X", name)
    if reset:
        estimator.X_dtype_, estimator.X_shape_ = X.dtype, X.shape
    elif X.shape[1:] != estimator.X_shape_[1:]:
        raise ValueError(
            f"X has rows of shape {X.shape[1:]}, but {name} was fitted with rows of shape "
            f"{estimator.X_shape_[1:]}."
        )
    return X


def _may_stay_large(estimator: Any, X: Any) -> bool:
    """Whether X is large, and no encoder needs it as an array."""
    return isinstance(X, np.ndarray | sparse.sparray | sparse.spmatrix) and (
        is_large(X, _row_type(X)) and is_identity(estimator.feature_encoder)
    )


def _row_type(X: Any) -> Any:
    """The type in which a model takes numbers: Keras's float type, or the integers of X."""
    return np.dtype(keras.config.floatx()) if X.dtype.kind == "f" else X.dtype


def checked_y(estimator: Any, y: Any, reset: bool, numeric: bool) -> np.ndarray:
    """Check the targets of a wrapper.

    Parameters
    ----------
    estimator : BaseWrapper
        It learns the kind, the shape and the type if ``reset``, else they must match.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    reset : bool
    numeric : bool
        Whether y must be numbers.

    Returns
    -------
    ndarray
    """
    name = type(estimator).__name__
    y = check_list(y, "y")
    if numeric:
        check_is_numeric(y, name)
    refuse_string_dtype(y, "y")
    check_at_most_two_dimensions(y, name)
    y = check_array(
        y,
        ensure_2d=False,
        allow_nd=False,
        dtype="numeric" if numeric else None,
        input_name="y",
        estimator=estimator,
    )
    if numeric:
        y = _in_floatx(y.astype(np.float64) if y.dtype == object else y, "y", name)
    check_labels(y)
    estimator._check_targets(y, reset)
    if reset:
        estimator.y_dtype_, estimator.y_ndim_, estimator.y_shape_ = y.dtype, y.ndim, y.shape
    elif y.ndim != estimator.y_ndim_:
        raise ValueError(
            f"y has {y.ndim} dimensions, but {name} was fitted with a y of {estimator.y_ndim_}."
        )
    return y


def _in_floatx(values: np.ndarray, name: str, estimator: str | None = None) -> np.ndarray:
    """Floats in Keras's float type, in which a large float64 may be infinite."""
    if values.dtype.kind != "f" or values.dtype == keras.config.floatx():
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        values = values.astype(keras.config.floatx())
        assert_all_finite(values, input_name=name, estimator_name=estimator)
    return values


def checked_weights(y: np.ndarray, sample_weight: Any) -> np.ndarray | None:
    """Check sample weights: one finite number of at least 0 for each row.

    Parameters
    ----------
    y : ndarray
    sample_weight : array-like of shape (n_samples,) or None

    Returns
    -------
    ndarray of float64, or None
    """
    if sample_weight is None:
        return None
    weight = checked_sample_weight(sample_weight, len(y), np.float64)
    if not weight.sum() > 0:
        raise ValueError(
            "sample_weight adds up to zero, so no row counts and there is nothing to learn. Give "
            "at least one row a positive weight."
        )
    return weight


def encoded_rows(estimator: Any, X: Any, y: Any, weight: np.ndarray | None = None) -> Rows:
    """Checked rows as the model takes them.

    Rows of weight 0 are left out, because they would count in the mean over a batch.

    Parameters
    ----------
    estimator : BaseWrapper
        With its encoders and its model.
    X, y : ndarray
        After the checks.
    weight : ndarray of shape (n_samples,), optional
    """
    if weight is not None and not weight.all():
        counts = weight != 0
        X, y, weight = part_of(X, counts), y[counts], weight[counts]
    encoded_y = encode(estimator.target_encoder_, y)
    return _as_rows(
        encoded_X(estimator, X), _in_columns(encoded_y, estimator._similar_model()), weight
    )


def encoded_X(estimator: Any, X: Any) -> Any:
    """A checked X as the model takes it.

    Parameters
    ----------
    estimator : BaseWrapper
    X : ndarray

    Returns
    -------
    array, or list or dict of arrays
    """
    encoded = encode(estimator.feature_encoder_, X)
    names = getattr(estimator, "feature_names_in_", None)
    return inputs_by_name(estimator._similar_model(), encoded, names, estimator._label())


def _as_rows(X: Any, y: Any, weight: np.ndarray | None) -> Rows:
    floatx = keras.config.floatx()

    def array(value: Any) -> np.ndarray:
        value = value.toarray() if hasattr(value, "toarray") else np.asarray(value)
        return value.astype(floatx, copy=False) if value.dtype.kind == "f" else value

    def table(value: Any) -> Any:
        if isinstance(value, LargeTable):
            return value
        is_numbers = hasattr(value, "dtype")
        large = is_numbers and is_large(value, _row_type(value))
        return large_table(value, _row_type(value)) if large else array(value)

    X, y = keras.tree.map_structure(table, X), keras.tree.map_structure(array, y)
    if weight is None:
        weights = np.ones(n_rows(X), floatx)
    else:
        weights = _in_floatx(np.asarray(weight, np.float64), "sample_weight (times class_weight)")
    return Rows(X, y, weights, weighted=weight is not None)


def split_rows(rows: Rows, fraction: float | None) -> tuple[Rows, Rows | None]:
    """Training and validation rows. As in Keras, the last rows validate.

    Parameters
    ----------
    rows : Rows
    fraction : float or None
        Share of the rows to validate on.

    Returns
    -------
    training : Rows
    validation : Rows or None

    Raises
    ------
    ValueError
        If either part has no row.
    """
    if not fraction:
        return rows, None
    cut = n_training_rows(len(rows), fraction)
    return rows[:cut], rows[cut:]


def n_training_rows(n: int, fraction: float | None) -> int:
    """How many rows are left to train on.

    Parameters
    ----------
    n : int
        Rows in all.
    fraction : float or None
        Share of the rows to validate on.

    Raises
    ------
    ValueError
        If either part has no row.
    """
    if not fraction:
        return n
    cut = int(n * (1 - fraction))
    if not 0 < cut < n:
        raise ValueError(
            f"validation_split={fraction} of {n} rows leaves {cut} to train on and {n - cut} to "
            "validate on, and each needs at least one. Give more rows, or another "
            "validation_split."
        )
    return cut


def n_rows(X: Any) -> int:
    """The number of rows of an array, or of the first array in a list or dict."""
    first = keras.tree.flatten(X)[0]
    return first.shape[0] if hasattr(first, "shape") else len(first)


def _in_columns(y: Any, model: Any) -> Any:
    """Encoded targets, in two dimensions if the outputs have one column.

    Otherwise a user's own metric or loss would compare shapes (n,) and (n, 1).
    """
    outputs = getattr(model, "outputs", None)
    shapes = [tuple(o.shape) for o in outputs] if outputs else [shape_of_outputs(model)]
    if isinstance(y, dict):
        names = getattr(model, "output_names", ())
        named = dict(zip(names, shapes, strict=False))
        return {name: _in_column(value, named.get(name)) for name, value in y.items()}
    if isinstance(y, list | tuple) and len(y) == len(shapes):
        return type(y)(map(_in_column, y, shapes))
    return _in_column(y, shapes[0]) if len(shapes) == 1 else y


def _in_column(y: Any, shape: tuple[int | None, ...] | None) -> Any:
    is_column = shape is not None and len(shape) == 2 and shape[1] == 1
    return y[:, None] if is_column and np.ndim(y) == 1 else y

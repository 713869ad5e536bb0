"""Checks of X and y as given: X is a table of numbers or text, for one or several inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

import keras
import numpy as np
from scipy import sparse

from skhp.engine.large_table import LargeTable
from skhp.fitting.features import check_column_names
from skhp.fitting.lists import check_list

_SPLIT = (
    "For a model with several inputs, give a data frame whose columns have the names of the "
    "inputs. Or give X as one array, and override feature_encoder in a subclass: it returns a "
    "transformer from X to {'name of an input': its columns, ...}."
)


def check_is_table(X: Any, estimator: str, y: Any = None) -> None:
    """Raise an error if X is not one table of rows, but a dataset, a generator or a list of inputs.

    Parameters
    ----------
    X : object
        As the user gave it.
    estimator : str
        Name of the estimator's class.
    y : array-like, optional
        Targets, if there are any.

    Raises
    ------
    TypeError
        If X or y is of another kind. The message names it, and says what to give instead.
    """
    kind = type(X).__name__
    if X is None:
        raise ValueError(f"{estimator} needs X: got None. Give an array or a data frame.")
    if isinstance(X, Mapping) and not sparse.issparse(X):  # SciPy's dok_matrix is a dict
        raise TypeError(
            f"{estimator} takes X as one array or data frame, because scikit-learn selects rows of "
            f"it. Got a {kind} of inputs ({', '.join(map(str, X))}). {_SPLIT}"
        )
    if _is_stream(X):
        raise TypeError(
            f"{estimator} takes X and y as arrays or data frames, because scikit-learn selects "
            f"rows of them. X is a {kind}, which yields batches. Collect them in arrays first: "
            "X = np.concatenate([x for x, y in data]), y = np.concatenate([y for x, y in data])."
        )
    if kind == "RaggedTensor":
        raise TypeError(
            f"{estimator} takes rows of equal length. X is a RaggedTensor. Pad the rows: "
            "X.to_tensor().numpy()."
        )
    if kind == "LazyFrame":
        raise TypeError(f"{estimator} takes X as an array or a data frame. Pass X.collect().")
    if isinstance(X, Set | str | bytes):
        raise TypeError(f"{estimator} takes X as an array or a data frame. X is a {kind}.")
    if isinstance(y, Mapping | Set | str) or _is_stream(y):
        raise TypeError(
            f"{estimator} takes y as an array, a list or a column of a data frame. y is a "
            f"{type(y).__name__}."
        )
    if hasattr(y, "__len__") and not sparse.issparse(y) and _is_list_of_inputs(X, len(y)):
        raise TypeError(
            f"{estimator} takes X as one array or data frame. Got a {kind} of {len(X)} arrays of "
            f"{len(y)} rows each. {_SPLIT}"
        )


def _is_stream(X: Any) -> bool:
    if isinstance(X, Iterator | keras.utils.PyDataset):
        return True
    # tf.data.Dataset, and torch's DataLoader and Dataset, without importing either library.
    return hasattr(X, "element_spec") or (
        not hasattr(X, "__array__") and any(k.__module__.startswith("torch.utils.data")
                                            for k in type(X).__mro__)
    )  # fmt: skip


def _is_list_of_inputs(X: Any, n_rows: int) -> bool:
    return (
        isinstance(X, list | tuple)
        and len(X) not in (0, n_rows)
        and all(np.ndim(part) > 0 and len(part) == n_rows for part in X)
    )


def check_validation_data(given: Any) -> tuple[Any, Any, Any]:
    """Split ``validation_data`` into X, y and sample weights, or None without weights.

    Raises
    ------
    ValueError
        If it is not a tuple of two or three parts.
    """
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        what = type(given).__name__
        if isinstance(given, tuple | list):
            what += f" of {len(given)} parts"
        raise ValueError(
            "validation_data must be a tuple (X_val, y_val) or (X_val, y_val, sample_weight_val) "
            f"of arrays. Got {what}."
        )
    X, y, *weight = given
    if y is None:
        raise ValueError("validation_data has no y: it must be (X_val, y_val).")
    return X, y, weight[0] if weight else None


def as_text(X: Any) -> Any:
    """X as a table of objects if it holds text; None if it holds numbers.

    Parameters
    ----------
    X : array-like, data frame or sparse matrix

    Returns
    -------
    ndarray of shape (n_samples, n_features), data frame, or None
        Text in one dimension becomes one column. A data frame is returned unchanged.

    Examples
    --------
    >>> as_text(["good", "bad"]).shape
    (2, 1)
    >>> as_text([[1.5], [2.0]]) is None
    True
    """
    if sparse.issparse(X):
        return None
    if hasattr(X, "columns"):
        check_column_names(X)
        _check_columns(X)
        return X if _has_text_column(X) else None
    array = np.asarray(check_list(X, "X"))
    if array.ndim not in (1, 2) or not _is_text(array):
        return None
    return array.astype(object).reshape(len(array), -1)


def _check_columns(frame: Any) -> None:
    kinds = zip(frame.columns, frame.dtypes, strict=True)
    dates = [name for name, dtype in kinds if getattr(dtype, "kind", "") in ("m", "M")]
    if dates:
        raise ValueError(
            f"X must be numbers or text. Its columns {dates} hold dates or durations. Convert them "
            "to numbers first, for example days: (column - column.min()).dt.days."
        )


def _has_text_column(frame: Any) -> bool:
    if not any(getattr(dtype, "kind", "O") in _TEXT_KINDS for dtype in frame.dtypes):
        return False
    array = np.asarray(frame)
    return array.dtype.kind in _TEXT_KINDS and any(map(_is_text, array.T))


def _is_text(array: np.ndarray) -> bool:
    if array.dtype.kind not in _TEXT_KINDS or not array.size:
        return False
    texts = [isinstance(value, str | bytes) for value in array.flat]
    return any(texts) and all(
        is_text or _is_missing(value) for is_text, value in zip(texts, array.flat, strict=True)
    )


# Kinds of NumPy dtypes that may hold text: objects, bytes, str, and NumPy 2's strings.
_TEXT_KINDS = "OSUT"


def _is_missing(value: Any) -> bool:
    missing = value is None or type(value).__name__ == "NAType"
    return missing or (isinstance(value, float) and np.isnan(value))


def check_values(X: Any, estimator: str) -> None:
    """Raise an error if X holds dates, durations or missing text.

    Parameters
    ----------
    X : ndarray or sparse matrix
    estimator : str
        Name of the estimator's class.
    """
    if X.dtype.kind == "V":
        raise ValueError(
            f"{estimator} takes a table of numbers. X is a structured array with the fields "
            f"{', '.join(X.dtype.names or ())}. Give pandas.DataFrame(X)."
        )
    if X.dtype.kind in "mM":
        what = "dates" if X.dtype.kind == "M" else "durations"
        raise ValueError(
            f"{estimator} needs numbers. X holds {what} ({X.dtype}). Convert them to numbers "
            "first, for example days: (X - X.min()) / np.timedelta64(1, 'D')."
        )
    if X.dtype.kind == "O":
        missing = sum(map(_is_missing, X.flat))
        if missing:
            raise ValueError(
                f"Input X contains NaN or None: {missing} values are missing. Fill them in, for "
                "example with sklearn.impute.SimpleImputer(strategy='constant', fill_value='')."
            )


def check_is_numeric(y: Any, estimator: str) -> None:
    """Raise an error if the targets of a regressor are text or dates.

    Parameters
    ----------
    y : array-like
    estimator : str
        Name of the estimator's class.
    """
    array = np.asarray(y)
    what = {"U": "text", "S": "text", "T": "text", "M": "dates", "m": "durations"}
    if array.dtype.kind in what:
        raise ValueError(
            f"{estimator} learns numbers. y holds {what[array.dtype.kind]} ({array.dtype}). "
            "Convert them to numbers. If they are classes, use KerasClassifier."
        )


def check_at_most_two_dimensions(y: Any, estimator: str) -> None:
    """Raise an error if targets have more than two dimensions.

    Parameters
    ----------
    y : array-like
    estimator : str
        Name of the estimator's class.
    """
    shape = getattr(y, "shape", ())
    if len(shape) > 2:
        raise ValueError(
            f"y has the shape {shape}, and {estimator} takes targets of at most two dimensions. "
            "Give y.reshape(len(y), -1), and let the model end in keras.layers.Flatten()."
        )


def check_labels(y: np.ndarray) -> None:
    """Raise an error if labels are missing in y, or y mixes text with other labels.

    Parameters
    ----------
    y : ndarray
    """
    if y.dtype.kind != "O":
        return
    missing = sum(map(_is_missing, y.flat))
    if missing:
        raise ValueError(
            f"Input y contains NaN or None: {missing} of {len(y)} labels are missing. Leave "
            "these rows out, or give the missing class a name."
        )
    texts = sum(isinstance(label, str) for label in y.flat)
    if texts not in (0, y.size):
        raise ValueError(
            f"y mixes text and other labels ({texts} of {y.size} are text). Convert all of them "
            "to text with y.astype(str)."
        )


def inputs_by_name(model: Any, X: Any, names: Any, label: str) -> Any:
    """X as the inputs of a model: one array, or the columns with the names of the inputs.

    Parameters
    ----------
    model : keras.Model
    X : ndarray or LargeTable, or list or dict of arrays
        As a feature encoder returned it. Only one table is split.
    names : array-like of str or None
        Names of the columns.
    label : str
        What errors call the model.

    Returns
    -------
    ndarray, or list or dict of arrays

    Raises
    ------
    ValueError
        If X holds text and the model takes numbers, X has no column for an input, or its rows
        have another shape than the input.
    """
    inputs = getattr(model, "inputs", None)
    if not inputs or not isinstance(X, np.ndarray | LargeTable):
        return X
    if len(inputs) == 1:
        _check_shape_of_rows(X, tuple(inputs[0].shape)[1:], label)
        return _as_input(X, inputs[0].dtype == "string", label)
    wanted = [tensor.name for tensor in inputs]
    found = [] if names is None else list(names)
    if sorted(wanted) != sorted(found):
        have = f"columns {', '.join(map(repr, found))}" if found else "no named columns"
        raise ValueError(
            f"The model of {label} has {len(wanted)} inputs, {', '.join(map(repr, wanted))}, and X "
            f"has {have}. {_SPLIT}"
        )
    columns = {tensor: _column(X, found.index(tensor.name)) for tensor in inputs}
    return {t.name: _as_input(c, t.dtype == "string", label) for t, c in columns.items()}


def _check_shape_of_rows(X: Any, wanted: tuple[int | None, ...], label: str) -> None:
    found = X.shape[1:]
    if len(found) != len(wanted):  # Keras adds or drops a dimension of size 1
        return
    if any(want not in (None, have) for have, want in zip(found, wanted, strict=True)):
        raise ValueError(
            f"X has rows of shape {found}, and the model of {label} takes rows of shape {wanted}. "
            "A builder can read the shape of the rows from meta['X_shape_'][1:], and the number of "
            "columns from meta['n_features_in_']."
        )


def _column(X: Any, number: int) -> Any:
    return X.column(number) if isinstance(X, LargeTable) else X[:, [number]]


def _as_input(X: Any, wants_text: bool, label: str) -> Any:
    if X.dtype.kind == "O" and not wants_text:
        return _as_numbers(X, label)
    if X.dtype.kind in "fiub" and wants_text:
        raise ValueError(
            f"X holds numbers ({X.dtype}), and the model of {label} takes text. Convert them to "
            "strings: X.astype(str)."
        )
    return X


def _as_numbers(X: np.ndarray, label: str) -> np.ndarray:
    """Convert numbers that are written as text, or are in a data frame with text."""
    try:
        return X.astype(keras.config.floatx())
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"X holds text ({error}), and the model of {label} takes numbers. Start the model "
            "with keras.Input((1,), dtype='string') and keras.layers.TextVectorization or "
            "StringLookup; or encode categories with sklearn.preprocessing.OneHotEncoder in a "
            "pipeline."
        ) from error

"""Checks of what y holds, before scikit-learn's own checks."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

import numpy as np
from scipy import sparse

from skhp.fitting.string_labels import refuse_string_dtype


def check_values(y: Any) -> None:
    """Refuse targets of a regressor that are not numbers.

    Parameters
    ----------
    y : array-like or sparse matrix

    Raises
    ------
    TypeError
        If y is a dict or a set.
    ValueError
        If y is a sparse matrix, or holds text, dates or durations.

    Examples
    --------
    >>> check_values([0.5, 2])
    >>> check_values(["1.5", "2.5"])
    Traceback (most recent call last):
        ...
    ValueError: y must hold real numbers for MLPRegressor. Got text, such as '1.5'. ...
    """
    if sparse.issparse(y):
        raise ValueError(
            "y is a sparse matrix, but MLPRegressor takes dense targets. Pass y.toarray()."
        )
    array = _as_array(y)
    if array.dtype.kind in "OUST":
        for value in array.ravel().tolist():
            what = "dates" if hasattr(value, "isoformat") else "text"
            if what == "dates" or isinstance(value, str | bytes):
                raise ValueError(
                    f"y must hold real numbers for MLPRegressor. Got {what}, such as "
                    f"{value!r}. {_WAYS[what]}"
                )
    if array.dtype.kind in "mM":
        raise ValueError(
            f"y must hold real numbers for MLPRegressor. Got dates or durations of dtype "
            f"{array.dtype}. {_WAYS['dates']}"
        )


_WAYS = {
    "text": "Convert it with y.astype(float), or fit an MLPClassifier to classes.",
    "dates": "Turn them into numbers, such as (y - y.min()) / numpy.timedelta64(1, 'D').",
}


def check_labels(y: Any) -> None:
    """Refuse Python objects that cannot be sorted as labels, or are not text.

    Parameters
    ----------
    y : array-like or sparse matrix

    Raises
    ------
    TypeError
        If y is a dict or a set, or has NumPy's ``StringDType``.
    ValueError
        If labels are missing or have several types, or are numbers as objects, or other
        objects such as dates.

    Examples
    --------
    >>> check_labels(["a", "b"])
    >>> check_labels(np.array([0, 1], dtype=object))
    Traceback (most recent call last):
        ...
    ValueError: Unknown label type: y holds numbers in an array of dtype object. ...
    >>> check_labels(["a", None])
    Traceback (most recent call last):
        ...
    ValueError: y holds labels of several types: None, str. ...
    """
    refuse_string_dtype(y, "y")
    array = np.empty(0) if sparse.issparse(y) else _as_array(y)
    if array.dtype != object:
        return  # NumPy found one type for all of them
    labels = array.ravel().tolist()
    if set(map(type, labels)) == {str}:
        return
    kinds = set(map(_kind_of, labels))
    if kinds == {"number"} and getattr(y, "dtype", None) == np.dtype(object):
        raise ValueError(
            "Unknown label type: y holds numbers in an array of dtype object. Convert it, for "
            "example with y.astype(int)."
        )
    if kinds == {"NaN", "str"}:
        raise ValueError(
            "Input y contains NaN: labels are missing. Leave these rows out, or give the missing "
            "class a name."
        )
    kinds.discard("NaN")
    if len(kinds) > 1:
        raise ValueError(
            f"y holds labels of several types: {', '.join(sorted(kinds))}. Give labels of one "
            "type, and leave out the rows without a label."
        )
    if kinds - {"None", "number", "str"} and not isinstance(labels[0], Sized):
        raise ValueError(
            f"Unknown label type: y holds objects of the type {kinds.pop()}, such as "
            f"{labels[0]!r}. Convert them to text, for example with y.astype(str)."
        )


def _as_array(y: Any) -> np.ndarray:
    if isinstance(y, Mapping | set):
        raise TypeError(
            f"y must be an array, a list or a column of a data frame. Got a {type(y).__name__}."
        )
    return np.asarray(y)


def _kind_of(label: Any) -> str:
    if label is None:
        return "None"
    if isinstance(label, str):
        return "str"
    if type(label).__name__ == "NAType" or (isinstance(label, float) and label != label):
        return "NaN"
    return "number" if isinstance(label, int | float) else type(label).__name__


def is_one_hot(y: np.ndarray) -> bool:
    """Whether each row of a matrix of 0 and 1 has exactly one 1.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_columns)

    Examples
    --------
    >>> is_one_hot(np.eye(3)), is_one_hot(np.ones((2, 2)))
    (True, False)
    """
    return bool((y.sum(axis=1) == 1).all())

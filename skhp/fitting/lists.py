"""Lists and masked arrays that NumPy would not convert as the user expects."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_list(values: Any, name: str) -> Any:
    """Check the rows of a list, and keep the missing values among texts.

    NumPy turns a NaN among texts into the text "nan", which would be a class of its own.

    Parameters
    ----------
    values : array-like
    name : {"X", "y"}
        What errors call it.

    Returns
    -------
    ndarray of object, or ``values`` unchanged
        An array if it is a list of texts and missing values.

    Raises
    ------
    ValueError
        If the rows of a list have different lengths, or an array has masked values.

    Examples
    --------
    >>> check_list(["a", float("nan")], "y")
    array(['a', nan], dtype=object)
    >>> check_list(["a", "b"], "y")
    ['a', 'b']
    """
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} is a masked array with masked values, and scikit-learn would use what is "
            "below the mask. Leave these rows out; or for X pass X.filled(numpy.nan) to "
            "sklearn.impute.SimpleImputer."
        )
    if not isinstance(values, list | tuple):
        return values
    try:
        array = np.asarray(values)
    except ValueError as error:
        labels = " For lists of labels, use sklearn.preprocessing.MultiLabelBinarizer first."
        raise ValueError(
            f"{name} is a list of rows of different lengths. Give rows of equal length."
            f"{labels if name == 'y' else ''}"
        ) from error
    if array.dtype.kind not in "US":
        return values
    objects = np.asarray(values, dtype=object)
    is_missing = [isinstance(value, float) and np.isnan(value) for value in objects.flat]
    return objects if any(is_missing) else values

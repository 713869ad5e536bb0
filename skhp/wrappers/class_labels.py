"""Checks of the labels of a classifier: their kind, and that all of them are known."""

from __future__ import annotations

from typing import Any

import numpy as np

# Kinds of targets, as `type_of_target` names them, that are not classes.
_NOT_CLASSES = ("continuous", "continuous-multioutput", "unknown")


def check_classes(y: np.ndarray, kind: str, known: Any, estimator: str) -> None:
    """Raise an error if y does not hold classes, or holds a class that is not known.

    Parameters
    ----------
    y : ndarray
    kind : str
        As `sklearn.utils.multiclass.type_of_target` names it.
    known : ndarray or None
        The classes, if an earlier call has set them.
    estimator : str
        Name of the estimator's class.

    Raises
    ------
    ValueError
    """
    if kind == "unknown" and y.dtype == object:
        raise ValueError(
            f"Unknown label type: y holds objects that are not text, such as {y.ravel()[0]!r}, in "
            "an array of dtype object. Convert it, for example with y.astype(int) or y.astype(str)."
        )
    if kind in _NOT_CLASSES:
        raise ValueError(
            f"Unknown label type: {kind}. {estimator} learns classes, and y holds other values. "
            "For numbers use KerasRegressor."
        )
    if known is None or y.ndim != 1:
        return
    unknown = np.setdiff1d(y, known)
    if len(unknown):
        known = np.asarray(known).tolist()
        raise ValueError(
            f"y holds {unknown.tolist()}, which are not among the classes {known}. Leave these "
            "rows out, or fit a new estimator to rows of all classes. For partial_fit, pass all "
            "classes to its first call: classes=[...]."
        )

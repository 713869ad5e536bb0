"""Labels for a classifier of the wrappers: of a kind that its encoder knows, and all known."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target


def check_classes(y: np.ndarray, known: Any, has_own_encoder: bool, estimator: str) -> None:
    """Raise an error where y cannot be classes for an estimator.

    Parameters
    ----------
    y : ndarray
    known : ndarray or None
        The classes, where an earlier call has told them.
    has_own_encoder : bool
        Whether a subclass encodes the targets itself.
    estimator : str
        Name of the estimator's class.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multiclass-multioutput" and not has_own_encoder:
        raise ValueError(
            f"y has {y.shape[1]} columns of classes, and {estimator} takes one column, or columns "
            "of 0 and 1. Give one column; fit an estimator a column with "
            "sklearn.multioutput.MultiOutputClassifier; or override target_encoder in a subclass."
        )
    if known is None or y.ndim != 1 or kind == "continuous":
        return
    unknown = np.setdiff1d(y, known)
    if len(unknown):
        raise ValueError(
            f"y holds {unknown.tolist()}, not among the classes {np.asarray(known).tolist()}. Name "
            "all classes at the first call to partial_fit, in `classes`."
        )

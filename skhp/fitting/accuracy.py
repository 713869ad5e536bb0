"""The accuracy of predicted classes."""

from __future__ import annotations

from typing import Any

import numpy as np


def accuracy(y: Any, predicted: Any, sample_weight: Any = None, **settings: Any) -> float:
    """The share of rows whose class is predicted, as scikit-learn computes it.

    scikit-learn first finds out what kind of targets it has, which takes longer than a small
    network needs for its predictions. For two vectors of integers or strings, that is known.

    Parameters
    ----------
    y, predicted : array-like
        The classes, and the predicted classes.
    sample_weight : array-like of shape (n_samples,), optional
    **settings
        Other arguments of `sklearn.metrics.accuracy_score`.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]))
    0.75
    """
    if sample_weight is None and not settings and _are_vectors_of_one_kind(y, predicted):
        return float((y == predicted).mean())
    from sklearn.metrics import accuracy_score  # to import it takes 50 milliseconds

    return accuracy_score(y, predicted, sample_weight=sample_weight, **settings)


def _are_vectors_of_one_kind(y: Any, predicted: Any) -> bool:
    arrays = (y, predicted)
    return (
        all(type(a) is np.ndarray and a.ndim == 1 and a.dtype.kind in "biuU" for a in arrays)
        and y.dtype.kind == predicted.dtype.kind
        and 0 < len(y) == len(predicted)
    )

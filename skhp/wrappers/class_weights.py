"""Class weights of a classifier, by label, for training and validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight


def class_weights_of(class_weight: Any, y: np.ndarray, classes: Any) -> Any:
    """A weight for each label.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        The parameter, by the labels in y.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels of the training rows.
    classes : ndarray of shape (n_classes,) or None
        All labels.

    Returns
    -------
    dict, list of dict, or None

    Raises
    ------
    ValueError
        If a label is unknown, or a weight is not a finite number of at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array(["no", "no", "no", "yes"])
    >>> weights = class_weights_of("balanced", y, np.array(["no", "yes"]))
    >>> [(str(label), round(float(weight), 3)) for label, weight in weights.items()]
    [('no', 0.667), ('yes', 2.0)]
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        return _balanced(y) if y.ndim == 1 else [_balanced(column) for column in y.T]
    if isinstance(class_weight, Mapping):
        _check_weights(class_weight)
        if y.ndim == 1 and classes is not None:
            _check_labels(class_weight, classes)
        return dict(class_weight)
    if isinstance(class_weight, list | tuple) and all(isinstance(w, Mapping) for w in class_weight):
        for weights in class_weight:
            _check_weights(weights)
        return [dict(weights) for weights in class_weight]
    if class_weight is None:
        return None
    raise ValueError(
        "class_weight must be a dict of label to weight, 'balanced' or None (for several columns "
        f"of y, a list of dicts). Got {class_weight!r}."
    )


def times_class_weights(
    weight: np.ndarray | None, class_weight: Any, y: np.ndarray
) -> np.ndarray | None:
    """Multiply the weights of rows by those of their classes.

    Parameters
    ----------
    weight : ndarray of shape (n_samples,) or None
    class_weight : dict, list of dict, or None
        From `class_weights_of`.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)

    Returns
    -------
    ndarray of shape (n_samples,), or None
        None if both are None.

    Raises
    ------
    ValueError
        If no row has a positive weight.
    """
    if class_weight is None:
        return weight
    by_class = compute_sample_weight(class_weight, y)
    weight = by_class if weight is None else weight * by_class
    if not weight.sum() > 0:
        raise ValueError(
            "sample_weight times class_weight adds up to zero, so no row counts and there is "
            "nothing to learn. Give at least one row a positive weight."
        )
    return weight


def _balanced(y: np.ndarray) -> dict[Any, float]:
    labels = np.unique(y)
    weights = compute_class_weight("balanced", classes=labels, y=y)
    return dict(zip(labels.tolist(), weights.tolist(), strict=True))


def _check_labels(class_weight: Mapping[Any, Any], classes: Any) -> None:
    known = set(np.asarray(classes).tolist())
    unknown = [label for label in class_weight if label not in known]
    if unknown:
        raise ValueError(
            f"class_weight has weights for {unknown}, which are not classes of y. The classes are "
            f"{sorted(known, key=str)}. Give the weights by the labels in y."
        )


def _check_weights(class_weight: Mapping[Any, Any]) -> None:
    for label, weight in class_weight.items():
        try:
            is_weight = bool(np.isfinite(weight) and weight >= 0)
        except TypeError:
            is_weight = False
        if not is_weight:
            raise ValueError(
                f"class_weight must be finite numbers of at least 0. Got {weight!r} for the class "
                f"{label!r}."
            )

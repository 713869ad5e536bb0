"""Which rows early stopping holds out for validation."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from skhp.fitting.user_warning import warn_user


def hold_out(
    n_rows: int,
    fraction: float,
    stratify: np.ndarray | None,
    random_state: Any,
    classes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to train on, and to validate on.

    Parameters
    ----------
    n_rows : int
    fraction : float
        Fraction of the rows to validate on.
    stratify : ndarray of shape (n_rows,) or None
        Class numbers. Both parts get them in the same proportions.
    random_state : RandomState
    classes : ndarray of shape (n_classes,), optional
        The classes that the numbers mean, which errors name.

    Returns
    -------
    train, validation : ndarray of int

    Raises
    ------
    ValueError
        If one part would have no row, or the training part would lack a class. (If the
        validation part lacks a class, that gives a warning.)
    """
    try:
        train, validation = train_test_split(
            np.arange(n_rows),
            test_size=fraction,
            stratify=stratify,
            random_state=random_state,
        )
    except ValueError as error:
        why = _too_few_rows(stratify, classes) or str(error)
        raise ValueError(_message(n_rows, fraction, stratify, why)) from error
    if stratify is not None:
        _check_classes(stratify, train, validation, fraction)
    return np.sort(train), np.sort(validation)


def _too_few_rows(stratify: np.ndarray | None, classes: np.ndarray | None) -> str:
    """Which classes cannot be in both parts; empty if there are none."""
    if stratify is None or classes is None:
        return ""
    few = classes[np.bincount(stratify, minlength=len(classes)) == 1].tolist()
    return f"only one row has the class {few[0]!r}, and both parts need one." if few else ""


def _check_classes(
    labels: np.ndarray, train: np.ndarray, validation: np.ndarray, fraction: float
) -> None:
    n_classes = len(np.unique(labels))
    if len(np.unique(labels[train])) < n_classes:
        why = "the training rows would lack a class."
        raise ValueError(_message(len(labels), fraction, labels, why))
    if (left := len(np.unique(labels[validation]))) < n_classes:
        warn_user(
            f"validation_fraction={fraction} of {len(labels)} rows holds out rows of only {left} "
            f"of {n_classes} classes, and early stopping depends on these. Raise "
            "validation_fraction, or pass X_val and y_val."
        )


def check_weights(
    weight: np.ndarray, train: np.ndarray, validation: np.ndarray, fraction: float
) -> None:
    """Refuse a part whose rows all have weight zero: its loss would be zero after each epoch.

    Parameters
    ----------
    weight : ndarray of shape (n_rows,)
    train, validation : ndarray of int
        Row numbers from `hold_out`.
    fraction : float

    Raises
    ------
    ValueError
    """
    for which, rows in (("training", train), ("held-out", validation)):
        if not weight[rows].any():
            raise ValueError(
                f"early_stopping holds out validation_fraction={fraction} of {len(weight)} rows, "
                f"and all {len(rows)} {which} rows have weight zero (sample_weight times "
                "class_weight), so no loss can be measured. Leave out rows of weight zero, or "
                "pass X_val and y_val."
            )


def _message(n_rows: int, fraction: float, stratify: np.ndarray | None, why: str) -> str:
    classes = "" if stratify is None else f" of {len(np.unique(stratify))} classes"
    return (
        f"early_stopping cannot hold out validation_fraction={fraction} of {n_rows} "
        f"rows{classes}: {why} Pass more rows, another validation_fraction, X_val and "
        "y_val, or early_stopping=False."
    )

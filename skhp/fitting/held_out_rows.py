"""Which rows training holds out, to judge itself by."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from skhp.fitting.user_warning import warn_user


def hold_out(
    n_rows: int, fraction: float, stratify: np.ndarray | None, random_state: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to train on, and to validate on.

    Parameters
    ----------
    n_rows : int
    fraction : float
        Of the rows to validate on.
    stratify : ndarray of shape (n_rows,) or None
        Classes whose shares both parts keep.
    random_state : RandomState

    Returns
    -------
    train, validation : ndarray of int

    Raises
    ------
    ValueError
        If either part would be left without a row, or training without one of the
        classes. (Validation without one is warned of.)
    """
    try:
        train, validation = train_test_split(
            np.arange(n_rows),
            test_size=fraction,
            stratify=stratify,
            random_state=random_state,
        )
    except ValueError as error:
        raise ValueError(_message(n_rows, fraction, stratify, str(error))) from error
    if stratify is not None:
        _check_classes(stratify, train, validation, fraction)
    return np.sort(train), np.sort(validation)


def _check_classes(
    labels: np.ndarray, train: np.ndarray, validation: np.ndarray, fraction: float
) -> None:
    n_classes = len(np.unique(labels))
    if len(np.unique(labels[train])) < n_classes:
        why = "training would have no row of one class."
        raise ValueError(_message(len(labels), fraction, labels, why))
    if (left := len(np.unique(labels[validation]))) < n_classes:
        warn_user(
            f"validation_fraction={fraction} of {len(labels)} rows holds out rows of {left} "
            f"of {n_classes} classes only; early stopping judges by those. Raise "
            "validation_fraction, or give X_val and y_val."
        )


def _message(n_rows: int, fraction: float, stratify: np.ndarray | None, why: str) -> str:
    classes = "" if stratify is None else f" of {len(np.unique(stratify))} classes"
    return (
        f"early_stopping cannot hold out validation_fraction={fraction} of {n_rows} "
        f"rows{classes}: {why} Give more rows, another validation_fraction, your own "
        "X_val and y_val, or early_stopping=False."
    )

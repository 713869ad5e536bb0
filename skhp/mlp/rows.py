"""The rows that an estimator gets from its user: checked once, and converted."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from skhp.engine.large_table import LargeTable
from skhp.fitting.features import as_rows, as_table, checks_of
from skhp.fitting.lists import check_list
from skhp.fitting.ready_arrays import are_ready, is_ready
from skhp.fitting.rows import CheckedRows
from skhp.fitting.sample_weight import checked_sample_weight


def floatx() -> str:
    """Keras's float type, in which a new network is trained."""
    import keras

    return keras.config.floatx()


def checked_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, reset: bool, **classes: Any
) -> CheckedRows:
    """Check X, y and weights.

    Parameters
    ----------
    estimator : BaseMLP
    X, y, sample_weight : array-like
        As the user gave them.
    reset : bool
        Whether to learn what y and the columns are. If not, they must be as before.
    **classes : array-like
        ``classes`` of ``partial_fit``.
    """
    y = check_list(y, "y")
    estimator._check_target_kind(y)
    table, dtype = as_table(X), floatx()
    with _too_large_in_silence():
        checks = {"multi_output": True, **_checks(table, dtype, are_ready(table, y, dtype))}
        X, y = validate_data(estimator, table, y, reset=reset, **checks)
        X = as_rows(X, dtype, type(estimator).__name__)
    labels = estimator._check_targets(y, reset=reset, **classes)
    return CheckedRows(X, labels, _weights(estimator, labels, sample_weight))


def _checks(table: Any, dtype: Any, ready: bool) -> dict[str, Any]:
    """Arguments of `validate_data`. It always checks the number of columns and their names."""
    if ready:
        return {"skip_check_array": True}
    return {"accept_sparse": "csr", **checks_of(table, dtype)}


def _too_large_in_silence() -> Any:
    """No warnings of NumPy about numbers that are too large: an error names them."""
    return np.errstate(over="ignore", invalid="ignore")


def _weights(estimator: Any, labels: np.ndarray, sample_weight: Any) -> np.ndarray:
    """Weights of rows times those of classes, scaled to a mean of one."""
    if sample_weight is None and getattr(estimator, "class_weight", None) is None:
        return np.ones(len(labels))
    weight = _near_one(checked_sample_weight(sample_weight, len(labels), np.float64))
    weight = _near_one(weight * estimator._class_weights(labels))
    if not weight.sum() > 0:
        raise ValueError(
            "sample_weight (times class_weight) adds up to zero, so no row counts. Give at "
            "least one row a positive weight."
        )
    return weight * (len(weight) / weight.sum())


def _near_one(weight: np.ndarray) -> np.ndarray:
    """Weights times a power of two, so that their sum does not overflow. It changes no digit."""
    _, exponent = np.frexp(weight.max(initial=0.0))
    return np.ldexp(weight, -exponent)


def validation_rows(
    estimator: Any, X_val: Any, y_val: Any, sample_weight_val: Any
) -> CheckedRows | None:
    """Check rows to validate on. None if the user gave none.

    Parameters
    ----------
    estimator : BaseMLP
    X_val, y_val, sample_weight_val : array-like or None
        As the user gave them.

    Raises
    ------
    TypeError, ValueError
        If only a part of them was given, or they do not fit the training rows.
    """
    if (X_val is None) != (y_val is None):
        missing, given = ("y_val", "X_val") if y_val is None else ("X_val", "y_val")
        raise ValueError(
            f"{given} was given without {missing}. Validation needs both: pass {missing} too."
        )
    if X_val is None or y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val was given without X_val and y_val. Pass these too.")
        return None
    try:
        return checked_rows(estimator, X_val, y_val, sample_weight_val, reset=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"X_val and y_val cannot be used: {error}") from error


def rows_to_predict(estimator: Any, X: Any, dtype: np.dtype) -> np.ndarray | LargeTable:
    """Check X for a fitted estimator.

    Parameters
    ----------
    estimator : BaseMLP
    X : array-like
        As the user gave it.
    dtype : dtype
        The type of the weights.
    """
    table = as_table(X)
    with _too_large_in_silence():
        checks = _checks(table, dtype, is_ready(table, dtype))
        X = validate_data(estimator, table, reset=False, **checks)
        return as_rows(X, dtype, type(estimator).__name__)

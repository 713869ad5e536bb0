"""A scorer of scikit-learn, called on the validation rows after each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from sklearn.utils import indexable

from skhp.compat.sklearn import take_rows

if TYPE_CHECKING:
    from skhp.engine.plan import TrainingState, ValidationScore


def history_name(scoring: Any) -> str:
    """The name of a score in the history.

    Parameters
    ----------
    scoring : str or callable

    Examples
    --------
    >>> history_name("roc_auc"), history_name(lambda net, X, y: 0)
    ('val_roc_auc', 'val_score')
    """
    return f"val_{scoring}" if isinstance(scoring, str) else "val_score"


def scored_rows(X: Any, y: Any, sample_weight: Any, which: np.ndarray | None) -> tuple[Any, ...]:
    """X, y and weights of some rows, as they were given: a scorer gets named columns and labels.

    Parameters
    ----------
    X, y, sample_weight
        As ``fit`` got them.
    which : ndarray of int or None
        None for all rows.
    """
    from keras import ops

    weight = None if np.ndim(sample_weight) == 0 else sample_weight
    parts = [ops.convert_to_numpy(p) if ops.is_tensor(p) else p for p in (X, y, weight)]
    if which is None:
        return tuple(parts)
    return tuple(None if p is None else take_rows(p, which) for p in indexable(*parts))


def validation_score(
    name: str,
    scorer: Callable[..., Any],
    rows: tuple[Any, ...],
    estimator_at: Callable[[TrainingState], Any],
    parameter: str,
) -> ValidationScore:
    """A score for the engine to measure.

    Parameters
    ----------
    name : str
        Its name in the history.
    scorer : callable
        ``scorer(estimator, X, y)``. If it takes ``sample_weight``, it gets the weights.
    rows : tuple
        X, y and weights or None, as they were given to ``fit``.
    estimator_at : callable
        It returns a fitted estimator with the weights of a `TrainingState`.
    parameter : str
        The estimator's parameter for the scorer, which errors name.

    Raises
    ------
    ValueError
        In training, if the scorer fails, or returns something other than a finite number.
    """
    from skhp.engine.plan import ValidationScore

    X, y, weight = rows
    takes_weight = "sample_weight" in inspect.signature(scorer).parameters
    weights = {"sample_weight": weight} if takes_weight and weight is not None else {}

    def measure(state: TrainingState) -> float:
        if not state.is_finite():  # training has diverged, and such a network cannot predict
            return float("nan")
        try:
            value = scorer(estimator_at(state), X, y, **weights)
        except Exception as error:
            raise ValueError(
                f"{parameter}={scorer!r} failed on the validation rows: "
                f"{type(error).__name__}: {error}"
            ) from error
        return _checked(value, parameter, scorer)

    def key() -> Any:
        from skhp.keras_objects.fingerprint import fingerprint

        return (name, fingerprint(scorer), joblib.hash((X, y, weights)))

    return ValidationScore(name, measure, key)


def _checked(value: Any, parameter: str, scorer: Any) -> float:
    if not isinstance(value, Real) or not np.isfinite(float(value)):
        raise ValueError(
            f"{parameter}={scorer!r} must return a finite number for the validation rows. Got "
            f"{value!r}. Give more validation rows, or use another scorer."
        )
    return float(value)

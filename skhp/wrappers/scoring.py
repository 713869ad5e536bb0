"""The scorer of a wrapper's ``scoring``, on its validation rows."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from skhp.engine.plan import TrainingState, ValidationScore
from skhp.fitting.validation_score import history_name, scored_rows, validation_score
from skhp.wrappers.callbacks import only_for_predict
from skhp.wrappers.rows import n_training_rows
from skhp.wrappers.training import load_state


def held_out_rows(n: int, weight: np.ndarray | None, fraction: float | None) -> np.ndarray:
    """The numbers of the rows that ``validation_split`` holds out.

    Parameters
    ----------
    n : int
        Rows of X.
    weight : ndarray or None
        Their weights. Rows of weight 0 are neither trained on nor held out.
    fraction : float or None
        Share of the rows to validate on.
    """
    counted = np.arange(n) if weight is None else np.flatnonzero(weight)
    return counted[n_training_rows(len(counted), fraction) :]


def score_on(
    estimator: Any, scoring: Any, data: tuple[Any, Any, Any], which: np.ndarray | None
) -> ValidationScore | None:
    """The score for the engine to measure; None if there is no scorer.

    Parameters
    ----------
    estimator : BaseWrapper
        With its model and its encoders.
    scoring : str, callable or None
    data : tuple
        X, y and weights or None, as they were given to ``fit``.
    which : ndarray of int or None
        The rows of them to score. None for all.

    Raises
    ------
    ValueError
        If there is no row to score, or a callable is no scorer.
    """
    if scoring is None:
        return None
    if which is not None and not len(which):
        raise ValueError(
            f"scoring={scoring!r} needs validation rows. Set validation_split=0.2, or pass "
            "validation_data to fit."
        )

    from sklearn.metrics import check_scoring  # it takes 50 milliseconds, and few fits need it

    scored = copy.copy(estimator)
    scored._predict_callbacks = only_for_predict(estimator)

    def estimator_at(state: TrainingState) -> Any:
        load_state(scored._unpacked_model(), state)
        return scored

    rows = scored_rows(*data, which)
    scorer = check_scoring(scoring=scoring)
    return validation_score(history_name(scoring), scorer, rows, estimator_at, "scoring")

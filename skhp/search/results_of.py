"""The results of a fitted search, in one form for all searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.exceptions import NotFittedError

from skhp.search.space import space_of

_SEARCHES = (
    "GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, "
    "BayesSearchCV or OptunaSearchCV"
)


def check_search(search: Any) -> None:
    """Raise TypeError if an object is no search, fitted or not.

    Parameters
    ----------
    search : object
    """
    if not hasattr(search, "estimator") or isinstance(search, type):
        raise TypeError(f"Expected a fitted {_SEARCHES}. Got {search!r}.")
    space_of(search)


def results_of(search: Any) -> Mapping[str, Any]:
    """The ``cv_results_`` of a search.

    Parameters
    ----------
    search : fitted search

    Returns
    -------
    mapping
        Columns by name, "params" among them.

    Raises
    ------
    TypeError
        If it is no search.
    sklearn.exceptions.NotFittedError
        If it has no results yet.
    """
    check_search(search)
    results = _of_trials(search) if hasattr(search, "study_") else _of_candidates(search)
    if not results:
        raise NotFittedError(
            f"This {type(search).__name__} has no results yet. Call its fit(X, y) first."
        )
    return results


def _of_candidates(search: Any) -> Mapping[str, Any]:
    return getattr(search, "cv_results_", {})


def _of_trials(search: Any) -> Mapping[str, Any]:
    """Optuna keeps parameters with its trials, and ranks none; one that failed has no score."""
    trials = [trial for trial in search.trials_ if "mean_test_score" in trial.user_attrs]
    if not trials:
        return {}
    scores = np.array([trial.user_attrs["mean_test_score"] for trial in trials])
    columns = {
        name: np.array([trial.user_attrs.get(name, np.nan) for trial in trials])
        for name in trials[0].user_attrs
    }
    ranks = rankdata(-scores, method="min", nan_policy="omit")
    return {**columns, "params": [t.params for t in trials], "rank_test_score": ranks}


def candidates_of(search: Any) -> tuple[list[Mapping[str, Any]], int]:
    """The parameters of each candidate, and the number of splits.

    Parameters
    ----------
    search : fitted search
    """
    results = results_of(search)
    splits = [name for name in results if name.startswith("split") and "_test_" in name]
    metrics = {name.split("_test_", 1)[1] for name in splits}
    return list(results["params"]), max(1, len(splits) // max(1, len(metrics)))


def metric_of(search: Any, metric: str | None = None) -> str:
    """The scorer whose scores a table shows: one asked for, or the one that ranks.

    Parameters
    ----------
    search : fitted search
    metric : str, optional

    Raises
    ------
    ValueError
        If the search has no scores of that name.
    """
    known = [name[10:] for name in results_of(search) if name.startswith("mean_test_")]
    if metric is None:
        refit = getattr(search, "refit", None)
        return refit if isinstance(refit, str) and refit in known else known[0]
    if metric not in known:
        raise ValueError(f"metric={metric!r}: the search scored {', '.join(map(repr, known))}.")
    return metric


def scores_of(search: Any, metric: str | None = None) -> np.ndarray:
    """Mean test score of each candidate; NaN where it failed."""
    name = metric_of(search, metric)
    return np.asarray(results_of(search)[f"mean_test_{name}"], dtype=float)


def best_first(search: Any, metric: str | None = None) -> np.ndarray:
    """Candidates from best to worst, those that failed left out.

    In a halving search a later iteration counts for more, as in its ``best_index_``.

    Parameters
    ----------
    search : fitted search
    metric : str, optional
    """
    scores = scores_of(search, metric)
    iterations = np.asarray(results_of(search).get("iter", np.zeros(len(scores))))
    order = np.lexsort((-scores, -iterations))
    return order[np.isfinite(scores[order])]

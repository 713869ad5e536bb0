"""The results of a fitted search, in one form for all searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.exceptions import NotFittedError

from skhp.candidates.space import space_of

_SEARCHES = (
    "GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, "
    "BayesSearchCV or OptunaSearchCV"
)

# How the columns of mean scores begin.
_MEAN = "mean_test_"


def results_of(search: Any) -> Mapping[str, Any]:
    """The ``cv_results_`` of a search.

    Parameters
    ----------
    search : fitted search, dict or pandas.DataFrame
        A search, or its ``cv_results_``.

    Returns
    -------
    mapping
        Columns by name, "params" among them.

    Raises
    ------
    TypeError
        If it is neither.
    sklearn.exceptions.NotFittedError
        If the search has no results yet.
    ValueError
        If it has no candidates or no scores.
    """
    results = _read(search)
    if len(results["params"]) == 0 or not any(name.startswith(_MEAN) for name in results):
        raise ValueError(
            "cv_results_ must have candidates under 'params' and their scores under "
            f"'{_MEAN}...'. Got the columns {list(results)}, and {len(results['params'])} "
            "candidates."
        )
    return results


def _read(search: Any) -> Mapping[str, Any]:
    if isinstance(search, type):
        raise TypeError(f"Expected a fitted {_SEARCHES}, or its cv_results_. Got {search!r}.")
    if is_results(search):
        return {name: list(search[name]) for name in search}
    if not isinstance(search, Mapping):
        found = _of_trials(search) if hasattr(search, "study_") else _of_candidates(search)
        if found:
            return found
        if hasattr(search, "estimator") and _has_space(search):
            raise NotFittedError(
                f"This {type(search).__name__} has no results yet. Call its fit(X, y) first."
            )
    raise TypeError(
        f"Expected a fitted {_SEARCHES}, or its cv_results_ as a dict or data frame. Got "
        f"{search!r}."
    )


def is_results(search: Any) -> bool:
    """Whether an object is the ``cv_results_`` of a search: a mapping or a data frame.

    Parameters
    ----------
    search : object
    """
    is_table = isinstance(search, Mapping) or hasattr(search, "columns")
    return is_table and "params" in search


def check_search(search: Any) -> None:
    """Raise TypeError if an object is no search, fitted or not.

    Parameters
    ----------
    search : object
    """
    if not hasattr(search, "estimator") or isinstance(search, type):
        raise TypeError(f"Expected a {_SEARCHES}. Got {search!r}.")
    space_of(search)


def _has_space(search: Any) -> bool:
    try:
        return bool(space_of(search))
    except TypeError:
        return False


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
    search : fitted search, or its ``cv_results_``
    metric : str, optional
        "accuracy", or the column's name "mean_test_accuracy". A search with one scorer
        has "score", which its ``scoring`` means too.

    Raises
    ------
    ValueError
        If the search has no scores of that name.
    """
    known = [name[len(_MEAN) :] for name in results_of(search) if name.startswith(_MEAN)]
    if metric is None:
        refit = getattr(search, "refit", None)
        return next(name for name in (refit, "score", *known) if name in known)
    wanted = metric.removeprefix(_MEAN) if isinstance(metric, str) else metric
    if wanted in known:
        return wanted
    if (
        isinstance(metric, str)
        and known == ["score"]
        and metric == getattr(search, "scoring", None)
    ):
        return "score"
    raise ValueError(f"metric={metric!r}: the search scored {', '.join(map(repr, known))}.")


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

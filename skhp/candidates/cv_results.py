"""``cv_results_``, read from a search of any library."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.exceptions import NotFittedError

from skhp.candidates.space import space_of

_SEARCHES = (
    "GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, "
    "BayesSearchCV or OptunaSearchCV"
)

_MEAN = "mean_test_"

# Columns with these prefixes hold numbers.
_NUMERIC = ("mean_", "std_", "rank_", "split", "iter", "n_resources")


def results_of(search: Any) -> Mapping[str, Any]:
    """The ``cv_results_`` of a search.

    Parameters
    ----------
    search : fitted search, dict or pandas.DataFrame
        A search, or its ``cv_results_``.

    Returns
    -------
    mapping
        Columns by name. One of them is "params"; scores and times are arrays.

    Raises
    ------
    TypeError
        If ``search`` is neither a search nor its results.
    sklearn.exceptions.NotFittedError
        If the search has no results yet.
    ValueError
        If there are no candidates or no scores, or parameters are text, as in a CSV file.
    """
    results = _read(search)
    _check_params(results["params"])
    if len(results["params"]) == 0 or not any(name.startswith(_MEAN) for name in results):
        raise ValueError(
            "cv_results_ must have candidates under 'params' and their scores under "
            f"'{_MEAN}...'. Got the columns {list(results)}, and {len(results['params'])} "
            "candidates."
        )
    return results


def _check_params(params: Sequence[Any]) -> None:
    if not all(isinstance(one, Mapping) for one in params):
        raise ValueError(
            "'params' of cv_results_ must be dicts of parameter -> value. Got "
            f"{params[0]!r}. A CSV file keeps them as text only. Store cv_results_ with "
            "joblib.dump(search.cv_results_, path), and read it with joblib.load(path)."
        )


def _read(search: Any) -> Mapping[str, Any]:
    if isinstance(search, type):
        raise TypeError(f"Expected a fitted {_SEARCHES}, or its cv_results_. Got {search!r}.")
    if is_results(search):
        return {
            name: (np.asarray if name.startswith(_NUMERIC) else list)(search[name])
            for name in search
        }
    if not isinstance(search, Mapping):
        trials = trials_of(search)
        found = _from_attribute(search) if trials is None else _from_trials(trials)
        if found:
            return found
        if trials is not None or (hasattr(search, "estimator") and _has_space(search)):
            how = "its fit(X, y)" if hasattr(search, "fit") else "optimize(optuna_objective(...))"
            own = " Trials of another objective hold no scores of folds." if trials else ""
            raise NotFittedError(
                f"This {type(search).__name__} has no results yet. Call {how} first.{own}"
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
    """Raise TypeError if an object is not a search. The search need not be fitted.

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


def _from_attribute(search: Any) -> Mapping[str, Any]:
    return getattr(search, "cv_results_", {})


def trials_of(search: Any) -> list[Any] | None:
    """The trials of an `OptunaSearchCV` or of a study of Optuna; None for another search.

    Parameters
    ----------
    search : search or study
    """
    if hasattr(search, "study_"):
        return search.trials_
    return search.trials if hasattr(search, "get_trials") else None


def _from_trials(trials: list[Any]) -> Mapping[str, Any]:
    """Results of Optuna's trials, ranked, without those that failed or were pruned."""
    trials = [trial for trial in trials if "mean_test_score" in trial.user_attrs]
    if not trials:
        return {}
    scores = np.array([trial.user_attrs["mean_test_score"] for trial in trials])
    columns = {
        name: np.array([trial.user_attrs.get(name, np.nan) for trial in trials])
        for name in trials[0].user_attrs
    }
    ranks = rankdata(-scores, method="min", nan_policy="omit")
    return {**columns, "params": [t.params for t in trials], "rank_test_score": ranks}


def params_of(search: Any) -> list[Mapping[str, Any]]:
    """The parameters of each candidate.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    """
    return list(results_of(search)["params"])


def split_scores(search: Any) -> np.ndarray:
    """The test scores of each split.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``

    Returns
    -------
    ndarray of shape (n_candidates, n_splits, n_metrics)
    """
    results = results_of(search)
    metrics = _metrics(results)
    splits = list(
        itertools.takewhile(lambda i: f"split{i}_test_{metrics[0]}" in results, itertools.count())
    )
    columns = [[results[f"split{i}_test_{metric}"] for metric in metrics] for i in splits]
    shape = (len(splits), len(metrics), len(results["params"]))
    return np.array(columns, dtype=float).reshape(shape).transpose(2, 0, 1)


def _metrics(results: Mapping[str, Any]) -> list[str]:
    return [name.removeprefix(_MEAN) for name in results if name.startswith(_MEAN)]


def summary_columns(search: Any) -> dict[str, list[float]]:
    """The columns of scores and times, without those of single splits.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    """
    results = results_of(search)
    return {
        name: [float(value) for value in results[name]]
        for name in results
        if name.startswith(("mean_", "std_", "rank_"))
    }


def metric_of(search: Any, metric: str | None = None) -> str:
    """The name of the score to use: ``metric``, or the one that ``refit`` names.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    metric : str, optional
        "accuracy", or the column's name "mean_test_accuracy". A search with one scorer
        has "score"; the name given as ``scoring`` means the same.

    Raises
    ------
    ValueError
        If the search has no scores of that name.
    """
    known = _metrics(results_of(search))
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


def scores_of(search: Any, metric: Any = None) -> np.ndarray:
    """Score of each candidate, by default the mean test score; NaN for a candidate that failed.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    metric : str, callable or array-like, optional
        A name, as in `metric_of`. Or a function of ``cv_results_`` that returns one number for
        each candidate. Or these numbers. A higher score is better.

    Raises
    ------
    ValueError
        If the search has no scores of that name, or there is not one number for each candidate.

    Examples
    --------
    >>> results = {"params": [{}, {}], "mean_test_score": [0.9, 0.8], "std_test_score": [0.2, 0.0]}
    >>> scores_of(results, lambda r: r["mean_test_score"] - r["std_test_score"]).tolist()
    [0.7, 0.8]
    """
    results = results_of(search)
    is_name = not callable(metric) and np.ndim(metric) == 0
    if is_name:
        return np.asarray(results[f"{_MEAN}{metric_of(search, metric)}"], dtype=float)
    scores = np.asarray(metric(results) if callable(metric) else metric, dtype=float)
    if scores.shape != (len(results["params"]),):
        raise ValueError(
            "metric must give one number for each candidate: "
            f"{len(results['params'])} numbers. Got the shape {scores.shape}."
        )
    return scores


def best_first(search: Any, metric: Any = None) -> np.ndarray:
    """Candidate numbers from best to worst, without candidates that failed.

    A halving search chooses its ``best_index_`` from the last iteration, so candidates of
    later iterations come first.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    metric : str, callable or array-like, optional
        See `scores_of`.
    """
    scores = scores_of(search, metric)
    iterations = np.asarray(results_of(search).get("iter", np.zeros(len(scores))))
    order = np.lexsort((-scores, -iterations))
    return order[np.isfinite(scores[order])]

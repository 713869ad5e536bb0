"""The results of a search as tables, best candidates first."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.candidates.checks import check_n
from skhp.candidates.curves import curves_on
from skhp.candidates.names import short_names
from skhp.candidates.networks import n_parameters_of, planned_epochs
from skhp.candidates.results import best_first, check_search, metric_of, results_of
from skhp.candidates.values import is_among


def results(search: Any, metric: str | None = None) -> Any:
    """One row a candidate: its parameters, scores, time, epochs and size.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
        `GridSearchCV`, `RandomizedSearchCV`, a halving search, `BayesSearchCV` or
        `OptunaSearchCV`; unpickled ones too. From ``cv_results_`` alone, a dict or data
        frame, ``n_epochs`` and ``n_parameters`` cannot be told.
    metric : str, optional
        The score to show: "accuracy", or "mean_test_accuracy". By default the one that
        ``refit`` names. A search with one scorer has "score".

    Returns
    -------
    pandas.DataFrame
        Indexed by ``candidate``, its row in ``cv_results_``. Columns are the parameters
        without the names of their steps, ``iter`` of a halving search,
        ``mean_test_score``, ``std_test_score``, ``rank_test_score``, ``mean_train_score``
        where the search has it, ``mean_fit_time`` in seconds, ``mean_train_time`` where
        `LearningCurves` were set, ``n_epochs`` (mean over the splits; missing where the
        estimator may stop early and no `LearningCurves` were set), and ``n_parameters`` of
        the network (without `LearningCurves` missing where ``refit=False``, or where the
        rows that it gets differ between candidates).

        ``mean_fit_time`` is scikit-learn's. The first fit of a network structure in a
        process compiles, and the first fit of all imports TensorFlow, so that it does not
        compare candidates. ``mean_train_time`` leaves both out: see `LearningCurves.fits`.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.
    TypeError
        If it is no search.
    ValueError
        If it has no such metric.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.search import results
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(MLPClassifier(epochs=2), {"width": [8, 16]}, cv=2).fit(X, y)
    >>> results(search)[["width", "n_epochs", "n_parameters"]]
               width  n_epochs  n_parameters
    candidate
    0              8         2           139
    1             16         2           403
    """
    import pandas as pd

    columns, name = results_of(search), metric_of(search, metric)
    params = list(columns["params"])
    names = list(dict.fromkeys(key for candidate in params for key in candidate))
    table: dict[str, Any] = {
        short: [candidate.get(key) for candidate in params]
        for key, short in short_names(names).items()
    }
    if "iter" in columns:
        table["iter"] = columns["iter"]
    for column in ("mean_test", "std_test", "rank_test", "mean_train"):
        if f"{column}_{name}" in columns:
            table[f"{column}_score"] = columns[f"{column}_{name}"]
    if "mean_fit_time" in columns:
        table["mean_fit_time"] = columns["mean_fit_time"]
    n_epochs, n_parameters, seconds = _of_fits(search, params)
    if seconds is not None:
        table["mean_train_time"] = seconds
    frame = pd.DataFrame(table, index=pd.RangeIndex(len(params), name="candidate"))
    frame["n_epochs"] = _whole(n_epochs)
    frame["n_parameters"] = _whole(n_parameters)
    return frame


def results_summary(search: Any, n: int = 10, metric: str | None = None) -> Any:
    """The first rows of `results`, best candidate first.

    Parameters
    ----------
    search : fitted search
    n : int, default=10
        How many candidates.
    metric : str, optional
        The score to rank by: see `results`.

    Returns
    -------
    pandas.DataFrame
        Candidates that failed are left out.
    """
    return results(search, metric).loc[best_first(search, metric)[: check_n("n", n)]]


def best_params(search: Any, n: int = 1, metric: str | None = None) -> list[dict[str, Any]]:
    """The parameters of the n best candidates, best first.

    Parameters
    ----------
    search : fitted search
    n : int, default=1
        How many; fewer where the search has fewer different candidates.
    metric : str, optional
        The score to rank by: see `results`.

    Returns
    -------
    list of dict
        For ``set_params``. A candidate that a halving search tried again with more
        resources is listed once, with the most.
    """
    resource = getattr(search, "resource", None)
    every = results_of(search)["params"]
    chosen: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    for candidate in best_first(search, metric):
        params = dict(every[candidate])
        tried = {name: value for name, value in params.items() if name != resource}
        if not is_among(tried, seen):
            seen.append(tried)
            chosen.append(params)
    return chosen[: check_n("n", n)]


def best_estimators(
    search: Any,
    n: int,
    X: Any,
    y: Any,
    *,
    metric: str | None = None,
    n_jobs: int | None = None,
    **fit_params: Any,
) -> list[Any]:
    """The n best candidates, each fitted on all rows.

    Parameters
    ----------
    search : fitted search
    n : int
        How many.
    X, y : array-like
        Rows to fit on.
    metric : str, optional
        The score to rank by: see `results`.
    n_jobs : int, optional
        Fits at once; by default as many as the search ran.
    **fit_params
        For ``fit``.

    Returns
    -------
    list of estimator
        Best first.
    """
    from joblib import Parallel, delayed
    from sklearn.base import clone

    check_search(search)
    estimators = [
        clone(search.estimator).set_params(**clone(params, safe=False))
        for params in best_params(search, n, metric)
    ]
    jobs = n_jobs if n_jobs is not None else getattr(search, "n_jobs", None)
    fits = (delayed(_fitted)(estimator, X, y, fit_params) for estimator in estimators)
    return list(Parallel(n_jobs=jobs)(fits))


def _fitted(estimator: Any, X: Any, y: Any, fit_params: dict[str, Any]) -> Any:
    return estimator.fit(X, y, **fit_params)


def _of_fits(search: Any, params: list[Any]) -> tuple[list[Any], list[Any], list[Any] | None]:
    """Epochs, weights and seconds of each candidate: as its fits ran, else as planned."""
    planned = [planned_epochs(search, candidate) for candidate in params]
    counted = [n_parameters_of(search, candidate) for candidate in params]
    curves = curves_on(search)
    if curves is None:
        return planned, counted, None
    fits = curves.fits(search)
    fits = fits[~fits["refit"]]
    means = fits.groupby("candidate")[["n_epochs", "train_seconds", "n_parameters"]].mean()
    n_epochs, seconds, seen = (
        [columns.get(number) for number in range(len(params))]
        for columns in means.astype(float).to_dict().values()
    )
    sizes = [a if a is not None else b for a, b in zip(counted, seen, strict=True)]
    return n_epochs, sizes, seconds


def _whole(values: list[Any]) -> Any:
    """A column of integers where it can be one."""
    import pandas as pd

    column = np.array([np.nan if value is None else value for value in values], dtype=float)
    known = column[np.isfinite(column)]
    if len(known) and (known == np.round(known)).all():
        return column.astype(int) if len(known) == len(column) else pd.array(column, dtype="Int64")
    return column

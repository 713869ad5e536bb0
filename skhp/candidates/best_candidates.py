"""The best candidates of a search: their parameters, and fitted again."""

from __future__ import annotations

from typing import Any

from skhp.candidates.checks import check_n
from skhp.candidates.cv_results import best_first, check_search, params_of
from skhp.candidates.values import is_among


def best_params(search: Any, n: int = 1, metric: Any = None) -> list[dict[str, Any]]:
    """The parameters of the ``n`` best candidates, best first.

    Parameters
    ----------
    search : fitted search
    n : int, default=1
        How many candidates. The list is shorter if the search has fewer different ones.
    metric : str, callable or array-like, optional
        The score to rank by: a name as in `results`, a function of ``cv_results_``, or one
        number for each candidate. Higher is better.

    Returns
    -------
    list of dict
        For ``set_params``. A halving search tries some candidates again with more
        resources: each is listed once, with the largest amount it got.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp.search import best_params
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"C": [0.01, 0.1, 1.0]}
    >>> search = GridSearchCV(LogisticRegression(max_iter=1000), grid).fit(X, y)
    >>> best_params(search, n=2)
    [{'C': 1.0}, {'C': 0.1}]
    """
    resource = getattr(search, "resource", None)
    every = params_of(search)
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
    metric: Any = None,
    n_jobs: int | None = None,
    **fit_params: Any,
) -> list[Any]:
    """Fit the ``n`` best candidates, each on all rows.

    Parameters
    ----------
    search : fitted search
    n : int
        How many candidates.
    X, y : array-like
        Rows to fit on.
    metric : str, callable or array-like, optional
        The score to rank by: see `best_params`.
    n_jobs : int, optional
        How many fits run at the same time. By default the ``n_jobs`` of the search.
    **fit_params
        Arguments for ``fit``.

    Returns
    -------
    list of estimator
        Best first.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp.search import best_estimators
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"C": [0.01, 0.1, 1.0]}
    >>> search = GridSearchCV(LogisticRegression(max_iter=1000), grid).fit(X, y)
    >>> [estimator.C for estimator in best_estimators(search, 2, X, y)]
    [1.0, 0.1]
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

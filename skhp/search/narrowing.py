"""A smaller space for a next round, around what did well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from skhp.search.results_of import best_first, results_of
from skhp.search.space import choices_of, interval_of, space_of


def narrow(search: Any, keep: float = 0.25, metric: str | None = None) -> Any:
    """The part of a search's space in which its best candidates lie.

    Parameters
    ----------
    search : fitted search
    keep : float, default=0.25
        Share of the candidates that count as best, at least one.
    metric : str, optional
        Of several scorers.

    Returns
    -------
    dict or list of dict
        Of the form the search took, for a next one: lists keep the values that the best
        candidates have, in their order; a uniform or log-uniform distribution (SciPy's,
        scikit-optimize's, Optuna's) keeps the range they span, and other distributions
        stay as they are. Sub-spaces in which none of them lies are left out.

    Raises
    ------
    ValueError
        If ``keep`` is not in (0, 1], or no candidate has a score.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.search import narrow
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"learning_rate": [1e-9, 1e-2], "width": [16]}
    >>> search = GridSearchCV(MLPClassifier(epochs=20, random_state=0), grid, cv=3).fit(X, y)
    >>> narrow(search, keep=0.5)
    {'learning_rate': [0.01], 'width': [16]}
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep must be a share of the candidates in (0, 1]. Got {keep!r}.")
    order = best_first(search, metric)
    if not len(order):
        raise ValueError("No candidate of this search has a score: nothing to narrow to.")
    every = results_of(search)["params"]
    best = [every[candidate] for candidate in order[: max(1, round(keep * len(order)))]]
    parts = [_narrowed(part, best, keep) for part in space_of(search)]
    kept = [part for part in parts if part is not None]
    given = next(
        getattr(search, name)
        for name in ("param_grid", "param_distributions", "search_spaces")
        if hasattr(search, name)
    )
    return kept[0] if isinstance(given, Mapping) else kept


def _narrowed(part: Mapping[str, Any], best: list[Any], keep: float) -> dict[str, Any] | None:
    here = [params for params in best if all(_holds(part, name, params) for name in part)]
    if not here:
        return None
    return {
        name: _around(values, [params[name] for params in here], keep)
        for name, values in part.items()
    }


def _holds(part: Mapping[str, Any], name: str, params: Mapping[str, Any]) -> bool:
    if name not in params:
        return False
    choices = choices_of(part[name])
    return choices is None or _is_among(params[name], choices)


def _is_among(value: Any, others: list[Any]) -> bool:
    return any(value is other or bool(np.all(value == other)) for other in others)


def _around(values: Any, kept: list[Any], keep: float) -> Any:
    choices = choices_of(values)
    if choices is not None:
        chosen = [value for value in choices if _is_among(value, kept)]
        make = next((m for mark, m in _CATEGORICAL.items() if hasattr(values, mark)), None)
        return chosen if make is None else make(values, chosen)
    interval = interval_of(values)
    make_range = next((m for test, m in _RANGES if test(values)), None)
    if interval is None or make_range is None:
        return values
    return make_range(values, *_span(interval, kept, keep))


def _span(interval: tuple[Any, Any], kept: list[Any], keep: float) -> tuple[Any, Any]:
    low, high = min(kept), max(kept)
    if low == high:  # one value spans nothing: take a share of the range around it
        half = keep * (interval[1] - interval[0]) / 2
        low, high = max(interval[0], low - half), min(interval[1], high + half)
    if isinstance(interval[0], int):
        return round(low), round(high)
    return float(low), float(high)


def _module(values: Any) -> str:
    return type(values).__module__.split(".")[0]


def _frozen(name: str) -> Callable[[Any], bool]:
    return lambda values: getattr(getattr(values, "dist", None), "name", None) == name


# mark of a categorical distribution -> the same with fewer values
_CATEGORICAL: dict[str, Callable[[Any, list[Any]], Any]] = {
    "categories": lambda values, chosen: type(values)(chosen, name=values.name),
    "choices": lambda values, chosen: type(values)(chosen),
}

# whether a distribution is meant -> the same over a smaller range
_RANGES: list[tuple[Callable[[Any], bool], Callable[[Any, Any, Any], Any]]] = [
    (_frozen("uniform"), lambda values, low, high: stats.uniform(low, high - low)),
    (_frozen("loguniform"), lambda values, low, high: stats.loguniform(low, high)),
    (_frozen("reciprocal"), lambda values, low, high: stats.loguniform(low, high)),
    (_frozen("randint"), lambda values, low, high: stats.randint(low, high + 1)),
    (
        lambda values: _module(values) == "skopt",
        lambda values, low, high: type(values)(low, high, prior=values.prior, name=values.name),
    ),
    (
        lambda values: _module(values) == "optuna",
        lambda values, low, high: type(values)(low, high, log=values.log),
    ),
]

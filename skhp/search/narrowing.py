"""A smaller space for the next round, around the best candidates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scipy import stats

from skhp.candidates.cv_results import best_first, check_search, params_of
from skhp.candidates.space import choices_of, interval_of, is_logarithmic, is_one_space, space_of
from skhp.candidates.values import is_among, is_number, unique_values
from skhp.keras_objects.origins import root_of


def narrow(search: Any, keep: float = 0.25, metric: Any = None) -> Any:
    """The part of a search's space in which its best candidates lie.

    Parameters
    ----------
    search : fitted search
    keep : float, default=0.25
        Share of the candidates that count as best, at least one.
    metric : str, callable or array-like, optional
        The score to use: a name as in `results`, a function of ``cv_results_``, or one number
        for each candidate. Higher is better.

    Returns
    -------
    dict or list of dict
        The space, in the form that the search has:

        - A list keeps the values of the best candidates, in its order.
        - A uniform or log-uniform distribution (of SciPy, scikit-optimize or Optuna) keeps
          the range of these values. If they have only one value, it keeps a share ``keep`` of
          its range around this value. For a log-uniform distribution, this is a share of the
          logarithms. Other distributions do not change.
        - A sub-space without one of the best candidates is left out.
        - Combinations that `sample` drew become one grid of the values of the best
          candidates, or one grid for each set of parameters. It also has combinations that
          were not tried.

    Raises
    ------
    TypeError
        If it is not a search. ``cv_results_`` do not hold a space.
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

    A candidate may count as good only if its folds agree:

    >>> narrow(search, 0.5, metric=lambda r: r["mean_test_score"] - r["std_test_score"])
    {'learning_rate': [0.01], 'width': [16]}
    """
    if not is_number(keep) or not 0 < keep <= 1:
        raise ValueError(f"keep must be a share of the candidates in (0, 1]. Got {keep!r}.")
    check_search(search)
    order = best_first(search, metric)
    if not len(order):
        raise ValueError("No candidate of this search has a score: nothing to narrow to.")
    every = params_of(search)
    best = [every[candidate] for candidate in order[: max(1, round(keep * len(order)))]]
    space: Sequence[Mapping[str, Any]] = space_of(search)
    if _is_drawn(space):
        space = _joined_by_names(space)
    parts = [_narrowed(part, best, keep) for part in space]
    kept = [part for part in parts if part is not None]
    return kept[0] if is_one_space(search) else kept


def _is_drawn(space: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a space lists single combinations, as `sample` draws them."""
    return len(space) > 1 and all(
        len(choices_of(values) or ()) == 1 for part in space for values in part.values()
    )


def _joined_by_names(space: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One grid for each set of parameters."""
    groups: dict[frozenset[str], list[Mapping[str, Any]]] = {}
    for part in space:
        groups.setdefault(frozenset(part), []).append(part)
    return [_joined(parts) for parts in groups.values()]


def _joined(space: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The grid of all values that single combinations have."""
    grid = {}
    for name in space[0]:
        values = unique_values(part[name][0] for part in space)
        grid[name] = sorted(values) if all(map(is_number, values)) else values
    return grid


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
    return choices is None or is_among(params[name], choices)


def _around(values: Any, kept: list[Any], keep: float) -> Any:
    choices = choices_of(values)
    if choices is not None:
        chosen = [value for value in choices if is_among(value, kept)]
        make = next(
            (m for attribute, m in _CATEGORICAL.items() if hasattr(values, attribute)), None
        )
        return chosen if make is None else make(values, chosen)
    interval = interval_of(values)
    make_range = next((m for test, m in _RANGES if test(values)), None)
    if interval is None or make_range is None:
        return values
    return make_range(values, *_span(values, interval, kept, keep))


def _span(values: Any, interval: tuple[Any, Any], kept: list[Any], keep: float) -> tuple[Any, Any]:
    """The range that some values span, or a share of the whole around a single one."""
    low, high = min(kept), max(kept)
    if low == high:
        low, high = _share_around(low, interval, keep, is_logarithmic(values))
    if isinstance(interval[0], int):
        low, high = round(low), round(high)
        if low == high:  # some distributions refuse a range of one
            low, high = max(interval[0], low - 1), min(interval[1], high + 1)
        return low, high
    return float(low), float(high)


def _share_around(
    value: Any, interval: tuple[Any, Any], keep: float, is_log: bool
) -> tuple[float, float]:
    if is_log:
        factor = (interval[1] / interval[0]) ** (keep / 2)
        return max(interval[0], value / factor), min(interval[1], value * factor)
    half = keep * (interval[1] - interval[0]) / 2
    return max(interval[0], value - half), min(interval[1], value + half)


def _module(values: Any) -> str:
    return root_of(type(values).__module__)


def _frozen(name: str) -> Callable[[Any], bool]:
    return lambda values: getattr(getattr(values, "dist", None), "name", None) == name


def _optuna_range(values: Any, low: Any, high: Any) -> Any:
    if values.step:  # the values stay on the same steps
        low = values.low + math.floor((low - values.low) / values.step) * values.step
        high = values.low + math.ceil((high - values.low) / values.step) * values.step
    return type(values)(low, min(high, values.high), log=values.log, step=values.step)


# attribute that only a categorical distribution has -> the same with fewer values
_CATEGORICAL: dict[str, Callable[[Any, list[Any]], Any]] = {
    "categories": lambda values, chosen: type(values)(chosen, name=values.name),
    "choices": lambda values, chosen: type(values)(chosen),
}

# whether a distribution is of a kind -> the same kind over a smaller range
_RANGES: list[tuple[Callable[[Any], bool], Callable[[Any, Any, Any], Any]]] = [
    (_frozen("uniform"), lambda values, low, high: stats.uniform(low, high - low)),
    (_frozen("loguniform"), lambda values, low, high: stats.loguniform(low, high)),
    (_frozen("reciprocal"), lambda values, low, high: stats.loguniform(low, high)),
    (_frozen("randint"), lambda values, low, high: stats.randint(low, high + 1)),
    (
        lambda values: _module(values) == "skopt",
        lambda values, low, high: type(values)(low, high, prior=values.prior, name=values.name),
    ),
    (lambda values: _module(values) == "optuna", _optuna_range),
]

"""Part of a grid that is too large to list."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from sklearn.model_selection import ParameterSampler

from skhp.candidates.space import choices_of, space_of


def sample(
    grid: Mapping[str, Any] | list[Mapping[str, Any]],
    fraction: float | None = None,
    *,
    n: int | None = None,
    random_state: Any = None,
) -> list[dict[str, list[Any]]]:
    """Draw different combinations of a grid, without listing the whole grid.

    Parameters
    ----------
    grid : dict or list of dict
        Parameter -> values, as `GridSearchCV` takes it.
    fraction : float, optional
        Share of the combinations, rounded, at least one.
    n : int, optional
        Number of combinations. Give either this or ``fraction``.
    random_state : int, RandomState or None, default=None
        The same int draws the same combinations, which are those that `RandomizedSearchCV`
        draws from a grid.

    Returns
    -------
    list of dict
        One dict a combination, each parameter with a list of its one value: a
        ``param_grid`` for `GridSearchCV` and the like.

    Raises
    ------
    TypeError
        If it is no grid.
    ValueError
        If a parameter has no list of values, not exactly one of ``fraction`` and ``n`` is
        given, or it is out of range.

    Examples
    --------
    >>> from skhp.search import sample
    >>> grid = {"n_layers": list(range(6)), "width": list(range(1, 1001)), "l2": [0, 1e-3]}
    >>> drawn = sample(grid, fraction=0.01, random_state=0)
    >>> len(drawn), drawn == sample(grid, fraction=0.01, random_state=0)
    (120, True)
    >>> sorted(drawn[0])
    ['l2', 'n_layers', 'width']
    """
    parts = [_listed(part) for part in space_of(grid)]
    total = sum(_size(part) for part in parts)
    if total > sys.maxsize:
        raise ValueError(
            f"The grid has {total:.3g} combinations, and sample can draw from at most "
            f"{sys.maxsize:.3g}. Use RandomizedSearchCV with a distribution for a parameter: it "
            "then draws each parameter on its own."
        )
    drawn = ParameterSampler(parts, _count(total, fraction, n), random_state=random_state)
    return [{name: [value] for name, value in params.items()} for params in drawn]


def _listed(part: Mapping[str, Any]) -> dict[str, list[Any]]:
    listed = {name: choices_of(values) for name, values in part.items()}
    for name, values in listed.items():
        if not values:
            raise ValueError(
                f"{name!r} must have a list of values. Got {part[name]!r}; for distributions use "
                "RandomizedSearchCV, which draws from them."
            )
    return listed  # type: ignore[return-value]


def _size(part: Mapping[str, list[Any]]) -> int:
    return math.prod(map(len, part.values()))


def _count(total: int, fraction: float | None, n: int | None) -> int:
    if (fraction is None) == (n is None):
        raise ValueError(f"Give either fraction or n. Got fraction={fraction!r}, n={n!r}.")
    if n is not None:
        if not isinstance(n, Integral) or isinstance(n, bool) or not 1 <= n <= total:
            raise ValueError(f"n must be an int from 1 to {total}, the whole grid. Got {n!r}.")
        return int(n)
    if not isinstance(fraction, Real) or isinstance(fraction, bool) or not 0 < fraction <= 1:
        raise ValueError(
            f"fraction must be in (0, 1]. Got {fraction!r}. For a number of candidates use n=..."
        )
    return max(1, round(fraction * total))

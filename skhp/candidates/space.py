"""The space of a search, in one form for all searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# Attributes that hold the space: the first two in scikit-learn and Optuna, the last in
# scikit-optimize.
_ATTRIBUTES = ("param_grid", "param_distributions", "search_spaces")


def space_of(search: Any) -> list[Mapping[str, Any]]:
    """The space of a search: mappings of parameters to values or distributions.

    Parameters
    ----------
    search : estimator, mapping or list of mapping
        A search of scikit-learn, scikit-optimize or Optuna, or a space.

    Returns
    -------
    list of mapping
        One mapping for each sub-space.

    Raises
    ------
    TypeError
        If ``search`` is neither a search nor a space.
    """
    space = search
    for name in _ATTRIBUTES:
        space = getattr(search, name, space)
    if isinstance(space, Mapping):
        return [space]
    if isinstance(space, list | tuple):
        # scikit-optimize takes (space, number of candidates) too.
        parts = [part[0] if isinstance(part, tuple) else part for part in space]
        if parts and all(isinstance(part, Mapping) for part in parts):
            return parts
    raise TypeError(
        "Expected a search (GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, "
        "HalvingRandomSearchCV, BayesSearchCV, OptunaSearchCV), or a space: a dict of "
        f"parameter -> values or distribution, or a list of them. Got {search!r}."
    )


def is_one_space(search: Any) -> bool:
    """Whether a search has one space, not a list of spaces.

    Parameters
    ----------
    search : estimator
    """
    given = [getattr(search, name) for name in _ATTRIBUTES if hasattr(search, name)]
    return not given or isinstance(given[-1], Mapping)


def choices_of(values: Any) -> list[Any] | None:
    """The list of values that a parameter can have.

    Parameters
    ----------
    values : sequence or distribution
        The parameter's entry in the space.

    Returns
    -------
    list or None
        None for a range or a distribution.
    """
    for attribute in ("categories", "choices"):  # scikit-optimize's, Optuna's Categorical
        if hasattr(values, attribute):
            return list(getattr(values, attribute))
    if hasattr(values, "rvs") or hasattr(values, "low") or isinstance(values, str):
        return None
    try:
        return list(values)
    except TypeError:
        return None


def interval_of(values: Any) -> tuple[Any, Any] | None:
    """The smallest and the largest value of a range of numbers.

    Parameters
    ----------
    values : sequence or distribution
        The parameter's entry in the space.

    Returns
    -------
    (low, high) or None
        Integers for a range of integers. None for a list of values, or if the range has no end.
    """
    if choices_of(values) is not None:
        return None
    if hasattr(values, "low"):  # scikit-optimize, Optuna
        return values.low, values.high
    if not hasattr(values, "support"):
        return None
    low, high = values.support()
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    is_discrete = hasattr(getattr(values, "dist", values), "pmf")
    return (int(low), int(high)) if is_discrete else (float(low), float(high))


def is_logarithmic(values: Any) -> bool:
    """Whether a distribution is uniform in the logarithm of its values.

    Parameters
    ----------
    values : sequence or distribution
        The parameter's entry in the space.
    """
    scipy_name = getattr(getattr(values, "dist", None), "name", "")
    return (
        scipy_name in ("loguniform", "reciprocal")
        or getattr(values, "prior", None) == "log-uniform"
        or getattr(values, "log", False) is True
    )

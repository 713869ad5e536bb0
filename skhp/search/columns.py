"""The parameters of a search's candidates as columns of numbers."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from skhp.search.names import short_names, value_label
from skhp.search.results_of import results_of


def columns(search: Any) -> dict[str, list[Any]]:
    """Values by short parameter name; None where a candidate has none.

    Parameters
    ----------
    search : fitted search
    """
    params = results_of(search)["params"]
    names = list(dict.fromkeys(name for candidate in params for name in candidate))
    return {
        short: [candidate.get(name) for candidate in params]
        for name, short in short_names(names).items()
    }


def is_numeric(values: list[Any]) -> bool:
    """Whether every value is a number, and no bool."""
    return all(isinstance(value, Real) and not isinstance(value, bool) for value in values)


def numeric_columns(search: Any) -> dict[str, np.ndarray]:
    """The columns of numbers.

    Parameters
    ----------
    search : fitted search
    """
    return {
        name: np.array(values, dtype=float)
        for name, values in columns(search).items()
        if is_numeric(values)
    }


def coded_columns(search: Any) -> dict[str, np.ndarray]:
    """All columns that vary: numbers as they are, others numbered in order of their labels.

    Parameters
    ----------
    search : fitted search
    """
    coded = {}
    for name, values in columns(search).items():
        if is_numeric(values):
            column = np.array(values, dtype=float)
        else:
            column = np.unique([value_label(v) for v in values], return_inverse=True)[1] * 1.0
        if len(np.unique(column)) > 1:
            coded[name] = column
    return coded

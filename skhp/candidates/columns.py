"""The parameters of a search's candidates as columns of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.candidates.names import short_names
from skhp.candidates.results import results_of
from skhp.candidates.values import is_number, unique_values, value_key


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
    return all(is_number(value) for value in values)


def coded_columns(search: Any) -> dict[str, np.ndarray]:
    """All columns that vary: numbers as they are, others numbered as they first come.

    Parameters
    ----------
    search : fitted search
    """
    coded = {}
    for name, values in columns(search).items():
        if is_numeric(values):
            column = np.array(values, dtype=float)
        else:
            number = {value_key(value): i for i, value in enumerate(unique_values(values))}
            column = np.array([number[value_key(value)] for value in values], dtype=float)
        if len(np.unique(column)) > 1:
            coded[name] = column
    return coded

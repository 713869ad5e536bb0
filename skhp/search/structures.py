"""How many different networks a space has, as far as its parameters say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from skhp.candidates.space import choices_of, interval_of
from skhp.candidates.values import is_number, unique_values

# Parameters with integers or names that do not change what is compiled.
_DATA = {"epochs", "random_state", "patience", "verbose", "shuffle", "class_weight", "monitor"}


def n_structures(space: list[Mapping[str, Any]]) -> int | None:
    """Count the combinations of the parameters that can change what is compiled.

    Parameters with real numbers, such as the learning rate, never do. Several combinations may
    share a program, so this is an upper bound.

    Parameters
    ----------
    space : list of mapping

    Returns
    -------
    int or None
        None if one of these parameters has no end.

    Examples
    --------
    >>> n_structures([{"width": [8, 16], "l2": [0, 0.1], "epochs": [5, 10]}])
    2
    """
    counts = [[_n_values(name, values) for name, values in part.items()] for part in space]
    if any(count is None for part in counts for count in part):
        return None
    return sum(math.prod(count for count in part if count is not None) for part in counts)


def _n_values(name: str, values: Any) -> int | None:
    if name.rsplit("__", 1)[-1] in _DATA:
        return 1
    choices = choices_of(values)
    if choices is not None:
        return 1 if _are_real(choices) else len(unique_values(choices))
    interval = interval_of(values)
    if interval is None:
        return None
    low, high = interval
    return high - low + 1 if isinstance(low, int) else 1


def _are_real(values: list[Any]) -> bool:
    return all(map(is_number, values)) and any(isinstance(value, float) for value in values)

"""How many different networks a space has, as far as its parameters say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skhp.candidates.networks import network_in
from skhp.candidates.space import choices_of, interval_of
from skhp.candidates.values import is_number, unique_values
from skhp.mlp.activation_curves import is_shared
from skhp.mlp.base import BaseMLP
from skhp.mlp.shared_sizes import SHARED_BATCH_SIZES, SHARED_WIDTHS, shared_size

# Parameters with integers or names that do not change what is compiled.
_DATA = {"epochs", "random_state", "patience", "verbose", "shuffle", "class_weight", "monitor"}

# A range of more integers is not looked at one by one.
_MOST_COUNTED = 1000


def n_structures(space: list[Mapping[str, Any]], estimator: Any = None) -> int | None:
    """Count the combinations of the parameters that can change what is compiled.

    Parameters with real numbers, such as the learning rate, never do. For `MLPClassifier` and
    `MLPRegressor`, values that share a program count once, and an l2 of zero has programs of its
    own. Other combinations may share a program too, so this is an upper bound.

    Parameters
    ----------
    space : list of mapping
    estimator : estimator, optional
        The network, or a pipeline that ends in one.

    Returns
    -------
    int or None
        None if one of these parameters has no end.

    Examples
    --------
    >>> n_structures([{"width": [8, 80], "l2": [0, 0.1], "epochs": [5, 10]}])
    2
    >>> from skhp import MLPClassifier
    >>> space = [{"width": [8, 16, 80], "activation": ["relu", "tanh", "gelu"]}]
    >>> n_structures(space, MLPClassifier())
    4
    >>> n_structures([{"l2": [0, 0.1, 0.2]}], MLPClassifier())
    2
    """
    shared = _SHARED if isinstance(network_in(estimator), BaseMLP) else {}
    counts = [[_n_values(n, values, shared) for n, values in part.items()] for part in space]
    if any(count is None for part in counts for count in part):
        return None
    return sum(math.prod(count for count in part if count is not None) for part in counts)


def _n_values(name: str, values: Any, shared: Mapping[str, Callable[[Any], Any]]) -> int | None:
    name = name.rsplit("__", 1)[-1]
    if name in _DATA:
        return 1
    choices, interval = choices_of(values), interval_of(values)
    if choices is None and interval is None:
        return None
    if choices is None:
        low, high = interval  # type: ignore[misc]
        if not isinstance(low, int):
            return 1
        if high - low >= _MOST_COUNTED:
            return high - low + 1
        choices = list(range(low, high + 1))
    if name not in shared and _are_real(choices):
        return 1
    compiled_as = shared.get(name, lambda value: value)
    return len(unique_values(compiled_as(value) for value in choices))


def _are_real(values: list[Any]) -> bool:
    return all(map(is_number, values)) and any(isinstance(value, float) for value in values)


def _shared_widths(width: Any) -> Any:
    if np.ndim(width):
        return [shared_size(int(units), SHARED_WIDTHS) for units in width]
    return shared_size(int(width), SHARED_WIDTHS)


def _shared_activation(activation: Any) -> Any:
    return "shared" if isinstance(activation, str) and is_shared(activation) else activation


# Parameter of a perceptron -> a function. Values for which it returns the same share a program.
_SHARED: dict[str, Callable[[Any], Any]] = {
    "width": _shared_widths,
    "activation": _shared_activation,
    "batch_size": lambda size: shared_size(int(size), SHARED_BATCH_SIZES),
    "kernel_initializer": lambda initializer: None,
    "l2": lambda l2: l2 > 0,
}

"""Which values of a parameter are the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np


def is_number(value: Any) -> bool:
    """Whether a value is a real number and not a bool."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def value_key(value: Any) -> Hashable:
    """A key for a value: two values are the same if and only if their keys are equal.

    A number, a bool and a string are never the same. Objects of Keras and scikit-learn are the
    same if they have the same class and the same settings.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> value_key(1) == value_key(1.0), value_key(1) == value_key(True)
    (True, False)
    >>> value_key([64, 32]) == value_key((64, 32)), value_key("1") == value_key(1)
    (True, False)
    """
    for matches, key in _KEYS:
        if matches(value):
            return key(value)
    return ("object", id(value))


def same_value(one: Any, other: Any) -> bool:
    """Whether two values of a parameter are the same.

    Parameters
    ----------
    one, other : object
    """
    return one is other or value_key(one) == value_key(other)


def is_opaque(value: Any) -> bool:
    """Whether only the object itself is the same: a function, or an object without settings.

    Parameters
    ----------
    value : object
    """
    return value_key(value) == ("object", id(value))


def is_among(value: Any, others: Iterable[Any]) -> bool:
    """Whether a value is the same as one of the others.

    Parameters
    ----------
    value : object
    others : iterable of object
    """
    return any(same_value(value, other) for other in others)


def unique_values(values: Iterable[Any]) -> list[Any]:
    """The different values, in the order of their first occurrence.

    Parameters
    ----------
    values : iterable of object
    """
    found: dict[Hashable, Any] = {}
    for value in values:
        found.setdefault(value_key(value), value)
    return list(found.values())


def settings_of(value: Any) -> Mapping[str, Any] | None:
    """The settings of an object of Keras or scikit-learn; None for any other value.

    Parameters
    ----------
    value : object
    """
    if isinstance(value, type):
        return None
    try:
        if hasattr(value, "get_config"):
            config = dict(value.get_config())
            config.pop("name", None)  # Keras numbers its objects: adam_1, adam_2, ...
            return config
        if hasattr(value, "get_params"):
            return dict(value.get_params(deep=False))
    except Exception:  # the object has no config
        return None
    return None


def _key_of_mapping(value: Mapping[Any, Any]) -> Hashable:
    return ("mapping", frozenset((value_key(k), value_key(v)) for k, v in value.items()))


def _key_of_number(value: Any) -> Hashable:
    return ("number", "nan" if value != value else value)


def _has_equality(value: Any) -> bool:
    return type(value).__eq__ is not object.__eq__ and type(value).__hash__ is not None


# (test, function that makes the key): the first rule whose test is true applies.
_KEYS: list[tuple[Callable[[Any], bool], Callable[[Any], Hashable]]] = [
    (lambda value: value is None, lambda value: ("none",)),
    (lambda value: isinstance(value, bool | np.bool_), lambda value: ("bool", bool(value))),
    (is_number, _key_of_number),
    (lambda value: isinstance(value, str), lambda value: ("text", str(value))),
    (
        lambda value: isinstance(value, list | tuple),
        lambda value: ("sequence", tuple(map(value_key, value))),
    ),
    (
        lambda value: isinstance(value, np.ndarray),
        lambda value: (
            ("sequence", tuple(map(value_key, value.tolist())))
            if value.ndim
            else value_key(value.item())
        ),
    ),
    (lambda value: isinstance(value, Mapping), _key_of_mapping),
    (
        lambda value: settings_of(value) is not None,
        lambda value: ("settings", type(value), value_key(settings_of(value))),
    ),
    (_has_equality, lambda value: ("equal", type(value), value)),
]

"""What a constructor parameter may be, and the error if it is something else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skhp.compat.sklearn import InvalidParameterError


class Allowed(NamedTuple):
    """One kind of value that a parameter may have.

    Parameters
    ----------
    holds : callable
        Whether a value is of this kind.
    words : str
        What an error calls it.
    """

    holds: Callable[[Any], bool]
    words: str


def int_from(low: int, high: int | None = None) -> Allowed:
    """Integers from ``low`` to ``high``, both included. True and False do not count as integers.

    Examples
    --------
    >>> int_from(1).holds(1), int_from(1).holds(0), int_from(1).holds(True)
    (True, False, False)
    """
    most = float("inf") if high is None else high

    def holds(value: Any) -> bool:
        return isinstance(value, Integral) and not _is_bool(value) and low <= int(value) <= most

    return Allowed(holds, f"an int in the range [{low}, {'inf)' if high is None else f'{high}]'}")


def float_from(low: float, high: float | None = None, low_included: bool = True) -> Allowed:
    """Numbers from ``low`` up to ``high``, which is excluded. True and False are not numbers.

    Examples
    --------
    >>> float_from(0, 1).holds(0), float_from(0, 1).holds(1)
    (True, False)
    >>> float_from(0, low_included=False).words
    'a float in the range (0.0, inf)'
    """
    end = float("inf") if high is None else float(high)

    def holds(value: Any) -> bool:
        if not isinstance(value, Real) or _is_bool(value):
            return False
        number = float(value)
        return (low <= number if low_included else low < number) and number < end

    return Allowed(
        holds, f"a float in the range {'[' if low_included else '('}{float(low)}, {end})"
    )


def object_with(*methods: str) -> Allowed:
    """Objects that have these methods.

    Examples
    --------
    >>> object_with("append", "pop").holds([]), object_with("append", "pop").holds(())
    (True, False)
    """
    names = " and ".join(map(repr, methods))

    def holds(value: Any) -> bool:
        return all(callable(getattr(value, method, None)) for method in methods)

    return Allowed(holds, f"an object implementing {names}")


def text(value: str) -> Allowed:
    """One string."""
    return Allowed(
        lambda given: isinstance(given, str) and given == value, f"a str among {{{value!r}}}"
    )


def instance_of(kind: type) -> Allowed:
    """Objects of a class."""
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return Allowed(lambda value: isinstance(value, kind), f"an instance of {name!r}")


def any_of(*kinds: Allowed) -> Allowed:
    """Whatever one of several kinds allows."""
    return Allowed(lambda value: any(kind.holds(value) for kind in kinds), _joined(kinds))


def _joined(kinds: Sequence[Allowed]) -> str:
    *first, last = [kind.words for kind in kinds]
    return f"{', '.join(first)} or {last}" if first else last


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_array_like(value: Any) -> bool:
    marks = ("__len__", "shape", "__array__")
    return (
        any(hasattr(value, mark) for mark in marks)
        and not issparse(value)
        and not np.isscalar(value)
    )


NONE = Allowed(lambda value: value is None, "None")
CALLABLE = Allowed(callable, "a callable")
ARRAY_LIKE = Allowed(_is_array_like, "an array-like")
BOOLEAN = any_of(instance_of(bool), instance_of(np.bool_))
RANDOM_STATE = any_of(int_from(0, 2**32 - 1), instance_of(np.random.RandomState), NONE)
VERBOSE = any_of(int_from(0), instance_of(bool), instance_of(np.bool_))


def check_values(
    allowed: Mapping[str, Sequence[Allowed]], params: Mapping[str, Any], estimator: str
) -> None:
    """Raise an error if a parameter has a value that it may not have.

    Parameters
    ----------
    allowed : mapping of str to sequence of Allowed
        The kinds of value of each parameter. A parameter without an entry may be anything.
    params : mapping of str to object
    estimator : str
        Name of the estimator's class.

    Raises
    ------
    ValueError, TypeError
        One error that is both, which names the parameter, its value and what it may be.

    Examples
    --------
    >>> check_values({"width": [int_from(1), ARRAY_LIKE]}, {"width": 0}, "MLPClassifier")
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: The 'width' parameter of
    MLPClassifier must be an int in the range [1, inf) or an array-like. Got 0 instead.
    """
    for name, value in params.items():
        kinds = allowed.get(name, ())
        is_allowed = _is_allowed_plain if type(value) in _PLAIN else _is_allowed
        if kinds and not is_allowed(tuple(kinds), value):
            raise _not_allowed(name, value, _joined(kinds), estimator)


# Values that never change. A search checks the same ones at each fit.
_PLAIN = {bool, int, float, str, type(None)}


def _is_allowed(kinds: tuple[Allowed, ...], value: Any) -> bool:
    return any(kind.holds(value) for kind in kinds)


_is_allowed_plain = functools.lru_cache(maxsize=1024, typed=True)(_is_allowed)


def check_value(name: str, value: Any, allowed: Allowed, estimator: str) -> None:
    """Raise an error if a parameter has a value that is not of the allowed kind.

    Parameters
    ----------
    name : str
        The parameter.
    value : object
    allowed : Allowed
    estimator : str
        Name of the estimator's class.

    Raises
    ------
    ValueError, TypeError
        One error that is both.

    Examples
    --------
    >>> check_value("epochs", 0, int_from(1), "MLPClassifier")
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: The 'epochs' parameter of
    MLPClassifier must be an int in the range [1, inf). Got 0 instead.
    """
    if not allowed.holds(value):
        raise _not_allowed(name, value, allowed.words, estimator)


def _not_allowed(name: str, value: Any, words: str, estimator: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"The {name!r} parameter of {estimator} must be {words}. Got {value!r} instead."
    )

"""Checks of arguments that several tables and displays take."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def check_n(name: str, value: Any) -> int:
    """Raise ValueError where a count is no positive integer.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive int. Got {value!r}.")
    return int(value)


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError where an argument is none of some names.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
    choices : tuple of str
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}. Got {value!r}.")

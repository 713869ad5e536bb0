"""Checks of arguments that several tables and displays take."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def check_n(name: str, value: Any) -> int:
    """Raise ValueError if a value is not a positive integer.

    Parameters
    ----------
    name : str
        The name of the argument.
    value : object
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive int. Got {value!r}.")
    return int(value)


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError if a value is not one of the choices.

    Parameters
    ----------
    name : str
        The name of the argument.
    value : object
    choices : tuple of str
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}. Got {value!r}.")

"""One pass through a value and all values that it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Values that hold no other value.
PLAIN = (str, bytes, int, float, complex, type(None), np.generic, np.dtype)


def is_plain_array(value: Any) -> bool:
    """Whether it is an array that holds no Python objects.

    Parameters
    ----------
    value : object
    """
    return isinstance(value, np.ndarray) and value.dtype != object


class Walk:
    """One pass through a value. An object that occurs twice is handled once."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}  # with originals, so that ids stay valid

    def walked(self, value: Any, handle: Callable[[Any], Any]) -> Any:
        """What ``handle`` makes of a value, or made of it before.

        Parameters
        ----------
        value : object
        handle : callable
            It is not called for plain values.
        """
        if isinstance(value, PLAIN) or is_plain_array(value):
            return value
        if id(value) not in self._done:
            self.note(value, handle(value))
        return self._done[id(value)][1]

    def note(self, value: Any, result: Any) -> Any:
        """Remember what a value became, and return it.

        Parameters
        ----------
        value, result : object
        """
        self._done[id(value)] = (value, result)
        return result

    def container(self, value: Any, handle: Callable[[Any], Any]) -> Any:
        """The same container, with what ``handle`` makes of its parts.

        Parameters
        ----------
        value : dict, list or tuple
        handle : callable
        """
        if type(value) is tuple:
            return tuple(handle(part) for part in value)
        result: Any = self.note(value, type(value)())  # noted first, because it may contain itself
        if type(value) is dict:
            result.update((key, handle(part)) for key, part in value.items())
        else:
            result.extend(handle(part) for part in value)
        return result

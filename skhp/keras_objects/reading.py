"""What reading an object into plain values means, and the error if it cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class NotEstablished(ValueError):
    """It is not known whether an object computes the same as another."""


class Reader(Protocol):
    """Reads objects into nested tuples of plain values.

    Attributes
    ----------
    has_own_code : bool
        Whether any function or class that was read belongs neither to Python nor to Keras.
    libraries : set of str
        The packages whose functions, classes or modules were read by name only.
    names : set of str
        The global names and the attributes in the code that was read, and the names of the
        modules of library functions.
    reads_all : bool
        Whether names and seeds are read too, and the settings of optimizers.
    """

    has_own_code: bool
    libraries: set[str]
    names: set[str]
    reads_all: bool

    def read(self, value: Any) -> Any:
        """One object."""

    def attributes(self, value: Any, left_out: Iterable[str] = ()) -> tuple[Any, ...]:
        """The attributes of an object, in the order of their names."""

    def write_as(self, thing: Any, reading: tuple[Any, ...]) -> None:
        """Set what to write for an object."""


def established(read: Callable[..., Any], *args: Any) -> Any:
    """Call a reading function; any error in it becomes `NotEstablished`."""
    try:
        return read(*args)
    except NotEstablished:
        raise
    except Exception as error:
        raise NotEstablished(f"it cannot be read ({type(error).__name__}: {error})") from error

"""Attributes that are read from their stored form when they are first used.

Reading an object of Keras imports Keras, which takes seconds and hundreds of megabytes. A
process that only predicts does not need these objects, so they wait until someone asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_UNREAD = "_unread_attributes"


class LateAttributes:
    """An object, some of whose attributes may still be in their stored form."""

    def __getattr__(self, name: str) -> Any:
        unread = vars(self).get(_UNREAD)
        if unread is not None and name in unread.stored:
            return unread.read(self, name)
        return object.__getattribute__(self, name)  # raises the usual error

    def __getstate__(self) -> dict[str, Any]:
        for name in current_attributes(self):
            getattr(self, name)
        return current_attributes(self)


class UnreadAttributes:
    """Stored attributes of one object, and how to read them.

    Parameters
    ----------
    stored : dict of str to object
        Stored forms by the names of the attributes.
    read : callable
        Makes a value from its stored form.
    """

    def __init__(self, stored: dict[str, Any], read: Callable[[Any], Any]) -> None:
        self.stored = stored
        self._read = read
        self._lock = threading.RLock()  # two threads get the same object

    def read(self, owner: Any, name: str) -> Any:
        """Read one attribute, and set it on its owner."""
        with self._lock:
            if name not in vars(owner):
                vars(owner)[name] = self._read(self.stored[name])
            return vars(owner)[name]


def read_later(owner: Any, stored: dict[str, Any], read: Callable[[Any], Any]) -> None:
    """Leave attributes of an object in their stored form until they are used.

    Parameters
    ----------
    owner : LateAttributes
    stored : dict of str to object
    read : callable
        Makes a value from its stored form.
    """
    if stored:
        vars(owner)[_UNREAD] = UnreadAttributes(stored, read)


def current_attributes(owner: Any) -> dict[str, Any]:
    """All attributes of an object; those that nobody has used yet in their stored form.

    Parameters
    ----------
    owner : object
    """
    attributes = dict(vars(owner))
    unread = attributes.pop(_UNREAD, None)
    return attributes if unread is None else {**unread.stored, **attributes}

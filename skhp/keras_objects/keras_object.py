"""A Keras object, with a token that says when two of them are the same."""

from __future__ import annotations

import functools
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from skhp.compat.keras import config_of
from skhp.keras_objects.late_attributes import LateAttributes, current_attributes
from skhp.keras_objects.stored_forms import StoredChoice


@dataclass(frozen=True)
class KerasObject(LateAttributes):
    """A Keras object and the token that says when two of them are the same.

    Parameters
    ----------
    token : hashable
        Equal for equal settings; the object itself is not compared.
    value : object
        The object. After unpickling it is made when it is first used.
    why_unknown : str or None
        Why it cannot be compared with others, so that no program may be shared; None
        if it can.
    choice : tuple of str or None
        The constructor parameter and the name by which Keras finds the object; None if
        there is no such name.
    """

    token: Hashable
    value: Any = field(compare=False)
    why_unknown: str | None = None
    choice: tuple[str, str] | None = field(default=None, compare=False)

    @functools.cached_property
    def config(self) -> dict[str, Any]:
        """The object's settings, read once: the user's own object is looked up at each fit.

        An optimizer reads its learning rate from a variable of the backend for it.
        """
        return config_of(self.value)

    @property
    def name(self) -> str | None:
        """Keras's name of a built-in function, None for the user's own."""
        return self.token if isinstance(self.token, str) else None

    def stored_attributes(self) -> dict[str, Any]:
        """The attributes that a pickle holds: the name alone if Keras knows it."""
        attributes = current_attributes(self)
        attributes.pop("config", None)
        if self.choice is not None:
            attributes["value"] = StoredChoice(*self.choice)
        return attributes

"""Make values from their stored form; see `skhp.keras_objects.stored_writer`."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

from skhp import runtime
from skhp.keras_objects.importable_names import find_in_keras
from skhp.keras_objects.late_attributes import LateAttributes, read_later
from skhp.keras_objects.own_attributes import set_attributes
from skhp.keras_objects.storage import PackedModel, holds_bytecode, unpack_model
from skhp.keras_objects.stored_forms import (
    StoredByConfig,
    StoredByState,
    StoredChoice,
    StoredCode,
    StoredName,
)
from skhp.keras_objects.value_walk import PLAIN, Walk, is_plain_array

# What `StoredCode` holds may use Keras.
_NEED_KERAS = (StoredName, StoredChoice, StoredByConfig, StoredCode, PackedModel)


def from_stored(value: Any) -> Any:
    """Make a value from its stored form.

    Parameters
    ----------
    value : object
        As `to_stored` returned it.

    Raises
    ------
    ValueError
        If it names something that Keras does not have, or a model's config holds code.
    """
    return _Reader().read(value)


def read_attributes(
    owner: LateAttributes, stored: dict[str, Any], read: Callable[[Any], Any] | None = None
) -> None:
    """Set stored attributes on an object. Those that need Keras are read when first used.

    Parameters
    ----------
    owner : LateAttributes
    stored : dict
        By name, as `stored_attributes` returned it.
    read : callable, optional
        Makes a value from its stored form; `from_stored` by default.
    """
    read = _Reader().read if read is None else read
    late = {name: value for name, value in stored.items() if _needs_keras(value)}
    vars(owner).update({n: read(value) for n, value in stored.items() if n not in late})
    read_later(owner, late, read)


def _needs_keras(stored: Any) -> bool:
    """Whether reading a stored form may import Keras."""
    seen: set[int] = set()
    left = [stored]
    while left:
        value = left.pop()
        if isinstance(value, _NEED_KERAS):
            return True
        if isinstance(value, PLAIN) or is_plain_array(value) or id(value) in seen:
            continue
        seen.add(id(value))
        left += _parts_read_now(value)
    return False


def _parts_read_now(stored: Any) -> list[Any]:
    if type(stored) is dict:
        return list(stored.values())
    if type(stored) in (list, tuple):
        return list(stored)
    if type(stored) is StoredByState:
        late = isinstance(stored.kind, type) and issubclass(stored.kind, LateAttributes)
        return [] if late else [stored.kind, stored.state]
    return []


class _Reader(Walk):
    def read(self, value: Any) -> Any:
        return self.walked(value, self._read)

    def _read(self, value: Any) -> Any:
        if type(value) in (dict, list, tuple):
            return self.container(value, self.read)
        reader = _READERS.get(type(value))
        return value if reader is None else reader(self, value)

    def by_config(self, stored: StoredByConfig) -> Any:
        runtime.start()
        from skhp.keras_objects.user_code import make_from_config

        made = make_from_config(self._kind(stored.kind), self.read(stored.config))
        return set_attributes(made, stored.attributes)

    def by_state(self, stored: StoredByState) -> Any:
        kind = self._kind(stored.kind)
        thing = self.note(stored, kind.__new__(kind))
        if isinstance(thing, LateAttributes):
            read_attributes(thing, stored.state, self.read)
            return thing
        state = self.read(stored.state)
        if hasattr(thing, "__setstate__"):
            thing.__setstate__(state)
        else:
            vars(thing).update(state)
        return thing

    def packed(self, packed: PackedModel) -> Any:
        if holds_bytecode(packed.config):
            raise ValueError(
                "The stored model has bytecode of a function in its config. skhp does not write "
                "bytecode there, so the file was changed. Do not load it."
            )
        fields = dataclasses.fields(packed)
        return unpack_model(
            PackedModel(**{f.name: self.read(vars(packed)[f.name]) for f in fields})
        )

    def _kind(self, kind: Any) -> Any:
        kind = self.read(kind)
        if not isinstance(kind, type):
            raise ValueError(f"A stored object must have a class. Got {kind!r}.")
        return kind


def _look_up(stored: StoredChoice) -> Any:
    runtime.start()
    from skhp.keras_objects.catalogue import look_up

    return look_up(stored.kind, stored.name).value


def _read_code(stored: StoredCode) -> Any:
    if b"keras" in stored.pickled:
        runtime.start()  # else the pickle would import Keras: more slowly, and with notices
    return pickle.loads(stored.pickled)


_READERS: dict[type, Callable[[_Reader, Any], Any]] = {
    StoredName: lambda reader, stored: find_in_keras(stored),
    StoredChoice: lambda reader, stored: _look_up(stored),
    StoredByConfig: _Reader.by_config,
    StoredByState: _Reader.by_state,
    StoredCode: lambda reader, stored: _read_code(stored),
    PackedModel: _Reader.packed,
}

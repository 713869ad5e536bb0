"""The key under which a traced program is kept on disk."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from skhp.engine.structure import Structure
from skhp.keras_objects.fingerprint import NotEstablished, is_keras_own
from skhp.keras_objects.keras_object import KerasObject


def graph_key(
    structure: Structure, capacity: tuple[int, int], scalars: Mapping[str, np.ndarray]
) -> str | None:
    """A digest of everything that a traced program depends on; None if that is not known.

    The versions of Keras and TensorFlow are not part of it: each version has a directory.

    Parameters
    ----------
    structure : Structure
        A structure of Keras's own parts only. The values that a user's function reads may
        differ in another process.
    capacity : tuple of int
        The most training and validation rows.
    scalars : mapping of str to ndarray
        What is data to the program. Only their types and shapes count.
    """
    kinds = [(name, str(np.asarray(a).dtype), np.shape(a)) for name, a in scalars.items()]
    devices = keras.distribution.list_devices()
    try:
        parts = _plain((structure, capacity, kinds, devices))
    except NotEstablished:
        return None
    return hashlib.sha256(repr((_own_source(), parts)).encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    """Nested tuples of plain values, which are equal in every process."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if isinstance(value, frozenset):
        return tuple(sorted(map(_plain, value)))
    if inspect.isclass(value) and is_keras_own(value):
        return (value.__module__, value.__qualname__)
    if isinstance(value, KerasObject) and value.why_unknown:
        raise NotEstablished(value.why_unknown)
    if is_dataclass(value):
        compared = (field.name for field in fields(value) if field.compare)
        return (type(value).__name__, *(_plain(getattr(value, name)) for name in compared))
    raise NotEstablished(f"it holds a {type(value).__name__}")


@functools.cache
def _own_source() -> str:
    """A digest of skhp's own code: a change of it may change what is traced."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()

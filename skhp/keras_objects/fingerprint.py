"""Fingerprints: what an object computes, as a text that only equal objects have in common.

Two models may share a compiled program only if they compute the same. A fingerprint is
made from everything that can change the result: the code of the user's functions and
classes, the attributes of objects, and the values of the global names and the closures that
the code reads. For an object that may change, such as a random generator, there is no
fingerprint, and `NotEstablished` says why.
"""

from __future__ import annotations

import collections
import enum
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from skhp import runtime
from skhp.keras_objects.code_readings import (
    read_builtin,
    read_class,
    read_function,
    read_module,
)
from skhp.keras_objects.object_readings import (
    layer_state,
    read_array,
    read_enum,
    read_layer,
    read_metric,
    read_object,
    read_optimizer,
    read_subclass,
    refuse,
    values_of_slots,
)
from skhp.keras_objects.origins import is_keras_own
from skhp.keras_objects.reading import NotEstablished, Reader, established

runtime.start()

import keras  # noqa: E402

__all__ = [
    "FingerprintReader",
    "NotEstablished",
    "digest",
    "established",
    "fingerprint",
    "is_keras_own",
    "layer_state",
]


class FingerprintReader:
    """Reads objects into nested tuples of plain values.

    Parameters
    ----------
    known : mapping of int to tuple, optional
        What to write for some objects, by their ``id``: the variables and layers of the
        model that is read, for example.
    reads_all : bool, default=False
        Whether to read also what changes no program: the names of Keras's objects, the seeds of
        initializers, and the settings of optimizers.

    Attributes
    ----------
    has_own_code : bool
        Whether any function or class that was read belongs neither to Python nor to Keras.
    libraries : set of str
        The packages whose functions, classes or modules were read by name only.
    names : set of str
        The global names and the attributes in the code that was read, and the names of the
        modules of library functions.
    """

    def __init__(
        self, known: Mapping[int, tuple[Any, ...]] | None = None, reads_all: bool = False
    ) -> None:
        self.has_own_code, self.reads_all = False, reads_all
        self.libraries: set[str] = set()
        self.names: set[str] = set()
        self._known = dict(known or {})
        self._done: dict[int, Any] = {}
        self._open: list[int] = []
        self._kept: list[Any] = []  # an id is only unique while its object lives

    def read(self, value: Any) -> Any:
        """One object.

        Raises
        ------
        NotEstablished
            If it is not known what the object, or something that it holds, computes.
        """
        if value is None or value is Ellipsis or type(value) in _PLAIN:
            return (type(value).__name__, repr(value))
        key = id(value)
        if key in self._known:
            return self._known[key]
        if key in self._done:
            return self._done[key]
        if key in self._open:  # a function that calls itself
            return ("within", len(self._open) - self._open.index(key))
        self._open.append(key)
        self._kept.append(value)
        try:
            result = self._read_by_kind(value)
        finally:
            self._open.pop()
        self._done[key] = result
        return result

    def _read_by_kind(self, value: Any) -> Any:
        for is_kind, read in _KINDS:
            if is_kind(value):
                return read(self, value)
        return read_object(self, value)

    def write_as(self, thing: Any, reading: tuple[Any, ...]) -> None:
        """Set what to write for an object.

        Parameters
        ----------
        thing : object
        reading : tuple
        """
        self._known[id(thing)] = reading

    def attributes(self, value: Any, left_out: Iterable[str] = ()) -> tuple[Any, ...]:
        """The attributes of an object, in the order of their names."""
        found = {**values_of_slots(value), **getattr(value, "__dict__", {})}
        names = sorted(name for name in found if name not in left_out)
        return tuple((name, self.read(found[name])) for name in names)


def fingerprint(value: Any) -> str:
    """A digest that two objects have in common only if they compute the same.

    Parameters
    ----------
    value : object

    Raises
    ------
    NotEstablished
        If it is not known what the object computes.

    Examples
    --------
    >>> def scaled_by(factor):
    ...     return lambda x: factor * x
    >>> fingerprint(scaled_by(2)) == fingerprint(scaled_by(2))
    True
    >>> fingerprint(scaled_by(2)) == fingerprint(scaled_by(3))
    False
    """
    return digest(established(FingerprintReader().read, value))


def digest(parts: Any) -> str:
    """A short digest of nested tuples of plain values."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


_PLAIN = (bool, int, float, complex, str, bytes)

# The kind of the attributes of a named tuple's class.
_ITEM_OF_NAMED_TUPLE = type(vars(collections.namedtuple("_Any", "item"))["item"])


def _is_any(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _items(reader: Reader, values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(reader.read(value) for value in values)


def _sequence(reader: Reader, value: Any) -> Any:
    return (
        "sequence",
        isinstance(value, list),
        _items(reader, value),
        read_subclass(reader, value),
    )


def _mapping(reader: Reader, value: Any) -> Any:
    items = tuple((reader.read(key), reader.read(item)) for key, item in value.items())
    return ("mapping", items, read_subclass(reader, value))


# What an object is -> how it is read; the first that fits.
_KINDS: list[tuple[Callable[[Any], bool], Callable[[Reader, Any], Any]]] = [
    (inspect.isclass, read_class),
    (inspect.isfunction, read_function),
    (inspect.isbuiltin, read_builtin),
    (inspect.ismodule, read_module),
    (_is_any(enum.Enum), read_enum),
    (inspect.ismethod, lambda r, v: ("method", r.read(v.__func__), r.read(v.__self__))),
    (
        _is_any(functools.partial),
        lambda r, v: ("partial", r.read(v.func), r.read(v.args), r.read(v.keywords)),
    ),
    (_is_any(staticmethod, classmethod), lambda r, v: (type(v).__name__, r.read(v.__func__))),
    (_is_any(property), lambda r, v: ("property", *_items(r, (v.fget, v.fset, v.fdel)))),
    (_is_any(functools.cached_property), lambda r, v: ("cached", r.read(v.func))),
    (
        _is_any(
            _ITEM_OF_NAMED_TUPLE,
            types.MemberDescriptorType,
            types.GetSetDescriptorType,
            types.WrapperDescriptorType,
            types.MethodDescriptorType,
            types.ClassMethodDescriptorType,
            types.MethodWrapperType,
        ),
        lambda r, v: ("descriptor", getattr(v, "__qualname__", repr(v))),
    ),
    (_is_any(np.ufunc), lambda r, v: ("ufunc", v.__name__)),
    (_is_any(np.dtype), lambda r, v: ("dtype", v.str)),
    (lambda v: type(v).__name__ == "TensorShape", lambda r, v: ("shape", str(v))),
    (_is_any(slice, range), lambda r, v: (type(v).__name__, repr(v))),
    (_is_any(keras.Variable), refuse("a variable, whose value may change")),
    (_is_any(keras.KerasTensor), lambda r, v: ("tensor", v.shape, v.dtype, v.sparse)),
    (_is_any(keras.random.SeedGenerator), refuse("a random generator")),
    (_is_any(np.random.Generator, np.random.RandomState), refuse("a random generator")),
    (_is_any(keras.metrics.Metric), read_metric),
    (lambda v: isinstance(v, keras.optimizers.Optimizer), read_optimizer),
    (_is_any(keras.layers.Layer), read_layer),
    (_is_any(list, tuple), _sequence),
    (_is_any(set, frozenset), lambda r, v: ("set", tuple(sorted(map(repr, _items(r, v)))))),
    (_is_any(Mapping), _mapping),
    (lambda value: hasattr(value, "read_value"), refuse("a variable, whose value may change")),
    (lambda value: hasattr(value, "python_function"), lambda r, v: r.read(v.python_function)),
    (lambda value: hasattr(value, "__array__"), read_array),
]

"""Objects as plain values: their class and the attributes that change what they compute."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from skhp import runtime
from skhp.compat.keras import (
    NAME_ATTRIBUTES,
    SEED_ATTRIBUTES,
    bookkeeping_attributes,
    config_of,
    excluded_names,
)
from skhp.keras_objects.origins import is_keras_own, root_of
from skhp.keras_objects.own_attributes import own_attributes
from skhp.keras_objects.reading import NotEstablished, Reader

runtime.start()

import keras  # noqa: E402


def read_object(reader: Reader, value: Any) -> Any:
    """An object of any class: the class and the attributes."""
    kind = type(value)
    of_backend = root_of(kind.__module__) in ("tensorflow", "jax", "jaxlib")
    if of_backend or not (_has_vars(value) or values_of_slots(value)):
        raise NotEstablished(f"it holds a {kind.__module__}.{kind.__qualname__}")
    left_out = _bookkeeping_of(reader, value)
    if not reader.reads_all and _is_initializer(value):
        left_out |= set(SEED_ATTRIBUTES)
    attributes = reader.attributes(value, left_out)
    plain = [repr_of(value) for base, repr_of in _PLAIN.items() if isinstance(value, base)]
    return ("object", reader.read(kind), attributes, *plain)


# A class may extend one of these -> what writes the value itself.
_PLAIN = {kind: kind.__repr__ for kind in (int, float, complex, str, bytes)}


def read_subclass(reader: Reader, value: Any) -> Any:
    """The class of a list, mapping or array, and its attributes.

    None if the class is one of Python, NumPy, Keras or TensorFlow, without attributes that count.
    """
    kind = type(value)
    module = kind.__module__
    if module in ("builtins", "numpy") or root_of(module) in ("keras", "tensorflow", "jaxlib"):
        return None
    default = getattr(value, "default_factory", None)
    return (reader.read(kind), reader.attributes(value), reader.read(default))


def values_of_slots(value: Any) -> dict[str, Any]:
    """The attributes of an object that its classes list in ``__slots__``."""
    found = {}
    for kind in type(value).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def read_array(reader: Reader, value: Any) -> Any:
    """An array: its type, shape and a digest of its values."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return ("array", array.shape, tuple(reader.read(item) for item in array.ravel().tolist()))
    data = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    kind = type(value).__name__
    return (kind, array.dtype.str, array.shape, data, read_subclass(reader, value))


def read_enum(reader: Reader, member: Any) -> Any:
    """A member of an enumeration."""
    return ("enum", type(member).__qualname__, member.name, repr(member.value))


def refuse(what: str) -> Callable[[Reader, Any], Any]:
    """A reading that always raises `NotEstablished`."""

    def read(reader: Reader, value: Any) -> Any:
        raise NotEstablished(f"it holds {what}")

    return read


def read_metric(reader: Reader, metric: Any) -> Any:
    """A metric, without the values of its variables."""
    for variable in metric.variables:  # they are set to zero before each epoch
        reader.write_as(variable, ("state", str(variable.dtype), tuple(variable.shape)))
    return read_object(reader, metric)


def read_layer(reader: Reader, layer: Any) -> Any:
    """A layer outside of the model: an activation given as a layer, for example."""
    if layer.variables:
        raise NotEstablished(f"it holds the layer {type(layer).__name__}, which has weights")
    return layer_state(reader, layer)


def layer_state(reader: Reader, layer: Any) -> Any:
    """Class and attributes of a layer, without its name and what Keras keeps on every layer."""
    left_out = _bookkeeping_of(reader, layer)
    return ("layer", reader.read(type(layer)), reader.attributes(layer, left_out))


def read_optimizer(reader: Reader, optimizer: Any) -> Any:
    """An optimizer. Its settings are the config: a learning rate is a variable, for example."""
    if not reader.reads_all:
        return read_object(reader, optimizer)
    if optimizer.built:
        raise NotEstablished("it holds an optimizer that was used")
    settings = (config_of(optimizer), own_attributes(optimizer), excluded_names(optimizer))
    return ("optimizer", reader.read(type(optimizer)), reader.read(settings))


def _bookkeeping_of(reader: Reader, value: Any) -> frozenset[str]:
    names = bookkeeping_attributes(value)
    if reader.reads_all:
        names -= set(NAME_ATTRIBUTES)
    elif _is_keras_object(value):
        names |= set(NAME_ATTRIBUTES)
    tracked = vars(value) if _has_vars(value) else ()
    return names | {name for name in tracked if name.startswith("_self_")}


def _is_initializer(value: Any) -> bool:
    return isinstance(value, keras.initializers.Initializer) and is_keras_own(type(value))


def _has_vars(value: Any) -> bool:
    return hasattr(value, "__dict__")


def _is_keras_object(value: Any) -> bool:
    return any(is_keras_own(kind) for kind in type(value).__mro__)

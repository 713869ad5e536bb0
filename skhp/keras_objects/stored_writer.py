"""The stored form of an estimator's values: a pickle of it shows everything that it loads.

Plain values, arrays and whatever `pickle` finds by its name are not changed. An object of
Keras is replaced by its class and its settings, and a Keras model by a `PackedModel`. So a
tool such as skops can list what a file would load. Code without an importable name (a lambda,
a function of ``__main__``) is stored by value, in a `StoredCode`, which the list shows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import operator
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from skhp import runtime
from skhp.compat.sklearn_callback import CALLBACKS_ATTRIBUTE, FIT_ATTRIBUTES
from skhp.keras_objects.keras_object import KerasObject
from skhp.keras_objects.late_attributes import LateAttributes, read_later
from skhp.keras_objects.storage import (
    PackedModel,
    holds_bytecode,
    optimizer_config,
    pack_model,
    unpack_model,
)
from skhp.keras_objects.stored_forms import (
    StoredByConfig,
    StoredByState,
    StoredChoice,
    StoredCode,
    StoredName,
)

_STORED = (StoredName, StoredChoice, StoredByConfig, StoredByState, StoredCode)

# What `StoredCode` holds may use Keras.
_NEED_KERAS = (StoredName, StoredChoice, StoredByConfig, StoredCode, PackedModel)

# Values that hold no other value.
_PLAIN = (str, bytes, int, float, complex, type(None), np.generic, np.dtype)


def to_stored(value: Any) -> Any:
    """The stored form of a value.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
        The value itself if it needs no other form.
    """
    return _Writer().write(value)


def stored_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """The stored form of an estimator's attributes.

    Parameters
    ----------
    attributes : dict
        By name.
    """
    # scikit-learn's callbacks are not changed: a search holds the same objects.
    left = {n: attributes[n] for n in (CALLBACKS_ATTRIBUTE, *FIT_ATTRIBUTES) if n in attributes}
    return {**to_stored({n: v for n, v in attributes.items() if n not in left}), **left}


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
        if isinstance(value, _PLAIN) or _is_plain_array(value) or id(value) in seen:
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


class _Walk:
    """One pass through a value. An object that occurs twice is handled once."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}  # with originals, so that ids stay valid

    def _walked(self, value: Any, handle: Callable[[Any], Any]) -> Any:
        if isinstance(value, _PLAIN) or _is_plain_array(value):
            return value
        if id(value) not in self._done:
            self._note(value, handle(value))
        return self._done[id(value)][1]

    def _note(self, value: Any, result: Any) -> Any:
        self._done[id(value)] = (value, result)
        return result

    def _container(self, value: Any, handle: Callable[[Any], Any]) -> Any:
        if type(value) is tuple:
            return tuple(handle(part) for part in value)
        result: Any = self._note(value, type(value)())  # noted first, because it may contain itself
        if type(value) is dict:
            result.update((key, handle(part)) for key, part in value.items())
        else:
            result.extend(handle(part) for part in value)
        return result


class _Writer(_Walk):
    def write(self, value: Any) -> Any:
        return self._walked(value, self._write)

    def _write(self, value: Any) -> Any:
        if type(value) in (dict, list, tuple):
            return self._container(value, self.write)
        if isinstance(value, _STORED):
            return value
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            return _name_or_code(value)
        if isinstance(value, KerasObject):
            return self.by_state(value, value.stored_attributes())
        as_keras = _keras_writer(value)
        if as_keras is not None:
            return as_keras(self, value)
        state = _standard_state(value)
        plain = _is_own_dataclass(value) or _is_keras_name(type(value))
        if _is_open(value) and not (plain and state is not None):
            return value
        return StoredCode(_by_value(value)) if state is None else self.by_state(value, state)

    def by_state(self, value: Any, state: dict[str, Any]) -> StoredByState:
        stored = self._note(value, StoredByState(self.write(type(value)), {}))
        stored.state.update(self.write(dict(state)))
        return stored

    def by_config(self, value: Any, config: dict[str, Any]) -> StoredByConfig:
        return StoredByConfig(self.write(type(value)), self.write(config))

    def packed(self, packed: PackedModel) -> PackedModel:
        parts = {f.name: self.write(getattr(packed, f.name)) for f in dataclasses.fields(packed)}
        if holds_bytecode(packed.config):
            parts["config"] = StoredCode(_by_value(packed.config))
        return PackedModel(**parts)


class _Reader(_Walk):
    def read(self, value: Any) -> Any:
        return self._walked(value, self._read)

    def _read(self, value: Any) -> Any:
        if type(value) in (dict, list, tuple):
            return self._container(value, self.read)
        reader = _READERS.get(type(value))
        return value if reader is None else reader(self, value)

    def by_config(self, stored: StoredByConfig) -> Any:
        runtime.start()
        from skhp.keras_objects.user_code import make_from_config

        return make_from_config(self._kind(stored.kind), self.read(stored.config))

    def by_state(self, stored: StoredByState) -> Any:
        kind = self._kind(stored.kind)
        thing = self._note(stored, kind.__new__(kind))
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


_READERS: dict[type, Callable[[_Reader, Any], Any]] = {
    StoredName: lambda reader, stored: _find_in_keras(stored),
    StoredChoice: lambda reader, stored: _look_up(stored),
    StoredByConfig: _Reader.by_config,
    StoredByState: _Reader.by_state,
    StoredCode: lambda reader, stored: pickle.loads(stored.pickled),
    PackedModel: _Reader.packed,
}


# Names ------------------------------------------------------------------------------


def _name_or_code(thing: Any) -> Any:
    if _is_keras_name(thing):
        return StoredName(thing.__module__, thing.__qualname__)
    return thing if _is_found_by_name(thing) else StoredCode(_by_value(thing))


def _is_found_by_name(thing: Any) -> bool:
    """Whether another process can import the thing from its module."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "__main__")
    if module is sys.modules["__main__"]:
        return False
    try:
        return operator.attrgetter(thing.__qualname__)(module) is thing
    except AttributeError:
        return False


def _is_keras_name(thing: Any) -> bool:
    if getattr(thing, "__module__", None) is None or thing.__module__.split(".")[0] != "keras":
        return False
    return _is_found_by_name(thing) and (isinstance(thing, type) or _is_listed(thing))


def _is_listed(function: Any) -> bool:
    """Whether it is an activation, loss, metric or operation that Keras offers."""
    import keras

    lists = (keras.activations, keras.losses, keras.metrics, keras.ops)
    return any(getattr(members, function.__name__, None) is function for members in lists)


def _look_up(stored: StoredChoice) -> Any:
    runtime.start()
    from skhp.keras_objects.catalogue import look_up

    return look_up(stored.kind, stored.name).value


def _find_in_keras(stored: StoredName) -> Any:
    runtime.start()
    found = None
    if stored.module.split(".")[0] == "keras":
        with contextlib.suppress(ImportError, AttributeError):
            found = operator.attrgetter(stored.name)(importlib.import_module(stored.module))
    if found is None or not _is_keras_name(found):
        raise ValueError(
            f"Keras has no class, activation, loss, metric or operation {stored.name!r} in "
            f"{stored.module!r}. The file was stored with another version of Keras, or was changed."
        )
    return found


# Objects of Keras -------------------------------------------------------------------


def _keras_writer(value: Any) -> Callable[[_Writer, Any], Any] | None:
    keras = sys.modules.get("keras")
    if keras is None:
        return None
    writers: list[tuple[Any, Callable[[_Writer, Any], Any]]] = [
        (keras.Layer, lambda writer, layer: writer.packed(pack_model(layer))),
        (keras.optimizers.Optimizer, _write_optimizer),
        (keras.metrics.Metric, _write_metric),
        (keras.Initializer, _write_initializer),
        (keras.losses.Loss, lambda writer, loss: writer.by_state(loss, vars(loss))),
        (keras.callbacks.Callback, _write_callback),
    ]
    return next((write for kind, write in writers if isinstance(value, kind)), None)


def _write_optimizer(writer: _Writer, optimizer: Any) -> StoredByConfig:
    return writer.by_config(optimizer, optimizer_config(optimizer))


def _write_metric(writer: _Writer, metric: Any) -> StoredByConfig:
    from skhp.keras_objects.user_code import make_from_config

    config = metric.get_config()
    try:
        make_from_config(
            type(metric), config
        )  # else the error would come only when the pickle is read
    except TypeError as error:
        raise TypeError(
            f"The metric {type(metric).__name__} cannot be pickled: its get_config does not "
            "return the arguments of its __init__. Give the class such a get_config method."
        ) from error
    return writer.by_config(metric, config)


def _write_initializer(writer: _Writer, initializer: Any) -> Any:
    with contextlib.suppress(NotImplementedError):
        return writer.by_config(initializer, initializer.get_config())
    return writer.by_state(initializer, vars(initializer))


def _write_callback(writer: _Writer, callback: Any) -> StoredByState:
    # The model of the last fit is not a setting of the callback.
    model = getattr(callback, "model", None)
    state = {n: v for n, v in vars(callback).items() if model is None or v is not model}
    missing = {name: None for name in vars(callback) if name not in state}
    return writer.by_state(callback, {**state, **missing})


# Other objects ----------------------------------------------------------------------


def _is_plain_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype != object


def _is_own_dataclass(value: Any) -> bool:
    own = type(value).__module__.split(".")[0] == "skhp"
    return own and dataclasses.is_dataclass(value) and not isinstance(value, PackedModel)


def _standard_state(value: Any) -> dict[str, Any] | None:
    """The attributes of an object; None if its class defines how to pickle it."""
    kind = type(value)
    if kind.__reduce_ex__ is not object.__reduce_ex__ or kind.__reduce__ is not object.__reduce__:
        return None
    state = value.__getstate__()
    return state if isinstance(state, dict) else None


class _NotOpen(Exception):
    pass


class _Probe(pickle.Pickler):
    """Pickles into nothing, and stops at what needs a stored form."""

    def __init__(self) -> None:
        super().__init__(_Nothing())

    def reducer_override(self, obj: Any) -> Any:
        code = isinstance(obj, type | types.FunctionType)
        if (code and not _is_found_by_name(obj)) or (not code and _keras_writer(obj) is not None):
            raise _NotOpen
        return NotImplemented


class _Nothing(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def _is_open(value: Any) -> bool:
    try:
        _Probe().dump(value)
    except Exception:  # whatever a class's own methods raise
        return False
    return True


def _by_value(thing: Any) -> bytes:
    import cloudpickle

    class CodePickler(cloudpickle.Pickler):
        """Pickles code by value, and the Keras objects in it in their stored form."""

        def reducer_override(self, obj: Any) -> Any:
            if not isinstance(obj, type) and _keras_writer(obj) is not None:
                return from_stored, (to_stored(obj),)
            return super().reducer_override(obj)

    buffer = io.BytesIO()
    with _functions_named():
        CodePickler(buffer).dump(thing)
    return buffer.getvalue()


def _functions_named() -> contextlib.AbstractContextManager[Any]:
    """Wait while another thread has renamed functions."""
    if "keras" not in sys.modules:
        return contextlib.nullcontext()
    from skhp.keras_objects.user_code import unchanged_names

    return unchanged_names()

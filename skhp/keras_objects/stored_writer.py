"""The stored form of an estimator's values: a pickle of it shows everything that it loads.

Plain values, arrays and whatever `pickle` finds by its name are not changed. An object of
Keras is replaced by its class and its settings, and a Keras model by a `PackedModel`. So a
tool such as skops can list what a file would load. Code without an importable name (a lambda,
a function of ``__main__``) is stored by value, in a `StoredCode`, which the list shows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

from skhp.compat.keras import config_with_function
from skhp.compat.sklearn_callback import CALLBACKS_ATTRIBUTE, FIT_ATTRIBUTES
from skhp.keras_objects.importable_names import is_found_by_name, is_keras_name
from skhp.keras_objects.keras_object import KerasObject
from skhp.keras_objects.origins import root_of
from skhp.keras_objects.own_attributes import own_attributes
from skhp.keras_objects.storage import (
    PackedModel,
    holds_bytecode,
    optimizer_config,
    pack_model,
)
from skhp.keras_objects.stored_forms import (
    StoredByConfig,
    StoredByState,
    StoredChoice,
    StoredCode,
    StoredName,
)
from skhp.keras_objects.stored_reader import from_stored
from skhp.keras_objects.value_walk import Walk

_STORED = (StoredName, StoredChoice, StoredByConfig, StoredByState, StoredCode)


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


class _Writer(Walk):
    def write(self, value: Any) -> Any:
        return self.walked(value, self._write)

    def _write(self, value: Any) -> Any:
        if type(value) in (dict, list, tuple):
            return self.container(value, self.write)
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
        plain = _is_own_dataclass(value) or is_keras_name(type(value))
        if _is_open(value) and not (plain and state is not None):
            return value
        return StoredCode(_by_value(value)) if state is None else self.by_state(value, state)

    def by_state(self, value: Any, state: dict[str, Any]) -> StoredByState:
        stored = self.note(value, StoredByState(self.write(type(value)), {}))
        stored.state.update(self.write(dict(state)))
        return stored

    def by_config(self, value: Any, config: dict[str, Any]) -> StoredByConfig:
        return StoredByConfig(self.write(type(value)), self.write(config), own_attributes(value))

    def packed(self, packed: PackedModel) -> PackedModel:
        parts = {f.name: self.write(getattr(packed, f.name)) for f in dataclasses.fields(packed)}
        if holds_bytecode(packed.config):
            parts["config"] = StoredCode(_by_value(packed.config))
        return PackedModel(**parts)


def _name_or_code(thing: Any) -> Any:
    if is_keras_name(thing):
        return StoredName(thing.__module__, thing.__qualname__)
    return thing if is_found_by_name(thing) else StoredCode(_by_value(thing))


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

    config = config_with_function(metric)
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


def _is_own_dataclass(value: Any) -> bool:
    own = root_of(type(value).__module__) == "skhp"
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
        if (code and not is_found_by_name(obj)) or (not code and _keras_writer(obj) is not None):
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

"""Keras models as small pickles that find the user's own code again.

A model is kept as its config, its arrays and the user's functions and classes that the
config names; Keras's own form is a zip archive of several times the size.
"""

from __future__ import annotations

import inspect
import io
import pickle
from dataclasses import dataclass, field
from typing import Any

import cloudpickle
import numpy as np

from skhp import runtime
from skhp.adapted_layers import adapted_of, give_adapted
from skhp.compat import compile_arguments, layers_within, unsafe_deserialization
from skhp.global_generators import seeded


@dataclass(frozen=True)
class PackedModel:
    """A Keras model at rest.

    Parameters
    ----------
    kind : type
        The model's class.
    config, build_config : dict
    custom_objects : dict of str to object
        The user's own classes and functions, by the names the config knows them by.
    values : list of ndarray
        Of all the model's variables.
    compiled : dict or None
        Arguments of ``compile``.
    optimizer : tuple or None
        Class, config and variables of the optimizer.
    adapted : list
        What layers of preprocessing learned, as `adapted_of` gives it.
    """

    kind: type
    config: dict[str, Any]
    build_config: dict[str, Any] | None
    custom_objects: dict[str, Any]
    values: list[np.ndarray]
    compiled: dict[str, Any] | None
    optimizer: tuple[type, dict[str, Any], list[np.ndarray]] | None
    adapted: list[Any] = field(default_factory=list)


def pack_model(model: Any) -> PackedModel:
    """A Keras model, put to rest.

    Parameters
    ----------
    model : keras.Model

    Raises
    ------
    TypeError
        If the model's class cannot say how to make it again.
    ValueError
        If two of the user's classes in it have one name.
    """
    from skhp.engine.own_code import named_apart

    try:
        with named_apart(model) as own:
            config = _config_of(model)
            build_config = None if hasattr(model, "inputs") else model.get_build_config()
    except NotImplementedError as error:
        raise TypeError(
            f"{type(model).__name__} cannot be pickled: it does not say how it was made. "
            "Give the class a get_config method that returns the arguments of its __init__."
        ) from error
    optimizer = getattr(model, "optimizer", None)
    return PackedModel(
        kind=type(model),
        config=config,
        build_config=build_config,
        custom_objects=own,
        values=[variable.numpy() for variable in model.variables],
        compiled=compile_arguments(model) if model.compiled else None,
        optimizer=None
        if optimizer is None
        else (type(optimizer), optimizer.get_config(), [v.numpy() for v in optimizer.variables]),
        adapted=adapted_of(model),
    )


def _config_of(model: Any) -> dict[str, Any]:
    import keras

    if type(model).get_config is not keras.Model.get_config or hasattr(model, "inputs"):
        return model.get_config()
    # Keras records the defaults of a subclass's arguments, whatever it was called with.
    config = {}
    for name, parameter in list(inspect.signature(type(model).__init__).parameters.items())[1:]:
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            config[name] = getattr(model, name, parameter.default)
    if not all(isinstance(value, _PLAIN) for value in keras.tree.flatten(config)):
        raise NotImplementedError
    return config


# What the arguments of a subclassed model may be, to be read off its attributes.
_PLAIN = (str, int, float, bool, type(None), np.generic)


def unpack_model(packed: PackedModel) -> Any:
    """A model as it was when it was put to rest."""
    runtime.start()
    import keras

    from skhp.engine.own_code import revivable, revive

    own = revivable(packed.custom_objects)
    # A new layer draws a seed, which must be nobody else's.
    with seeded(0), keras.saving.custom_object_scope(own), unsafe_deserialization():
        model = revive(packed.kind, packed.config)
        if packed.build_config is not None:
            model.build_from_config(packed.build_config)
        if packed.compiled is not None:
            model.compile(optimizer=_optimizer(packed.optimizer), **packed.compiled)
    if [tuple(v.shape) for v in model.variables] != [v.shape for v in packed.values]:
        raise TypeError(
            f"{packed.kind.__name__} was made again with other weights than it had. Give the "
            "class a get_config method that returns the arguments of its __init__."
        )
    for variable, value in zip(model.variables, packed.values, strict=True):
        variable.assign(value)
    give_adapted(model, packed.adapted)
    for layer in layers_within(model):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # what it adapted to is computed from its weights
    if packed.optimizer is not None and packed.compiled is not None:
        if len(model.optimizer.variables) != len(packed.optimizer[2]):  # it was built
            model.optimizer.build(model.trainable_variables)
        for variable, value in zip(model.optimizer.variables, packed.optimizer[2], strict=True):
            variable.assign(value)
    return model


def _optimizer(packed: Any) -> Any:
    kind, config, _ = packed
    return kind.from_config(config)


def copy_model(model: Any) -> Any:
    """A model of its own with the same weights, optimizer state and settings."""
    return unpack_model(pack_model(model))


class _KerasPickler(cloudpickle.Pickler):
    """Pickles the user's own code by value, and Keras's objects in small."""

    def reducer_override(self, obj: Any) -> Any:
        import keras

        if isinstance(obj, keras.Model):
            return unpack_model, (pack_model(obj),)
        if isinstance(obj, keras.optimizers.Optimizer):
            return _optimizer, ((type(obj), obj.get_config(), []),)
        if isinstance(obj, keras.metrics.Metric):
            return _metric, (type(obj), _metric_config(obj))
        if isinstance(obj, keras.losses.Loss):
            return _from_attributes, (type(obj), vars(obj))
        return super().reducer_override(obj)


def _metric(kind: Any, config: dict[str, Any]) -> Any:
    from skhp.engine.own_code import revive

    return revive(kind, config)


def _metric_config(metric: Any) -> dict[str, Any]:
    """A metric's config, tried now: its loss would show only when the pickle is read."""
    config = metric.get_config()
    try:
        _metric(type(metric), config)
    except TypeError as error:
        raise TypeError(
            f"The metric {type(metric).__name__} cannot be pickled: it does not say how it was "
            "made. Give the class a get_config method that returns the arguments of its __init__."
        ) from error
    return config


def _from_attributes(kind: type, attributes: dict[str, Any]) -> Any:
    thing: Any = object.__new__(kind)
    vars(thing).update(attributes)
    return thing


def dump(value: Any) -> bytes:
    """Pickle a value that may hold Keras objects and functions of ``__main__``."""
    buffer = io.BytesIO()
    _KerasPickler(buffer).dump(value)
    return buffer.getvalue()


def load(data: bytes) -> Any:
    """What `dump` pickled; starts Keras first, so that it is quiet."""
    runtime.start()
    return pickle.loads(data)

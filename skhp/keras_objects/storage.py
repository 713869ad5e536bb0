"""Keras models as plain values, and models from such values.

A model is kept as its config, its arrays and the user's functions and classes that the
config names; Keras's own form is a zip archive of several times the size.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp import runtime
from skhp.compat.keras import (
    compile_arguments,
    config_of,
    layers_within,
    unsafe_deserialization,
    weights_of,
)
from skhp.keras_objects.layer_state import read_layer_states, write_layer_states
from skhp.runtime.eager_kernels import note_model_built
from skhp.runtime.global_generators import seeded


@dataclass(frozen=True)
class PackedModel:
    """A Keras model or layer as plain values.

    Parameters
    ----------
    kind : type
        Its class.
    config, build_config : dict
    custom_objects : dict of str to object
        The user's own classes and functions, by the names the config knows them by.
    values : list of ndarray
        The values of all its variables.
    layer_states : list of dict or None
        What each layer learned that is not in its variables, such as a vocabulary.
    compiled : dict or None
        Arguments of ``compile``.
    optimizer : tuple or None
        Class, config and variables of the optimizer, and the positions of the weights that it
        has variables for. The trainable weights may be others, after layers were frozen.
    """

    kind: Any
    config: dict[str, Any]
    build_config: dict[str, Any] | None
    custom_objects: dict[str, Any]
    values: list[np.ndarray]
    layer_states: list[dict[str, Any] | None]
    compiled: dict[str, Any] | None
    optimizer: tuple[Any, dict[str, Any], list[np.ndarray], list[int] | None] | None


def pack_model(model: Any) -> PackedModel:
    """A Keras model or layer as plain values.

    Parameters
    ----------
    model : keras.Model or keras.Layer

    Raises
    ------
    TypeError
        If the model's class cannot say how to make it again.
    ValueError
        If two of the user's classes in it have the same name.
    """
    from skhp.keras_objects.user_code import distinct_names

    try:
        with distinct_names(model) as own:
            config = _config_of(model)
            build_config = None if hasattr(model, "inputs") else model.get_build_config()
    except NotImplementedError as error:
        kind = type(_part_without_config(model)).__name__
        raise TypeError(
            f"{kind} cannot be pickled: it, or an object that it holds, does not say how it was "
            "made. Give the class a get_config method that returns the arguments of its __init__."
        ) from error
    optimizer = getattr(model, "optimizer", None)
    return PackedModel(
        kind=type(model),
        config=config,
        build_config=build_config,
        custom_objects=own,
        values=_values(model.variables),
        layer_states=read_layer_states(model),
        compiled=compile_arguments(model) if getattr(model, "compiled", False) else None,
        optimizer=None
        if optimizer is None
        else (
            type(optimizer),
            optimizer_config(optimizer),
            _values(optimizer.variables),
            _positions_of_weights(optimizer, model.variables),
        ),
    )


def _part_without_config(model: Any) -> Any:
    """The layer that does not say how it was made; the model itself if all layers do."""
    for layer in reversed(layers_within(model)):  # what a layer holds comes before the layer
        try:
            layer.get_config()
        except NotImplementedError:
            return layer
    return model


def _positions_of_weights(optimizer: Any, variables: list[Any]) -> list[int] | None:
    """The positions of an optimizer's weights among those of its model, if all are known."""
    weights = weights_of(optimizer) if optimizer.built else None
    places = {id(variable): i for i, variable in enumerate(variables)}
    if weights is None or not all(id(weight) in places for weight in weights):
        return None
    return [places[id(weight)] for weight in weights]


def optimizer_config(optimizer: Any) -> dict[str, Any]:
    """An optimizer's config. A learning rate schedule in it is the object itself."""
    try:
        return config_of(optimizer)
    except NotImplementedError as error:
        raise TypeError(
            f"The optimizer {type(optimizer).__name__} cannot be pickled: it does not say how it "
            "was made. Give the class a get_config method that returns the arguments of its "
            "__init__."
        ) from error


def holds_bytecode(config: Any) -> bool:
    """Whether Keras wrote a lambda into a config, which it keeps as bytecode."""
    if isinstance(config, dict):
        return config.get("class_name") == "__lambda__" or any(map(holds_bytecode, config.values()))
    return isinstance(config, list | tuple) and any(map(holds_bytecode, config))


def _values(variables: Iterable[Any]) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


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


# Arguments of a subclassed model may have these types, to be read from its attributes.
_PLAIN = (str, int, float, bool, type(None), np.generic)


def unpack_model(packed: PackedModel, seed: int | None = 0) -> Any:
    """A model or layer as `pack_model` found it.

    Parameters
    ----------
    packed : PackedModel
    seed : int or None
        Seed of the seeds that the parts of a new layer draw. None to draw from the global
        generators.
    """
    runtime.start()
    import keras

    from skhp.keras_objects.user_code import custom_objects_for, make_from_config

    own = custom_objects_for(packed.custom_objects)
    code = unsafe_deserialization() if holds_bytecode(packed.config) else contextlib.nullcontext()
    with seeded(seed), keras.saving.custom_object_scope(own), code:
        model = make_from_config(packed.kind, packed.config)
        note_model_built()
        if packed.build_config is not None:
            model.build_from_config(packed.build_config)
        if packed.compiled is not None:
            model.compile(optimizer=_new_optimizer(packed), **packed.compiled)
    if [tuple(v.shape) for v in model.variables] != [v.shape for v in packed.values]:
        raise TypeError(
            f"{packed.kind.__name__} was made again with other weights than it had. Give the "
            "class a get_config method that returns the arguments of its __init__."
        )
    for variable, value in zip(model.variables, packed.values, strict=True):
        variable.assign(value)
    write_layer_states(model, packed.layer_states)
    if packed.optimizer is not None and packed.compiled is not None:
        _set_optimizer_values(model, *packed.optimizer[2:])
    return model


def _set_optimizer_values(
    model: Any, values: list[np.ndarray], positions: list[int] | None
) -> None:
    if positions is not None:
        model.optimizer.build([model.variables[position] for position in positions])
    elif len(model.optimizer.variables) != len(values):  # it was built
        model.optimizer.build(model.trainable_variables)
    for variable, value in zip(model.optimizer.variables, values, strict=True):
        variable.assign(value)


def _new_optimizer(packed: PackedModel) -> Any:
    if packed.optimizer is None:
        return None
    kind, config, *_ = packed.optimizer
    return kind.from_config(dict(config))


def copy_model(model: Any, seed: int | None = 0) -> Any:
    """A copy of a model or layer, with its weights, optimizer state and settings.

    Parameters
    ----------
    model : keras.Model or keras.Layer
    seed : int or None
        As in `unpack_model`. It matters for a layer that has no weights yet.
    """
    return unpack_model(pack_model(model), seed)

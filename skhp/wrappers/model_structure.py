"""The structure of a Keras model: two models of equal structure may share a program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from skhp.compat.keras import layers_within
from skhp.engine.losses import reductions
from skhp.engine.metrics import is_left_by_training
from skhp.engine.rowwise import is_rowwise_layer, is_rowwise_loss, is_rowwise_metric
from skhp.keras_objects.fingerprint import (
    FingerprintReader,
    NotEstablished,
    digest,
    established,
    is_keras_own,
    layer_state,
)


@dataclass(frozen=True)
class ModelStructure:
    """What a program of a Keras model depends on, except its weights.

    Parameters
    ----------
    token : str
        Equal for models that compute the same from equal weights.
    has_own_code : bool
        Whether the user's own functions or classes are part of it.
    """

    token: str
    has_own_code: bool


def structure_of_model(model: keras.Model, arguments: dict[str, Any]) -> ModelStructure:
    """A model's architecture, loss and metrics. Names of layers and weights do not count.

    Parameters
    ----------
    model : keras.Model
    arguments : dict
        Of its ``compile``.

    Raises
    ------
    NotEstablished
        If skhp cannot find out whether another model computes the same.
    """
    return established(_structure, model, arguments)


def _structure(model: keras.Model, arguments: dict[str, Any]) -> ModelStructure:
    layers = layers_within(model)
    for layer in layers:
        _check_readable(layer)
    reader = FingerprintReader(_known_parts(model, layers))
    parts = (
        [
            _graph(layer, reader) if _is_graph(layer) else layer_state(reader, layer)
            for layer in layers
        ],
        [_variable(reader, variable) for variable in model.variables],
        [(name, _compiled_with(reader, value)) for name, value in arguments.items()],
        _ends(model),
    )
    return ModelStructure(digest(parts), reader.has_own_code)


def _check_readable(layer: Any) -> None:
    name = type(layer).__name__
    if isinstance(layer, keras.Model):
        if not _is_graph(layer):
            raise NotEstablished(
                f"{name} is a class of its own, and skhp cannot compare two of its models"
            )
        own = vars(layer)
        replaced = [n for n in _METHODS if n in own and not is_left_by_training(own[n])]
        if replaced:
            raise NotEstablished(f"the {replaced[0]} of a {name} was replaced")
    if not layer.supports_jit:
        raise NotEstablished(f"the layer {name} cannot be compiled by XLA")
    if hasattr(layer, "set_vocabulary"):
        raise NotEstablished(f"the layer {name} has a vocabulary")


# Methods of a model that training calls.
_METHODS = ("call", "__call__", "compute_loss", "compute_metrics", "get_metrics_result")


def _is_graph(layer: Any) -> bool:
    """Whether a layer is a model whose layers and connections say all that it computes."""
    kind = type(layer)
    return kind is keras.Sequential or (kind.__name__ == "Functional" and is_keras_own(kind))


def _known_parts(model: Any, layers: list[Any]) -> dict[int, tuple[Any, ...]]:
    """Positions of the model's variables, layers and random generators, by their id."""
    variables = {id(v): ("variable", i) for i, v in enumerate(model.variables)}
    known: dict[int, tuple[Any, ...]] = {**variables}
    known |= {id(layer): ("layer", i) for i, layer in enumerate(layers) if i}
    for layer in layers:
        for value in vars(layer).values():
            if isinstance(value, keras.random.SeedGenerator) and id(value.state) in variables:
                known[id(value)] = ("generator", variables[id(value.state)])
    return known


def _variable(reader: FingerprintReader, variable: Any) -> Any:
    penalties = (getattr(variable, "regularizer", None), variable.constraint)
    kind = (str(variable.dtype), tuple(variable.shape), variable.trainable)
    return (*kind, *map(reader.read, penalties))


def _graph(model: Any, reader: FingerprintReader) -> Any:
    """How the layers of a model are connected."""
    trainable = model.trainable
    if type(model) is keras.Sequential:
        return ("Sequential", trainable, [reader.read(layer) for layer in model.layers])
    names = {name: f"name{i}" for i, name in enumerate(dict.fromkeys(_names(model)))}
    return ("Functional", trainable, repr(_anonymous(_connections(model), names)))


def _connections(model: Any) -> dict[str, Any]:
    """The config of a functional model, without the configs of its layers."""
    config = model.get_config()
    kept = ("class_name", "name", "inbound_nodes")
    layers = {layer.name for layer in model.layers}
    nodes = [
        {key: node[key] for key in (kept if node["name"] in layers else node)}
        for node in config["layers"]
    ]
    return {"nodes": nodes, **{key: config[key] for key in ("input_layers", "output_layers")}}


def _names(model: keras.Model) -> Iterator[str]:
    """Names of the model, its layers and its other operations, in their order."""
    layers = layers_within(model)
    yield from (layer.name for layer in layers)
    yield from (node.name for layer in layers for node in getattr(layer, "operations", ()))


# Keys of a config whose values are names of layers. Elsewhere the same word may be a setting:
# Activation("relu", name="relu").
_NAMING = ("name", "keras_history", "input_layers", "output_layers")


def _anonymous(value: Any, names: dict[str, str], naming: bool = False) -> Any:
    """A config with positions of layers in place of their names."""
    if isinstance(value, dict):
        return {
            key: item if key == "dtype" else _anonymous(item, names, naming or key in _NAMING)
            for key, item in value.items()
            if key != "shared_object_id"
        }
    if isinstance(value, list | tuple):
        return [_anonymous(item, names, naming) for item in value]
    return names.get(value, value) if naming and isinstance(value, str) else value


def _ends(model: Any) -> list[list[str | None]]:
    """Names that the user gave to inputs and outputs. Data, losses and logs may use them."""
    layers = {layer.name: layer for layer in model.layers}
    output_names = getattr(model, "output_names", [model.layers[-1].name])
    ends = ([tensor.name for tensor in model.inputs], output_names)
    return [[_given_name(name, layers.get(name)) for name in names] for names in ends]


def _given_name(name: str, layer: Any) -> str | None:
    kind = re.sub(r"_\d+$", "", name).replace("_", "")
    automatic = kind in ("inputlayer", "kerastensor", type(layer).__name__.lower())
    return None if automatic else name


def _compiled_with(reader: FingerprintReader, value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _compiled_with(reader, item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_compiled_with(reader, item) for item in value]
    if isinstance(value, keras.metrics.Metric):
        return (reader.read(value), _chosen_name(value))
    return reader.read(value)


def _chosen_name(metric: Any) -> str | None:
    """The name that the user gave to a metric, for the history."""
    kind = re.sub(r"_\d+$", "", metric.name).replace("_", "")
    return None if kind == type(metric).__name__.lower() else metric.name


def predicts_rows_alone(model: keras.Model) -> bool:
    """Whether padding rows cannot change a model's predictions of other rows.

    Parameters
    ----------
    model : keras.Model
    """
    return _is_graph(model) and is_rowwise_layer(model, {"BatchNormalization"})


def is_rowwise_model(model: keras.Model, arguments: dict[str, Any]) -> bool:
    """Whether padding rows, of weight 0, cannot change a model's training.

    Parameters
    ----------
    model : keras.Model
    arguments : dict
        Of its ``compile``.
    """
    loss, metrics = arguments["loss"], [arguments["metrics"], arguments["weighted_metrics"]]
    return (
        _is_graph(model)
        and len(model.outputs) == 1
        and len(model.outputs[0].shape) <= 2  # else a row has several losses, and one weight
        and not isinstance(loss, dict | list | tuple)
        and not arguments["loss_weights"]
        and is_rowwise_layer(model)
        and is_rowwise_loss(loss)
        and getattr(loss, "reduction", "sum_over_batch_size") in set(reductions()) - {"sum"}
        and getattr(loss, "reduction", None) != "mean_with_sample_weight"
        and all(map(is_rowwise_metric, keras.tree.flatten(metrics)))
    )

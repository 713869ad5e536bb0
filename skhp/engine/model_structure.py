"""When two Keras models are the same to a program, and which mind filler rows."""

from __future__ import annotations

import hashlib
import inspect
import json
import pickle
import re
from collections.abc import Hashable
from typing import Any

import cloudpickle
import keras

from skhp.compat import layers_within
from skhp.engine.objective import reductions, takes_rows_alone
from skhp.engine.own_code import own_code_of
from skhp.keras_objects import token_of

# Settings of a layer that only say how its first weights are drawn.
_FIRST_VALUES = ("_initializer", "seed")


def structure_of_model(model: keras.Model, arguments: dict[str, Any]) -> Hashable:
    """A token of a model's architecture, loss and metrics.

    Names of layers and first weights do not count.

    Parameters
    ----------
    model : keras.Model
    arguments : dict
        Of its ``compile``.

    Returns
    -------
    hashable or None
        None for a model that cannot say what it is made of.
    """
    if not _is_graph(model) or any(map(_is_adapted, layers_within(model))):
        return None
    try:
        config = model.get_config()
    except Exception:  # a layer of the user's that cannot say how it was made
        return None
    own = list(own_code_of(model))
    classes = tuple(code for code in own if inspect.isclass(code))
    names = {name: f"name{i}" for i, name in enumerate(dict.fromkeys(_names(model)))}
    try:
        functions = tuple(token_of(code) for code in own if not inspect.isclass(code))
        digest = _digest((_anonymous(config, names), _loss_token(arguments), _ends(model)))
    except (TypeError, pickle.PicklingError):  # it holds a lock, an open file
        return None
    return type(model).__name__, classes, functions, digest


def token_of_compile(arguments: dict[str, Any]) -> Hashable:
    """A token of what a model was compiled with, where the model itself is known."""
    try:
        return _digest(_loss_token(arguments))
    except (TypeError, pickle.PicklingError):
        return object()


def _is_graph(model: keras.Model) -> bool:
    # A subclass may compute otherwise.
    return type(model) is keras.Sequential or type(model).__name__ == "Functional"


def _is_adapted(layer: Any) -> bool:
    """Whether a layer has learned from data what is in none of its settings."""
    own = isinstance(layer, keras.layers.Normalization) and layer.input_mean is None
    return own or hasattr(layer, "set_vocabulary")


def _digest(parts: Any) -> str:
    # Through JSON first where it can be: pickles differ by which equal strings are one.
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_pickled).encode()).hexdigest()


def _pickled(value: Any) -> str:
    return cloudpickle.dumps(value).hex()


def _ends(model: Any) -> list[list[str | None]]:
    """Names that the user gave inputs and outputs: data, losses and logs go by them."""
    layers = {layer.name: layer for layer in model.layers}
    output_names = getattr(model, "output_names", [model.layers[-1].name])
    ends = ([tensor.name for tensor in model.inputs], output_names)
    return [[_given_name(name, layers.get(name)) for name in names] for names in ends]


def _given_name(name: str, layer: Any) -> str | None:
    kind = re.sub(r"_\d+$", "", name).replace("_", "")
    automatic = kind in ("inputlayer", "kerastensor", type(layer).__name__.lower())
    return None if automatic else name


def _names(model: keras.Model) -> list[str]:
    """Of the model, its layers and what else its graph holds, in their order."""
    layers = layers_within(model)
    nodes = [node for layer in layers for node in getattr(layer, "operations", ())]
    return [thing.name for thing in (*layers, *nodes)]


# Where a config speaks of layers by their names. Elsewhere the same word may be a setting:
# Activation("relu", name="relu").
_NAMING = ("name", "keras_history", "input_layers", "output_layers")


def _anonymous(value: Any, names: dict[str, str], naming: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key == "dtype" else _anonymous(item, names, naming or key in _NAMING)
            for key, item in value.items()
            if not str(key).endswith(_FIRST_VALUES) and key != "shared_object_id"
        }
    if isinstance(value, list | tuple):
        return [_anonymous(item, names, naming) for item in value]
    return names.get(value, value) if naming and isinstance(value, str) else value


def _all_layers(model: Any) -> list[Any]:
    layers = []
    for layer in model.layers:
        layers.append(layer)
        if hasattr(layer, "layers"):
            layers += _all_layers(layer)
    return layers


def _loss_token(arguments: dict[str, Any]) -> Any:
    return {name: _tokens(value) for name, value in arguments.items()}


def _tokens(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tokens(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tokens(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, keras.metrics.Metric):
        return [token_of(value), _chosen_name(value)]
    return token_of(value)


def _chosen_name(metric: Any) -> str | None:
    """The name that the user gave a metric, by which the history knows it."""
    kind = re.sub(r"_\d+$", "", metric.name).replace("_", "")
    return None if kind == type(metric).__name__.lower() else metric.name


# Layers whose output for a row depends on that row alone, in training too.
_ROWWISE_LAYERS = frozenset(
    {
        "Activation", "Add", "AlphaDropout", "Attention", "Average",
        "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "Concatenate", "Conv1D",
        "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose",
        "Cropping1D", "Cropping2D", "Cropping3D", "Dense", "DepthwiseConv1D",
        "DepthwiseConv2D", "Dot", "Dropout", "ELU", "EinsumDense", "Embedding", "Flatten",
        "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
        "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D",
        "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GroupNormalization", "GRU", "Identity",
        "InputLayer", "LSTM", "LayerNormalization", "LeakyReLU", "MaxPooling1D",
        "MaxPooling2D", "MaxPooling3D", "Maximum", "Minimum", "MultiHeadAttention",
        "Multiply", "Normalization", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling",
        "Reshape", "SeparableConv1D", "SeparableConv2D", "SimpleRNN", "Softmax",
        "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "Subtract",
        "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D",
        "ZeroPadding2D", "ZeroPadding3D",
    }
)  # fmt: skip


def predicts_rows_alone(model: keras.Model) -> bool:
    """Whether filler rows are sure to leave a model's outputs for the others alone.

    Parameters
    ----------
    model : keras.Model
    """
    return _is_graph(model) and all(
        _is_rowwise_layer(layer) or type(layer) is keras.layers.BatchNormalization
        for layer in _all_layers(model)
    )


def is_rowwise_model(model: keras.Model, arguments: dict[str, Any]) -> bool:
    """Whether filler rows of weight 0 are sure to leave a model's training alone.

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
        and not isinstance(loss, dict | list | tuple)
        and not arguments["loss_weights"]
        and all(map(_is_rowwise_layer, _all_layers(model)))
        and takes_rows_alone(loss)
        and getattr(loss, "reduction", "sum_over_batch_size") in set(reductions()) - {"sum"}
        and getattr(loss, "reduction", None) != "mean_with_sample_weight"
        and all(map(takes_rows_alone, keras.tree.flatten(metrics)))
    )


def _is_rowwise_layer(layer: Any) -> bool:
    name = type(layer).__name__
    if hasattr(layer, "layers"):
        return name in ("Sequential", "Functional")
    # An activity regularizer divides by the batch, and a mask reweighs the rows.
    return (
        name in _ROWWISE_LAYERS
        and type(layer).__module__.split(".")[0] == "keras"
        and getattr(layer, "activity_regularizer", None) is None
        and not getattr(layer, "mask_zero", False)
    )

"""What layers of preprocessing learned by ``adapt``, where it is in no weight and no config."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.compat import layers_within


def adapted_of(model: Any) -> list[Any]:
    """What each lookup layer and each `keras.layers.Discretization` of a model learned.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    list
        In the order of the layers, and of lists, numbers and arrays alone.
    """
    return [_read(layer) for layer in _adapted_layers(model)]


def give_adapted(model: Any, learned: list[Any]) -> None:
    """Give a model's layers what those of another model of the same layers learned.

    Parameters
    ----------
    model : keras.Model
    learned : list
        From `adapted_of`.
    """
    import keras

    for layer, value in zip(_adapted_layers(model), learned, strict=True):
        if value is None:
            continue
        if isinstance(layer, keras.layers.Discretization):
            layer.bin_boundaries = value
        else:
            tokens, weights = value
            layer.set_vocabulary(tokens, idf_weights=weights)


def _adapted_layers(model: Any) -> list[Any]:
    import keras

    # A TextVectorization holds a StringLookup, which is among the layers too.
    kinds = keras.layers.StringLookup | keras.layers.IntegerLookup | keras.layers.Discretization
    return [layer for layer in layers_within(model) if isinstance(layer, kinds)]


def _read(layer: Any) -> Any:
    import keras

    if isinstance(layer, keras.layers.Discretization):
        return layer.bin_boundaries
    if not layer.get_vocabulary(include_special_tokens=False):
        return None
    tokens = np.asarray(layer.get_vocabulary()).tolist()
    store: dict[str, Any] = {}
    layer.save_own_variables(store)  # the one public way to its weights of tokens
    weights = store.get("idf_weights")
    return tokens, None if weights is None else np.asarray(weights)[: len(tokens)]

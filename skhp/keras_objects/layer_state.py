"""What a layer learned that is neither in its config nor in its variables.

This is the vocabulary of `keras.layers.StringLookup`, `IntegerLookup` and
`TextVectorization`, and what a user's layer saves in its own methods or was given later.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from skhp.compat.keras import layers_within
from skhp.keras_objects.origins import is_keras_own
from skhp.keras_objects.own_attributes import own_attributes, set_attributes


def read_layer_states(model: Any) -> list[dict[str, Any] | None]:
    """The learned state of each layer of a model, None if there is none.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    list of dict or None
        In the order of the model's layers.
    """
    return [_read(layer) for layer in layers_within(model)]


def write_layer_states(model: Any, states: list[dict[str, Any] | None]) -> None:
    """Give the layers of a model the state that `read_layer_states` returned.

    Parameters
    ----------
    model : keras.Model
        It has the same layers, and its variables already have their values.
    states : list of dict or None
    """
    for layer, state in zip(layers_within(model), states, strict=True):
        if state is not None:
            _write(layer, state)
        if _is_normalization(layer):
            layer.finalize_state()  # it computes constants from its variables


def _read(layer: Any) -> dict[str, Any] | None:
    if _is_lookup(layer):
        return _read_vocabulary(layer)
    if _is_discretization(layer):
        learned = layer.bin_boundaries  # a list that Keras tracks, and that pickles as empty
        return None if learned is None else {"bin_boundaries": [float(value) for value in learned]}
    state: dict[str, Any] = {}
    if attributes := own_attributes(layer):
        state["attributes"] = attributes
    if _has_own(layer, "save_own_variables"):
        store: dict[str, Any] = {}
        layer.save_own_variables(store)
        state["variables"] = {name: np.asarray(value) for name, value in store.items()}
    if _has_own(layer, "save_assets"):
        state["assets"] = _read_assets(layer)
    return state or None


def _write(layer: Any, state: dict[str, Any]) -> None:
    set_attributes(layer, state.get("attributes", {}))
    if "vocabulary" in state:
        layer.set_vocabulary(state["vocabulary"], state["idf_weights"])
    if "bin_boundaries" in state:
        layer.bin_boundaries = state["bin_boundaries"]
    if "variables" in state:
        layer.load_own_variables(state["variables"])
    if "assets" in state:
        _write_assets(layer, state["assets"])


def _read_vocabulary(layer: Any) -> dict[str, Any] | None:
    # Keras writes one word a line, which breaks words that hold a line break.
    if not layer.get_vocabulary(include_special_tokens=False):
        return None  # it has not learned one yet
    words = [_plain(word) for word in layer.get_vocabulary(include_special_tokens=True)]
    if layer.output_mode != "tf_idf":
        return {"vocabulary": words, "idf_weights": None}
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    # With pad_to_max_tokens there are more weights than words.
    return {"vocabulary": words, "idf_weights": np.asarray(store["idf_weights"])[: len(words)]}


def _plain(word: Any) -> Any:
    return word.item() if isinstance(word, np.generic) else word


def _read_assets(layer: Any) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layer.save_assets(name)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _write_assets(layer: Any, assets: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for relative, content in assets.items():
            path = Path(name, relative)
            if ".." in path.parts or Path(name) not in path.parents:
                raise ValueError(f"A stored model has a file outside its folder: {relative!r}.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        layer.load_assets(name)


def _is_lookup(layer: Any) -> bool:
    import keras

    # TextVectorization holds a StringLookup, which is a layer of the model too.
    return isinstance(layer, keras.layers.StringLookup | keras.layers.IntegerLookup)


def _is_discretization(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.Discretization)


def _is_normalization(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.Normalization)


def _has_own(layer: Any, method: str) -> bool:
    """Whether a user's class overrides a method of Keras."""
    for kind in type(layer).__mro__:
        if method in vars(kind):
            return not is_keras_own(kind)
    return False

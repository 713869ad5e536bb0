"""The copy of a Keras model that a program traces."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import keras

from skhp.compat.keras import layers_within, unsafe_deserialization
from skhp.keras_objects.user_code import custom_objects_for, distinct_names
from skhp.runtime.global_generators import seeded
from skhp.wrappers.model_structure import ModelStructure, structure_of_model


def template_of(
    model: keras.Model, arguments: dict[str, Any], structure: ModelStructure | None
) -> keras.Model:
    """A copy of a model for a program to trace; the model itself if it cannot be copied.

    Keras makes the copy from configs. Attributes that were set later may not be in them, so
    the copy is used only if it has the same structure.

    Parameters
    ----------
    model : keras.Model
    arguments : dict
        The arguments of its ``compile``.
    structure : ModelStructure or None
    """
    try:
        with (
            seeded(0),  # new layers draw seeds; other draws must not change
            distinct_names(model) as own,
            keras.saving.custom_object_scope(custom_objects_for(own)),
            unsafe_deserialization(),
        ):
            template = keras.models.clone_model(model)
            template.compile(optimizer="sgd", **arguments)
            is_equal = structure_of_model(template, arguments) == structure
    except Exception:  # a layer has no config, or its structure is not known
        return model
    if not is_equal:
        return model
    _name_by_position(template)
    return template


# Names that Keras gives to inputs.
_AUTOMATIC = re.compile(r"input_layer(_\d+)?")


def _name_by_position(template: keras.Model) -> None:
    """Name layers by their positions, so that a program is the same in every process.

    Keras counts names within a process, and TensorFlow puts them into the program.
    """
    for position, layer in enumerate(layers_within(template)):
        if isinstance(layer, keras.layers.InputLayer) and not _AUTOMATIC.fullmatch(layer.name):
            continue  # X has an array for each input, by its name
        with contextlib.suppress(AttributeError):  # a class may compute its name
            layer.name = f"layer_{position}"

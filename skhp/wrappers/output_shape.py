"""The shape of the outputs of a model that does not state it: a subclass of keras.Model."""

from __future__ import annotations

from typing import Any


def note_outputs(model: Any, outputs: Any) -> None:
    """Keep the shape of a model's outputs.

    Parameters
    ----------
    model : keras.Model
    outputs : tensor, or list or dict of tensors
        As the model computed them.
    """
    vars(model)["_skhp_output_shape"] = getattr(outputs, "shape", None)


def shape_of_outputs(model: Any) -> tuple[int, ...] | None:
    """The shape that `note_outputs` kept; None if it kept none."""
    shape = vars(model).get("_skhp_output_shape")
    return None if shape is None else tuple(shape)

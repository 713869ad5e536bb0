"""Attributes of objects of the user's own classes, which no config may hold.

Keras makes an object again from its config. What was set on it later would be lost, and the new
object would compute something else, without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skhp.compat.keras import bookkeeping_attributes
from skhp.keras_objects.origins import is_keras_own
from skhp.keras_objects.value_walk import PLAIN, is_plain_array


def own_attributes(value: Any) -> dict[str, Any]:
    """The plain values and arrays among the public attributes of an object of a user's class.

    Parameters
    ----------
    value : keras.Layer, keras.metrics.Metric, keras.optimizers.Optimizer or Initializer

    Returns
    -------
    dict
        Empty for Keras's own classes and for models. Their configs hold all that counts.
    """
    import keras

    if is_keras_own(type(value)) or isinstance(value, keras.Model):
        return {}
    left_out = bookkeeping_attributes(value) | {"name"}
    return {
        name: attribute
        for name, attribute in vars(value).items()
        if name not in left_out
        and not name.startswith("_")  # of Keras or TensorFlow: "_built" is true of one object
        and (isinstance(attribute, PLAIN) or is_plain_array(attribute))
    }


def set_attributes(value: Any, attributes: Mapping[str, Any]) -> Any:
    """Set attributes of an object that was made from a config, and return it.

    Parameters
    ----------
    value : object
    attributes : mapping of str to object
        As `own_attributes` returned them.
    """
    for name, attribute in attributes.items():
        setattr(value, name, attribute)
    return value

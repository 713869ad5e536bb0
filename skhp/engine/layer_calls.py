"""Two ways to call a Keras model for prediction that give the same bits.

Each time a layer is called, Keras checks the arguments, masks, types and losses. In a small network
these checks take longer than the arithmetic. A sequence of Keras's own layers in one type does not
need them.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


def call_model(model: keras.Model, block: Any) -> Any:
    """The outputs of any model for a block of rows.

    Parameters
    ----------
    model : keras.Model
    block : array, or list or dict of arrays
    """
    return model(block, training=False)


def call_layer_by_layer(model: keras.Model, block: np.ndarray) -> Any:
    """The outputs of a model for which `is_plain_sequence` is true.

    Parameters
    ----------
    model : keras.Sequential
    block : ndarray
    """
    outputs = ops.convert_to_tensor(block)
    for layer in model.layers:
        arguments = {"training": False} if "training" in layer.call_signature_parameters else {}
        outputs = layer.call(outputs, **arguments)
    return outputs


def is_plain_sequence(model: keras.Model, X: Any) -> bool:
    """Whether calling one layer after the other computes what the model computes.

    Parameters
    ----------
    model : keras.Model
        Keras's own layers, without masks and activity regularizers, as
        `skhp.wrappers.model_structure.predicts_rows_alone` says.
    X : ndarray or LargeTable, or list or dict of these
    """
    if type(model) is not keras.Sequential or not isinstance(X, np.ndarray):
        return False
    (tensor,) = model.inputs
    fits = X.dtype.name == tensor.dtype and X.shape[1:] == tuple(tensor.shape)[1:]
    return fits and all(_is_plain(layer, tensor.dtype) for layer in model.layers)


def _is_plain(layer: Any, dtype: str) -> bool:
    """Whether calling a layer is calling its ``call``, on values of its only type."""
    is_called_by_keras = type(layer).__call__ is keras.Layer.__call__
    is_model = hasattr(layer, "layers")
    return is_called_by_keras and not is_model and layer.dtype_policy.name == dtype

"""The outputs of a Keras model, computed block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.compat.keras_variables import as_tensors
from skhp.engine.large_table import BLOCK_BYTES, bytes_of_a_row
from skhp.engine.layer_calls import call_layer_by_layer, call_model, is_plain_sequence
from skhp.engine.plan import Arrays
from skhp.engine.row_blocks import row_blocks

# Rows of a block, and numbers in the largest output of a layer for a block. With more numbers,
# a layer's outputs no longer fit in a processor's cache.
_LEAST_ROWS, _MOST_ROWS, _MOST_NUMBERS = 1024, 8192, 2**20


def outputs_in_blocks(model: keras.Model, X: Any, size: int, arrays: Arrays | None = None) -> Any:
    """A model's outputs for rows of X.

    Parameters
    ----------
    model : keras.Model
        Its predictions of a row do not depend on other rows.
    X : ndarray or LargeTable, or list or dict of these
    size : int
        Rows of a block.
    arrays : list of ndarray, optional
        Values to take for its weights: for the trainable ones, then for the others.

    Returns
    -------
    ndarray, or list or dict of ndarray
    """
    n = len(keras.tree.flatten(X)[0])
    call = call_layer_by_layer if is_plain_sequence(model, X) else call_model
    weights = [*model.trainable_variables, *model.non_trainable_variables]
    with as_tensors(weights, arrays):
        pieces = [
            keras.tree.map_structure(ops.convert_to_numpy, call(model, block))
            for block in row_blocks(X, size)
        ]
    return keras.tree.map_structure(lambda *outputs: joined(outputs, n), *pieces)


def joined(pieces: Sequence[Any], n: int) -> np.ndarray:
    """The first n rows of some outputs, in at least single precision.

    Parameters
    ----------
    pieces : sequence of array
    n : int
    """
    whole = np.concatenate([ops.convert_to_numpy(piece) for piece in pieces])[:n]
    if whole.dtype.kind in "iub" or (whole.dtype.kind == "f" and whole.dtype.itemsize >= 4):
        return whole
    return whole.astype("float32")


def rows_at_once(model: keras.Model, X: Any) -> int:
    """How many rows of a large table a model predicts at once.

    Parameters
    ----------
    model : keras.Model
    X : LargeTable, or list or dict of these
    """
    n_bytes = sum(map(bytes_of_a_row, keras.tree.flatten(X)))
    rows = max(_LEAST_ROWS, rows_in_cache(model))
    return max(1, min(rows, BLOCK_BYTES // max(1, n_bytes)))


def rows_in_cache(model: keras.Model) -> int:
    """For how many rows the outputs of each layer fit in a processor's cache; 1 if not known.

    Parameters
    ----------
    model : keras.Model
    """
    try:
        outputs = keras.tree.flatten([layer.output for layer in model.layers])
        widest = max(math.prod(output.shape[1:]) for output in outputs)
    except (AttributeError, TypeError):  # a layer is used twice, or a shape is not known
        return 1
    return min(_MOST_NUMBERS // max(1, widest), _MOST_ROWS)

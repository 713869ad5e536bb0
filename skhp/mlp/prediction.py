"""A fitted perceptron's outputs, computed by NumPy.

For a small network, NumPy needs a few hundred microseconds. Each single operation of a backend
takes as long, and importing the backend takes seconds. Keras only computes the activations that
NumPy does not have.

In BLAS, the rounding of a row's products depends on the position of the row and on the number
of threads. The computation is in double precision, so that the difference disappears when the
result is rounded to single precision. There are rare exceptions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from skhp import runtime
from skhp.mlp.activations import ACTIVATIONS
from skhp.mlp.layers import BATCH_NORM_EPSILON, Activation, BatchNorm, Dense, Dropout, Output, walk
from skhp.mlp.spec import MLPSpec

if TYPE_CHECKING:
    from skhp.engine.plan import TrainingState
    from skhp.keras_objects.keras_object import KerasObject

# Rows predicted at once. If there are few rows, a block is so small that BLAS computes the product
# of a narrow layer in one thread: other threads would wait actively for milliseconds, on the cores
# that the next training needs. If there are many rows, the outputs of a block fit in the cache.
_FEW_ROWS, _BLOCK_OF_FEW, _BLOCK_OF_MANY = 1024, 64, 1024


def predict(network: MLPSpec, state: TrainingState, X: Any) -> np.ndarray:
    """The network's outputs for rows of X.

    Parameters
    ----------
    network : MLPSpec
    state : TrainingState
    X : ndarray or CSR matrix of shape (n, n_features)

    Returns
    -------
    ndarray of shape (n, n_outputs)
        The outputs, in the float type of the weights.
    """
    n = X.shape[0]
    size = _BLOCK_OF_FEW if n <= _FEW_ROWS else _BLOCK_OF_MANY
    dtype = state.trainable[0].dtype
    weights = [array.astype(np.float64) for array in state.trainable]
    statistics = [array.astype(np.float64) for array in state.state]
    layers, steps = network.layers(), _steps(dtype)
    outputs = np.empty((n, network.n_outputs), dtype)
    for start in range(0, n, size):
        rows = slice(start, start + size)
        outputs[rows] = walk(layers, X[rows].astype(np.float64), weights, statistics, steps)
    return outputs


def _steps(dtype: np.dtype) -> dict[type, Any]:
    """What NumPy does at each layer."""
    activated = partial(_activated, dtype=dtype)
    return {
        Dense: _dense,
        BatchNorm: _batch_norm,
        Activation: lambda layer, x: activated(layer.activation, x),
        Dropout: lambda layer, x: x,
        Output: lambda layer, x, *weights: activated(layer.activation, _dense(layer, x, *weights)),
    }


def _dense(layer: Any, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    x = x @ kernel
    x += bias
    return x


def _batch_norm(
    layer: Any,
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
) -> np.ndarray:
    return (x - mean) * (gamma / np.sqrt(variance + BATCH_NORM_EPSILON)) + beta


def _activated(activation: KerasObject, x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    known = ACTIVATIONS.get(activation.name or "")
    return _activated_by_keras(activation, x, dtype) if known is None else known.compute(x)


def _activated_by_keras(activation: KerasObject, x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    runtime.start()
    from keras import ops

    return ops.convert_to_numpy(activation.value(ops.convert_to_tensor(x, dtype.name)))

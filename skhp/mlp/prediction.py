"""A fitted perceptron's outputs, computed by NumPy.

A small network's outputs for some rows are a few hundred microseconds of arithmetic; a
backend's operations, called one by one, take as long each. In training, where they are
compiled into one program, they do not.

BLAS rounds a row's products according to the row's place among the others, and to the
number of threads. In double precision that is too little to show, but for the rare number
that lies between two of single precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops
from scipy.special import expit, softmax

from skhp.mlp.layout import BATCH_NORM_EPSILON

if TYPE_CHECKING:
    from skhp.engine.plan import Arrays, TrainingState
    from skhp.keras_objects.catalogue import KerasObject
    from skhp.mlp.network import MLPSpec

# Rows predicted at once. Of few rows, so few that a narrow layer's product is one thread's
# work: BLAS, where it has woken others, keeps them spinning for milliseconds after, on the
# cores that the next training wants. Of many, those whose outputs stay in a core's cache.
_FEW_ROWS, _BLOCK_OF_FEW, _BLOCK_OF_MANY = 1024, 64, 1024


def predict(network: MLPSpec, state: TrainingState, X: np.ndarray) -> np.ndarray:
    """The network's outputs for rows of X.

    Parameters
    ----------
    network : MLPSpec
    state : TrainingState
    X : ndarray of shape (n, n_features)

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Of Keras's float type.
    """
    size = _BLOCK_OF_FEW if len(X) <= _FEW_ROWS else _BLOCK_OF_MANY
    weights = [a.astype(np.float64) for a in state.trainable]
    statistics = [a.astype(np.float64) for a in state.state]
    outputs = np.empty((len(X), network.n_outputs), keras.config.floatx())
    for start in range(0, len(X), size):
        rows = slice(start, start + size)
        outputs[rows] = _outputs(network, weights, statistics, X[rows].astype(np.float64))
    return outputs


def _outputs(network: MLPSpec, weights: Arrays, statistics: Arrays, x: np.ndarray) -> np.ndarray:
    for _ in network.widths:
        kernel, bias, *weights = weights
        x = x @ kernel
        x += bias
        if network.batch_norm:
            (gamma, beta, *weights), (mean, variance, *statistics) = weights, statistics
            x = (x - mean) * (gamma / np.sqrt(variance + BATCH_NORM_EPSILON)) + beta
        x = _activated(network.activation, x)
    kernel, bias = weights
    return _activated(network.output_activation, x @ kernel + bias)


def _activated(activation: KerasObject, x: np.ndarray) -> np.ndarray:
    known = _ACTIVATIONS.get(activation.name)
    if known:
        return known(x)
    return ops.convert_to_numpy(activation.value(ops.convert_to_tensor(x, keras.config.floatx())))


# Keras's name -> the same of NumPy and SciPy.
_ACTIVATIONS: dict[str | None, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0, out=x),
    "tanh": lambda x: np.tanh(x, out=x),
    "sigmoid": lambda x: expit(x),
    "softmax": lambda x: softmax(x, axis=-1),
    "exponential": lambda x: np.exp(x),
}

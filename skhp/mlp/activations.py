"""Keras's activations by their names: how NumPy computes each, and how programs treat it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit, log_expit, log_softmax, softmax


@dataclass(frozen=True)
class KnownActivation:
    """One of Keras's activations, with its default settings.

    Parameters
    ----------
    compute : callable
        The same function of a NumPy array. It may overwrite the array.
    is_elementwise : bool
        Whether ``f(x)[i]`` depends only on ``x[i]``. Then padded units do not change real units.
    """

    compute: Callable[[np.ndarray], np.ndarray]
    is_elementwise: bool = True


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0, out=x)


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _selu(x: np.ndarray) -> np.ndarray:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, 0)


def _hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(x + 3, 0, 6) / 6


def _soft_shrink(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)


def _sparse_plus(x: np.ndarray) -> np.ndarray:
    return np.where(x < 1, np.square(np.maximum(x + 1, 0)) / 4, x)


# Keras's name -> what is known of it. An activation that is not here is called through Keras.
ACTIVATIONS = {
    "celu": KnownActivation(_elu),
    "elu": KnownActivation(_elu),
    "exponential": KnownActivation(np.exp),
    "gelu": KnownActivation(lambda x: x * (1 + erf(x / np.sqrt(2))) / 2),
    "hard_shrink": KnownActivation(lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    "hard_sigmoid": KnownActivation(_hard_sigmoid),
    "hard_silu": KnownActivation(lambda x: x * _hard_sigmoid(x)),
    "hard_tanh": KnownActivation(lambda x: np.clip(x, -1, 1)),
    "leaky_relu": KnownActivation(lambda x: np.maximum(x, 0.2 * x)),
    "linear": KnownActivation(lambda x: x),
    "log_sigmoid": KnownActivation(log_expit),
    "log_softmax": KnownActivation(lambda x: log_softmax(x, axis=-1), is_elementwise=False),
    "mish": KnownActivation(lambda x: x * np.tanh(_softplus(x))),
    "relu": KnownActivation(_relu),
    "relu6": KnownActivation(lambda x: np.clip(x, 0, 6)),
    "selu": KnownActivation(_selu),
    "sigmoid": KnownActivation(expit),
    "silu": KnownActivation(lambda x: x * expit(x)),
    "soft_shrink": KnownActivation(_soft_shrink),
    "softmax": KnownActivation(lambda x: softmax(x, axis=-1), is_elementwise=False),
    "softplus": KnownActivation(_softplus),
    "softsign": KnownActivation(lambda x: x / (1 + np.abs(x))),
    "sparse_plus": KnownActivation(_sparse_plus),
    "sparse_sigmoid": KnownActivation(lambda x: np.clip((x + 1) / 2, 0, 1)),
    "squareplus": KnownActivation(lambda x: (x + np.sqrt(np.square(x) + 4)) / 2),
    "tanh": KnownActivation(lambda x: np.tanh(x, out=x)),
    "tanh_shrink": KnownActivation(lambda x: x - np.tanh(x)),
}


def is_elementwise(name: str | None) -> bool:
    """Whether an activation of Keras's looks at each unit by itself.

    Parameters
    ----------
    name : str or None
        None for the user's own.

    Examples
    --------
    >>> is_elementwise("relu"), is_elementwise("softmax"), is_elementwise(None)
    (True, False, False)
    """
    known = None if name is None else ACTIVATIONS.get(name)
    return known is not None and known.is_elementwise

"""The TensorFlow backend: what the compiled engine asks of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from skhp.compat import stateless_optimizer_class

__all__ = ["arrays", "compiled", "stateless_optimizer_class", "tensors", "value_and_grad"]


def tensors(arrays: Iterable[Any]) -> list[Any]:
    """Arrays as tensors."""
    return [tf.constant(array) for array in arrays]


def arrays(tensors: Iterable[Any]) -> list[np.ndarray]:
    """Tensors as arrays."""
    return [tensor.numpy() for tensor in tensors]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of tensors with XLA, at its first call."""
    # A partial is a function of its own to TensorFlow, which would otherwise take all
    # programs for one that is traced over and over, and warn of it.
    return tf.function(functools.partial(function), jit_compile=True, autograph=False)


def value_and_grad(
    function: Callable[[list[Any]], tuple[Any, Any]], variables: list[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """Value and auxiliary output of a function, and the value's gradients.

    Parameters
    ----------
    function : callable
        Takes the list of tensors and returns ``(value, auxiliary)``.
    variables : list of tensor
        What to differentiate by.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        value, auxiliary = function(variables)
    return (value, auxiliary), tape.gradient(
        value, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )

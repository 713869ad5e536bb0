"""What programs need from TensorFlow."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from skhp.compat.keras import stateless_optimizer_class
from skhp.compat.tensorflow import flat_caller

__all__ = [
    "TRACERS",
    "arrays",
    "stateless_optimizer_class",
    "tensors",
    "value_and_grad",
    "value_and_grad_of_variables",
]


def tensors(arrays: Iterable[Any]) -> list[Any]:
    """Arrays as tensors."""
    return [tf.constant(array) for array in arrays]


def arrays(tensors: Iterable[Any]) -> list[np.ndarray]:
    """Tensors as arrays."""
    return [tensor.numpy() for tensor in tensors]


class Traced:
    """A function of tensors as a TensorFlow graph, which is made at its first call.

    Later calls take tensors of the same shapes and types. Nothing checks them again: that
    would take as long as training a small network for an epoch.

    Parameters
    ----------
    function : callable
        Of tensors in lists, tuples and dicts, returning a tuple of tensors and lists of
        tensors.
    jit_compile : bool
        Whether XLA compiles the graph.
    """

    def __init__(self, function: Callable[..., Any], jit_compile: bool) -> None:
        self._function, self._jit_compile = function, jit_compile
        self._call: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        tensors = tf.nest.flatten(args)
        if self._call is None:
            self._call = self._traced(args, tensors)
        result = iter(self._call(*tensors))
        return tuple(
            next(result) if length is None else list(itertools.islice(result, length))
            for length in self._lengths
        )

    def _traced(self, args: Any, tensors: list[Any]) -> Callable[..., Any]:
        def flat(*tensors: Any) -> list[Any]:
            result = self._function(*tf.nest.pack_sequence_as(args, tensors))
            self._lengths = [len(x) if isinstance(x, list) else None for x in result]
            return tf.nest.flatten(result)

        traced = tf.function(flat, jit_compile=self._jit_compile, autograph=False)
        return flat_caller(traced.get_concrete_function(*tensors))


# engine_ -> how a function is traced
TRACERS: dict[str, Callable[[Callable[..., Any]], Traced]] = {
    "compiled": functools.partial(Traced, jit_compile=True),
    "graph": functools.partial(Traced, jit_compile=False),
}


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


def value_and_grad_of_variables(
    function: Callable[[], tuple[Any, Any]], variables: list[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """Value and auxiliary output of a function, and the value's gradients.

    Parameters
    ----------
    function : callable
        Takes nothing, reads the variables and returns ``(value, auxiliary)``.
    variables : list of keras.Variable
        What to differentiate by. The gradient is None by one that the value does not
        follow from.
    """
    tensors = [variable.value for variable in variables]
    with tf.GradientTape() as tape:
        value, auxiliary = function()
    return (value, auxiliary), tape.gradient(value, tensors)

"""The forward pass of a perceptron in a program: pure functions of tensors.

Widths, the common activations, the dropout rate and l2 are scalars to it, so that the
candidates of a search share programs.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.engine.backends import tensorflow as backend
from skhp.engine.packing import are_large
from skhp.engine.sequencing import after_dependency, transposed_after
from skhp.mlp.activation_curves import Curve
from skhp.mlp.counter_random import uniform
from skhp.mlp.layers import (
    BATCH_NORM_EPSILON,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Output,
    walk,
)
from skhp.mlp.layout import MLPLayout
from skhp.mlp.shared_activation import shared_activation

# Keras's default for keras.layers.BatchNormalization.
_BN_MOMENTUM = 0.99

# Of a product that gets a transposed copy. XLA may split the sums of a larger one, and the bits
# then depend on the number of threads.
_MOST_MULTIPLICATIONS = 2**21

Scalars = dict[str, Any]


class ForwardPass:
    """The forward pass of one batch.

    Parameters
    ----------
    layout : MLPLayout
    scalars : dict of tensor
        The scalars from `MLPNetwork.scalars`.
    masks : list of tensor of shape (n, width)
        What each hidden layer's outputs are multiplied by, for dropout; empty if
        the network is not being trained.
    rows : tensor of shape (n,), optional
        1 for real rows, 0 for padding.
    """

    def __init__(
        self, layout: MLPLayout, scalars: Scalars, masks: list[Any], rows: Any = None
    ) -> None:
        self._layers, self._masks, self._rows = layout.layers(), masks, rows
        large = are_large(layout.trainable_shapes())
        self._add: Callable[[Any, Any], Any] = _plus_bias if large else operator.add
        units = _real_units(layout.widths, scalars)
        if layout.activation is None:
            self._curve = Curve(*ops.unstack(scalars["activation"], len(Curve._fields)))
            units = self._curve.constant * units  # of all layers at once, which is one kernel
        self._units = backend.split(units, layout.widths)

    def __call__(self, trainable: list[Any], state: list[Any], x: Any) -> tuple[Any, list[Any]]:
        """Outputs, and the new moving statistics.

        Parameters
        ----------
        trainable, state : list of tensor
            Weights and moving statistics in the order of the layers.
        x : tensor of shape (n, n_features), or tuple of two tensors
            The column numbers and the values of the entries in sparse rows.
        """
        self._x = x
        moved: list[Any] = []
        steps: dict[type, Callable[..., Any]] = {
            Dense: self._dense,
            BatchNorm: partial(self._batch_norm, moved),
            Activation: self._activation,
            Dropout: self._dropout,
            Output: self._output,
        }
        return walk(self._layers, x, trainable, state, steps), moved

    def _dense(self, layer: Dense, x: Any, kernel: Any, bias: Any) -> Any:
        if isinstance(x, tuple):
            return self._add(_product_of_entries(*x, kernel), bias)
        product = _product_with_rows if x is self._x else _product
        return self._add(product(x, kernel), bias)

    def _batch_norm(
        self, moved: list[Any], layer: Any, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any
    ) -> Any:
        if self._masks:
            batch = _moments(x, self._rows)
            moved += _moved((mean, variance), batch)
            mean, variance = batch
        return ops.batch_normalization(
            x, mean, variance, axis=-1, offset=beta, scale=gamma, epsilon=BATCH_NORM_EPSILON
        )

    def _activation(self, layer: Activation, x: Any) -> Any:
        units = self._units[layer.hidden]
        if layer.activation is not None:
            return layer.activation.value(x) * units
        return shared_activation(x, self._curve, units)

    def _dropout(self, layer: Dropout, x: Any) -> Any:
        return x * self._masks[layer.hidden] if self._masks else x

    def _output(self, layer: Output, x: Any, kernel: Any, bias: Any) -> Any:
        return layer.activation.value(self._dense(layer, x, kernel, bias))


def _real_units(widths: tuple[int, ...], scalars: Scalars) -> Any:
    """A vector of the units of all hidden layers: 1 for a real unit, 0 for padding."""
    layers = np.repeat(np.arange(len(widths), dtype="int32"), widths)
    numbers = np.concatenate([np.arange(width, dtype="int32") for width in (0, *widths)])
    real = numbers < backend.take_rows(scalars["widths"], layers)
    return ops.cast(real, scalars["dropout"].dtype)


def penalty(trainable: list[Any], scalars: Scalars) -> Any:
    """What l2 adds to the loss.

    Parameters
    ----------
    trainable : list of tensor
    scalars : dict of tensor
    """
    kernels = [weight for weight in trainable if weight.ndim == 2]
    return scalars["l2"] * sum(ops.sum(ops.square(kernel)) for kernel in kernels)


def no_masks(layout: MLPLayout, n_rows: int) -> list[Any]:
    """What `dropout_mask` takes in the first step: a mask that drops nothing.

    Parameters
    ----------
    layout : MLPLayout
    n_rows : int
    """
    shape = (n_rows, sum(layout.widths))
    return [ops.ones(shape, keras.config.floatx())] if layout.widths else []


def dropout_mask(before: Any, scalars: Scalars) -> Any:
    """What the outputs of all hidden layers are multiplied by in a step.

    Parameters
    ----------
    before : tensor of shape (n_rows, n_hidden_units)
        The mask of the step before. Without dropout it is used again: to write ones in each step
        would take longer.
    scalars : dict of tensor
    """
    return skip_unless(
        scalars["no_dropout"], lambda turn, _: _mask(before.shape, scalars, turn), before
    )


def mask_of_each_layer(layout: MLPLayout, mask: Any) -> list[Any]:
    """The masks of the hidden layers, from the mask of all.

    Parameters
    ----------
    layout : MLPLayout
    mask : tensor of shape (n_rows, n_hidden_units)
    """
    return backend.split(mask, layout.widths, axis=1)


def _mask(shape: tuple[int, ...], scalars: Scalars, turn: Any) -> Any:
    step = scalars["step"]
    drawn = uniform(shape, scalars["seed"], step + ops.cast(turn, step.dtype))
    rate = scalars["dropout"]
    return ops.cast(ops.cast(drawn, rate.dtype) >= rate, rate.dtype) * scalars["dropout_factor"]


def skip_unless(first_turn: Any, compute: Callable[[Any, Any], Any], otherwise: Any) -> Any:
    """Compute a value only if the first turn of a loop is 0.

    XLA turns most conditionals into a select, and computes both sides in each fusion that
    reads them. It keeps a loop that runs once or never. But it moves what is loop-invariant
    before the loop, where it is always computed. So what is computed must depend on the
    number of the turn.

    Parameters
    ----------
    first_turn : int32 tensor
        0 to compute the value, 1 to skip it. It is an input of the program: to compute it from
        a condition takes a kernel.
    compute : callable
        Takes the number of the turn, 0, and ``otherwise``. A tensor that it used from outside
        the loop would be copied in each step.
    otherwise : tensor, or list of tensor
        The value if it is skipped; like what ``compute`` returns.
    """
    _, value = ops.while_loop(
        lambda turn, _: turn < 1,
        lambda turn, value: (turn + 1, compute(turn, value)),
        (first_turn, otherwise),
    )
    return value


@ops.custom_gradient
def _product_with_rows(x: Any, kernel: Any) -> Any:
    """A matrix product with rows of X, which need no gradient."""

    def gradient(upstream: Any) -> tuple[Any, Any]:
        return None, ops.matmul(_transposed(x, upstream), upstream)

    return ops.matmul(x, kernel), gradient


@ops.custom_gradient
def _product(x: Any, kernel: Any) -> Any:
    """A matrix product that computes the gradient of the kernel before the gradient of the rows.

    XLA may compute a product in several threads. If another operation is ready at that moment,
    XLA gives it to another thread. For a small network that takes longer than the step. So the
    kernel waits for the rows too: a kernel is copied from the vector of all weights, and the
    copies for all layers would be ready when the step begins.
    """

    def gradient(upstream: Any) -> tuple[Any, Any]:
        by_kernel = ops.matmul(_transposed(x, upstream), upstream)
        later = after_dependency(upstream, _first_value(by_kernel))
        return ops.matmul(later, ops.transpose(kernel)), by_kernel

    kernel = after_dependency(kernel, _first_value(x))
    return ops.matmul(x, kernel), gradient


def _transposed(x: Any, upstream: Any) -> Any:
    """Transposed rows, for a product with the gradient of a layer's outputs.

    A layer with one unit needs no copy, because XLA computes its products without Eigen. There
    the dependency lets XLA write x to memory. Without it, XLA would compute the activation
    again, one number at a time.

    A large product gets no copy: its last bits would depend on the number of threads.
    """
    if math.prod(x.shape) * upstream.shape[1] > _MOST_MULTIPLICATIONS:
        return ops.transpose(x)
    first = _first_value(upstream)
    if upstream.shape[1] == 1:
        return after_dependency(ops.transpose(x), first)
    return transposed_after(x, first)


def _first_value(matrix: Any) -> Any:
    return ops.slice(matrix, [0, 0], [1, 1])


@ops.custom_gradient
def _product_of_entries(columns: Any, values: Any, kernel: Any) -> Any:
    """Rows times a kernel, from the column numbers and the values of the rows' entries."""
    values = ops.expand_dims(values, 2)

    def gradient(upstream: Any) -> tuple[Any, Any, Any]:
        by_entry = ops.reshape(ops.expand_dims(upstream, 1) * values, (-1, kernel.shape[1]))
        places = ops.reshape(columns, (-1,))
        return None, None, ops.segment_sum(by_entry, places, num_segments=kernel.shape[0])

    return ops.sum(ops.take(kernel, columns, axis=0) * values, axis=1), gradient


@ops.custom_gradient
def _plus_bias(x: Any, bias: Any) -> Any:
    """Add a bias, with a gradient that is a matrix product, like the gradients of the kernels.

    The usual gradient of a bias is a sum over the batch. XLA fuses it with the vector of all
    gradients. With large kernels, it may compute the sum again for each number in this vector,
    and a step then takes thirty times as long. With small kernels the sum is faster: a product
    would make small networks in two threads a twentieth slower.
    """

    def gradient(upstream: Any) -> tuple[Any, Any]:
        ones = ops.ones((1, upstream.shape[0]), upstream.dtype)
        return upstream, ops.reshape(ops.matmul(ones, upstream), (-1,))

    return x + bias, gradient


def _moments(x: Any, rows: Any) -> tuple[Any, Any]:
    if rows is None:
        return ops.moments(x, axes=[0])
    n = ops.sum(rows)
    column = ops.expand_dims(rows, 1)
    mean = ops.sum(x * column, axis=0) / n
    return mean, ops.sum(ops.square(x - mean) * column, axis=0) / n


def _moved(moving: tuple[Any, Any], batch: tuple[Any, Any]) -> list[Any]:
    return [
        old * _BN_MOMENTUM + new * (1.0 - _BN_MOMENTUM)
        for old, new in zip(moving, batch, strict=True)
    ]

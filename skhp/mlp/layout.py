"""A multi-layer perceptron as the engine compiles it: a pure function of arrays.

Widths, the common activations, the dropout rate and l2 are scalars to it, so that the
candidates of a search share programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.engine.packing import are_large
from skhp.engine.plan import Arrays
from skhp.keras_objects.catalogue import KerasObject
from skhp.mlp.counter_random import uniform

# Activations that are a number to the program rather than part of it.
SHARED_ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")

# Keras's defaults for keras.layers.BatchNormalization.
_BN_MOMENTUM, BATCH_NORM_EPSILON = 0.99, 1e-3


@dataclass(frozen=True)
class MLPLayout:
    """The arrays of a perceptron and the function they parametrize.

    Parameters
    ----------
    n_features, n_outputs, widths, output_activation, batch_norm
        As in `MLPSpec`, with widths as compiled.
    activation : KerasObject or None
        None where the activation is one of `SHARED_ACTIVATIONS`, chosen by number.
    output_columns : int
        Of the output kernel. One column more than a single output keeps XLA from
        working the loss's gradient out anew for each unit of the layer before.
    """

    n_features: int
    n_outputs: int
    widths: tuple[int, ...]
    activation: KerasObject | None
    output_activation: KerasObject
    batch_norm: bool
    output_columns: int

    variables = None

    def joinable(self, shape: tuple[int, ...]) -> bool:
        """Whether a weight may stand in a vector; see `skhp.engine.packing`."""
        is_sum = self.batch_norm and len(shape) < 2  # gamma's and beta's gradients are
        return not (is_sum and are_large(self.trainable_shapes()))

    def trainable_shapes(self) -> list[tuple[int, ...]]:
        """Kernel and bias of each layer; gamma and beta too where batch-normalized."""
        shapes: list[tuple[int, ...]] = []
        fan_in = self.n_features
        for width in self.widths:
            shapes += [(fan_in, width), (width,)]
            shapes += [(width,), (width,)] if self.batch_norm else []
            fan_in = width
        return [*shapes, (fan_in, self.output_columns), (self.output_columns,)]

    def initial_state(self) -> Arrays:
        """Moving mean and variance of each batch-normalized layer."""
        dtype = keras.config.floatx()
        if not self.batch_norm:
            return []
        return [f(w, dtype) for w in self.widths for f in (np.zeros, np.ones)]

    def forward(
        self,
        trainable: list[Any],
        state: list[Any],
        x: Any,
        scalars: dict[str, Any],
        masks: list[Any],
        rows: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Outputs, and the new moving statistics.

        Parameters
        ----------
        trainable, state : list of tensor
            Weights in the order of `trainable_shapes` and `initial_state`.
        x : tensor of shape (n, n_features)
        scalars : dict of tensor
            Of `MLPSpec.scalars`.
        masks : list of tensor of shape (n, width)
            What each hidden layer's outputs are multiplied by, for dropout; empty where
            the network is not being trained.
        rows : tensor of shape (n,), optional
            1 for real rows, 0 for rows that only fill the batch up.
        """
        weights, state, new_state = list(trainable), list(state), []
        add = _plus_bias if are_large(self.trainable_shapes()) else ops.add
        for layer, width in enumerate(self.widths):
            kernel, bias, *weights = weights
            x = add(ops.matmul(x, kernel), bias)
            if self.batch_norm:
                (gamma, beta, *weights), (mean, variance, *state) = weights, state
                if masks:
                    batch = _moments(x, rows)
                    new_state += _moved((mean, variance), batch)
                    mean, variance = batch
                x = ops.batch_normalization(
                    x, mean, variance, axis=-1, offset=beta, scale=gamma, epsilon=BATCH_NORM_EPSILON
                )
            x = self._activate(x, scalars)
            if masks:
                units = ops.arange(width, dtype="int32") < scalars["widths"][layer]
                x = x * masks[layer] * ops.cast(units, x.dtype)
        kernel, bias = weights
        outputs = add(ops.matmul(x, kernel), bias)[:, : self.n_outputs]
        return self.output_activation.value(outputs), new_state

    def penalty(self, trainable: list[Any], scalars: dict[str, Any]) -> Any:
        """What the kernels add to the loss."""
        kernels = [w for w in trainable if w.ndim == 2]
        return scalars["l2"] * sum(ops.sum(ops.square(kernel)) for kernel in kernels)

    def logged_penalty(self, trainable: list[Any], scalars: dict[str, Any]) -> Any:
        """`penalty` for the logs: without a gradient, and for nothing where it is zero."""
        fixed = [ops.stop_gradient(weight) for weight in trainable]
        return skip_unless(
            scalars["l2"] > 0,
            lambda turn: self._penalty_in(turn, fixed, scalars),
            ops.zeros_like(scalars["l2"]),
        )

    def masks_and_logged_penalty(
        self, trainable: list[Any], n_rows: int, scalars: dict[str, Any]
    ) -> tuple[list[Any], Any]:
        """The dropout masks of a step, and its `logged_penalty`.

        One loop stands for both, as each costs a step a microsecond, needed or not.
        """
        if not self.widths:
            return [], self.logged_penalty(trainable, scalars)
        fixed = [ops.stop_gradient(weight) for weight in trainable]
        drops, penalized = scalars["dropout"] > 0, scalars["l2"] > 0
        ones = ops.ones((n_rows, sum(self.widths)), scalars["dropout"].dtype)

        def compute(turn: Any) -> tuple[Any, Any]:
            # What does not follow from the turn would be moved before the loop.
            masks = skip_unless(
                drops, lambda inner: self._mask(ones.shape, scalars, turn + inner), ones
            )
            return masks, self._penalty_in(turn, fixed, scalars)

        none = (ones, ops.zeros_like(scalars["l2"]))
        mask, penalty = skip_unless(ops.logical_or(drops, penalized), compute, none)
        ends = np.cumsum(self.widths).tolist()
        pairs = zip(self.widths, ends, strict=True)
        return [mask[:, end - width : end] for width, end in pairs], penalty

    def _penalty_in(self, turn: Any, trainable: list[Any], scalars: dict[str, Any]) -> Any:
        ones = [ops.cast(1 - turn, weight.dtype) for weight in trainable]
        return self.penalty([w * one for w, one in zip(trainable, ones, strict=True)], scalars)

    def _mask(self, shape: tuple[int, ...], scalars: dict[str, Any], turn: Any) -> Any:
        rate = scalars["dropout"]
        step = ops.cast(scalars["step"], "int32") + turn
        drawn = ops.cast(uniform(shape, scalars["seed"], step), rate.dtype)
        return ops.cast(drawn >= rate, rate.dtype) / (1.0 - rate)

    def _activate(self, x: Any, scalars: dict[str, Any]) -> Any:
        if self.activation is not None:
            return self.activation.value(x)
        code = scalars["activation"]
        is_relu, is_sigmoid, is_linear = code == 0, code == 2, code == 3
        # sigmoid(x) = (tanh(x / 2) + 1) / 2: one transcendental serves both.
        half = ops.where(is_sigmoid, 0.5, 1.0)
        curve = ops.tanh(x * half) * half + ops.where(is_sigmoid, 0.5, 0.0)
        return ops.where(is_relu, ops.relu(x), ops.where(is_linear, x, curve))


def skip_unless(condition: Any, compute: Callable[[Any], Any], otherwise: Any) -> Any:
    """A value that costs nothing where a condition does not hold.

    XLA makes a select of most conditionals, and computes both sides, in each fusion that
    reads them. A loop of one turn or none it leaves alone, but for what no turn changes:
    that it computes before the loop, at all events. So a turn is told its number.

    Parameters
    ----------
    condition : bool tensor
    compute : callable
        Takes the number of the turn, 0.
    otherwise : tensor, or tuple of tensor
        What `compute` returns, where the condition does not hold.
    """
    _, value = ops.while_loop(
        lambda turn, _: turn < 1,
        lambda turn, _: (turn + 1, compute(turn)),
        (ops.where(condition, 0, 1), otherwise),
    )
    return value


@ops.custom_gradient
def _plus_bias(x: Any, bias: Any) -> Any:
    """A sum whose gradient by the bias is a product, as the gradients by the kernels are.

    A sum over the batch XLA fuses with the vector of all gradients, and where kernels are
    large it may work it out anew for each number there, in thirty times the time of a step.
    Were it a product everywhere, small networks in two threads would take a twentieth longer.
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

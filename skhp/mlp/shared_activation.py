"""Common activations as one function. A few coefficients choose the activation.

The coefficients are data to a program, so that networks with any of these activations share it.
All values follow from one hyperbolic tangent: with ``t = tanh(x / 2)``, the sigmoid is
``(1 + t) / 2`` and ``exp(x) - 1`` is ``2 t / (1 - t)``.

On a CPU, XLA hands a part of an elementwise computation to another thread if it has more
operations than bytes to read and write. For a small network that takes longer than the step. So
values and gradients need few operations, and gradients follow from what the values have computed.

An infinite input gives NaN, so such a fit ends with the error of a fit that diverged. With Keras,
tanh and sigmoid of an infinite input are finite, and the fit continues.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from skhp.mlp.activation_curves import Curve


def shared_activation(x: Any, curve: Curve, constant: Any) -> Any:
    """The activation of some coefficients.

    Parameters
    ----------
    x : tensor of shape (n, width)
    curve : Curve
        The coefficients as tensors of shape ().
    constant : tensor of shape (width,)
        The coefficient ``constant`` for real units; 0 for padding, whose x is 0. The value of
        padding is 0.
    """
    c = curve

    @ops.custom_gradient
    def value(x: Any) -> Any:
        t = ops.tanh(c.inner * ops.minimum(x, c.most))
        part = c.factor * t / (1.0 - c.pole * t)
        y = ops.maximum(c.slope_p * x, c.slope_n * x) + constant + part

        def gradient(upstream: Any) -> Any:
            by_sign = ops.where(x > 0, c.grad_p, c.grad_n)
            by_x = by_sign + (c.by_part + c.by_square * part) * part
            return upstream * by_x

        return y, gradient

    return value(x)

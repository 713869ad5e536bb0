"""Common activations as one function, of which an activation is a few coefficients.

The coefficients are data to a program, so that networks with any of these activations share it.
All values follow from one hyperbolic tangent: with ``t = tanh(x / 2)``, the sigmoid is
``(1 + t) / 2`` and ``exp(x) - 1`` is ``2 t / (1 - t)``. All gradients follow from the values, as
in TensorFlow. That keeps them cheap: XLA would run a longer computation in several threads.

An infinite input gives NaN, so such a fit ends with the error of a fit that diverged. With Keras,
tanh and sigmoid of an infinite input are finite, and the fit goes on.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from skhp.mlp.activation_curves import Curve


@ops.custom_gradient
def shared_activation(x: Any, curve: Any) -> Any:
    """The activation of some coefficients.

    Parameters
    ----------
    x : tensor
    curve : tensor of shape (12,)
        Of `skhp.mlp.activation_curves.coefficients`.
    """
    c = Curve(*ops.unstack(curve, len(Curve._fields)))
    p, n = ops.maximum(x, 0.0), ops.minimum(x, 0.0)
    t = ops.tanh(c.inner_p * p + c.inner_n * n)
    y = c.slope_p * p + c.slope_n * n + c.constant + c.factor * t / (1.0 - c.pole * t)

    def gradient(upstream: Any) -> tuple[Any, Any]:
        by_sign = ops.where(y > 0, c.grad_p + c.by_y_p * y, c.grad_n + c.by_y_n * y)
        return upstream * (by_sign + c.by_square * y * y), ops.zeros_like(curve)

    return y, gradient

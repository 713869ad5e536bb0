"""The activations that one function computes, each from a few coefficients.

See `skhp.mlp.shared_activation`. The coefficients are data to a program, so that networks with
any of these activations share it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Curve(NamedTuple):
    """The coefficients of an activation.

    With ``t = tanh(inner * min(x, most))`` and ``part = factor * t / (1 - pole * t)``, its value
    is ``max(slope_p * x, slope_n * x) + constant + part``.

    Its gradient is ``(by_part + by_square * part) * part``, plus ``grad_p`` where x is positive
    and ``grad_n`` elsewhere.
    """

    slope_p: float = 0.0
    slope_n: float = 0.0
    constant: float = 0.0
    most: float = 0.0
    inner: float = 0.0
    factor: float = 0.0
    pole: float = 0.0
    grad_p: float = 0.0
    grad_n: float = 0.0
    by_part: float = 0.0
    by_square: float = 0.0


_CURVES = {
    "relu": Curve(slope_p=1.0, grad_p=1.0),
    "leaky_relu": Curve(slope_p=1.0, slope_n=0.2, grad_p=1.0, grad_n=0.2),
    "linear": Curve(slope_p=1.0, slope_n=1.0, grad_p=1.0, grad_n=1.0),
    "elu": Curve(
        slope_p=1.0, inner=0.5, factor=2.0, pole=1.0, grad_p=1.0, grad_n=1.0, by_part=1.0
    ),
    "tanh": Curve(
        most=math.inf, inner=1.0, factor=1.0, grad_p=1.0, grad_n=1.0, by_square=-1.0
    ),
    "sigmoid": Curve(
        constant=0.5, most=math.inf, inner=0.5, factor=0.5, grad_p=0.25, grad_n=0.25,
        by_square=-1.0,
    ),
}  # fmt: skip


def is_shared(name: str | None) -> bool:
    """Whether an activation of Keras's is data to a program.

    Parameters
    ----------
    name : str or None
        None for the user's own.
    """
    return name in _CURVES


def coefficients(name: str | None, dtype: str) -> np.ndarray:
    """The coefficients of an activation; those of a linear one if it is not data.

    Parameters
    ----------
    name : str or None
    dtype : str
    """
    return np.asarray(_CURVES.get(name or "linear", _CURVES["linear"]), dtype)

"""The first values of kernels, drawn from a random state.

Keras's common initializers draw from a uniform or normal distribution, with a scale that
depends on the kernel's shape. NumPy draws from the same distributions in a twentieth of the
time. Keras needs a millisecond per kernel, which is much in a fit of ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import ndtr, ndtri

from skhp.keras_objects.keras_object import KerasObject
from skhp.keras_objects.origins import is_keras_own

Shape = tuple[int, ...]
Draw = Callable[[np.random.RandomState, float, Shape], np.ndarray]

# Of a standard normal distribution that is truncated at two standard deviations.
_TRUNCATED_DEVIATION = 0.87962566103423978


def draw_kernel(
    chosen: KerasObject, shape: Shape, random_state: np.random.RandomState
) -> np.ndarray:
    """Draw one kernel.

    Parameters
    ----------
    chosen : KerasObject
        The initializer. One with its own seed always gives the same kernel, and then
        ``random_state`` is not used.
    shape : tuple of int
        Inputs and units.
    random_state : RandomState

    Returns
    -------
    ndarray of shape (inputs, units)

    Raises
    ------
    ValueError
        If the user's initializer fails, or returns something other than finite numbers of
        this shape.

    Examples
    --------
    >>> from skhp.keras_objects.catalogue import look_up
    >>> he_uniform = look_up("kernel_initializer", "he_uniform")
    >>> kernel = draw_kernel(he_uniform, (6, 2), np.random.RandomState(0))
    >>> kernel.shape, bool(abs(kernel).max() <= 1)
    ((6, 2), True)
    """
    initializer = chosen.value
    config = chosen.config if hasattr(initializer, "get_config") else {}
    if "seed" not in config or config["seed"] is not None:
        return _called(initializer, shape)
    if _scales_by_shape(initializer):
        deviation = np.sqrt(initializer.scale / max(1.0, _FANS[initializer.mode](*shape)))
        drawn = _DISTRIBUTIONS[initializer.distribution](random_state, deviation, shape)
        return drawn.astype(keras.config.floatx())
    seeded = {**config, "seed": int(random_state.randint(2**31))}
    return _called(type(initializer).from_config(seeded), shape)


def _called(initializer: Any, shape: Shape) -> np.ndarray:
    name = getattr(initializer, "__name__", type(initializer).__name__)
    try:
        kernel = ops.convert_to_numpy(initializer(shape))
    except Exception as error:
        raise ValueError(
            f"kernel_initializer={name} failed for the shape {shape}: {error}. It must be a "
            "function that takes a shape and returns an array of this shape."
        ) from error
    is_number = kernel.dtype.kind not in "OUSc"
    if kernel.shape != shape or not is_number or not np.isfinite(kernel.astype("float64")).all():
        raise ValueError(
            f"kernel_initializer={name} must return finite numbers of the given shape. "
            f"For {shape} it returned an array of shape {kernel.shape} and dtype "
            f"{kernel.dtype}."
        )
    return kernel.astype(keras.config.floatx())


def _scales_by_shape(initializer: Any) -> bool:
    # A user's subclass may compute something else.
    own = is_keras_own(type(initializer))
    scaled = own and isinstance(initializer, keras.initializers.VarianceScaling)
    # Keras before 3.15 has no such settings.
    axes = (getattr(initializer, name, None) for name in ("input_axes", "output_axes"))
    return scaled and all(value is None for value in axes)


_FANS: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda inputs, units: inputs,
    "fan_out": lambda inputs, units: units,
    "fan_avg": lambda inputs, units: (inputs + units) / 2,
}


def _uniform(random_state: np.random.RandomState, deviation: float, shape: Shape) -> np.ndarray:
    limit = np.sqrt(3.0) * deviation
    return random_state.uniform(-limit, limit, shape)


def _normal(random_state: np.random.RandomState, deviation: float, shape: Shape) -> np.ndarray:
    return random_state.normal(0.0, deviation, shape)


def _truncated(random_state: np.random.RandomState, deviation: float, shape: Shape) -> np.ndarray:
    quantiles = random_state.uniform(ndtr(-2.0), ndtr(2.0), shape)
    return ndtri(quantiles) * (deviation / _TRUNCATED_DEVIATION)


_DISTRIBUTIONS: dict[str, Draw] = {
    "uniform": _uniform,
    "untruncated_normal": _normal,
    "truncated_normal": _truncated,
}

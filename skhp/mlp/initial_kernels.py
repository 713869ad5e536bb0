"""The first values of kernels, drawn from a random state.

Keras's common initializers draw from one distribution or another at a scale that follows
from the kernel's shape. NumPy draws from the same, in a twentieth of the time that Keras
takes to ask its backend for it: a millisecond a kernel is much, where a fit takes ten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import ndtr, ndtri

Shape = tuple[int, ...]
Draw = Callable[[np.random.RandomState, float, Shape], np.ndarray]

# Of a normal distribution without what is beyond two standard deviations.
_TRUNCATED_DEVIATION = 0.87962566103423978


def draw_kernel(initializer: Any, shape: Shape, random_state: np.random.RandomState) -> np.ndarray:
    """Draw one kernel.

    Parameters
    ----------
    initializer : keras.initializers.Initializer or callable
        With a seed of its own it gives what it always gives, and ``random_state`` is
        left as it is.
    shape : tuple of int
        Inputs and units.
    random_state : RandomState

    Returns
    -------
    ndarray of shape (inputs, units)

    Raises
    ------
    ValueError
        If an initializer of the user's fails, or gives anything but finite numbers of
        this shape.

    Examples
    --------
    >>> import keras, numpy as np
    >>> kernel = draw_kernel(keras.initializers.HeUniform(), (6, 2), np.random.RandomState(0))
    >>> kernel.shape, bool(abs(kernel).max() <= 1)
    ((6, 2), True)
    """
    if not _takes_a_seed(initializer):
        return _called(initializer, shape)
    if _scales_by_shape(initializer):
        deviation = np.sqrt(initializer.scale / max(1.0, _FANS[initializer.mode](*shape)))
        drawn = _DISTRIBUTIONS[initializer.distribution](random_state, deviation, shape)
        return drawn.astype(keras.config.floatx())
    config = {**initializer.get_config(), "seed": int(random_state.randint(2**31))}
    return _called(type(initializer).from_config(config), shape)


def _called(initializer: Any, shape: Shape) -> np.ndarray:
    name = getattr(initializer, "__name__", type(initializer).__name__)
    try:
        kernel = ops.convert_to_numpy(initializer(shape))
    except Exception as error:
        raise ValueError(
            f"kernel_initializer={name} failed for the shape {shape}: {error}. It must be a "
            "function of a shape that returns an array of it."
        ) from error
    is_number = kernel.dtype.kind not in "OUSc"
    if kernel.shape != shape or not is_number or not np.isfinite(kernel.astype("float64")).all():
        raise ValueError(
            f"kernel_initializer={name} must return finite numbers of the shape that it is "
            f"given. For {shape} it returned an array of shape {kernel.shape} and dtype "
            f"{kernel.dtype}."
        )
    return kernel.astype(keras.config.floatx())


def _takes_a_seed(initializer: Any) -> bool:
    config = initializer.get_config() if hasattr(initializer, "get_config") else {}
    return "seed" in config and config["seed"] is None


def _scales_by_shape(initializer: Any) -> bool:
    # A subclass of the user's may compute otherwise.
    own = type(initializer).__module__.split(".")[0] == "keras"
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

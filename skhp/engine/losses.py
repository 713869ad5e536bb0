"""The loss and the metrics of a program. Some rows of a batch may be padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from skhp.compat.keras import wrapped_function
from skhp.keras_objects.catalogue import KerasObject
from skhp.keras_objects.own_attributes import own_attributes, set_attributes


class FunctionLoss(keras.losses.Loss):
    """A loss function, averaged over the rows of a batch as in Keras.

    Parameters
    ----------
    function : callable
        Takes ``(y_true, y_pred)`` and returns one value for each row.
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        # TensorFlow allows few characters in this name: "<lambda>" would be an error.
        super().__init__(name="loss")
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value for each row."""
        return self.function(y_true, y_pred)


def as_loss(loss: KerasObject) -> Any:
    """A loss from the catalogue as a `keras.losses.Loss`."""
    return loss.value if isinstance(loss.value, keras.losses.Loss) else FunctionLoss(loss.value)


def fresh_metric(name: str, metric: KerasObject) -> Any:
    """A new metric with the given name, which shares no variables with another one."""
    value = metric.value
    if type(value) is keras.metrics.MeanMetricWrapper:  # its config may not contain its function
        function, settings = wrapped_function(value)
        return keras.metrics.MeanMetricWrapper(function, name, value.dtype, **settings)
    if isinstance(value, keras.metrics.Metric):
        made = type(value).from_config({**value.get_config(), "name": name})
        return set_attributes(made, own_attributes(value))
    return keras.metrics.MeanMetricWrapper(value, name=name)


# reduction of a loss -> the factor that removes padding rows, from all rows and real rows
_CORRECTION: dict[str, Callable[[Any, Any], Any]] = {
    "sum_over_batch_size": lambda rows, real: rows / real,
    "mean": lambda rows, real: rows / real,
    "mean_with_sample_weight": lambda rows, real: 1.0,
    "sum": lambda rows, real: 1.0,
}


def reductions() -> list[str]:
    """The reductions of a loss that a program can express."""
    return list(_CORRECTION)


def loss_value(loss: Any, y: Any, outputs: Any, weight: Any, real: Any, n: Any) -> Any:
    """Keras's loss of a batch, without its padding rows.

    Parameters
    ----------
    loss : keras.losses.Loss
    y, outputs : tensor
    weight : tensor of shape (n,)
        Sample weights.
    real : tensor of shape (n,) or None
        1 for real rows, 0 for padding; None if all rows are real.
    n : tensor
        Number of real rows.
    """
    if real is None:
        return loss(y, outputs, sample_weight=weight)
    value = loss(y, outputs, sample_weight=weight * real)
    rows = ops.cast(real.shape[0], value.dtype)
    return value * _CORRECTION[loss.reduction](rows, n)

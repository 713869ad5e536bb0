"""The loss and the metrics of a program, over rows of which some only fill a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from skhp.compat.keras import wrapped_function
from skhp.keras_objects.catalogue import KerasObject


class FunctionLoss(keras.losses.Loss):
    """A loss function, averaged over the rows of a batch as Keras averages it.

    Parameters
    ----------
    function : callable
        Of ``(y_true, y_pred)``, one value a row.
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value a row."""
        return self.function(y_true, y_pred)


def as_loss(loss: KerasObject) -> Any:
    """A looked-up loss as a `keras.losses.Loss`."""
    return loss.value if isinstance(loss.value, keras.losses.Loss) else FunctionLoss(loss.value)


def fresh_metric(name: str, metric: KerasObject) -> Any:
    """A metric of its own state, reporting under the given name."""
    value = metric.value
    if type(value) is keras.metrics.MeanMetricWrapper:  # its config may not find its function
        function, settings = wrapped_function(value)
        return keras.metrics.MeanMetricWrapper(function, name, value.dtype, **settings)
    if isinstance(value, keras.metrics.Metric):
        return type(value).from_config({**value.get_config(), "name": name})
    return keras.metrics.MeanMetricWrapper(value, name=name)


# reduction of a loss -> its correction for padding rows, given rows and real rows
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
    """Keras's loss of a batch, as if its padding rows were not there.

    Parameters
    ----------
    loss : keras.losses.Loss
    y, outputs : tensor
    weight : tensor of shape (n,)
        Sample weights.
    real : tensor of shape (n,) or None
        1 for real rows, 0 for padding; None where all are real.
    n : tensor
        Number of real rows.
    """
    if real is None:
        return loss(y, outputs, sample_weight=weight)
    value = loss(y, outputs, sample_weight=weight * real)
    rows = ops.cast(real.shape[0], value.dtype)
    return value * _CORRECTION[loss.reduction](rows, n)


class LayoutComputation:
    """Loss and logs of a network that is a plain function of arrays.

    The *metric state* holds the sums from which an epoch's logs are read: the loss, and the
    metrics' variables.

    Parameters
    ----------
    layout : MLPLayout
    loss : keras.losses.Loss
    metrics : list of keras.metrics.Metric
    y_example : ndarray
        One row; some metrics make their variables when they first see data.
    """

    def __init__(self, layout: Any, loss: Any, metrics: list[Any], y_example: Any) -> None:
        self.names = [metric.name for metric in metrics]
        self._layout, self._loss, self._metrics = layout, loss, metrics
        for metric in metrics:
            metric.update_state(y_example, ops.zeros((1, layout.n_outputs)))
            metric.reset_state()
        self._initial = [[ops.convert_to_numpy(v) for v in m.variables] for m in metrics]

    def step(
        self,
        trainable: list[Any],
        state: list[Any],
        metric_state: list[Any],
        batch: tuple[Any, ...],
        scalars: dict[str, Any],
        training: bool,
    ) -> tuple[Any, Any]:
        """The loss of a batch, and ``(state, metric_state)`` after it."""
        x, y, weight, real, n = batch
        if training:
            n_rows = x.shape[0]
            masks, penalty = self._layout.masks_and_logged_penalty(trainable, n_rows, scalars)
        else:
            masks, penalty = [], self._layout.logged_penalty(trainable, scalars)
        outputs, new_state = self._layout.forward(trainable, state, x, scalars, masks, real)
        loss = loss_value(self._loss, y, outputs, weight, real, n)
        metric_state = self._add(metric_state, loss + penalty, n, y, outputs, real)
        # XLA leaves the penalty's value out of a step that takes its gradient alone.
        return loss + self._layout.penalty(trainable, scalars), (new_state, metric_state)

    def zero(self) -> list[Any]:
        """The metric state before the first row."""
        metrics = [[ops.convert_to_tensor(v) for v in values] for values in self._initial]
        return [ops.zeros((), keras.config.floatx()), metrics]

    def _add(
        self, metric_state: list[Any], loss: Any, n: Any, y: Any, outputs: Any, real: Any
    ) -> Any:
        total, states = metric_state
        states = [
            list(metric.stateless_update_state(state, y, outputs, sample_weight=real))
            for metric, state in zip(self._metrics, states, strict=True)
        ]
        return [total + loss * n, states]

    def read(self, metric_state: list[Any], n: Any) -> list[Any]:
        """The mean loss over n rows, and each metric's value."""
        total, states = metric_state
        values = []
        for metric, state in zip(self._metrics, states, strict=True):
            # A result may be the variable itself, and is then read within the scope.
            with keras.StatelessScope(state_mapping=zip(metric.variables, state, strict=True)):
                values.append(ops.cast(metric.result(), total.dtype))
        return [total / n, *values]

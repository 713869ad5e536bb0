"""Loss and logs of a perceptron's batch, to be traced into a program."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from skhp.engine.losses import loss_value
from skhp.mlp.forward import ForwardPass, dropout_mask, mask_of_each_layer, no_masks, penalty
from skhp.mlp.layout import MLPLayout


class MLPComputation:
    """Loss and logs of a perceptron.

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

    def __init__(self, layout: MLPLayout, loss: Any, metrics: list[Any], y_example: Any) -> None:
        self.names = [metric.name for metric in metrics]
        self._layout, self._loss, self._metrics = layout, loss, metrics
        for metric in metrics:
            metric.update_state(y_example, ops.zeros((1, layout.n_outputs)))
            metric.reset_state()
        self._initial = [[v.numpy() for v in m.variables] for m in metrics]

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
        total, metrics, *kept = metric_state
        masks, kept = self._masks(kept, weight.shape[0], scalars)
        forward = ForwardPass(self._layout, scalars, masks, real)
        outputs, new_state = forward(trainable, state, x)
        loss = loss_value(self._loss, y, outputs, weight, real, n)
        if self._layout.is_penalized:
            loss += penalty(trainable, scalars)
        metrics = self._updated(metrics, y, outputs, real)
        return loss, (new_state, [total + loss * n, metrics, *kept])

    def _masks(
        self, kept: list[Any], n_rows: int, scalars: dict[str, Any]
    ) -> tuple[list[Any], list[Any]]:
        """Masks for dropout, and what to keep. There are no masks if the network is not trained."""
        if not kept:
            return [], kept
        is_tail = kept[0].shape[0] != n_rows
        (before,) = no_masks(self._layout, n_rows) if is_tail else kept
        mask = dropout_mask(before, scalars)
        return mask_of_each_layer(self._layout, mask), kept if is_tail else [mask]

    def kept(self, n_rows: int) -> list[Any]:
        """What a training step passes to the next one after the metric state.

        Parameters
        ----------
        n_rows : int
            Rows of a batch.
        """
        return no_masks(self._layout, n_rows)

    def zero(self) -> list[Any]:
        """The metric state before the first row."""
        metrics = [[ops.convert_to_tensor(v) for v in values] for values in self._initial]
        return [ops.zeros((), keras.config.floatx()), metrics]

    def _updated(self, metrics: Any, y: Any, outputs: Any, real: Any) -> Any:
        return [
            list(metric.stateless_update_state(state, y, outputs, sample_weight=real))
            for metric, state in zip(self._metrics, metrics, strict=True)
        ]

    def read(self, metric_state: list[Any], n: Any) -> list[Any]:
        """The mean loss over n rows, and each metric's value."""
        total, states = metric_state
        values = []
        for metric, state in zip(self._metrics, states, strict=True):
            # A result may be the variable itself, and is then read within the scope.
            with keras.StatelessScope(state_mapping=zip(metric.variables, state, strict=True)):
                values.append(ops.cast(metric.result(), total.dtype))
        return [total / n, *values]

"""The loss and the metrics of a Keras model, as a program computes them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.compat.keras import flat_metrics
from skhp.engine.plan import CannotCompile, Rows
from skhp.engine.text import text_as_tensors


class ModelComputation:
    """Loss and logs of a Keras model, by Keras's own methods, for given weights.

    Parameters
    ----------
    template : keras.Model
        Compiled.
    rows : Rows
        Rows like those of the fit. The model's metrics make their variables from them.
    is_padded : bool
        Whether batches may have padding rows.
    """

    def __init__(self, template: keras.Model, rows: Rows, is_padded: bool) -> None:
        self._model, self._is_padded = template, is_padded
        # Keras takes no weights of rows if each row has several losses.
        self._weighted = rows.weighted or is_padded
        self._build(rows)
        self._variables = template.metrics_variables
        self._initial = [v.numpy() for v in self._variables]
        results = _results_of(template)
        self.names = list(results)
        _check_single_values(results)

    def _build(self, rows: Rows) -> None:
        model = self._model
        x, y = keras.tree.map_structure(lambda array: array[:1], (rows.X, rows.y))
        x = text_as_tensors(x)
        outputs = model(x, training=False)
        weight = rows.weight[:1] if self._weighted else None
        model.compute_loss(x, y, outputs, weight)
        model.compute_metrics(x, y, outputs, weight)
        model.reset_metrics()

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
        weight = weight if self._weighted else None
        model, (total, metrics) = self._model, metric_state
        fixed = model.non_trainable_variables
        variables = [*model.trainable_variables, *fixed, *self._variables]
        values = [*trainable, *state, *metrics]
        mapping = zip(variables, values, strict=True)
        # Without collect_losses, the scope would lose the losses that layers add.
        with keras.StatelessScope(collect_losses=True, state_mapping=mapping) as scope:
            outputs = model(x, training=training)
            loss = self._loss(x, y, outputs, weight, real, n, training)
            self._update_metrics(x, y, outputs, weight, real)
        _check_unassigned(scope, model.trainable_variables, trainable)
        state = [_current(scope, variable) for variable in fixed]
        metrics = [_current(scope, variable) for variable in self._variables]
        return loss, (state, [total + ops.cast(loss, total.dtype) * n, metrics])

    def _loss(
        self, x: Any, y: Any, outputs: Any, weight: Any, real: Any, n: Any, training: bool
    ) -> Any:
        model = self._model
        if real is None:
            return model.compute_loss(x, y, outputs, weight, training=training)
        loss = model.compute_loss(x, y, outputs, weight * real, training=training)
        # The mean over rows is without padding. What layers add to the loss stays as it is.
        added = sum((ops.sum(value) for value in model.losses), ops.zeros((), loss.dtype))
        return (loss - added) * (ops.cast(real.shape[0], loss.dtype) / n) + added

    def _update_metrics(self, x: Any, y: Any, outputs: Any, weight: Any, real: Any) -> None:
        if real is None:
            self._model.compute_metrics(x, y, outputs, weight)
            return
        (y,), (outputs,) = keras.tree.flatten(y), keras.tree.flatten(outputs)
        for metric, weighted in flat_metrics(self._model):
            metric.update_state(y, outputs, sample_weight=weight * real if weighted else real)

    def kept(self, n_rows: int) -> list[Any]:
        """What a training step passes to the next one after the metric state: nothing."""
        return []

    def zero(self) -> list[Any]:
        """The metric state before the first row."""
        metrics = [ops.convert_to_tensor(value) for value in self._initial]
        return [ops.zeros((), keras.config.floatx()), metrics]

    def read(self, metric_state: list[Any], n: Any) -> list[Any]:
        """The mean loss over n rows, and each metric's value."""
        total, metrics = metric_state
        with keras.StatelessScope(state_mapping=zip(self._variables, metrics, strict=True)):
            results = _results_of(self._model)
            # A result may be the variable itself, which must be read within the scope.
            values = [ops.cast(results[name], total.dtype) for name in self.names]
        return [total / n, *values]


def _results_of(model: keras.Model) -> dict[str, Any]:
    """The results of all metrics except the loss, which a program sums itself."""
    results: dict[str, Any] = {}
    for metric in model.metrics:
        if metric.name != "loss":
            result = metric.result()
            results |= result if isinstance(result, dict) else {metric.name: result}
    return results


def _check_single_values(results: dict[str, Any]) -> None:
    for name, value in results.items():
        if np.ndim(value):
            raise CannotCompile(f"the metric {name!r} has several values")


def _check_unassigned(scope: Any, variables: list[Any], values: list[Any]) -> None:
    # Keras's fit then differentiates by the assigned value, which has no gradient here.
    for variable, value in zip(variables, values, strict=True):
        if scope.get_current_value(variable) is not value:
            raise CannotCompile(f"a layer assigns its own trainable weight {variable.path!r}")


def _current(scope: Any, variable: Any) -> Any:
    value = scope.get_current_value(variable)
    return ops.cast(value, variable.dtype)

"""Loss and metrics of a network on given rows, for callbacks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.engine.plan import Rows, TrainingPlan, TrainingState

# Rows in one batch.
_CHUNK = 8192


class Evaluation:
    """The loss and metrics on some rows, as a function of the weights.

    Parameters
    ----------
    plan : TrainingPlan
        Of the network.
    rows : Rows
    """

    def __init__(self, plan: TrainingPlan, rows: Rows) -> None:
        layout = plan.network.layout(shared=False)
        self._computation: Any = plan.network.computation(plan, layout, rows)
        self._scalars = {
            name: ops.convert_to_tensor(value) for name, value in plan.network.scalars().items()
        }
        self._n = len(rows)
        self._chunks = [
            self._batch(rows, np.arange(start, min(start + _CHUNK, self._n)))
            for start in range(0, self._n, _CHUNK)
        ]

    def _batch(self, rows: Rows, chosen: np.ndarray) -> tuple[Any, ...]:
        def take(array: np.ndarray) -> Any:
            return ops.convert_to_tensor(array[chosen])

        x, y, weight = keras.tree.map_structure(take, (rows.X, rows.y, rows.weight))
        return x, y, weight, None, ops.cast(len(chosen), weight.dtype)

    def __call__(self, state: TrainingState) -> dict[str, float]:
        """Compute the loss and the metrics.

        Parameters
        ----------
        state : TrainingState
            The weights.

        Returns
        -------
        dict of str to float
            "loss" and the metrics, by the names they have in a history.
        """
        trainable = [ops.convert_to_tensor(array) for array in state.trainable]
        fixed = [ops.convert_to_tensor(array) for array in state.state]
        metric_state = self._computation.zero()
        for batch in self._chunks:
            _, (_, metric_state) = self._computation.step(
                trainable, fixed, metric_state, batch, self._scalars, training=False
            )
        values = self._computation.read(metric_state, ops.cast(self._n, batch[-1].dtype))
        names = ["loss", *self._computation.names]
        return {name: float(value) for name, value in zip(names, values, strict=True)}

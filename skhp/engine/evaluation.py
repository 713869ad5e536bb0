"""Loss and metrics of a network on given rows, for callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.engine.large_table import BLOCK_BYTES, bytes_of_a_row
from skhp.engine.plan import Rows, TrainingPlan, TrainingState
from skhp.engine.program_lookup import is_streamed

# Rows in one batch.
_CHUNK = 8192


class Evaluation:
    """The loss and metrics on some rows, as a function of the weights.

    Parameters
    ----------
    plan : TrainingPlan
        The training that the network belongs to.
    rows : Rows
    """

    def __init__(self, plan: TrainingPlan, rows: Rows) -> None:
        layout = plan.network.layout(shared=False)
        self._computation: Any = plan.network.computation(plan, layout, rows)
        self._scalars = {
            name: ops.convert_to_tensor(value) for name, value in plan.network.scalars().items()
        }
        self._n = len(rows)
        chunks = _Chunks(rows)
        self._chunks = chunks if is_streamed(rows, None) else list(chunks)

    def __call__(self, state: TrainingState) -> dict[str, float]:
        """Compute the loss and the metrics.

        Parameters
        ----------
        state : TrainingState
            The weights.

        Returns
        -------
        dict of str to float
            "loss" and the metrics, by the names they have in a history. Metrics with one value
            for each class are left out.
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
        found = zip(names, values, strict=True)
        return {name: float(value) for name, value in found if not np.ndim(value)}


class _Chunks:
    """Batches of rows as tensors, made again for each evaluation.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        n_bytes = sum(map(bytes_of_a_row, keras.tree.flatten(rows.X)))
        self._size = max(1, min(_CHUNK, 2 * BLOCK_BYTES // max(1, n_bytes)))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        n = len(self._rows)
        for start in range(0, n, self._size):
            yield self._batch(np.arange(start, min(start + self._size, n)))

    def _batch(self, chosen: np.ndarray) -> tuple[Any, ...]:
        def take(array: Any) -> Any:
            return ops.convert_to_tensor(array[chosen])

        rows = self._rows
        x, y, weight = rows.mapped(take)
        return x, y, weight, None, ops.cast(len(chosen), weight.dtype)

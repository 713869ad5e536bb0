"""One fit on a large table, whose program gets the rows of an epoch in blocks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from skhp.engine.backends import tensorflow as backend
from skhp.engine.block_memory import ReusedMemory
from skhp.engine.plan import Rows, TrainingPlan, TrainingState
from skhp.engine.program_lookup import is_streamed
from skhp.engine.program_run import ProgramRun, padded_tensors
from skhp.engine.sparse_rows import with_entries


class StreamedRun(ProgramRun):
    """One fit: its weights and optimizer state, between the epochs.

    Its weights are the same, bit for bit, as those of a `ProgramRun` on the same rows.

    Parameters
    ----------
    plan, rows, validation, start, random_state
        As in `skhp.engine.program_training.train_with_program`.
    """

    def _hold(self, rows: Rows, validation: Rows | None) -> None:
        """Keep the tables as they are. A block without rows takes no memory."""
        size, validation_size = self._program.capacity
        self._rows, self._validation_rows = rows, validation
        self._memory = ReusedMemory()
        self._n_validation = 0 if validation is None else len(validation)
        none = slice(0, 0)
        self._train = padded_tensors(rows, size, none)
        self._validation = (
            () if validation is None else padded_tensors(validation, validation_size, none)
        )

    def epochs(self, count: int) -> np.ndarray:
        """Run one epoch, and return its row of logs."""
        trained, logs = self._epoch(self._order(), self._n_validation, {})
        self._take(*trained)
        return logs[None]

    def _first_epoch(self, n: int, replaced: dict[str, Any], eagerly: bool) -> Any:
        return self._epoch(np.arange(n), 0, replaced, eagerly)

    def _epoch(
        self, order: np.ndarray, n_validation: int, replaced: dict[str, Any], eagerly: bool = False
    ) -> Any:
        """What an epoch changes, and its logs."""
        scalars = {
            **self._scalars,
            **replaced,
            "n_epoch_rows": np.int32(len(order)),
            "n_epoch_validation_rows": np.int32(n_validation),
        }
        trained = self._trained()
        metric_states = self._program.first_metric_states()
        with closing(made_ahead(self._blocks(order, n_validation))) as made:
            for n, n_held_out, blocks in made:
                scalars |= {"n_rows": np.int32(n), "n_validation_rows": np.int32(n_held_out)}
                _, *trained, logs, metric_states = self._call(
                    trained, scalars, (*blocks, metric_states), eagerly
                )
                # This waits for the program, because the block after the next one overwrites
                # its rows.
                values = backend.arrays([logs])[0]
        return trained, values

    def _blocks(self, order: np.ndarray, n_validation: int) -> Iterator[Callable[[], Any]]:
        """Functions that make the blocks of training and then of validation rows."""
        size, validation_size = self._program.capacity
        for start in range(0, len(order), size):
            yield partial(self._block, order[start : start + size])
        for start in range(0, n_validation, max(1, validation_size)):
            end = min(start + validation_size, n_validation)
            yield partial(self._validation_block, np.arange(start, end))

    def _block(self, which: np.ndarray) -> Any:
        """The numbers of training and of validation rows, and their tensors."""
        self._memory.next_block()
        tensors = padded_tensors(self._rows, self._program.capacity[0], which, self._memory)
        return len(which), 0, (tensors, self._validation)

    def _validation_block(self, which: np.ndarray) -> Any:
        rows: Any = self._validation_rows
        self._memory.next_block()
        tensors = padded_tensors(rows, self._program.capacity[1], which, self._memory)
        return 0, len(which), (self._train, tensors)


def made_ahead(makers: Iterator[Callable[[], Any]]) -> Generator[Any, None, None]:
    """Yield what functions return. A thread runs the next one while one result is in use.

    Parameters
    ----------
    makers : iterator of callable
        Functions without arguments.

    Examples
    --------
    >>> list(made_ahead(iter([lambda: 1, lambda: 2])))
    [1, 2]
    """
    with ThreadPoolExecutor(1) as thread:
        ahead = None
        for make in makers:
            made, ahead = ahead, thread.submit(make)
            if made is not None:
                yield made.result()
                del made
        if ahead is not None:
            yield ahead.result()


def run_for(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> ProgramRun:
    """The run of a fit: on all rows at once, or in blocks.

    Parameters
    ----------
    plan, rows, validation, start, random_state
        As in `skhp.engine.program_training.train_with_program`.
    """
    rows = with_entries(plan, rows)
    validation = validation and with_entries(plan, validation)
    kind = StreamedRun if is_streamed(rows, validation) else ProgramRun
    return kind(plan, rows, validation, start, random_state)

"""A program: the training of one structure, made once, with all scalars as data.

Rows may be padded: a batch up to its size, and all rows up to the program's capacity.
Padding rows have weight 0. A structure whose loss or metrics may look at a batch as a whole
gets its last partial batch in its exact size instead (`Structure.tails`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from skhp.engine.engine_choice import COMPILED
from skhp.engine.epoch_blocks import EpochBlocks
from skhp.engine.epochs import Epochs
from skhp.engine.optimizer_settings import treats_weights_alike
from skhp.engine.packing import Packing, none_joinable
from skhp.engine.plan import CannotCompile
from skhp.engine.pure_optimizer import PureOptimizer
from skhp.engine.structure import Structure, name_of
from skhp.runtime import compile_cache

# Rows of epoch order that one call takes at most, so that order tables stay small.
_ORDER_ELEMENTS = 2**20
_MOST_EPOCHS = 32


class Program:
    """The training of one structure, for a limited number of rows.

    Parameters
    ----------
    backend : module
        One of the engine's backends.
    structure : Structure
    optimizer : keras.optimizers.Optimizer
        Its settings are used, but not its variables.
    computation : Computation
        The network's loss and logs.
    capacity : tuple of int
        The most training and validation rows; multiples of the batch size.
    key : str or None
        A key from `skhp.engine.graph_key.graph_key`; None to keep no traced graph on disk.
    """

    def __init__(
        self,
        backend: Any,
        structure: Structure,
        optimizer: Any,
        computation: Any,
        capacity: tuple[int, int],
        key: str | None = None,
    ) -> None:
        self.structure, self.capacity = structure, capacity
        self.epochs_per_call = int(np.clip(_ORDER_ELEMENTS // capacity[0], 1, _MOST_EPOCHS))
        self._seconds_an_epoch: float | None = None  # as last measured
        layout = structure.layout
        is_compiled = structure.engine == COMPILED
        self.packing = Packing(
            layout.trainable_shapes(),
            (lambda shape: layout.joinable(shape, is_compiled))
            if treats_weights_alike(optimizer)
            else none_joinable,
        )
        self.optimizer = PureOptimizer(backend, optimizer, self.packing, layout.variables)
        self._epochs: Any = (EpochBlocks if structure.blocks else Epochs)(
            backend, structure, computation, self.optimizer, self.packing
        )
        self.log_names = self._epochs.log_names
        name = name_of(structure, capacity)
        tracer = backend.TRACERS[structure.engine, structure.is_parallel]
        self._run = tracer(self._epochs, name, key)
        self._first_call = threading.Lock()
        self._is_compiled = False
        self._why_not: str | None = None  # why it does not compile
        self.check_lock = threading.Lock()
        # Whether its first steps were compared with those of Keras, here or in another process.
        self._check_key = None if key is None else f"{key}_checked"
        self.is_checked = (
            self._check_key is not None and compile_cache.read(self._check_key) is not None
        )

    def note_checked(self) -> None:
        """Note that the first steps are those of Keras, also for other processes."""
        self.is_checked = True
        if self._check_key is not None:
            compile_cache.write(self._check_key, b"")

    def first_metric_states(self) -> list[Any]:
        """The metric states before the first block of an epoch."""
        return self._epochs.first_metric_states()

    def epochs_in(self, seconds: float) -> int:
        """How many epochs a call of about this time may run; one while that is not known."""
        if self._seconds_an_epoch is None:
            return 1
        return int(np.clip(seconds / self._seconds_an_epoch, 1, self.epochs_per_call))

    def run(self, *args: Any, on_compile: Callable[[], None]) -> Any:
        """Train some epochs; `Epochs.__call__` has the arguments.

        Threads may call this at the same time: the program holds no state of a fit. The
        first call compiles, and later calls wait for it.
        """
        if not self._is_compiled:
            with self._first_call:
                if not self._is_compiled:
                    result = self._tried(self._run, *args)
                    self._is_compiled = True
                    on_compile()
                    return result
        start = time.perf_counter()
        result = self._run(*args)
        self._seconds_an_epoch = (time.perf_counter() - start) / int(result[0])
        return result

    def run_eagerly(self, *args: Any) -> Any:
        """Do what `run` does, operation by operation."""
        return self._tried(self._epochs, *args)

    def _tried(self, run: Callable[..., Any], *args: Any) -> Any:
        if self._why_not is not None:  # to trace it again for each fit would cost seconds
            raise CannotCompile(self._why_not)
        try:
            return run(*args)
        except CannotCompile as error:
            self._why_not = str(error)
            raise
        except Exception as error:
            first_line = str(error).strip().split("\n")[0][:200]
            self._why_not = f"it does not compile: {first_line}"
            raise CannotCompile(self._why_not) from error

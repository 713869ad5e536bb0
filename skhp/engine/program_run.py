"""One fit between the calls of its program: weights, optimizer variables, order of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skhp.engine import optimizer_settings as optimizers
from skhp.engine.backends import tensorflow as backend
from skhp.engine.block_memory import new_memory
from skhp.engine.check import Steps, check, needs_check, rows_to_check
from skhp.engine.engine_choice import COMPILED
from skhp.engine.packing import Packing, none_joinable
from skhp.engine.plan import Arrays, Rows, TrainingPlan, TrainingState
from skhp.engine.program_cache import programs
from skhp.engine.program_lookup import program_for, scalars_for
from skhp.engine.shared_columns import with_shared_columns

# Seconds that one call may take before callbacks, Ctrl-C and others get their turn.
_CALL_SECONDS = 0.25


class ProgramRun:
    """One fit: its weights and optimizer state, between calls of its program.

    Parameters
    ----------
    plan, rows, validation, start, random_state
        As in `skhp.engine.program_training.train_with_program`.
    """

    is_earlier = False  # as the run of `skhp.engine.replay.EarlierEpochs` is

    def __init__(
        self,
        plan: TrainingPlan,
        rows: Rows,
        validation: Rows | None,
        start: TrainingState,
        random_state: np.random.RandomState,
    ) -> None:
        self._plan = plan
        self._n = len(rows)
        self._random_state = random_state
        seed = random_state.randint(2**31 - 1)
        given, rows = rows, with_shared_columns(plan, rows)
        validation = validation and with_shared_columns(plan, validation)
        self._scalars = scalars_for(plan, rows, validation, seed)
        self._program = program_for(plan, rows, validation, self._scalars)
        self.log_names = self._program.log_names
        self._initial_state = self._program.structure.layout.initial_state()
        self._state_packing = Packing([a.shape for a in self._initial_state], none_joinable)
        self._learning_rate: Any = optimizers.learning_rate_scalar(
            plan.optimizer, plan.learning_rate
        )
        self._hold(rows, validation)
        self.load(start, keep_learning_rate=False)
        self._check(given, start)

    def _hold(self, rows: Rows, validation: Rows | None) -> None:
        """Make tensors of all rows."""
        most_rows, most_validation_rows = self._program.capacity
        self._train = padded_tensors(rows, most_rows)
        self._validation = (
            () if validation is None else padded_tensors(validation, most_validation_rows)
        )

    def _check(self, rows: Rows, start: TrainingState) -> None:
        """Compare the first steps of the program with those of Keras, if that is needed."""
        program = self._program
        if not needs_check(self._plan, program.is_checked):
            return
        with program.check_lock:
            if needs_check(self._plan, program.is_checked):
                size = int(self._scalars["batch_size"])
                n = rows_to_check(self._n, size)
                reference, replaced = self._plan.network.reference(self._plan, start)
                found = self._first_steps(n, replaced)
                check(replace(self._plan, batch_size=size), reference, rows[:n], start, found)
                program.note_checked()

    def _first_steps(self, n: int, replaced: dict[str, Any]) -> Steps:
        """What the program gives after an epoch of the first n rows."""
        # XLA draws other random numbers than Keras does here. A program that runs operation by
        # operation, or as a graph, draws the same numbers as Keras.
        is_compiled = self._program.structure.engine == COMPILED
        eagerly = is_compiled and self._plan.network.draws()
        (trainable, state, optimizer_variables), logs = self._first_epoch(n, replaced, eagerly)
        loss, *values = logs
        metrics = dict(zip(self.log_names[1:], map(float, values), strict=True))
        return Steps(float(loss), metrics, self._state_of(trainable, state, optimizer_variables))

    def _first_epoch(self, n: int, replaced: dict[str, Any], eagerly: bool) -> Any:
        """What an epoch of the first n rows changes, and its logs."""
        program = self._program
        counts = {"n_rows": n, "n_validation_rows": 0, "n_epochs": 1}
        scalars = {**self._scalars, **replaced, **{k: np.int32(v) for k, v in counts.items()}}
        orders = np.zeros((program.epochs_per_call, program.capacity[0]), "int32")
        orders[0, :n] = np.arange(n)
        arguments = (self._train, self._validation, *backend.tensors([orders]))
        _, *trained, logs = self._call(self._trained(), scalars, arguments, eagerly)
        return trained, backend.arrays([logs])[0][0]

    def load(self, state: TrainingState, keep_learning_rate: bool = True) -> None:
        """Go on from a state, with its learning rate or with the plan's."""
        program = self._program
        trainable = self._packed_trainable(state.trainable)
        optimizer = program.optimizer
        optimizer_variables = (
            optimizer.start(trainable)
            if state.optimizer_variables is None
            else backend.tensors(optimizer.pack(state.optimizer_variables))
        )
        if optimizer.learning_rate is not None and not keep_learning_rate:
            (rate,) = backend.scalar_tensors({"learning_rate": self._learning_rate}).values()
            optimizer_variables[optimizer.learning_rate] = rate
        self.weights = (backend.tensors(trainable), self._packed_state(state.state))
        self._optimizer_variables = optimizer_variables

    def resume(self, state: TrainingState, random_state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state, with the random numbers that follow it."""
        self.load(state)
        self._random_state.set_state(random_state)

    def pack_weights(self, trainable: Arrays, state: Arrays) -> Any:
        """What ``weights`` is for these arrays."""
        return backend.tensors(self._packed_trainable(trainable)), self._packed_state(state)

    def unpack_weights(self, weights: Any) -> tuple[Arrays, Arrays]:
        """Arrays in the network's own shapes, from a value that ``weights`` had."""
        state = self._state_of(*weights, self._optimizer_variables)
        return state.trainable, state.state

    def _packed_trainable(self, trainable: Arrays) -> Arrays:
        program = self._program
        zeros = [np.zeros(s, program.structure.floatx) for s in program.packing.packed_shapes]
        return program.packing.pack(trainable, zeros)

    def _packed_state(self, state: Arrays) -> Any:
        return backend.tensors(self._state_packing.pack(state, self._initial_state))

    def state(self) -> TrainingState:
        """Where the run stands, in the network's own shapes."""
        return self._state_of(*self.weights, self._optimizer_variables)

    def _state_of(self, *tensors: Any) -> TrainingState:
        trainable, state, optimizer_variables = map(backend.arrays, tensors)
        exact = self._plan.network.layout(shared=False)
        shapes = exact.trainable_shapes()
        return TrainingState(
            self._program.packing.unpack(trainable, shapes),
            self._state_packing.unpack(state, [a.shape for a in exact.initial_state()]),
            self._program.optimizer.unpack(optimizer_variables, shapes),
        )

    def epochs(self, count: int) -> np.ndarray:
        """Run up to ``count`` epochs in one call; one row of logs for each that ran."""
        count = min(count, self._program.epochs_in(_CALL_SECONDS))
        scalars = {**self._scalars, "n_epochs": np.int32(count)}
        drawn = self._random_state.get_state()
        orders = np.zeros((self._program.epochs_per_call, self._program.capacity[0]), "int32")
        for order in orders[:count]:
            order[: self._n] = self._order()
        arguments = (self._train, self._validation, *backend.tensors([orders]))
        n_run, *trained, logs = self._call(self._trained(), scalars, arguments)
        self._take(*trained)
        ran, values = backend.arrays([n_run, logs])
        if ran < count:  # the next draw must not depend on the length of a call
            self._random_state.set_state(drawn)
            for _ in range(ran):
                self._order()
        return values[:ran]

    def _trained(self) -> list[Any]:
        """What training has changed so far."""
        return [*self.weights, self._optimizer_variables]

    def _take(self, trainable: Any, state: Any, optimizer_variables: Any) -> None:
        self.weights, self._optimizer_variables = (trainable, state), optimizer_variables

    def _call(self, trained: Any, scalars: dict[str, Any], rows: Any, eagerly: bool = False) -> Any:
        arguments = (*trained, backend.scalar_tensors(scalars), *rows)
        if eagerly:
            return self._program.run_eagerly(*arguments)
        return self._program.run(*arguments, on_compile=programs.count_compile)

    def _order(self) -> np.ndarray:
        if self._plan.shuffle:
            return self._random_state.permutation(self._n)
        return np.arange(self._n)


def padded_tensors(
    rows: Rows, length: int, which: Any = slice(None), memory: Any = new_memory
) -> Any:
    """X, y and weights as tensors with rows of zeros below, up to a length.

    Parameters
    ----------
    rows : Rows
    length : int
    which : slice or ndarray of int
        The rows to take, in this order.
    memory : callable
        As in the backend's ``padded_tensor``.
    """

    def tensor(array: Any) -> Any:
        return backend.padded_tensor(array, length, which, memory)

    return rows.mapped(tensor)

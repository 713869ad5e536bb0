"""The compiled engine: a fit's state, moved through a program epoch by epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from skhp.engine import pure_optimizer as optimizers
from skhp.engine.backends import tensorflow as backend
from skhp.engine.check import Steps, check, needs_check, rows_to_check
from skhp.engine.packing import Packing, none_joinable
from skhp.engine.plan import Outcome, Rows, TrainingPlan, TrainingState
from skhp.engine.program import Program, Structure, kind_of, padded
from skhp.engine.program_cache import programs
from skhp.engine.watchers import EarlyStopping, KerasCallbacks, Printer, Watcher, watches_batches

# Seconds that one call may take before callbacks, Ctrl-C and others get their turn.
_CALL_SECONDS = 0.25

# Batches larger than the rows at hand are cut to these, in steps, for folds to share.
_BATCH_STEP = 64


def why_not_compiled(plan: TrainingPlan) -> str | None:
    """Why the compiled engine cannot run a plan, or None where it can."""
    if keras.backend.backend() != "tensorflow":
        return f"there is no compiled engine for the Keras backend {keras.backend.backend()!r}"
    if plan.fit_arguments:
        return f"fit was given {', '.join(plan.fit_arguments)}"
    for callback in plan.callbacks:
        if watches_batches(callback):
            return f"the callback {type(callback).__name__} looks at every batch"
    return plan.network.why_not_compiled(plan) or optimizers.why_not_pure(
        plan.optimizer, plan.learning_rate
    )


def train_compiled(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> Outcome:
    """Train with a compiled program.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    start : TrainingState
    random_state : RandomState
        For the order of the rows and for dropout.
    """
    watchers = _watchers(plan, rows, validation)
    run = CompiledRun(plan, rows, validation, start, random_state)
    outcome = Outcome(start, {name: [] for name in in_order_of_keras(run.log_names)})
    for watcher in watchers:
        watcher.train_begin(run)
    epoch, stop, own = 0, False, set(run.log_names)
    while epoch < plan.epochs and not stop:
        for watcher in watchers:
            watcher.epoch_begin(epoch, run)
        logs = run.epochs(1 if watchers else plan.epochs - epoch)
        epoch += len(logs)
        for name, values in zip(run.log_names, logs.T, strict=True):
            outcome.history[name] += values.tolist()
        last = {name: values[-1] for name, values in outcome.history.items() if name in own}
        if not np.isfinite(last["loss"]):  # which ends a call
            outcome.diverged_at, stop = epoch, True
        stop |= any([w.epoch_end(epoch - 1, last, run) for w in watchers])
        _note_added(outcome, last, run.log_names)
    for watcher in watchers:
        watcher.train_end(run)
    outcome.state = run.state()
    return outcome


def in_order_of_keras(names: list[str]) -> list[str]:
    """Names of logs as Keras orders them: of training, then of validation, each sorted."""
    return sorted(names, key=lambda name: (name.startswith("val_"), name))


def _note_added(outcome: Outcome, logs: dict[str, float], own: list[str]) -> None:
    # Some callbacks add to the logs: LearningRateScheduler, the learning rate.
    for name in logs.keys() - set(own):
        outcome.history.setdefault(name, []).append(logs[name])


def _watchers(plan: TrainingPlan, rows: Rows, validation: Rows | None) -> list[Watcher]:
    watchers: list[Watcher] = []
    if plan.callbacks:
        watchers.append(KerasCallbacks(plan, rows, validation is not None))
    if plan.early_stop is not None:
        watchers.append(EarlyStopping(plan.early_stop))
    if plan.verbose:
        watchers.append(Printer(plan.epochs))
    return [*watchers, *plan.watchers]


class CompiledRun:
    """One fit: its weights and optimizer state, between calls of its program.

    Parameters
    ----------
    plan, rows, validation, start, random_state
        As in `train_compiled`.
    """

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
        self._scalars = _scalars(plan, rows, validation, seed)
        self._program = _program_for(plan, rows, validation, self._scalars)
        self.log_names = self._program.log_names
        self._initial_state = self._program.structure.layout.initial_state()
        self._state_packing = Packing([a.shape for a in self._initial_state], none_joinable)
        self._learning_rate: Any = optimizers.learning_rate_scalar(
            plan.optimizer, plan.learning_rate
        )
        most_rows, most_validation_rows = self._program.capacity
        self._train = _padded_tensors(rows, most_rows)
        self._validation = (
            () if validation is None else _padded_tensors(validation, most_validation_rows)
        )
        self.load(start, keep_learning_rate=False)
        self._check(rows, start)

    def _check(self, rows: Rows, start: TrainingState) -> None:
        """Compare the first steps of the program with those of Keras, where that is needed."""
        program = self._program
        if not needs_check(self._plan, program.is_checked):
            return
        with program.check_lock:
            if needs_check(self._plan, program.is_checked):
                size = program.structure.batch_size
                n = rows_to_check(self._n, size)
                reference, replaced = self._plan.network.reference(self._plan, start)
                found = self._first_steps(n, replaced)
                check(replace(self._plan, batch_size=size), reference, rows[:n], start, found)
                program.is_checked = True

    def _first_steps(self, n: int, replaced: dict[str, Any]) -> Steps:
        """Where the program leads in an epoch of the first n rows."""
        counts = {"n_rows": n, "n_validation_rows": 0, "n_epochs": 1}
        scalars = {**self._scalars, **replaced, **{k: np.int32(v) for k, v in counts.items()}}
        orders = np.zeros((self._program.epochs_per_call, self._program.capacity[0]), "int32")
        orders[0, :n] = np.arange(n)
        _, trainable, state, optimizer_variables, logs = self._call(
            scalars, orders, eagerly=self._plan.network.draws()
        )
        loss, *values = backend.arrays([logs])[0][0]
        metrics = dict(zip(self.log_names[1:], map(float, values), strict=True))
        return Steps(float(loss), metrics, self._state_of(trainable, state, optimizer_variables))

    def load(self, state: TrainingState, keep_learning_rate: bool = True) -> None:
        """Go on from a state, with its learning rate or with the plan's."""
        program = self._program
        zeros = [np.zeros(s, program.structure.floatx) for s in program.packing.packed_shapes]
        trainable = program.packing.pack(state.trainable, zeros)
        optimizer = program.optimizer
        optimizer_variables = (
            optimizer.start(trainable)
            if state.optimizer_variables is None
            else optimizer.pack(state.optimizer_variables)
        )
        if program.optimizer.learning_rate is not None and not keep_learning_rate:
            optimizer_variables[program.optimizer.learning_rate] = self._learning_rate
        self.weights = (
            backend.tensors(trainable),
            backend.tensors(self._state_packing.pack(state.state, self._initial_state)),
        )
        self._optimizer_variables = backend.tensors(optimizer_variables)

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
        n_run, trainable, state, self._optimizer_variables, logs = self._call(scalars, orders)
        self.weights = (trainable, state)
        ran, values = backend.arrays([n_run, logs])
        if ran < count:  # the next draw must not depend on the length of a call
            self._random_state.set_state(drawn)
            for _ in range(ran):
                self._order()
        return values[:ran]

    def _call(self, scalars: dict[str, Any], orders: np.ndarray, eagerly: bool = False) -> Any:
        arguments = (
            *self.weights,
            self._optimizer_variables,
            backend.tensors(self._program.scalars.pack(scalars)),
            self._train,
            self._validation,
            *backend.tensors([orders]),
        )
        if eagerly:
            return self._program.run_eagerly(*arguments)
        return self._program.run(*arguments, on_compile=programs.count_compile)

    def _order(self) -> np.ndarray:
        if self._plan.shuffle:
            return self._random_state.permutation(self._n)
        return np.arange(self._n)


def _padded_tensors(rows: Rows, length: int) -> Any:
    def tensor(array: np.ndarray) -> Any:
        return backend.tensors([padded(array, length)])[0]

    return keras.tree.map_structure(tensor, (rows.X, rows.y, rows.weight))


def _scalars(plan: TrainingPlan, rows: Rows, validation: Rows | None, seed: int) -> dict[str, Any]:
    return {
        **plan.network.scalars(),
        **optimizers.scalars_of(plan.optimizer.value),
        "n_rows": np.int32(len(rows)),
        "n_validation_rows": np.int32(0 if validation is None else len(validation)),
        "n_epochs": np.int32(0),  # of a call, which says how many
        "seed": np.int32(seed),
    }


def _program_for(
    plan: TrainingPlan, rows: Rows, validation: Rows | None, scalars: dict[str, Any]
) -> Program:
    prototype, network = plan.optimizer.value, plan.network
    n, n_validation = len(rows), 0 if validation is None else len(validation)
    is_padded = network.takes_padding(plan)
    batch_size = min(plan.batch_size, -(-n // _BATCH_STEP) * _BATCH_STEP if is_padded else n)
    weighted = is_padded or rows.weighted or (validation is not None and validation.weighted)
    structure = Structure(
        layout=network.layout(shared=optimizers.is_elementwise(prototype)),
        optimizer=optimizers.structure_of(plan.optimizer, plan.learning_rate),
        loss=plan.loss and plan.loss.token,
        metrics=tuple(plan.metrics.items()),
        batch_size=batch_size,
        rows=kind_of(rows),
        validation_rows=None if validation is None else kind_of(validation),
        tails=None if is_padded else (n % batch_size, n_validation % batch_size),
        floatx=keras.config.floatx(),
        keras_settings=(keras.config.epsilon(), keras.config.image_data_format()),
        weighted=weighted,
    )

    def make(capacity: tuple[int, int]) -> Program:
        optimizer = optimizers.make_optimizer(prototype, plan.learning_rate)
        like = replace(rows, weighted=weighted)
        computation = network.computation(plan, structure.layout, like)
        return Program(backend, structure, optimizer, computation, scalars, capacity)

    return network.programs().get(structure, (n, n_validation), make)

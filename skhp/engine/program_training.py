"""Training with a program: whether it can be done, and the loop over epochs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import keras
import numpy as np

from skhp.engine.checkpoint import NO_CHECKPOINTS, Checkpoint, Checkpoints
from skhp.engine.optimizer_support import why_no_program_can_use
from skhp.engine.plan import History, Outcome, Rows, TrainingPlan, TrainingState
from skhp.engine.program_run import ProgramRun
from skhp.engine.replay import EarlierEpochs, replay
from skhp.engine.streamed_run import run_for
from skhp.engine.time_limit import TimeLimit
from skhp.engine.watchers import (
    EarlyStopping,
    KerasCallbacks,
    Printer,
    Scoring,
    Watcher,
    watches_batches,
)


def why_no_program(plan: TrainingPlan) -> str | None:
    """Why no program can run a plan; None if a program can."""
    if keras.backend.backend() != "tensorflow":
        return f"there is no compiled engine for the Keras backend {keras.backend.backend()!r}"
    if plan.fit_arguments:
        return f"fit was given {', '.join(plan.fit_arguments)}"
    for callback in plan.callbacks:
        if watches_batches(callback):
            return f"the callback {type(callback).__name__} looks at every batch"
    return plan.network.why_no_program(plan) or why_no_program_can_use(
        plan.optimizer, plan.learning_rate
    )


@dataclass
class Resumption:
    """Where an interrupted training continues.

    Parameters
    ----------
    checkpoint : Checkpoint
    earlier : EarlierEpochs
        Its epochs, as hooks see them.
    """

    checkpoint: Checkpoint
    earlier: EarlierEpochs


def train_with_program(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    resumption: Resumption | None = None,
) -> Outcome:
    """Train with a program.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    start : TrainingState
    random_state : RandomState
        For the order of the rows and for dropout.
    checkpoints : Checkpoints
    resumption : Resumption or None
        None to train from the start.
    """
    limit = TimeLimit(plan.max_seconds)  # compiling counts too
    watchers = _watchers(plan, rows, validation)
    run = run_for(plan, rows, validation, start, random_state)
    history: History = {name: [] for name in in_order_of_keras(run.log_names)}
    choice = plan.network.engine(plan, len(rows))
    outcome = Outcome(start, history, choice.name, choice.reason)
    training = _Training(plan, run, watchers, outcome, random_state, limit)
    training.begin(resumption)
    while training.goes_on():
        training.call()
        if checkpoints.is_due() and training.goes_on():
            checkpoints.keep(training.checkpoint(), is_end=False)
    if checkpoints is not NO_CHECKPOINTS and training.n_trained:
        checkpoints.keep(training.checkpoint(), is_end=not outcome.is_cut)
    return training.end()


class _Training:
    """The loop over the epochs of one fit.

    Parameters
    ----------
    plan : TrainingPlan
    run : ProgramRun
    watchers : list of Watcher
    outcome : Outcome
        The outcome so far, without an epoch.
    random_state : RandomState
        The random state of the run.
    limit : TimeLimit
    """

    def __init__(
        self,
        plan: TrainingPlan,
        run: ProgramRun,
        watchers: list[Watcher],
        outcome: Outcome,
        random_state: np.random.RandomState,
        limit: TimeLimit,
    ) -> None:
        self._plan, self._run, self._watchers = plan, run, watchers
        self._outcome, self._random_state, self._limit = outcome, random_state, limit
        self._epoch = self.n_trained = 0
        self._is_stopped = self._has_ended = False
        self._seconds, self._since = 0.0, time.perf_counter()

    def begin(self, resumption: Resumption | None) -> None:
        for watcher in self._watchers:
            watcher.train_begin(self._run)
        if resumption is not None:
            self._go_on_from(resumption)

    def _go_on_from(self, resumption: Resumption) -> None:
        held = resumption.checkpoint
        for watcher in self._own_stops():
            if held.early_stop is not None:
                watcher.resume(held.early_stop, self._run)
        others = [w for w in self._watchers if not isinstance(w, EarlyStopping)]
        self._is_stopped = replay(held, others, resumption.earlier) or held.has_ended
        self._has_ended, self._outcome.diverged_at = held.has_ended, held.diverged_at
        self._run.resume(held.state, held.random_state)
        for other in others:
            if isinstance(other, KerasCallbacks):
                other.follow(self._run, held.callback_weights)
        self._outcome.history = held.outcome().history
        self._epoch, self._seconds = held.n_epochs, held.seconds

    def goes_on(self) -> bool:
        return self._has_more_epochs() and not self._outcome.is_cut

    def _has_more_epochs(self) -> bool:
        return self._epoch < self._plan.epochs and not self._is_stopped

    def call(self) -> None:
        """Run some epochs: those of one call of the program."""
        run, outcome, own = self._run, self._outcome, set(self._run.log_names)
        for watcher in self._watchers:
            watcher.epoch_begin(self._epoch, run)
        logs = run.epochs(1 if self._watchers else self._plan.epochs - self._epoch)
        self._epoch += len(logs)
        self.n_trained += len(logs)
        # A metric that is called "loss" replaces the loss, as in Keras.
        for name, values in dict(zip(run.log_names, logs.T, strict=True)).items():
            outcome.history[name] += values.tolist()
        last = {name: values[-1] for name, values in outcome.history.items() if name in own}
        if not np.isfinite(last["loss"]):  # which ends a call
            outcome.diverged_at = self._epoch
        stops = {w: w.epoch_end(self._epoch - 1, last, run) for w in self._watchers}
        self._has_ended = outcome.diverged_at is not None or any(
            stops[watcher] for watcher in self._own_stops()
        )
        self._is_stopped = self._has_ended or any(stops.values())
        outcome.is_cut = self._has_more_epochs() and self._limit.is_over()
        _note_logs(outcome, last, own)

    def checkpoint(self) -> Checkpoint:
        """What is needed to continue. Call it before `end`, which takes the best weights."""
        outcome = self._outcome
        return Checkpoint(
            self._run.state(),
            outcome.history,
            self._random_state.get_state(legacy=False),
            next((w.checkpoint(self._run) for w in self._own_stops()), None),
            next((w.best_weights() for w in self._watchers if isinstance(w, KerasCallbacks)), {}),
            has_ended=self._has_ended,
            engine=outcome.engine,
            reason=outcome.reason,
            diverged_at=outcome.diverged_at,
            seconds=self._seconds + time.perf_counter() - self._since,
        )

    def end(self) -> Outcome:
        for watcher in self._watchers:
            watcher.train_end(self._run)
        self._outcome.state = self._run.state()
        return self._outcome

    def _own_stops(self) -> list[EarlyStopping]:
        return [watcher for watcher in self._watchers if isinstance(watcher, EarlyStopping)]


def in_order_of_keras(names: list[str]) -> list[str]:
    """Names of logs as Keras orders them: of training, then of validation, each sorted."""
    return sorted(names, key=lambda name: (name.startswith("val_"), name))


def _note_logs(outcome: Outcome, logs: dict[str, float], own: set[str]) -> None:
    # Callbacks may change the logs, or add to them: LearningRateScheduler adds the learning rate.
    for name, value in logs.items():
        if name in own:
            outcome.history[name][-1] = value
        else:
            outcome.history.setdefault(name, []).append(value)


def _watchers(plan: TrainingPlan, rows: Rows, validation: Rows | None) -> list[Watcher]:
    watchers: list[Watcher] = []
    if plan.validation_score is not None:
        watchers.append(Scoring(plan.validation_score))  # first, so that callbacks see it
    if plan.callbacks:
        watchers.append(KerasCallbacks(plan, rows, validation is not None))
    if plan.early_stop is not None:
        watchers.append(EarlyStopping(plan.early_stop))
    if plan.verbose:
        watchers.append(Printer(plan.epochs))
    return [*watchers, *plan.watchers]

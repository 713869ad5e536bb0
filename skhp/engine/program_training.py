"""Training with a program: whether it can be done, and the loop over epochs."""

from __future__ import annotations

import keras
import numpy as np

from skhp.engine.optimizer_support import why_no_program_can_use
from skhp.engine.plan import History, Outcome, Rows, TrainingPlan, TrainingState
from skhp.engine.program_run import ProgramRun
from skhp.engine.watchers import EarlyStopping, KerasCallbacks, Printer, Watcher, watches_batches


def why_no_program(plan: TrainingPlan) -> str | None:
    """Why no program can run a plan, or None where one can."""
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


def train_with_program(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
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
    """
    watchers = _watchers(plan, rows, validation)
    run = ProgramRun(plan, rows, validation, start, random_state)
    history: History = {name: [] for name in in_order_of_keras(run.log_names)}
    choice = plan.network.engine(plan)
    outcome = Outcome(start, history, choice.name, choice.reason)
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

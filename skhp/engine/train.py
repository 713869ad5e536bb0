"""Train a network: the engine's entry point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from skhp.compat.missing_names import MissingPrivateName
from skhp.engine.checkpoint import NO_CHECKPOINTS, Checkpoint, Checkpoints
from skhp.engine.keras_fit import train_with_keras
from skhp.engine.plan import CannotCompile, Outcome, Rows, TrainingPlan, TrainingState, Watcher
from skhp.engine.program_training import Resumption, train_with_program, why_no_program
from skhp.engine.replay import EarlierEpochs, StoppedInReplay, replay
from skhp.engine.text import holds_text
from skhp.engine.user_callbacks import released_afterwards
from skhp.engine.watchers import Printer


def train(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Outcome:
    """Train with a program if the plan allows it, and otherwise with Keras's fit.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    start : TrainingState
    random_state : RandomState
    checkpoints : Checkpoints
        Checkpoints of trainings with the same arguments. Only the number of epochs may differ.

    Returns
    -------
    Outcome
    """
    arguments = (rows, validation, start, random_state)
    with released_afterwards(plan.callbacks):
        held = _usable(checkpoints.find(plan.epochs), plan, rows)
        if held is None:
            return _train(plan, *arguments, checkpoints)
        earlier = EarlierEpochs(plan, *arguments)
        begun = random_state.get_state(legacy=False)
        try:
            if held.is_result(plan.epochs) and not plan.callbacks:
                return _load(held, plan, earlier, random_state)
            return _train(plan, *arguments, checkpoints, Resumption(held, earlier))
        except StoppedInReplay as stop:
            random_state.set_state(begun)
            # With fewer epochs, a program may run in another way.
            stopped = replace(plan, watchers=(_StopAfter(stop.epochs),), verbose=0)
            return _train(stopped, *arguments, NO_CHECKPOINTS)


class _StopAfter(Watcher):
    """Stops training after some epochs."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        return epoch + 1 >= self._epochs


def _usable(held: Checkpoint | None, plan: TrainingPlan, rows: Rows) -> Checkpoint | None:
    sets_rate = any(map(_may_set_learning_rate, plan.callbacks))
    if held is not None and held.engine not in ("keras", plan.network.engine(plan, len(rows)).name):
        return None  # with other numbers of epochs, a program may run in another way
    if held is None or (held.is_resumable and not (sets_rate and plan.watchers)):
        return held
    # Hooks may ask for weights of earlier epochs. Only a program without callbacks that set the
    # learning rate can train them again.
    is_result = held.is_result(plan.epochs)
    return held if is_result and not plan.watchers and not plan.callbacks else None


def _may_set_learning_rate(callback: Any) -> bool:
    return type(callback) not in (keras.callbacks.EarlyStopping, keras.callbacks.TerminateOnNaN)


def _load(
    held: Checkpoint,
    plan: TrainingPlan,
    earlier: EarlierEpochs,
    random_state: np.random.RandomState,
) -> Outcome:
    """The outcome of a training that has ended, with its epochs shown to the hooks."""
    watchers = [*([Printer(plan.epochs)] if plan.verbose else []), *plan.watchers]
    for watcher in watchers:
        watcher.train_begin(earlier)
    replay(held, watchers, earlier)
    for watcher in watchers:
        watcher.train_end(earlier)
    random_state.set_state(held.random_state)
    return held.outcome()


def _train(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
    checkpoints: Checkpoints,
    resumption: Resumption | None = None,
) -> Outcome:
    reason = why_no_program(plan)
    if reason is None and holds_text(rows.X):
        reason = "X holds text, which no program takes"
    arguments = (plan, rows, validation, start, random_state)
    if reason is None:
        drawn = random_state.get_state()
        try:
            return train_with_program(*arguments, checkpoints, resumption)
        except (CannotCompile, MissingPrivateName) as error:
            reason = str(error)
            random_state.set_state(drawn)
    outcome = train_with_keras(*arguments)
    outcome.reason = reason
    _keep_result(outcome, plan, random_state, checkpoints)
    return outcome


def _keep_result(
    outcome: Outcome,
    plan: TrainingPlan,
    random_state: np.random.RandomState,
    checkpoints: Checkpoints,
) -> None:
    if outcome.is_cut:
        return
    stopped = outcome.n_epochs < plan.epochs
    has_ended = outcome.diverged_at is not None or (stopped and plan.early_stop is not None)
    if stopped and (plan.watchers or not has_ended):
        return  # a hook may have stopped it, which another fit does not have
    checkpoint = Checkpoint(
        outcome.state,
        outcome.history,
        random_state.get_state(legacy=False),
        has_ended=has_ended,
        is_resumable=False,
        engine=outcome.engine,
        reason=outcome.reason,
        diverged_at=outcome.diverged_at,
    )
    checkpoints.keep(checkpoint, is_end=True)

"""Train a network: the engine's entry point."""

from __future__ import annotations

import numpy as np

from skhp.compat.missing_names import MissingPrivateName
from skhp.engine.keras_fit import train_with_keras
from skhp.engine.plan import CannotCompile, Outcome, Rows, TrainingPlan, TrainingState
from skhp.engine.program_training import train_with_program, why_no_program
from skhp.engine.text import holds_text
from skhp.engine.user_callbacks import lent


def train(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> Outcome:
    """Train with a program where the plan allows it, else with Keras's fit.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    start : TrainingState
    random_state : RandomState

    Returns
    -------
    Outcome
    """
    with lent(plan.callbacks):
        return _train(plan, rows, validation, start, random_state)


def _train(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> Outcome:
    reason = why_no_program(plan)
    if reason is None and holds_text(rows.X):
        reason = "X holds text, which no program takes"
    if reason is None:
        drawn = random_state.get_state()
        try:
            return train_with_program(plan, rows, validation, start, random_state)
        except (CannotCompile, MissingPrivateName) as error:
            reason = str(error)
            random_state.set_state(drawn)
    outcome = train_with_keras(plan, rows, validation, start, random_state)
    outcome.reason = reason
    return outcome

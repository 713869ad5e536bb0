"""Train a network, and predict with one: the door of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from skhp.engine.compiled import train_compiled, why_not_compiled
from skhp.engine.keras_fit import train_with_keras
from skhp.engine.plan import CannotCompile, Outcome, Rows, TrainingPlan, TrainingState
from skhp.engine.row_blocks import row_blocks

# Rows predicted at once: large enough for the cores, small enough for their caches.
_PREDICT_ROWS = 8192


def train(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> Outcome:
    """Train by a compiled program where the plan allows it, else by Keras's fit.

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
    reason = why_not_compiled(plan)
    if reason is None:
        drawn = random_state.get_state()
        try:
            return train_compiled(plan, rows, validation, start, random_state)
        except CannotCompile as error:
            reason = str(error)
            random_state.set_state(drawn)
    outcome = train_with_keras(plan, rows, validation, start, random_state)
    outcome.reason = reason
    return outcome


def predict(network: Any, state: TrainingState, X: np.ndarray) -> np.ndarray:
    """The network's outputs for rows of X.

    Parameters
    ----------
    network : MLPSpec
    state : TrainingState
    X : ndarray of shape (n, n_features)

    Returns
    -------
    ndarray of shape (n, n_outputs)
    """
    layout = network.layout(shared=False)
    trainable = [ops.convert_to_tensor(array) for array in state.trainable]
    fixed = [ops.convert_to_tensor(array) for array in state.state]
    outputs = [
        layout.forward(trainable, fixed, ops.convert_to_tensor(block), {})[0]
        for block in row_blocks(X, _PREDICT_ROWS)
    ]
    return np.concatenate([ops.convert_to_numpy(output) for output in outputs])[: len(X)]

"""Train a network, and predict with one: the door of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

from skhp.engine.compiled import train_compiled, why_not_compiled
from skhp.engine.keras_fit import train_with_keras
from skhp.engine.plan import CannotCompile, Outcome, Rows, TrainingPlan, TrainingState

# Rows predicted at once: large enough for the cores, small enough for their caches.
_PREDICT_ROWS = 8192

# Numbers in the longest vectors that processors know (AVX-512, float32).
_VECTOR = 16


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
        layout.forward(trainable, fixed, ops.convert_to_tensor(chunk), {})[0]
        for chunk in _chunks(X)
    ]
    return np.concatenate([ops.convert_to_numpy(output) for output in outputs])[: len(X)]


def _chunks(X: np.ndarray) -> Iterator[np.ndarray]:
    # A row's outputs must not depend on the rows beside it, and matrices of one row, as well
    # as what is left past full vectors of numbers, are rounded otherwise than the rest.
    for start in range(0, len(X), _PREDICT_ROWS):
        chunk = X[start : start + _PREDICT_ROWS]
        missing = -len(chunk) % _VECTOR
        yield np.pad(chunk, ((0, missing), (0, 0))) if missing else chunk

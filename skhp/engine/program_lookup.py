"""The program of a training plan: found in the cache, or made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from skhp.compat.tensorflow import shared_variable_kernels
from skhp.engine import optimizer_settings as optimizers
from skhp.engine.backends import tensorflow as backend
from skhp.engine.check import has_own_code
from skhp.engine.graph_key import graph_key
from skhp.engine.plan import Rows, TrainingPlan
from skhp.engine.program import Program
from skhp.engine.structure import Structure, kind_of

# Batches larger than the rows at hand are cut to these, in steps, for folds to share.
_BATCH_STEP = 64


def scalars_for(
    plan: TrainingPlan, rows: Rows, validation: Rows | None, seed: int
) -> dict[str, Any]:
    """What is data to a program beside weights and rows.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    seed : int
        For dropout.
    """
    return {
        **plan.network.scalars(),
        **optimizers.scalars_of(plan.optimizer.value),
        "n_rows": np.int32(len(rows)),
        "batch_size": np.int32(min(plan.batch_size, len(rows))),
        "n_validation_rows": np.int32(0 if validation is None else len(validation)),
        "n_epochs": np.int32(0),  # each call sets it
        "seed": np.int32(seed),
    }


def program_for(
    plan: TrainingPlan, rows: Rows, validation: Rows | None, scalars: dict[str, Any]
) -> Program:
    """The program that trains a plan on such rows.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    scalars : dict
        Of `scalars_for`.
    """
    network = plan.network
    structure = structure_for(plan, rows, validation)

    def make(capacity: tuple[int, int]) -> Program:
        key = None if has_own_code(plan) else graph_key(structure, capacity, scalars)
        like = replace(rows, weighted=structure.weighted)
        with shared_variable_kernels():
            optimizer = optimizers.make_optimizer(plan.optimizer.value, plan.learning_rate)
            computation = network.computation(plan, structure.layout, like)
            return Program(backend, structure, optimizer, computation, scalars, capacity, key)

    batch_size, counts = int(scalars["batch_size"]), (len(rows), len(validation or ()))
    room = tuple(_end_of_slices(n, batch_size, structure.batch_size) for n in counts)
    return network.programs().get(structure, room, make)


def _end_of_slices(n: int, batch_size: int, slice_size: int) -> int:
    """Where the last slice of rows ends, if each takes more rows than a batch has."""
    return (n - 1) // batch_size * batch_size + slice_size if n else 0


def structure_for(plan: TrainingPlan, rows: Rows, validation: Rows | None) -> Structure:
    """What the program of a plan is made for; it follows from these arguments alone.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    """
    network, optimizer = plan.network, plan.optimizer.value
    n, n_validation = len(rows), 0 if validation is None else len(validation)
    is_padded = network.takes_padding(plan)
    batch_size = min(plan.batch_size, -(-n // _BATCH_STEP) * _BATCH_STEP if is_padded else n)
    weighted = rows.weighted or (validation is not None and validation.weighted)
    return Structure(
        engine=network.engine(plan).name,
        layout=network.layout(shared=optimizers.is_elementwise(optimizer)),
        optimizer=optimizers.structure_of(plan.optimizer, plan.learning_rate),
        loss=plan.loss and plan.loss.token,
        metrics=tuple(plan.metrics.items()),
        batch_size=network.program_batch_size(batch_size) if is_padded else batch_size,
        rows=kind_of(rows),
        validation_rows=None if validation is None else kind_of(validation),
        tails=None if is_padded else (n % batch_size, n_validation % batch_size),
        floatx=keras.config.floatx(),
        keras_settings=(keras.config.epsilon(), keras.config.image_data_format()),
        weighted=is_padded or weighted,
    )

"""The program of a training plan: found in the cache, or made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from skhp.compat.keras_variables import variables_made_when_read
from skhp.compat.tensorflow import shared_variable_kernels
from skhp.engine import optimizer_settings as optimizers
from skhp.engine.backends import tensorflow as backend
from skhp.engine.check import has_own_code
from skhp.engine.graph_key import graph_key
from skhp.engine.large_table import LargeTable, bytes_of_a_row, rows_of_a_block
from skhp.engine.plan import Rows, TrainingPlan
from skhp.engine.program import Program
from skhp.engine.structure import Structure, kind_of

# Rows of the whole epoch, for a program that gets them in blocks. Each call sets it.
_OF_BLOCKS = {"n_epoch_rows": np.int32(0), "n_epoch_validation_rows": np.int32(0)}

# A batch that is larger than all rows is cut to a multiple of this, so that folds share programs.
_BATCH_STEP = 64


def scalars_for(
    plan: TrainingPlan, rows: Rows, validation: Rows | None, seed: int
) -> dict[str, Any]:
    """The inputs of a program, except weights and rows.

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
        **(_OF_BLOCKS if is_streamed(rows, validation) else {}),
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
        The scalars from `scalars_for`.
    """
    network = plan.network
    structure = structure_for(plan, rows, validation)

    def make(capacity: tuple[int, int]) -> Program:
        key = None if has_own_code(plan) else graph_key(structure, capacity, scalars)
        like = replace(rows, weighted=structure.weighted)
        with shared_variable_kernels(), variables_made_when_read():
            optimizer = optimizers.make_optimizer(plan.optimizer.value, plan.learning_rate)
            computation = network.computation(plan, structure.layout, like)
            return Program(backend, structure, optimizer, computation, capacity, key)

    # A slice of training rows may take more rows than a batch has.
    last_slice = (len(rows) - 1) // scalars["batch_size"] * scalars["batch_size"]
    room = (int(last_slice) + structure.batch_size, 0 if validation is None else len(validation))
    return network.programs().get(structure, structure.blocks or room, make)


def structure_for(plan: TrainingPlan, rows: Rows, validation: Rows | None) -> Structure:
    """What the program of a plan is made for; it depends only on these arguments.

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
    streamed = is_streamed(rows, validation)
    is_shared = is_padded and not streamed  # a block ends with a batch
    choice = network.engine(plan, n)
    return Structure(
        engine=choice.name,
        is_parallel=choice.is_parallel,
        layout=network.layout(shared=optimizers.is_elementwise(optimizer)),
        optimizer=optimizers.structure_of(plan.optimizer, plan.learning_rate),
        loss=plan.loss and plan.loss.token,
        metrics=tuple(plan.metrics.items()),
        batch_size=network.program_batch_size(batch_size) if is_shared else batch_size,
        rows=kind_of(rows),
        validation_rows=None if validation is None else kind_of(validation),
        tails=None if is_padded else (n % batch_size, n_validation % batch_size),
        floatx=keras.config.floatx(),
        keras_settings=(keras.config.epsilon(), keras.config.image_data_format()),
        weighted=is_padded or weighted,
        blocks=_blocks(rows, validation, batch_size) if streamed else None,
    )


def is_streamed(rows: Rows, validation: Rows | None) -> bool:
    """Whether a program gets rows in blocks, because not all of them are arrays.

    Parameters
    ----------
    rows : Rows
    validation : Rows or None
    """
    if validation is None and isinstance(rows.X, np.ndarray):  # to flatten it takes longer
        return False
    tables = keras.tree.flatten((rows.X, validation and validation.X))
    return any(isinstance(table, LargeTable) for table in tables)


def _blocks(rows: Rows, validation: Rows | None, batch_size: int) -> tuple[int, int]:
    tables = keras.tree.flatten((rows.X, rows.y))
    size = rows_of_a_block(sum(map(bytes_of_a_row, tables)), batch_size)
    return size, 0 if validation is None else size

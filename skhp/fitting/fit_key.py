"""The key of a fit: equal only for fits that train the same network in the same way.

The key is made from what training gets, not from the constructor parameters alone: the rows, the
first weights and the state of the random generator. So it covers everything that decides these.
The number of epochs is not part of it, because a fit with more epochs continues one with fewer.

Rows are hashed at each fit, not once for a search. An array cannot be recognized by its identity:
scikit-learn gives each fit a new copy of its fold, and the same array may have been changed in
place. So all bytes must be read, and hashing takes no longer than reading. XXH3 takes 0.03
processor seconds for 1 GB that is not in the cache, and a third of that if it is. Comparing two
arrays takes twice as long, the check for finite numbers 1.7 times as long, and scikit-learn's
copy of the fold 20 times as long. In a whole search over 1 GB (six fits of one epoch), hashing
took 1.5% of the processor time with ``n_jobs=1`` and 0.6% with ``n_jobs=2``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy import sparse

from skhp.engine.large_table import LargeTable, stored_bytes
from skhp.engine.optimizer_settings import learning_rate_scalar, scalars_of, structure_of
from skhp.engine.optimizer_support import why_no_program_can_use
from skhp.engine.plan import Rows, TrainingPlan, TrainingState
from skhp.fitting.callback_key import callback_key
from skhp.fitting.store_format import VERSION
from skhp.keras_objects.fingerprint import NotEstablished
from skhp.keras_objects.keras_object import KerasObject
from skhp.runtime.compile_cache import versions_and_processor

import keras  # isort: skip


def fit_key(
    network: Any,
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> str:
    """A digest of everything that a training depends on, except its number of epochs.

    Parameters
    ----------
    network : object
        What says how the network computes: nested tuples, mappings, plain values and arrays.
    plan, rows, validation, start, random_state
        As in `skhp.engine.train.train`.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    NotEstablished
        If it is not known what the user's own code computes.
    """
    import xxhash

    parts = (
        (VERSION, versions_and_processor(), sys.version, _settings_of_keras()),
        network,
        _plan_parts(plan),
        (rows.X, *_targets(rows)),
        validation and (_rows_held_out(validation, rows), *_targets(validation)),
        (start.trainable, start.state, start.optimizer_variables),
        random_state.get_state(legacy=False),
    )
    digest = xxhash.xxh3_128()
    _add(digest, parts)
    return digest.hexdigest()


def established_token(part: KerasObject | None) -> Any:
    """The token of a Keras object.

    Parameters
    ----------
    part : KerasObject or None

    Raises
    ------
    NotEstablished
        If it is not known what the object computes.
    """
    if part is not None and part.why_unknown is not None:
        raise NotEstablished(part.why_unknown)
    return part and part.token


def _settings_of_keras() -> tuple[Any, ...]:
    config = keras.config
    return (
        keras.backend.backend(),
        getattr(sys.modules.get(keras.backend.backend()), "__version__", None),
        tuple(keras.distribution.list_devices()),  # a GPU rounds in another way
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
        config.dtype_policy().name,
    )


def _plan_parts(plan: TrainingPlan) -> tuple[Any, ...]:
    why_not = why_no_program_can_use(plan.optimizer, plan.learning_rate)
    if why_not is not None:
        raise NotEstablished(why_not)
    structure: Any = structure_of(plan.optimizer, plan.learning_rate)
    kind = structure[0]
    return (
        kind if isinstance(kind, str) else (kind.__module__, kind.__qualname__),
        structure[1:],
        scalars_of(plan.optimizer.value),
        learning_rate_scalar(plan.optimizer, plan.learning_rate),
        established_token(plan.loss),
        [(name, established_token(metric)) for name, metric in plan.metrics.items()],
        (plan.batch_size, plan.shuffle),
        plan.early_stop and asdict(plan.early_stop),
        plan.validation_score and plan.validation_score.key(),
        [callback_key(callback) for callback in plan.callbacks],
    )


def _targets(rows: Rows) -> tuple[Any, ...]:
    return (rows.y, rows.weight, rows.weighted)


def _rows_held_out(validation: Rows, rows: Rows) -> Any:
    """X of the validation rows; which rows they are if both are of one large table."""
    X, other = validation.X, rows.X
    if isinstance(X, LargeTable) and isinstance(other, LargeTable) and X.table is other.table:
        return ("of the same table", X.dtype.str, X.chosen)
    return X


def _add(digest: Any, value: Any) -> None:
    """Add a value to a digest; equal bytes mean equal values of equal structure."""
    if isinstance(value, Mapping):
        value = ("mapping", [(str(name), value[name]) for name in value])
    if isinstance(value, list | tuple):
        digest.update(f"[{len(value)}:".encode())
        for item in value:
            _add(digest, item)
    elif isinstance(value, LargeTable):
        _add_table(digest, value)
    elif isinstance(value, np.ndarray | np.generic):
        _add_array(digest, np.asarray(value))
    elif value is None or isinstance(value, bool | int | float | str):
        text = f"{type(value).__name__}:{value!r}".encode()
        digest.update(f"{len(text)}:".encode() + text)
    else:
        raise NotEstablished(f"it holds a {type(value).__name__}")


def _add_array(digest: Any, array: np.ndarray) -> None:
    if array.dtype.kind == "O":
        _add(digest, ("objects", array.shape, array.ravel().tolist()))
        return
    order = "F" if array.flags.fnc else "C"
    digest.update(f"{array.dtype.str}{array.shape}{order}:".encode())
    for stored in stored_bytes(array):
        digest.update(stored)


def _add_table(digest: Any, rows: LargeTable) -> None:
    """Add a table as it is stored, and which of its rows these are."""
    table = rows.table
    if sparse.issparse(table):
        table = ("sparse", table.shape, table.data, table.indices, table.indptr)
    _add(digest, ("table", rows.dtype.str, table, rows.chosen))

"""The checkpoints of a fit with ``memory``: found in a store, and kept there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.engine.checkpoint import NO_CHECKPOINTS, Checkpoint, Checkpoints
from skhp.engine.plan import TrainingPlan, TrainingState
from skhp.fitting.callback_key import not_storable
from skhp.fitting.store import FitStore, StoredFit
from skhp.fitting.stored_checkpoint import from_parts, to_parts
from skhp.fitting.warn_once import warn_once
from skhp.keras_objects.fingerprint import NotEstablished

# Parameters that do not change what an epoch of training does.
_NOT_IN_FRAME = frozenset({"callbacks", "epochs", "max_seconds", "memory", "verbose", "warm_start"})


@dataclass(frozen=True)
class FitRequest:
    """A fit that is about to be trained.

    Parameters
    ----------
    plan : TrainingPlan
    start : TrainingState
    params : mapping of str to object
        The parameters of the estimator.
    key : callable
        Returns its key, or raises `NotEstablished`.
    """

    plan: TrainingPlan
    start: TrainingState
    params: Mapping[str, Any]
    key: Callable[[], str]


class NoStore:
    """The store of ``memory=None``: it keeps nothing."""

    def checkpoints(self, request: FitRequest) -> Checkpoints:
        """No checkpoints."""
        return NO_CHECKPOINTS


class _Store:
    """A `FitStore`, as fits use it.

    Parameters
    ----------
    store : FitStore
    """

    def __init__(self, store: FitStore) -> None:
        self._store = store

    def checkpoints(self, request: FitRequest) -> Checkpoints:
        """Where a fit finds and stores its checkpoints. Warn if it cannot store any.

        Raises
        ------
        ValueError
            If the store is a file, was written by a newer version, or has no room for a fit.
        """
        self._store.prepare()
        _check_room(self._store, request.start)
        reason = _why_not_stored(request)
        if reason is None:
            try:
                return FitCheckpoints(self._store, request.key(), _described(request.params))
            except NotEstablished as error:
                reason = f"skhp cannot find out whether another fit is the same: {error}"
        warn_once(f"memory is set, but a fit is not stored: {reason}.")
        return NO_CHECKPOINTS


def store_for(memory: Any) -> NoStore | _Store:
    """The store of an estimator's parameter.

    Parameters
    ----------
    memory : None, path or FitStore
    """
    if memory is None:
        return NoStore()
    return _Store(memory if isinstance(memory, FitStore) else FitStore(memory))


class FitCheckpoints(Checkpoints):
    """The checkpoints of one fit.

    Parameters
    ----------
    store : FitStore
    key : str
    params : dict of str to object
        To be shown in `FitStore.frame`.
    """

    def __init__(self, store: FitStore, key: str, params: dict[str, Any]) -> None:
        self._store, self._key, self._params = store, key, params
        self._kept_at = time.monotonic()
        self._last_part: StoredFit | None = None

    def find(self, epochs: int) -> Checkpoint | None:
        """The checkpoint of the most epochs that training can end with or go on from."""
        for stored in reversed(self._store.stored(self._key)):
            if stored.epochs > epochs:
                continue
            parts = self._store.read(stored)
            if parts is None:
                continue
            checkpoint = from_parts(*parts)
            if checkpoint.is_result(epochs) or checkpoint.is_resumable:
                if stored.is_finished:  # the process that stored it may have been killed here
                    self._remove_parts(stored)
                else:
                    self._last_part = stored
                return checkpoint
        return None

    def is_due(self) -> bool:
        """Whether ``every`` seconds have passed since the last checkpoint."""
        return time.monotonic() - self._kept_at >= self._store.every

    def keep(self, checkpoint: Checkpoint, is_end: bool) -> None:
        """Store a checkpoint, and remove those that are no longer needed."""
        arrays, fields = to_parts(checkpoint)
        fields["params"] = self._params
        stored = self._store.write(self._key, checkpoint.n_epochs, is_end, arrays, fields)
        self._kept_at = time.monotonic()
        if stored is None:
            return
        if is_end:
            self._remove_parts(stored)
        elif self._last_part is not None and self._last_part.epochs < stored.epochs:
            self._store.remove(self._last_part)
        self._last_part = None if is_end else stored

    def _remove_parts(self, finished: StoredFit) -> None:
        """Remove the checkpoints of this fit that a finished one replaces."""
        for other in self._store.stored(self._key):
            if not other.is_finished and other.epochs <= finished.epochs:
                self._store.remove(other)


def _why_not_stored(request: FitRequest) -> str | None:
    if request.params["random_state"] is None:
        return (
            "random_state is None, so that no other fit is equal to it. Set random_state to an int"
        )
    if names := ", ".join(not_storable(request.plan.callbacks)):
        return f"the Keras callbacks {names} may change the training or have a state of their own"
    return None


def _check_room(store: FitStore, start: TrainingState) -> None:
    least = sum(array.nbytes for array in (*start.trainable, *start.state))
    if store.max_bytes is not None and least > store.max_bytes:
        raise ValueError(
            f"max_bytes={store.max_bytes:,} of memory is smaller than one fit: the weights of this "
            f"network alone take {least:,} bytes. Give a larger max_bytes."
        )


def _described(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON can hold them."""
    return {n: _plain(value) for n, value in params.items() if n not in _NOT_IN_FRAME}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return getattr(value, "__name__", None) or repr(value)

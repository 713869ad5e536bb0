"""A checkpoint as named arrays and JSON fields, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from skhp.engine.checkpoint import Checkpoint

Arrays = dict[str, np.ndarray]

# Attributes of a checkpoint that JSON holds as they are.
_FIELDS = ("history", "has_ended", "is_resumable", "engine", "reason", "diverged_at", "seconds")

_CALLBACK = "callback_"  # and its position: the arrays of a callback


def to_parts(checkpoint: Checkpoint) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the fields of a checkpoint.

    Parameters
    ----------
    checkpoint : Checkpoint
    """
    state, best = checkpoint.state, checkpoint.early_stop
    groups: dict[str, list[np.ndarray] | None] = {
        "trainable": state.trainable,
        "state": state.state,
        "optimizer": state.optimizer_variables,
        "best_trainable": None if best is None else best.trainable,
        "best_state": None if best is None else best.state,
        **{f"{_CALLBACK}{i}": weights for i, weights in checkpoint.callback_weights.items()},
    }
    fields = {name: getattr(checkpoint, name) for name in _FIELDS}
    fields["lengths"] = {name: None if a is None else len(a) for name, a in groups.items()}
    fields["random_state"] = _plain(checkpoint.random_state)
    fields["early_stop"] = None if best is None else {"best": best.best, "waited": best.waited}
    arrays = {
        f"{name}.{i}": np.asarray(array)
        for name, group in groups.items()
        for i, array in enumerate(group or ())
    }
    return arrays, fields


def from_parts(arrays: Mapping[str, np.ndarray], fields: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint of these arrays and fields.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    fields : mapping of str to object
    """
    from skhp.engine.checkpoint import Checkpoint, EarlyStopState
    from skhp.engine.plan import TrainingState

    def group(name: str) -> Any:
        length = fields["lengths"][name]
        return None if length is None else [arrays[f"{name}.{i}"] for i in range(length)]

    seen = fields["early_stop"]
    callbacks = [name for name in fields["lengths"] if name.startswith(_CALLBACK)]
    return Checkpoint(
        TrainingState(group("trainable"), group("state"), group("optimizer")),
        random_state=fields["random_state"],
        early_stop=seen and EarlyStopState(**seen, **_best(group)),
        callback_weights={int(name.removeprefix(_CALLBACK)): group(name) for name in callbacks},
        **{name: fields[name] for name in _FIELDS},
    )


def _best(group: Any) -> dict[str, Any]:
    return {"trainable": group("best_trainable"), "state": group("best_state")}


def _plain(value: Any) -> Any:
    """A random generator's state with lists in place of arrays."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value

"""A Keras model that the user gives: each fit trains it from the weights it was given with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(eq=False)
class GivenModel:
    """The state of a model before an estimator trained it.

    Parameters
    ----------
    model : keras.Model
    values : list of ndarray
        Values of its variables.
    was_compiled : bool
    optimizer_config : dict or None
    optimizer_variables : list of ndarray or None
        Values of the optimizer's variables, None if the optimizer had none.
    last_digest : str
        Digest of the weights after the estimator's last training.
    """

    model: Any
    values: list[np.ndarray]
    was_compiled: bool
    optimizer_config: dict[str, Any] | None
    optimizer_variables: list[np.ndarray] | None
    last_digest: str = ""

    @classmethod
    def of(cls, model: Any) -> Self:
        """Record the present state of a built model."""
        optimizer: Any = model.optimizer if model.compiled else None
        built = optimizer is not None and optimizer.built
        given = cls(
            model,
            _values(model.variables),
            model.compiled,
            None if optimizer is None else optimizer.get_config(),
            _values(optimizer.variables) if built else None,
        )
        given.note_training()
        return given

    def note_training(self) -> None:
        """Record the digest of the weights after a training."""
        self.last_digest = _digest(self.model)

    def is_unchanged(self) -> bool:
        """Whether the weights are still those of the estimator's last training."""
        return _digest(self.model) == self.last_digest

    def restore(self, model: Any) -> None:
        """Set the model, or a copy of it, back to the recorded state.

        Parameters
        ----------
        model : keras.Model
        """
        for variable, value in zip(model.variables, self.values, strict=True):
            variable.assign(value)
        if not self.was_compiled:
            model.compiled = False
            return
        optimizer = model.optimizer
        if optimizer is not None and optimizer.built:
            first = self.optimizer_variables or self._new_optimizer_variables(model)
            for variable, value in zip(optimizer.variables, first, strict=True):
                variable.assign(value)

    def _new_optimizer_variables(self, model: Any) -> list[np.ndarray]:
        optimizer = type(model.optimizer).from_config(self.optimizer_config)
        optimizer.build(model.trainable_variables)
        return _values(optimizer.variables)


def recorded_or_restored(model: Any, before: GivenModel | None) -> GivenModel:
    """Prepare a given model for a fit, and return its recorded state.

    Parameters
    ----------
    model : keras.Model
        Set back to the recorded state if only the estimator has trained it since.
    before : GivenModel or None
        The state that an earlier fit recorded.
    """
    if before is None or before.model is not model or not before.is_unchanged():
        return GivenModel.of(model)
    before.restore(model)
    return before


def _values(variables: Any) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def _digest(model: Any) -> str:
    digest = hashlib.blake2b()
    for variable in model.variables:
        digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return digest.hexdigest()

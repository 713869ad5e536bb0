"""A Keras model given to an estimator: trained itself, each time from where it was given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(eq=False)
class GivenModel:
    """A model as it was before an estimator trained it.

    Parameters
    ----------
    model : keras.Model
    values : list of ndarray
        Of its variables.
    was_compiled : bool
    optimizer_config : dict or None
    optimizer_variables : list of ndarray or None
        Variables of the optimizer, where it had made them.
    left : str
        Digest of the weights that the estimator's last training left.
    """

    model: Any
    values: list[np.ndarray]
    was_compiled: bool
    optimizer_config: dict[str, Any] | None
    optimizer_variables: list[np.ndarray] | None
    left: str = ""

    @classmethod
    def of(cls, model: Any) -> Self:
        """A model, with its weights made, as it is now."""
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
        """Remember the weights as they are now: the estimator has trained them."""
        self.left = _digest(self.model)

    def is_as_left(self) -> bool:
        """Whether nobody but the estimator has changed the weights since."""
        return _digest(self.model) == self.left

    def restore(self, model: Any) -> None:
        """Make the model, or a copy of it, what it was at first.

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
            first = self.optimizer_variables or self._fresh_optimizer_variables(model)
            for variable, value in zip(optimizer.variables, first, strict=True):
                variable.assign(value)

    def _fresh_optimizer_variables(self, model: Any) -> list[np.ndarray]:
        fresh = type(model.optimizer).from_config(self.optimizer_config)
        fresh.build(model.trainable_variables)
        return _values(fresh.variables)


def _values(variables: Any) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def _digest(model: Any) -> str:
    digest = hashlib.blake2b()
    for variable in model.variables:
        digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return digest.hexdigest()

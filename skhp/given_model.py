"""A Keras model given to an estimator: trained itself, each time from where it was given."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


class GivenModel:
    """A model as it was before an estimator trained it.

    Parameters
    ----------
    model : keras.Model
        With its weights made.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._values = [variable.numpy() for variable in model.variables]
        self._was_compiled = model.compiled
        self._optimizer_config: Any = None
        self._slots: list[np.ndarray] | None = None
        if model.compiled and model.optimizer is not None:
            self._optimizer_config = model.optimizer.get_config()
            if model.optimizer.built:
                self._slots = [variable.numpy() for variable in model.optimizer.variables]
        self.note_training()

    def note_training(self) -> None:
        """Remember the weights as they are now: the estimator has trained them."""
        self._left = _digest(self.model)

    def is_as_left(self) -> bool:
        """Whether nobody but the estimator has changed the weights since."""
        return _digest(self.model) == self._left

    def restore(self, model: Any) -> None:
        """Make the model, or a copy of it, what it was at first.

        Parameters
        ----------
        model : keras.Model
        """
        for variable, value in zip(model.variables, self._values, strict=True):
            variable.assign(value)
        if not self._was_compiled:
            model.compiled = False
            return
        optimizer = model.optimizer
        if optimizer is not None and optimizer.built:
            first = self._slots or self._fresh_slots(model)
            for variable, value in zip(optimizer.variables, first, strict=True):
                variable.assign(value)

    def _fresh_slots(self, model: Any) -> list[np.ndarray]:
        fresh = type(model.optimizer).from_config(self._optimizer_config)
        fresh.build(model.trainable_variables)
        return [variable.numpy() for variable in fresh.variables]


def _digest(model: Any) -> str:
    digest = hashlib.blake2b()
    for variable in model.variables:
        digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return digest.hexdigest()

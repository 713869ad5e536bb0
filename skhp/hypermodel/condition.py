"""When a hyperparameter is active: another one has one of some values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Condition:
    """The condition that a hyperparameter has one of some values.

    Parameters
    ----------
    name : str
        Name of the hyperparameter.
    values : tuple
        The values with which the condition holds.
    """

    name: str
    values: tuple[Any, ...]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the condition holds with these values of active hyperparameters."""
        return self.name in values and values[self.name] in self.values

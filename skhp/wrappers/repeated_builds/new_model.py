"""A model that was just built, and whether it can stand for other models."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from skhp.compat.keras import config_of
from skhp.keras_objects.fingerprint import FingerprintReader, digest, established
from skhp.wrappers.keras_network import KerasNetwork
from skhp.wrappers.repeated_builds.initial_values import InitialValues


@dataclass
class NewModel:
    """A compiled model that nobody has trained or changed.

    It may become the pattern of later models: it stands for them, and no user sees it.

    Parameters
    ----------
    network : KerasNetwork or None
        With the model. None to forget it.
    values : InitialValues
        Its first weights.
    computation : str
        What it computes from its weights, and how its optimizer trains them.
    is_sure : bool
        Whether it was compared with a model for which the builder drew other numbers.
    """

    network: Any
    values: InitialValues
    computation: str
    is_sure: bool = False

    def without_network(self) -> NewModel:
        """The same, but without the model."""
        return dataclasses.replace(self, network=None)

    def stands_for(self, other: NewModel) -> bool:
        """Compare it with another model of an equal call.

        Parameters
        ----------
        other : NewModel

        Returns
        -------
        bool
            Whether the other model differs only in weights, and these follow from its draws.
        """
        if self.computation != other.computation or not self.values.explains(other.values):
            return False
        self.is_sure |= self.values.draws != other.values.draws
        return True

    def draws(self, seed: int | None) -> list[Any] | None:
        """What the builder draws with a seed; None if the first weights are not known then.

        Parameters
        ----------
        seed : int or None
        """
        if seed is None and not self.is_sure:
            return None  # to find out, one must draw from the global generator
        draws = self.values.draws_with(seed)
        return draws if self.is_sure or draws == self.values.draws else None


def new_model(network: KerasNetwork, values: InitialValues) -> NewModel:
    """A model that was just built.

    Parameters
    ----------
    network : KerasNetwork
        With the model, whose structure is known.
    values : InitialValues
        Its first weights.

    Raises
    ------
    NotEstablished
        If a setting of the optimizer cannot be read.
    """
    # Keras counts the names of optimizers.
    settings = {**config_of(network.model.optimizer), "name": None}
    read = established(FingerprintReader().read, settings)
    computation = digest((network.layout(shared=False).token, read))
    return NewModel(network, values, computation)

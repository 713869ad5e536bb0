"""The model that an estimator holds, built or not."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Keras is not imported before the first fit
    from skhp.engine.plan import Arrays
    from skhp.wrappers.keras_network import KerasNetwork


class HeldModel(abc.ABC):
    """A model, and what its last training has left for it.

    Attributes
    ----------
    optimizer_variables : list of ndarray or None
        What the last training left for the optimizer, until the model is read.
    history : dict or None
        The history of the last training, until the model is read.
    """

    def __init__(self) -> None:
        self.optimizer_variables: Any = None
        self.history: dict[str, list[float]] | None = None

    @property
    def similar(self) -> Any:
        """A model with the same layers, loss and optimizer. Its weights may be others."""
        return self.similar_and_arrays()[0]

    @abc.abstractmethod
    def similar_and_arrays(self) -> tuple[Any, Arrays | None]:
        """`similar`, and the values to take for its weights; None to take its own values."""

    @abc.abstractmethod
    def model(self) -> Any:
        """The model. It is built if it is not built yet."""

    @abc.abstractmethod
    def network(self) -> KerasNetwork:
        """The model, as the engine needs it."""

    @abc.abstractmethod
    def trained_weights(self) -> list[Any]:
        """The weights that the last training trained. Layers may be frozen since then."""


class BuiltModel(HeldModel):
    """A model that is built.

    Parameters
    ----------
    model : keras.Model
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model
        self._trained_weights: list[Any] = []

    def similar_and_arrays(self) -> tuple[Any, None]:
        """The model itself, and None: it has its own weights."""
        return self._model, None

    def model(self) -> Any:
        """The model."""
        return self._model

    def network(self) -> KerasNetwork:
        """The model, as the engine needs it."""
        from skhp.wrappers.keras_network import KerasNetwork

        self._trained_weights = self._model.trainable_variables
        return KerasNetwork(self._model)

    def trained_weights(self) -> list[Any]:
        """The weights that the last training trained. Layers may be frozen since then."""
        return self._trained_weights

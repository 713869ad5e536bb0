"""A model that an estimator holds; see also `skhp.wrappers.unbuilt_model`."""

from __future__ import annotations

from typing import Any


class BuiltModel:
    """A model that is built.

    Parameters
    ----------
    model : keras.Model

    Attributes
    ----------
    similar : keras.Model
        The model, to read its layers, its loss and its optimizer, but not its weights.
    optimizer_variables : list of ndarray or None
        What the last training left for the optimizer, until the model is read.
    history : dict or None
        The history of the last training, until the model is read.
    """

    def __init__(self, model: Any) -> None:
        self.similar = model
        self.optimizer_variables: Any = None
        self.history: Any = None
        self._trained_weights: list[Any] = []

    def network(self) -> Any:
        """The model, as the engine needs it."""
        from skhp.wrappers.keras_network import KerasNetwork

        self._trained_weights = self.similar.trainable_variables
        return KerasNetwork(self.similar)

    def other_arrays(self) -> None:
        """None: the weights of `similar` are those of the model."""

    def model(self) -> Any:
        """The model."""
        return self.similar

    def trained_weights(self) -> list[Any]:
        """The weights that the last training trained. Layers may be frozen since then."""
        return self._trained_weights

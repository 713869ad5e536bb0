"""Targets as a loss takes them, and a network's outputs as predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from skhp.keras_objects.keras_object import KerasObject


@dataclass(frozen=True)
class TargetCoding:
    """How targets are encoded for the loss, and how outputs become predictions.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    coding : {"one", "sparse", "one-hot", "columns"}
        One column of 0 and 1; class numbers; a column of 0 and 1 for each class; the
        columns of y as they are.
    n_units : int
        Output units.
    activation : str
        Keras's name of the output activation.
    loss : KerasObject
    """

    task: str
    coding: str
    n_units: int
    activation: str
    loss: KerasObject

    def encode(self, y: np.ndarray, dtype: str) -> np.ndarray:
        """Encode class numbers, label columns or values for the loss."""
        if self.coding == "sparse":
            return y.astype("int32")
        if self.coding == "one-hot":
            return np.eye(self.n_units, dtype=dtype)[y]
        if self.activation == "exponential" and (y < 0).any():
            raise ValueError(
                f"loss='poisson' needs y >= 0. The smallest value of y is {y.min()}. Use "
                "loss='auto', or leave out the rows with negative values."
            )
        return np.ascontiguousarray(y.reshape(len(y), self.n_units), dtype=dtype)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Make one column per class (or label) from a classifier's outputs."""
        if self.activation == "linear":
            link = expit if self.coding in ("one", "columns") else _softmax_rows
            outputs = link(outputs)
        if self.coding == "one":
            return np.hstack([1 - outputs, outputs])
        return outputs


def _softmax_rows(outputs: np.ndarray) -> np.ndarray:
    return softmax(outputs, axis=1)

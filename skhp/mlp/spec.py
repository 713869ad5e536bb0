"""What a perceptron is: its layers and settings, without Keras and without weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skhp.keras_objects.keras_object import KerasObject
from skhp.mlp.layers import Layer, Shapes, perceptron_layers, statistic_shapes, weight_shapes


@dataclass(frozen=True)
class MLPSpec:
    """A multi-layer perceptron without its weights.

    Parameters
    ----------
    n_features, n_outputs : int
        Columns of X, and output units.
    widths : tuple of int
        Units of each hidden layer; empty for a linear model.
    activation, output_activation, kernel_initializer : KerasObject
        The activations of the hidden layers and of the output layer, and the initializer of
        all kernels.
    batch_norm : bool
        Whether each hidden layer is batch-normalized before its activation.
    dropout, l2 : float
        The dropout rate after each hidden layer, and the factor of the squared kernels in the
        loss.
    """

    n_features: int
    n_outputs: int
    widths: tuple[int, ...]
    activation: KerasObject
    output_activation: KerasObject
    kernel_initializer: KerasObject
    batch_norm: bool
    dropout: float
    l2: float

    def layers(self) -> list[Layer]:
        """The layers in order."""
        sizes = (self.n_features, *self.widths, self.n_outputs)
        return perceptron_layers(sizes, self.activation, self.output_activation, self.batch_norm)

    def weight_shapes(self) -> Shapes:
        """Shapes of the weights that training changes, in the order of the layers."""
        return weight_shapes(self.layers())

    def n_parameters(self) -> int:
        """The number of weights, moving statistics included."""
        layers = self.layers()
        shapes = [*weight_shapes(layers), *statistic_shapes(layers)]
        return sum(int(np.prod(shape)) for shape in shapes)

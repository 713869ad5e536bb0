"""The layers of a perceptron, in order.

The Keras model, the compiled program and the NumPy prediction all follow this one list. Each
has its own table of what to do at a layer of each class.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skhp.keras_objects.keras_object import KerasObject

Shapes = list[tuple[int, ...]]

# Keras's default for keras.layers.BatchNormalization.
BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class Layer:
    """A layer without weights."""

    @property
    def weight_shapes(self) -> Shapes:
        """Shapes of the weights that training changes."""
        return []

    @property
    def statistic_shapes(self) -> Shapes:
        """Shapes of the moving statistics."""
        return []


@dataclass(frozen=True)
class Dense(Layer):
    """A kernel and a bias.

    Parameters
    ----------
    inputs, units : int
    """

    inputs: int
    units: int

    @property
    def weight_shapes(self) -> Shapes:
        """Kernel and bias."""
        return [(self.inputs, self.units), (self.units,)]


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalization.

    Parameters
    ----------
    units : int
    """

    units: int

    @property
    def weight_shapes(self) -> Shapes:
        """Scale (gamma) and offset (beta)."""
        return [(self.units,), (self.units,)]

    @property
    def statistic_shapes(self) -> Shapes:
        """Moving mean and moving variance."""
        return [(self.units,), (self.units,)]


@dataclass(frozen=True)
class Activation(Layer):
    """The activation of a hidden layer.

    Parameters
    ----------
    activation : KerasObject or None
        None if its coefficients are data to a program.
    hidden : int
        The number of the hidden layer, from 0.
    """

    activation: KerasObject | None
    hidden: int


@dataclass(frozen=True)
class Dropout(Layer):
    """Dropout after a hidden layer.

    Parameters
    ----------
    hidden : int
        The number of the hidden layer, from 0.
    """

    hidden: int


@dataclass(frozen=True)
class Output(Dense):
    """The last layer, with its activation.

    Parameters
    ----------
    inputs, units : int
    activation : KerasObject
    """

    activation: KerasObject


def perceptron_layers(
    sizes: Sequence[int],
    activation: KerasObject | None,
    output_activation: KerasObject,
    batch_norm: bool,
) -> list[Layer]:
    """The layers of a perceptron.

    Parameters
    ----------
    sizes : sequence of int
        Features, the width of each hidden layer, and outputs.
    activation : KerasObject or None
        The activation of the hidden layers.
    output_activation : KerasObject
    batch_norm : bool
        Whether each hidden layer is batch-normalized before its activation.
    """
    layers: list[Layer] = []
    for hidden, (inputs, units) in enumerate(itertools.pairwise(sizes[:-1])):
        norm = [BatchNorm(units)] if batch_norm else []
        layers += [Dense(inputs, units), *norm, Activation(activation, hidden), Dropout(hidden)]
    return [*layers, Output(sizes[-2], sizes[-1], output_activation)]


def weight_shapes(layers: Iterable[Layer]) -> Shapes:
    """Shapes of all weights that training changes, in order."""
    return [shape for layer in layers for shape in layer.weight_shapes]


def statistic_shapes(layers: Iterable[Layer]) -> Shapes:
    """Shapes of all moving statistics, in order."""
    return [shape for layer in layers for shape in layer.statistic_shapes]


def walk(
    layers: Iterable[Layer],
    x: Any,
    weights: Iterable[Any],
    statistics: Iterable[Any],
    steps: Mapping[type[Layer], Callable[..., Any]],
) -> Any:
    """Take rows through the layers.

    Parameters
    ----------
    layers : iterable of Layer
    x : array or tensor of shape (n, n_features)
    weights, statistics : iterable of array or tensor
        The weights and statistics of all layers, in order.
    steps : mapping of type to callable
        What each class of layer does. It takes the layer, the rows and the layer's own
        weights and statistics, and returns the new rows.
    """
    weights, statistics = iter(weights), iter(statistics)
    for layer in layers:
        own = [next(weights) for _ in layer.weight_shapes]
        own += [next(statistics) for _ in layer.statistic_shapes]
        x = steps[type(layer)](layer, x, *own)
    return x

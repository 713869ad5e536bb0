"""The arrays that a program trains for a perceptron."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from skhp.engine.packing import are_large
from skhp.engine.plan import Arrays
from skhp.keras_objects.keras_object import KerasObject
from skhp.mlp.activation_curves import is_shared
from skhp.mlp.activations import is_elementwise
from skhp.mlp.layers import Layer, Shapes, perceptron_layers, weight_shapes
from skhp.mlp.shared_sizes import SHARED_COLUMNS, SHARED_WIDTHS, shared_size, shared_widths
from skhp.mlp.spec import MLPSpec

import keras  # isort: skip


@dataclass(frozen=True)
class MLPLayout:
    """The arrays that a program trains for a perceptron; equal layouts share programs.

    Parameters
    ----------
    n_features, n_outputs, widths, output_activation, batch_norm
        As in `MLPSpec`, with widths as compiled.
    activation : KerasObject or None
        None if it is data; see `skhp.mlp.shared_activation`.
    is_penalized : bool
        Whether l2 is above zero. Most searches have no l2, and a program without it is made in
        nine tenths of the time.
    """

    n_features: int
    n_outputs: int
    widths: tuple[int, ...]
    activation: KerasObject | None
    output_activation: KerasObject
    batch_norm: bool
    is_penalized: bool

    variables = None

    def layers(self) -> list[Layer]:
        """The layers in order, as wide as compiled."""
        sizes = (self.n_features, *self.widths, self.n_outputs)
        return perceptron_layers(sizes, self.activation, self.output_activation, self.batch_norm)

    def joinable(self, shape: tuple[int, ...], is_compiled: bool) -> bool:
        """Whether a weight may be part of a vector of weights; see `skhp.engine.packing`."""
        is_sum = self.batch_norm and len(shape) < 2  # gamma's and beta's gradients are
        return not (is_sum and are_large(self.trainable_shapes()))

    def trainable_shapes(self) -> Shapes:
        """Shapes of the weights, in the order of the layers."""
        return self._trainable_shapes

    @functools.cached_property
    def _trainable_shapes(self) -> Shapes:
        return weight_shapes(self.layers())

    def initial_state(self) -> Arrays:
        """The first moving statistics."""
        return first_statistics(self.layers())


@functools.lru_cache(maxsize=128)
def exact_layout(spec: MLPSpec) -> MLPLayout:
    """The layout of one network alone.

    Parameters
    ----------
    spec : MLPSpec
    """
    return MLPLayout(
        n_features=spec.n_features,
        n_outputs=spec.n_outputs,
        widths=spec.widths,
        activation=spec.activation,
        output_activation=spec.output_activation,
        batch_norm=spec.batch_norm,
        is_penalized=spec.l2 > 0,
    )


@functools.lru_cache(maxsize=128)
def shared_layout(spec: MLPSpec) -> MLPLayout:
    """A layout that other networks may use too: widths and activation may be scalars.

    Parameters
    ----------
    spec : MLPSpec
    """
    layout = replace(
        exact_layout(spec),
        n_features=shared_size(spec.n_features, SHARED_COLUMNS),
    )
    if not is_elementwise(spec.activation.name):
        return layout
    widths = shared_widths(spec.widths)
    layout = replace(layout, widths=widths)
    # In a wider layer the activations that are not used would cost noticeable time.
    if max(widths, default=0) <= SHARED_WIDTHS[-1] and is_shared(spec.activation.name):
        layout = replace(layout, activation=None)
    return layout


def first_statistics(layers: list[Layer]) -> Arrays:
    """Moving means of zero and moving variances of one.

    Parameters
    ----------
    layers : list of Layer
    """
    dtype = keras.config.floatx()
    return [
        make(shape, dtype)
        for layer in layers
        for shape, make in zip(layer.statistic_shapes, (np.zeros, np.ones), strict=False)
    ]

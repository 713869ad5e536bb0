"""Whether XLA compiles a program, or TensorFlow runs it as a graph.

Both run the same epochs. XLA joins small operations, so that a step of a small network takes
a few microseconds. On a CPU, XLA has slow code for some operations, and TensorFlow's own
kernels are many times faster. `engine_for` chooses by the layers of the model. The choice
follows from this measurement on two cores: CPU time of a training step of 64 rows with XLA,
divided by the time as a graph.

=================================================  =============
Network                                            XLA / graph
=================================================  =============
Conv1D(32, 5) on 100 x 4                           14
Conv2D(8, 3) on 28 x 28 x 1; on 8 x 8 x 1          4; 0.6
Conv2DTranspose(8, 3) on 8 x 8 x 4                 2.6
Conv3D(8, 3) on 8 x 8 x 8 x 1                      12
DepthwiseConv2D(3) on 8 x 8 x 8                    11
SeparableConv2D(16, 3) on 16 x 16 x 4              7
MaxPooling2D on 28 x 28 x 8                        2.7
Dropout, GaussianNoise after Dense(64)             15; 9
Dense(64), twice; Dense(512), three times          0.25; 0.6
BatchNormalization after Dense(64)                 0.1
AveragePooling2D, UpSampling2D on 28 x 28 x 8      0.8; 0.7
AdaptiveMaxPooling2D(4) on 28 x 28 x 8, on 8 x 8   0.4; 0.8
AdaptiveAveragePooling1D(4) on 100 x 4             0.1
LSTM(32) on 20 x 4; LSTM(128) on 20 x 4            0.5; 0.9
LSTM(32) on 100 x 16; GRU(32) on 20 x 4            0.4; 0.4
=================================================  =============

A graph is also made 0.5 to 1.4 CPU seconds faster. So small convolutions are graphs, too. Other
small models are graphs if the training has few steps. CPU seconds with XLA and as a graph, of a
first fit and of a later fit, each with five epochs of 32 batches:

=================================================  =============  =============
Network                                            first fit      later fit
=================================================  =============  =============
Dense(64), twice                                   0.94; 0.39     0.016; 0.022
Embedding(1000, 16), pooling                       0.99; 0.41     0.025; 0.026
LSTM(32) on 20 x 4; on 100 x 16                    1.7; 0.69,     0.11; 0.13,
                                                   2.6; 1.4       0.48; 0.56
GRU(32) on 20 x 4                                  2.1; 0.80      0.13; 0.17
A transformer block on 16 x 32                     2.4; 1.1       0.20; 0.28
=================================================  =============  =============

Operations of a graph run in one thread, one after the other, and only large operations share
their rows among threads. For large images, TensorFlow may run operations at the same time: it
then also uses the faster convolutions of oneDNN. CPU time of a fit with one thread, divided by
the time with many:

=================================================  ====================
Network                                            one thread / many
=================================================  ====================
Dense(64), Dropout; Conv2D(8, 3) on 8 x 8 x 1      0.8; 0.65
Conv2D(32, 3), Conv2D(64, 3) on 8 x 8 x 1          0.45
The same on 12 x 12, 16 x 16, 28 x 28              1.0; 1.4; 1.8
Conv1D(32, 5), Conv1D(64, 5) on 20 x 4; 100 x 4    0.5; 1.4
=================================================  ====================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

COMPILED, GRAPH = "compiled", "graph"


@dataclass(frozen=True)
class EngineChoice:
    """How a program runs.

    Parameters
    ----------
    name : {"compiled", "graph"}
    reason : str or None
        Why XLA does not compile it; None if XLA does.
    is_parallel : bool
        Whether operations of a graph may run at the same time.
    """

    name: str = COMPILED
    reason: str | None = None
    is_parallel: bool = False


def engine_for(layers: Iterable[Any], n_weights: int, n_steps: int) -> EngineChoice:
    """Choose how the program of a model runs.

    Parameters
    ----------
    layers : iterable of keras.layers.Layer
        All layers of the model, also those within other layers.
    n_weights : int
        How many numbers the weights of the model are.
    n_steps : int
        How many steps the training takes: batches of an epoch, times epochs.
    """
    layers = list(layers)
    reason = _why_slow(layers) or _why_random(layers) or _why_short(layers, n_weights, n_steps)
    if reason is None:
        return EngineChoice()
    images = sum(_values_of(layer, np.inf) for layer in layers if _is_slow(layer))
    return EngineChoice(GRAPH, reason, is_parallel=images > _NUMBERS_OF_SMALL_IMAGES)


# Images are small if the convolution and pooling layers compute at most this many numbers a row.
_NUMBERS_OF_SMALL_IMAGES = 5000

# A model is small with at most so many weights, and numbers that its layers compute for a row.
_FEW_WEIGHTS, _FEW_NUMBERS = 50_000, 5000

# From about so many steps on, Keras's first fit takes as long as a first fit with XLA.
_FEW_STEPS = 400


def _why_slow(layers: list[Any]) -> str | None:
    return _slower_for(_first(layers, _is_slow))


def _why_random(layers: list[Any]) -> str | None:
    # A loop over time steps saves more in XLA than its random numbers cost.
    return None if _first(layers, _is_recurrent) else _slower_for(_first(layers, draws_numbers))


def _why_short(layers: list[Any], n_weights: int, n_steps: int) -> str | None:
    numbers = sum(_values_of(layer, 0) for layer in layers if not isinstance(layer, keras.Model))
    if n_weights > _FEW_WEIGHTS or numbers > _FEW_NUMBERS or n_steps > _FEW_STEPS:
        return None
    return (
        f"the model is small, and the training has at most {_FEW_STEPS} steps: "
        "to compile takes longer than it saves"
    )


def _slower_for(layer: str | None) -> str | None:
    return layer and f"on a CPU, XLA is slower than TensorFlow for {layer}"


def _values_of(layer: Any, if_unknown: float) -> float:
    """How many numbers a layer computes for one row."""
    try:
        shapes = [tensor.shape[1:] for tensor in keras.tree.flatten(layer.output)]
    except (AttributeError, ValueError):  # part of another layer, or used more than once
        return if_unknown
    is_known = not _is_recurrent(layer) and None not in sum(shapes, ())
    return sum(int(np.prod(shape)) for shape in shapes) if is_known else if_unknown


# Subclasses count as well.
_SLOW = tuple(
    getattr(keras.layers, name)
    for name in (
        "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose",
        "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "DepthwiseConv1D", "DepthwiseConv2D",
        "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "SeparableConv1D", "SeparableConv2D",
    )
)  # fmt: skip


def _is_slow(layer: Any) -> bool:
    return isinstance(layer, _SLOW)


def _is_recurrent(layer: Any) -> bool:
    return isinstance(layer, keras.layers.RNN)


def draws_numbers(layer: Any) -> bool:
    """Whether a layer draws random numbers in training.

    Parameters
    ----------
    layer : keras.layers.Layer
    """
    return any(isinstance(v, keras.random.SeedGenerator) for v in vars(layer).values())


def _first(layers: list[Any], is_one: Any) -> str | None:
    return next((type(layer).__name__ for layer in layers if is_one(layer)), None)

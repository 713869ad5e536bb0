"""Each layer of Keras that draws no random numbers, in a small network."""

import math

import keras
import numpy as np
from keras import layers, ops

from .case import Case, branches_case, first, integers, layer_case, normal, positive

LINE, IMAGE, VOLUME = (4, 3), (5, 5, 2), (3, 3, 3, 2)
SHAPES = {"1D": LINE, "2D": IMAGE, "3D": VOLUME}


def squared(x):
    """What the Lambda layer computes."""
    return ops.square(x)


def of_each_rank(name, *args, ranks=("1D", "2D", "3D"), **settings):
    """Layers whose class is there for lines, images and volumes, by their rank."""
    kinds = {rank: getattr(layers, f"{name}{rank}") for rank in ranks}
    return {rank: lambda kind=kind: kind(*args, **settings) for rank, kind in kinds.items()}


def in_branches(*tables):
    """A branch for each such layer."""
    return [(rank, [table[rank]]) for rank in SHAPES for table in tables if rank in table]


def in_turn(*pairs):
    """A branch for lines, images and volumes each, with several layers one after the other.

    Parameters
    ----------
    pairs : tuple of (str, int)
        A class without its rank, and what it is given.
    """

    def made(rank):
        return [
            lambda name=name, given=given: getattr(layers, f"{name}{rank}")(given)
            for name, given in pairs
        ]

    return [(rank, made(rank)) for rank in SHAPES]


def of_all_ranks(branches):
    """A case with an input for lines, one for images and one for volumes.

    Its branches begin and end as those of `branches_case`.

    Parameters
    ----------
    branches : list of (str, list of callable)
        The rank of the input, and what makes the layers.
    """

    def network():
        inputs = {rank: keras.Input(shape) for rank, shape in SHAPES.items()}
        ends = []
        for rank, made in branches:
            end = layers.Dense(SHAPES[rank][-1], activation="tanh")(inputs[rank])
            for layer in made:
                end = layer()(end)
            ends.append(layers.Flatten()(end))
        return keras.Model(list(inputs.values()), layers.Dense(1)(layers.Concatenate()(ends)))

    n_numbers = sum(map(math.prod, SHAPES.values()))
    return Case(network, normal(n_numbers), normal(1, seed=1), inputs=of_each_shape)


def of_each_shape(X):
    """Lines, images and volumes from rows of numbers."""
    ends = np.cumsum([math.prod(shape) for shape in SHAPES.values()])[:-1]
    parts = zip(np.split(X, ends, axis=1), SHAPES.values(), strict=True)
    return [part.reshape(-1, *shape) for part, shape in parts]


# The layers of a case are all rowwise or all not, and XLA compiles all or none: what a network
# has of either kind decides how it is trained.
FLAT = {
    "rowwise layers": (
        lambda: layers.Activation("gelu"),
        layers.PReLU,
        layers.Softmax,
        lambda: layers.Dense(3, activation="relu"),
        lambda: layers.RepeatVector(3),
        layers.ELU,
        layers.LeakyReLU,
        lambda: layers.ReLU(max_value=0.5, negative_slope=0.1),
        layers.Identity,
        lambda: layers.Rescaling(2.0, 0.5),
        lambda: layers.GroupNormalization(2),
        layers.LayerNormalization,
        layers.RMSNormalization,
        layers.UnitNormalization,
    ),
    "BatchNormalization, ActivityRegularization, Lambda": (
        layers.BatchNormalization,
        lambda: layers.BatchNormalization(momentum=0.5, epsilon=0.1),
        lambda: layers.ActivityRegularization(l1=0.1, l2=0.2),
        lambda: layers.Lambda(squared),
    ),
}

IN_LINES = {
    "EinsumDense, GRU, LSTM, SimpleRNN": (
        lambda: layers.EinsumDense("abc,cd->abd", output_shape=(4, 2), bias_axes="d"),
        lambda: layers.GRU(2),
        lambda: layers.GRU(2, reset_after=False),
        lambda: layers.LSTM(2),
        lambda: layers.LSTM(2, go_backwards=True, return_sequences=True),
        lambda: layers.SimpleRNN(2),
        lambda: layers.LSTM(2, unroll=True),
    ),
    "RNN, StackedRNNCells, Bidirectional, TimeDistributed": (
        lambda: layers.RNN(layers.GRUCell(2)),
        lambda: layers.RNN(layers.StackedRNNCells([layers.LSTMCell(2), layers.SimpleRNNCell(2)])),
        lambda: layers.Bidirectional(layers.GRU(2)),
        lambda: layers.TimeDistributed(layers.Dense(2)),
    ),
    "BatchNormalization of lines": (
        layers.BatchNormalization,
        lambda: layers.BatchNormalization(axis=1),
        lambda: layers.TimeDistributed(layers.BatchNormalization()),
    ),
}


def dot():
    """Two inputs and their product."""
    a, b = keras.Input((4,)), keras.Input((4,))
    hidden = [layers.Dense(3, activation="tanh")(x) for x in (a, b)]
    return keras.Model([a, b], layers.Dense(1)(layers.Dot(axes=1)(hidden)))


def merged(*kinds):
    """Branches of one input, merged by several layers in turn."""

    def network():
        x = keras.Input((4,))
        out, *others = [layers.Dense(3, activation="tanh")(x) for _ in range(len(kinds) + 1)]
        for kind, other in zip(kinds, others, strict=True):
            out = getattr(layers, kind)()([out, other])
        return keras.Model(x, layers.Dense(1)(out))

    return network


def attended(*kinds):
    """A sequence that attends to itself, in a branch for each kind of attention."""

    def network():
        x = keras.Input(LINE)
        hidden = [layers.Dense(3, activation="tanh")(x) for _ in kinds]
        ends = [layers.Flatten()(kind(h)) for kind, h in zip(kinds, hidden, strict=True)]
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()(ends)))

    return network


def in_a_list(kind):
    """Attention that takes query and value in a list."""
    return lambda hidden: kind()([hidden, hidden])


def as_two_arguments(kind, *args, **settings):
    """Attention that takes query and value as two arguments."""
    return lambda hidden: kind(*args, **settings)(hidden, hidden)


def halves(X):
    """The two inputs of a network."""
    return [X[:, :4], X[:, 4:]]


def embedded(*more):
    """Words, their vectors, and their mean."""

    def network():
        vectors = [layers.Embedding(7, 3), *[layer() for layer in more], layers.Flatten()]
        return keras.Sequential([keras.Input((5,), dtype="int32"), *vectors, layers.Dense(1)])

    return network


def reversible():
    """Words, and from their vectors a score for each word."""
    table = layers.ReversibleEmbedding(7, 3)
    x = keras.Input((5,), dtype="int32")
    scores = table(table(x), reverse=True)
    return keras.Model(x, layers.Dense(1)(layers.Flatten()(scores)))


def spectral():
    """A layer whose wrapper assigns its weight."""
    return first(lambda: layers.SpectralNormalization(layers.Dense(3)))()


SUMS = ("Add", "Average", "Subtract")
CHOICES = ("Maximum", "Minimum", "Multiply", "Concatenate")


def masked():
    """Times at which all is zero do not count."""
    return keras.Sequential(
        [keras.Input(LINE), layers.Masking(0.0), layers.LSTM(2), layers.Dense(1)]
    )


def with_empty_times(X):
    """Sequences of which most have an end without values."""
    for i, sequence in enumerate(X):
        sequence[i % 3 + 2 :] = 0
    return X


CONVOLUTIONS = (
    of_each_rank("Conv", 2, 2),
    {
        rank: lambda rank=rank: getattr(layers, f"Conv{rank}Transpose")(2, 2, strides=2)
        for rank in SHAPES
    },
    of_each_rank("DepthwiseConv", 2, ranks=("1D", "2D"), depth_multiplier=2),
    of_each_rank("SeparableConv", 2, 2, ranks=("1D", "2D")),
    {
        "1D": lambda: layers.Conv1D(2, 2, padding="causal", dilation_rate=2),
        "2D": lambda: layers.Conv2D(2, 2, strides=2, groups=2, padding="same"),
    },
)


LAYER_CASES = {
    **{name: branches_case(*made) for name, made in FLAT.items()},
    **{name: branches_case(*made, shape=LINE) for name, made in IN_LINES.items()},
    "BatchNormalization of images": layer_case(layers.BatchNormalization, shape=IMAGE),
    "convolutions": of_all_ranks(in_branches(*CONVOLUTIONS)),
    "global pooling": of_all_ranks(
        in_branches(
            of_each_rank("GlobalAveragePooling"),
            of_each_rank("GlobalMaxPooling"),
            {"2D": lambda: layers.UpSampling2D(2, interpolation="bilinear")},
        )
    ),
    "ZeroPadding, AveragePooling, MaxPooling": of_all_ranks(
        in_turn(("ZeroPadding", 1), ("AveragePooling", 2), ("MaxPooling", 2))
    ),
    "AdaptiveMaxPooling, AdaptiveAveragePooling": of_all_ranks(
        in_turn(("AdaptiveMaxPooling", 3), ("AdaptiveAveragePooling", 2))
    ),
    "UpSampling, Cropping": of_all_ranks(in_turn(("UpSampling", 2), ("Cropping", 1))),
    "Reshape, Permute, Flatten": layer_case(
        lambda: layers.Reshape((1, 4)), lambda: layers.Permute((2, 1)), layers.Flatten
    ),
    "ConvLSTM1D": layer_case(lambda: layers.ConvLSTM1D(2, 2), shape=(3, 4, 2)),
    "ConvLSTM2D": layer_case(lambda: layers.ConvLSTM2D(2, 2), shape=(3, 4, 4, 2)),
    "ConvLSTM3D": layer_case(lambda: layers.ConvLSTM3D(2, 2), shape=(2, 3, 3, 3, 2)),
    "Masking": Case(masked, with_empty_times(normal(*LINE)), normal(1, seed=1)),
    ", ".join(SUMS): Case(merged(*SUMS), normal(4), normal(1, seed=1)),
    ", ".join(CHOICES): Case(merged(*CHOICES), normal(4), normal(1, seed=1)),
    "Dot": Case(dot, normal(8), normal(1, seed=1), inputs=halves),
    "Attention, MultiHeadAttention": Case(
        attended(in_a_list(layers.Attention), as_two_arguments(layers.MultiHeadAttention, 2, 2)),
        normal(*LINE),
        normal(1, seed=1),
    ),
    "AdditiveAttention, GroupQueryAttention": Case(
        attended(
            in_a_list(layers.AdditiveAttention),
            as_two_arguments(layers.GroupQueryAttention, 2, 4, 2),
        ),
        normal(*LINE),
        normal(1, seed=1),
    ),
    "Embedding": Case(embedded(), integers(7, 5), normal(1, seed=1)),
    "ReversibleEmbedding": Case(reversible, integers(7, 5), normal(1, seed=1)),
    "SpectralNormalization": Case(
        spectral,
        normal(4),
        normal(1, seed=1),
        trained_by="keras",
        reason="assigns its own trainable",
    ),
}

# --- layers that prepare data, first in a network -----------------------------------------


def normalization():
    """A layer that knows the mean and variance of the data."""
    return layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0])


def adapted():
    """The same, learned from data."""
    layer = layers.Normalization()
    layer.adapt(normal(4, seed=3))
    return layer


def both_normalizations():
    """Each of them, and a last layer for both."""
    x = keras.Input((4,))
    scaled = layers.Concatenate()([normalization()(x), adapted()(x)])
    return keras.Model(x, layers.Dense(1)(scaled))


def crossed():
    """Two columns of integers, crossed."""
    x = keras.Input((2,), dtype="int32")
    crossing = layers.HashedCrossing(5, output_mode="one_hot")
    return keras.Model(x, layers.Dense(1)(crossing((x[:, :1], x[:, 1:]))))


IMAGES = positive(6, 6, 3) * 255


def on_images(*made):
    """Layers that prepare images."""
    network = first(*made, lambda: layers.Rescaling(1 / 255), shape=(6, 6, 3))
    return Case(network, IMAGES, normal(1, seed=1))


def on_images_in_branches(*branches):
    """Layers that prepare images: lists, each for a branch of its own."""

    def network():
        x = keras.Input((6, 6, 3))
        small = layers.Rescaling(0.001)  # or SGD would diverge
        ends = []
        for branch in branches:
            end = x
            for layer in branch:
                end = layer()(end)
            ends.append(layers.Flatten()(small(end)))
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()(ends)))

    return Case(network, IMAGES, normal(1, seed=1))


def on_integers(layer, **more):
    """A layer that codes integers."""
    network = first(layer, shape=(1,), dtype="int32")
    return Case(network, integers(5, 1), normal(1, seed=1), **more)


NO_KERNEL = {"trained_by": "keras", "reason": "XLA"}


PREPARING_CASES = {
    "Normalization": Case(both_normalizations, normal(4), normal(1, seed=1)),
    "CategoryEncoding": on_integers(lambda: layers.CategoryEncoding(5, output_mode="one_hot")),
    "Hashing": on_integers(lambda: layers.Hashing(4, output_mode="one_hot"), **NO_KERNEL),
    "IntegerLookup": on_integers(
        lambda: layers.IntegerLookup(vocabulary=[0, 1, 2, 3], output_mode="one_hot"), **NO_KERNEL
    ),
    "HashedCrossing": Case(crossed, integers(5, 2), normal(1, seed=1), **NO_KERNEL),
    "Discretization": Case(
        first(
            lambda: layers.Discretization(bin_boundaries=[-1.0, 0.0, 1.0], output_mode="one_hot"),
            shape=(1,),
        ),
        normal(1),
        normal(1, seed=1),
    ),
    "STFTSpectrogram": Case(
        first(lambda: layers.STFTSpectrogram(frame_length=4, frame_step=2, fft_length=4),
              shape=(12, 1)),
        normal(12, 1), normal(1, seed=1),
    ),
    "MelSpectrogram": Case(
        first(lambda: layers.MelSpectrogram(
            fft_length=8, sequence_stride=4, sequence_length=8, sampling_rate=16, num_mel_bins=3,
            min_freq=1.0), shape=(16,)),
        normal(16), normal(1, seed=1),
    ),
    # In a model with branches Keras leaves Equalization out.
    "Equalization": on_images(layers.Equalization),
    "Solarization": on_images(lambda: layers.Solarization(0.0)),
    "CenterCrop, Resizing, Pipeline, AutoContrast": on_images_in_branches(
        [lambda: layers.CenterCrop(4, 4), lambda: layers.Resizing(3, 3)],
        [lambda: layers.Pipeline([layers.CenterCrop(4, 4), layers.Rescaling(0.5)])],
        [layers.AutoContrast],
        [lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))],
    ),
}  # fmt: skip

"""Which parts of a network compute each row of a batch from that row alone.

A program pads the last partial batch with rows of weight 0. This is right only if such rows
change nothing for the other rows. All parts in these lists are Keras's own, and tests train
them. If a network has another part, its last batch keeps its exact size.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Set
from typing import Any

import keras

from skhp.keras_objects.fingerprint import is_keras_own

ROWWISE_LAYERS = frozenset(
    {
        "Activation", "Add", "AlphaDropout", "Attention", "Average", "AveragePooling1D",
        "AveragePooling2D", "AveragePooling3D", "Concatenate", "Conv1D", "Conv1DTranspose",
        "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Cropping1D", "Cropping2D",
        "Cropping3D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Dot", "Dropout", "ELU",
        "EinsumDense", "Embedding", "Flatten", "GRU", "GRUCell", "GaussianDropout",
        "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
        "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
        "GlobalMaxPooling3D", "GroupNormalization", "Identity", "InputLayer", "LSTM", "LSTMCell",
        "LayerNormalization", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
        "Maximum", "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU",
        "Permute", "RMSNormalization", "ReLU", "RepeatVector", "Rescaling", "Reshape",
        "SeparableConv1D", "SeparableConv2D", "SimpleRNN", "SimpleRNNCell", "Softmax",
        "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "Subtract",
        "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D",
        "ZeroPadding2D", "ZeroPadding3D",
    }
)  # fmt: skip

# Activations that depend only on their input, with their default arguments.
ROWWISE_ACTIVATIONS = frozenset(
    {
        "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
        "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu",
        "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign",
        "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh", "tanh_shrink",
        "threshold",
    }
)  # fmt: skip

# Losses that are a mean over rows. (Circle, CTC, Dice and Tversky use a whole batch.)
ROWWISE_LOSSES = frozenset(
    {
        "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy",
        "CategoricalHinge", "CosineSimilarity", "Hinge", "Huber", "KLDivergence", "LogCosh",
        "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
        "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy",
        "SquaredHinge",
    }
)  # fmt: skip

# Metrics that a row of weight 0 does not change.
ROWWISE_METRICS = frozenset(
    {
        "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU",
        "CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge",
        "ConcordanceCorrelation", "CosineSimilarity", "F1Score", "FBetaScore",
        "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError",
        "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanSquaredError",
        "MeanSquaredLogarithmicError", "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation",
        "Poisson", "Precision", "PrecisionAtRecall", "R2Score", "Recall", "RecallAtPrecision",
        "RootMeanSquaredError", "SensitivityAtSpecificity", "SparseCategoricalAccuracy",
        "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy",
        "SpecificityAtSensitivity", "SquaredHinge", "TopKCategoricalAccuracy",
        "TrueNegatives", "TruePositives",
    }
)  # fmt: skip

# Keras chooses a metric for these names from the shapes of targets and outputs. All are rowwise.
_CHOSEN_BY_KERAS = frozenset({"acc", "accuracy", "ce", "crossentropy"})


def is_rowwise_layer(layer: Any, also: Set[str] = frozenset()) -> bool:
    """Whether a layer computes each row from that row alone, also in training.

    Parameters
    ----------
    layer : keras.layers.Layer
    also : set of str
        Names of other Keras layers that count as rowwise.
    """
    name = type(layer).__name__
    if hasattr(layer, "layers"):
        known = type(layer) is keras.Sequential or (name == "Functional" and _is_own(layer))
        return known and all(is_rowwise_layer(inner, also) for inner in _operations(layer))
    return (
        name in ROWWISE_LAYERS | also
        and getattr(keras.layers, name, None) is type(layer)
        and _ONLY_WHERE.get(name, lambda layer: True)(layer)
        # An activity regularizer divides by the batch size, and a mask changes row weights.
        and getattr(layer, "activity_regularizer", None) is None
        and not getattr(layer, "mask_zero", False)
        and not getattr(layer, "stateful", False)
        and all(map(is_rowwise_activation, _parts_of(layer)))
    )


def is_rowwise_activation(activation: Any) -> bool:
    """Whether an activation is a rowwise one of Keras's.

    Parameters
    ----------
    activation : callable
        A function, or a layer without weights.
    """
    if isinstance(activation, keras.layers.Layer):
        return is_rowwise_layer(activation)
    name = getattr(activation, "__name__", "")
    return name in ROWWISE_ACTIVATIONS and getattr(keras.activations, name, None) is activation


def is_rowwise_loss(loss: Any) -> bool:
    """Whether a loss is one of Keras's that are a mean over rows.

    Parameters
    ----------
    loss : str, callable or keras.losses.Loss
    """
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    return _is_listed(found, ROWWISE_LOSSES, keras.losses) and _is_set_for_rows(found)


def is_rowwise_metric(metric: Any) -> bool:
    """Whether a metric is one of Keras's that a row of weight 0 does not change.

    Parameters
    ----------
    metric : str, callable, keras.metrics.Metric or None
    """
    if metric is None or (isinstance(metric, str) and metric in _CHOSEN_BY_KERAS):
        return True
    found = keras.metrics.get(metric) if isinstance(metric, str) else metric
    listed = _is_listed(found, ROWWISE_METRICS, keras.metrics) or is_rowwise_loss(found)
    return listed and _is_set_for_rows(found)


def _is_listed(thing: Any, names: frozenset[str], module: Any) -> bool:
    if inspect.isfunction(thing):  # Keras's functions have the names of its classes, in part
        own = getattr(module, thing.__name__, None) is thing
        return own and _plain(thing.__name__) in map(_plain, names)
    kind = type(thing)
    return kind.__name__ in names and getattr(module, kind.__name__, None) is kind


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _is_set_for_rows(thing: Any) -> bool:
    if not hasattr(thing, "get_config"):
        return True
    config = thing.get_config()
    return (
        config.get("axis", -1) == -1
        and config.get("ignore_class") is None  # the mean is then over the other rows
        and not config.get("num_regressors")  # R2Score then counts rows
    )


def _operations(model: Any) -> list[Any]:
    # A functional model may also have operations on tensors, which are not layers.
    return list(getattr(model, "operations", model.layers))


def _is_own(thing: Any) -> bool:
    return is_keras_own(type(thing))


def _parts_of(layer: Any) -> list[Any]:
    """Functions and layers in the attributes of a layer."""
    held = [value for name, value in vars(layer).items() if name not in ("build", "quantize")]
    return [v for v in held if inspect.isfunction(v) or isinstance(v, keras.layers.Layer)]


def _keeps_rows_apart(axes: Any) -> bool:
    """Whether axes do not include the first one, for any number of dimensions."""
    listed: Iterable[Any] = axes if isinstance(axes, list | tuple) else [axes]
    return all(isinstance(axis, int) and (axis == -1 or axis > 0) for axis in listed)


def _is_rowwise_equation(equation: str) -> bool:
    if "..." in equation:  # the rows and other leading dimensions
        return equation.startswith("...") and "->..." in equation
    inputs, _, outputs = equation.partition("->")
    first, _, kernel = inputs.partition(",")
    return first[0] == outputs[0] and first[0] not in kernel


# Layers of `ROWWISE_LAYERS` that are rowwise only with some settings.
_ONLY_WHERE: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        ("Concatenate", "GroupNormalization", "LayerNormalization", "RMSNormalization",
         "Softmax", "UnitNormalization"),
        lambda layer: _keeps_rows_apart(layer.axis),
    ),
    "Dot": lambda layer: _keeps_rows_apart(layer.axes),
    "EinsumDense": lambda layer: _is_rowwise_equation(layer.equation),
}  # fmt: skip

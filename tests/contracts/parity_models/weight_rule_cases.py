"""Each regularizer and each constraint of Keras, on every weight that takes one."""

import keras
from keras import constraints, layers, regularizers

from .case import Case, branches_case, integers, layer_case, normal
from .layer_cases import IMAGE, LINE


def adam():
    """Constraints act after an optimizer with a memory."""
    return {"optimizer": keras.optimizers.Adam(0.05), "loss": "mse"}


def activity_of(make):
    """A hidden layer whose outputs are punished."""
    return lambda: layers.Dense(3, activation="tanh", activity_regularizer=make())


def weights_of(make):
    """A hidden layer whose kernel and bias are punished."""
    rules = {"kernel_regularizer": make()}
    if not isinstance(make(), regularizers.OrthogonalRegularizer):  # for matrices only
        rules["bias_regularizer"] = make()
    return lambda: layers.Dense(3, **rules)


def constrained(make):
    """A hidden layer whose kernel and bias are constrained."""
    return lambda: layers.Dense(3, kernel_constraint=make(), bias_constraint=make())


def small_norm():
    """Kernels of a norm that the first step exceeds."""
    return constraints.MaxNorm(0.3)


REGULARIZERS = {
    "L1": lambda: regularizers.L1(0.05),
    "L2": lambda: regularizers.L2(0.05),
    "L1L2": lambda: regularizers.L1L2(0.02, 0.03),
    "OrthogonalRegularizer": lambda: regularizers.OrthogonalRegularizer(0.05),
}
CONSTRAINTS = {
    "MaxNorm": small_norm,
    "MinMaxNorm": lambda: constraints.MinMaxNorm(0.5, 0.7, rate=0.5),
    "NonNeg": constraints.NonNeg,
    "UnitNorm": constraints.UnitNorm,
}

WEIGHT_RULE_CASES = {
    "regularizers of weights": branches_case(*map(weights_of, REGULARIZERS.values())),
    "regularizers of outputs": branches_case(*map(activity_of, REGULARIZERS.values())),
    "constraints": branches_case(*map(constrained, CONSTRAINTS.values()), compile=adam),
    "LSTM": branches_case(
        lambda: layers.LSTM(2, kernel_regularizer="l2", recurrent_regularizer="l1"),
        lambda: layers.LSTM(2, activity_regularizer="l2"),
        lambda: layers.LSTM(2, kernel_constraint=small_norm(), recurrent_constraint="non_neg"),
        shape=LINE,
    ),
    "constrained convolution": layer_case(
        lambda: layers.Conv2D(2, 2, kernel_constraint=constraints.MaxNorm(0.3, axis=[0, 1, 2])),
        shape=IMAGE,
    ),
    "regularized separable convolution": layer_case(
        lambda: layers.SeparableConv2D(
            2, 2, depthwise_regularizer="l2", pointwise_regularizer="l1", bias_regularizer="l2"
        ),
        shape=IMAGE,
    ),
    "regularized normalization": layer_case(
        lambda: layers.BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg")
    ),
    "regularized embedding": Case(
        lambda: keras.Sequential(
            [
                keras.Input((5,), dtype="int32"),
                layers.Embedding(
                    7, 3, embeddings_regularizer="l2", embeddings_constraint="max_norm"
                ),
                layers.Flatten(),
                layers.Dense(1),
            ]
        ),
        integers(7, 5),
        normal(1, seed=1),
    ),
}

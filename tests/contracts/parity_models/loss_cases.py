"""Each loss of Keras with sample weights, and what its settings change."""

import keras
import numpy as np
from keras import layers, losses

from .case import Case, integers, normal, one_hot, positive

WEIGHT = positive(seed=5) * 2

# What a loss is for -> the targets, the units of the last layer and its activation.
KINDS = {
    "values": (normal(2, seed=1), 2, None),
    "positive": (positive(2, seed=1), 2, "softplus"),
    "binary": (integers(2, 1, seed=1).astype("float32"), 1, "sigmoid"),
    "labels": (integers(2, 3, seed=1).astype("float32"), 3, "sigmoid"),
    "label logits": (integers(2, 3, seed=1).astype("float32"), 3, None),
    "signs": (integers(2, 1, seed=1).astype("float32"), 1, None),
    "one of 3": (one_hot(3), 3, "softmax"),
    "one of 3, logits": (one_hot(3), 3, None),
    "number of 3": (integers(3, 1, seed=1), 3, "softmax"),
    "number of 3, logits": (integers(3, 1, seed=1), 3, None),
}


def dense(units, activation):
    """A hidden layer and a last one."""

    def network():
        hidden = layers.Dense(3, activation="tanh")
        last = layers.Dense(units, activation=activation)
        return keras.Sequential([keras.Input((4,)), hidden, last])

    return network


def loss_case(kind, loss, weight=WEIGHT, rate=0.1, **more):
    """A case for a loss, which comes as a name or as a function that makes it."""
    y, units, activation = KINDS[kind]

    def compile():
        made = loss if isinstance(loss, str) else loss()
        return {"optimizer": keras.optimizers.SGD(rate), "loss": made}

    more = {"sample_weight": weight, **more}
    return Case(dense(units, activation), normal(4), y, compile, **more)


def sequence_of_words():
    """A network that scores each word at each time, for CTC."""
    return keras.Sequential([keras.Input((6, 2)), layers.Dense(4)])


def ctc():
    """Targets shorter than the outputs."""
    return {"optimizer": keras.optimizers.SGD(0.02), "loss": losses.CTC()}


def per_time():
    """Scores of 3 classes at each of 5 times."""
    return keras.Sequential([keras.Input((5, 2)), layers.Dense(3)])


def per_time_ignoring_zero():
    """Class 0 counts for nothing."""
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    return {"optimizer": keras.optimizers.SGD(0.1), "loss": loss}


def axis_one():
    """Class scores along the first axis."""
    loss = losses.CategoricalCrossentropy(from_logits=True, axis=1)
    return {"optimizer": keras.optimizers.SGD(0.1), "loss": loss}


LOSS_CASES = {
    "MeanSquaredError": loss_case("values", losses.MeanSquaredError),
    "MeanAbsoluteError": loss_case("values", losses.MeanAbsoluteError),
    "MeanAbsolutePercentageError": loss_case(
        "positive", losses.MeanAbsolutePercentageError, rate=0.001
    ),
    "MeanSquaredLogarithmicError": loss_case("positive", losses.MeanSquaredLogarithmicError),
    "CosineSimilarity": loss_case("values", losses.CosineSimilarity),
    "Huber": loss_case("values", lambda: losses.Huber(delta=0.5)),
    "LogCosh": loss_case("values", losses.LogCosh),
    "Hinge": loss_case("signs", losses.Hinge),
    "SquaredHinge": loss_case("signs", losses.SquaredHinge),
    "CategoricalHinge": loss_case("one of 3, logits", losses.CategoricalHinge),
    "KLDivergence": loss_case("one of 3", losses.KLDivergence),
    "Poisson": loss_case("positive", losses.Poisson),
    "BinaryCrossentropy": loss_case("labels", losses.BinaryCrossentropy),
    "BinaryCrossentropy, logits": loss_case(
        "label logits", lambda: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    ),
    "BinaryFocalCrossentropy": loss_case(
        "binary",
        lambda: losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.5),
    ),
    "BinaryFocalCrossentropy, logits": loss_case(
        "label logits", lambda: losses.BinaryFocalCrossentropy(from_logits=True)
    ),
    "CategoricalCrossentropy": loss_case(
        "one of 3", lambda: losses.CategoricalCrossentropy(label_smoothing=0.2)
    ),
    "CategoricalCrossentropy, logits": loss_case(
        "one of 3, logits", lambda: losses.CategoricalCrossentropy(from_logits=True)
    ),
    "CategoricalFocalCrossentropy": loss_case(
        "one of 3", lambda: losses.CategoricalFocalCrossentropy(alpha=[0.2, 0.3, 0.5])
    ),
    "CategoricalFocalCrossentropy, logits": loss_case(
        "one of 3, logits",
        lambda: losses.CategoricalFocalCrossentropy(from_logits=True, label_smoothing=0.1),
    ),
    "CategoricalGeneralizedCrossEntropy": loss_case(
        "number of 3",
        lambda: losses.CategoricalGeneralizedCrossEntropy(q=0.7),
        targets=np.ravel,
    ),
    # Keras then compares each row with the classes of all rows.
    "CategoricalGeneralizedCrossEntropy of a column": loss_case(
        "number of 3", losses.CategoricalGeneralizedCrossEntropy, trained_by=None
    ),
    "SparseCategoricalCrossentropy": loss_case("number of 3", losses.SparseCategoricalCrossentropy),
    "SparseCategoricalCrossentropy, logits": loss_case(
        "number of 3, logits", lambda: losses.SparseCategoricalCrossentropy(from_logits=True)
    ),
    "SparseCategoricalCrossentropy, ignored class": loss_case(
        "number of 3",
        lambda: losses.SparseCategoricalCrossentropy(ignore_class=0),
        weight=None,
    ),
    "SparseCategoricalCrossentropy, ignored class, over time": Case(
        per_time,
        normal(5, 2),
        integers(3, 5, seed=1),
        per_time_ignoring_zero,
        targets=lambda y: y[:, :, None],
    ),
    "Circle": loss_case("number of 3, logits", lambda: losses.Circle(gamma=2.0), weight=None),
    "Dice": loss_case("labels", losses.Dice, weight=None),
    "Dice, axis": loss_case("labels", lambda: losses.Dice(axis=-1), weight=None),
    "Tversky": loss_case("labels", lambda: losses.Tversky(alpha=0.3, beta=0.7), weight=None),
    "CTC": Case(
        sequence_of_words, normal(6, 2), integers(3, 2, seed=1) + 1, ctc, sample_weight=WEIGHT
    ),
    "a name": loss_case("values", "huber"),
    "a name of three letters": loss_case("values", "mae", weight=None),
    "a function": loss_case("values", lambda: losses.log_cosh),
    "a loss in float64": loss_case("values", lambda: losses.MeanSquaredError(dtype="float64")),
    **{
        f"reduction={reduction}": loss_case(
            "values",
            lambda reduction=reduction: losses.MeanSquaredError(reduction=reduction),
            rate=0.01,
        )
        for reduction in ("sum", "mean", "mean_with_sample_weight")
    },
    "reduction=sum over time": Case(
        per_time,
        normal(5, 2),
        normal(15, seed=1),
        lambda: {
            "optimizer": keras.optimizers.SGD(0.001),
            "loss": losses.MeanAbsoluteError(reduction="sum"),
        },
        targets=lambda y: y.reshape(-1, 5, 3),
    ),
    "validation over time": Case(
        per_time,
        normal(5, 2),
        normal(5, 3, seed=1).reshape(-1, 15),
        targets=lambda y: y.reshape(-1, 5, 3),
        fit={"validation_split": 0.4},
    ),
    "axis=1": Case(
        per_time,
        normal(5, 2),
        np.eye(5, dtype="float32")[integers(5, 3, seed=1)].reshape(-1, 15),
        axis_one,
        targets=lambda y: y.reshape(-1, 3, 5).transpose(0, 2, 1),
    ),
}

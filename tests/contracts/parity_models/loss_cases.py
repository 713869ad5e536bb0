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


def of_several_outputs(kinds, arguments, **more):
    """A case for a network with an output for each of several kinds of targets.

    An output has weights of its own, which its own loss alone changes. So each loss shows in
    these weights and, under the name of its output, in the history.

    Parameters
    ----------
    kinds : dict of str to str
        The name of an output -> the kind of its targets.
    arguments : callable
        Makes arguments of ``compile``, one for each output.
    """
    targets = [KINDS[kind][0] for kind in kinds.values()]
    ends = np.cumsum([y.shape[1] for y in targets])[:-1]

    def network():
        x = keras.Input((4,))
        heads = [
            layers.Dense(units, activation=activation, name=name)
            for name, (_, units, activation) in zip(
                kinds, map(KINDS.get, kinds.values()), strict=True
            )
        ]
        return keras.Model(x, [head(x) for head in heads])

    def of_each_output(y):
        parts = np.split(y, ends, axis=1)
        return [part.astype(of.dtype) for part, of in zip(parts, targets, strict=True)]

    joined = np.concatenate(targets, axis=1).astype("float32")
    more = {"sample_weight": WEIGHT, **more}
    return Case(
        network, normal(4), joined, arguments, targets=of_each_output, all_learn=True, **more
    )


def losses_case(parts, rate=0.1, loss_weights=None, weight=WEIGHT):
    """A case for several losses: the name of an output -> its kind of targets and its loss."""

    def compile():
        made = [loss if isinstance(loss, str) else loss() for _, loss in parts.values()]
        optimizer = keras.optimizers.SGD(rate)
        return {"optimizer": optimizer, "loss": made, "loss_weights": loss_weights}

    kinds = {name: kind for name, (kind, _) in parts.items()}
    return of_several_outputs(kinds, compile, sample_weight=weight)


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


# The losses of a case are all rowwise or all not: one that is not decides for all.
OF_VALUES = {
    "MeanSquaredError": ("values", losses.MeanSquaredError),
    "MeanAbsoluteError": ("values", losses.MeanAbsoluteError),
    "CosineSimilarity": ("values", losses.CosineSimilarity),
    "Huber": ("values", lambda: losses.Huber(delta=0.5)),
    "LogCosh": ("values", losses.LogCosh),
    "by_name": ("values", "huber"),
    "a_function": ("values", lambda: losses.log_cosh),
}
OF_POSITIVE_VALUES = {
    "MeanAbsolutePercentageError": ("positive", losses.MeanAbsolutePercentageError),
    "MeanSquaredLogarithmicError": ("positive", losses.MeanSquaredLogarithmicError),
    "Poisson": ("positive", losses.Poisson),
}
OF_LABELS = {
    "Hinge": ("signs", losses.Hinge),
    "SquaredHinge": ("signs", losses.SquaredHinge),
    "BinaryCrossentropy": ("labels", losses.BinaryCrossentropy),
    "BinaryCrossentropy_of_logits": (
        "label logits",
        lambda: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    ),
    "BinaryFocalCrossentropy": (
        "binary",
        lambda: losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.5),
    ),
    "BinaryFocalCrossentropy_of_logits": (
        "label logits",
        lambda: losses.BinaryFocalCrossentropy(from_logits=True),
    ),
}
OF_ONE_HOT = {
    "CategoricalHinge": ("one of 3, logits", losses.CategoricalHinge),
    "KLDivergence": ("one of 3", losses.KLDivergence),
    "CategoricalCrossentropy": (
        "one of 3",
        lambda: losses.CategoricalCrossentropy(label_smoothing=0.2),
    ),
    "CategoricalCrossentropy_of_logits": (
        "one of 3, logits",
        lambda: losses.CategoricalCrossentropy(from_logits=True),
    ),
    "CategoricalFocalCrossentropy": (
        "one of 3",
        lambda: losses.CategoricalFocalCrossentropy(alpha=[0.2, 0.3, 0.5]),
    ),
    "CategoricalFocalCrossentropy_of_logits": (
        "one of 3, logits",
        lambda: losses.CategoricalFocalCrossentropy(from_logits=True, label_smoothing=0.1),
    ),
}
OF_ALL_ROWS = {
    "Circle": ("number of 3, logits", lambda: losses.Circle(gamma=2.0)),
    "Dice": ("labels", losses.Dice),
    "Dice_of_an_axis": ("labels", lambda: losses.Dice(axis=-1)),
    "Tversky": ("labels", lambda: losses.Tversky(alpha=0.3, beta=0.7)),
}
REDUCTIONS = {
    reduction: (
        "values",
        lambda reduction=reduction: losses.MeanSquaredError(reduction=reduction),
    )
    for reduction in ("sum", "mean", "mean_with_sample_weight")
}

LOSS_CASES = {
    "values": losses_case(OF_VALUES),
    # The gradient of a percentage is large.
    "positive values": losses_case(OF_POSITIVE_VALUES, loss_weights=[0.01, 1.0, 1.0]),
    "labels and signs": losses_case(OF_LABELS),
    "one-hot targets": losses_case(OF_ONE_HOT),
    "all rows at once": losses_case(OF_ALL_ROWS, weight=None),
    "reductions": losses_case(REDUCTIONS, rate=0.01),
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
    "CTC": Case(
        sequence_of_words, normal(6, 2), integers(3, 2, seed=1) + 1, ctc, sample_weight=WEIGHT
    ),
    "a name of three letters": loss_case("values", "mae", weight=None),
    "a loss in float64": loss_case("values", lambda: losses.MeanSquaredError(dtype="float64")),
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

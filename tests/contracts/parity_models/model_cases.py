"""What a model is beside its layers: masks, several inputs and outputs, rows and weights."""

import keras
from keras import layers, ops

from .case import BATCH, ROWS, Case, integers, mse, normal, positive
from .layer_cases import halves

X, Y, WEIGHT = normal(4), normal(1, seed=1), positive(seed=5) * 2
WORDS = integers(4, 5)  # 0 is masked


def dense(*more):
    """A small network, with more layers in its middle."""

    def network():
        middle = [layer() for layer in more]
        return keras.Sequential(
            [keras.Input((4,)), layers.Dense(3, activation="tanh"), *middle, layers.Dense(1)]
        )

    return network


def normalized():
    """A network that minds how many rows are in a batch."""
    return dense(layers.BatchNormalization)()


# --- masks ---------------------------------------------------------------------------------


def masked(*more):
    """Words of which some are masked."""

    def network():
        vectors = layers.Embedding(4, 3, mask_zero=True)
        rest = [layer() for layer in more]
        return keras.Sequential([keras.Input((5,), dtype="int32"), vectors, *rest])

    return network


def mask_case(*more, y=Y, **settings):
    """A case for a network of masked words."""
    return Case(masked(*more), WORDS, y, **settings)


def last(units=1):
    """The last layer."""
    return layers.Dense(units)


def over_time(y):
    """Targets for each word."""
    return y[:, :, None]


def attention_with_mask():
    """Attention that leaves masked words out."""
    x = keras.Input((5,), dtype="int32")
    hidden = layers.Embedding(4, 3, mask_zero=True)(x)
    out = layers.MultiHeadAttention(1, 2)(hidden, hidden)
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(out)))


def causal_attention():
    """Attention that looks back only."""
    x = keras.Input((5, 3))
    hidden = layers.Dense(3)(x)
    out = layers.Attention()([hidden, hidden], use_causal_mask=True)
    return keras.Model(x, layers.Dense(1)(layers.Flatten()(out)))


def recurrent_layers():
    """Branches of masked words, each with other recurrent layers at its end."""
    x = keras.Input((5,), dtype="int32")

    def words():
        return layers.Embedding(4, 3, mask_zero=True)(x)

    ends = [
        layers.LSTM(2)(words()),
        layers.SimpleRNN(2)(layers.GRU(2, return_sequences=True)(words())),
        layers.Bidirectional(layers.SimpleRNN(2))(words()),
        layers.SimpleRNN(2)(layers.TimeDistributed(layers.Dense(2))(words())),
        layers.SimpleRNN(2)(layers.Concatenate(axis=1)([words(), words()])),
    ]
    return keras.Model(x, layers.Dense(1)(layers.Concatenate()(ends)))


# What is about no recurrent layer of its own has the one that compiles fastest.
MASK_CASES = {
    "mask, recurrent layers": Case(recurrent_layers, WORDS, Y),
    "mask, LSTM, weights": mask_case(lambda: layers.LSTM(2), last, sample_weight=WEIGHT),
    "mask, mean": mask_case(layers.GlobalAveragePooling1D, last),
    "mask, flat": mask_case(layers.Flatten, last),
    "mask, batch normalization": mask_case(
        layers.BatchNormalization, layers.GlobalAveragePooling1D, last
    ),
    "mask, loss over time": mask_case(
        lambda: layers.SimpleRNN(2, return_sequences=True),
        last,
        y=normal(5, seed=1),
        targets=over_time,
    ),
    "mask, attention": Case(attention_with_mask, WORDS, Y),
    "mask, causal attention": Case(causal_attention, normal(5, 3), Y),
}

# --- several inputs and outputs ---------------------------------------------------------------


def two_inputs():
    """Two inputs with names."""
    a, b = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    hidden = layers.Concatenate()([layers.Dense(2)(a), layers.Dense(3, activation="tanh")(b)])
    return keras.Model([a, b], layers.Dense(1)(hidden))


def two_inputs_by_name():
    """Inputs that come as a dictionary."""
    inputs = {"left": keras.Input((4,), name="left"), "right": keras.Input((4,), name="right")}
    hidden = layers.Add()([layers.Dense(3)(inputs["left"]), layers.Dense(3)(inputs["right"])])
    return keras.Model(inputs, layers.Dense(1)(hidden))


def input_types():
    """A category and a number."""
    kind, number = keras.Input((1,), dtype="int32"), keras.Input((3,))
    vector = layers.Flatten()(layers.Embedding(5, 2)(kind))
    hidden = layers.Concatenate()([vector, layers.Dense(2)(number)])
    return keras.Model([kind, number], layers.Dense(1)(hidden))


def kind_and_number(X):
    """The first column is the category."""
    return [(abs(X[:, :1]) * 2).astype("int32"), X[:, 1:]]


def by_name(X):
    """Inputs by their names."""
    return {"left": X[:, :4], "right": X[:, 4:]}


def two_outputs():
    """Two outputs with names."""
    x = keras.Input((4,))
    hidden = layers.Dense(3, activation="tanh")(x)
    outputs = [layers.Dense(1, name="size")(hidden), layers.Dense(2, name="place")(hidden)]
    return keras.Model(x, outputs)


def outputs_by_name():
    """Outputs that come as a dictionary."""
    x = keras.Input((4,))
    hidden = layers.Dense(3, activation="tanh")(x)
    return keras.Model(x, {"size": layers.Dense(1)(hidden), "place": layers.Dense(2)(hidden)})


def lists(y):
    """Targets of two outputs."""
    return [y[:, :1], y[:, 1:]]


def names(y):
    """Targets by the names of outputs."""
    return {"size": y[:, :1], "place": y[:, 1:]}


def compiled(**arguments):
    """Arguments of ``compile``, with an optimizer of its own each time."""
    return lambda: {"optimizer": keras.optimizers.SGD(0.02), **arguments}


OUTPUTS = normal(3, seed=1)
LOSSES = {"size": "mse", "place": "mae"}

INPUT_AND_OUTPUT_CASES = {
    "two inputs": Case(two_inputs, normal(8), Y, inputs=halves),
    "two inputs, weights": Case(two_inputs, normal(8), Y, inputs=halves, sample_weight=WEIGHT),
    "inputs by name": Case(two_inputs_by_name, normal(8), Y, inputs=by_name),
    "inputs of two types": Case(input_types, X, Y, inputs=kind_and_number),
    "two outputs, one loss": Case(
        two_outputs, X, OUTPUTS, compiled(loss=["mse", "mse"]), targets=lists
    ),
    "two outputs, two losses": Case(
        two_outputs, X, OUTPUTS, compiled(loss=["mse", "mae"]), targets=lists
    ),
    "two outputs, weights": Case(
        two_outputs,
        X,
        OUTPUTS,
        compiled(loss=["mse", "mae"], loss_weights=[1.0, 0.3], metrics=[["mae"], ["mse"]]),
        targets=lists,
        sample_weight=WEIGHT,
    ),
    "losses by name": Case(two_outputs, X, OUTPUTS, compiled(loss=LOSSES), targets=names),
    "outputs by name": Case(
        outputs_by_name,
        X,
        OUTPUTS,
        compiled(
            loss=LOSSES,
            loss_weights={"size": 2.0, "place": 0.5},
            metrics={"size": ["mae"]},
            weighted_metrics={"place": ["mse"]},
        ),
        targets=names,
        sample_weight=WEIGHT,
    ),
    "an output without a loss": Case(
        two_outputs, X, OUTPUTS, compiled(loss=["mse", None]), targets=lists
    ),
}

# --- rows, weights and batches ----------------------------------------------------------------

VALIDATION = (normal(4, n=11, seed=2), normal(1, n=11, seed=3))
ROW_WEIGHTS = positive(n=11, seed=4)

FITS = {
    "one row a batch": {"batch_size": 1},
    "batches of 5": {"batch_size": 5},
    "batches without rest": {"batch_size": 11},
    "one batch": {"batch_size": ROWS},
    "batches of more than all rows": {"batch_size": 64},
    "validation split": {"validation_split": 0.4},
    "validation data": {"validation_data": VALIDATION},
    "validation weights": {"validation_data": (*VALIDATION, ROW_WEIGHTS)},
    "validation batches": {"validation_data": VALIDATION, "validation_batch_size": 4},
}


def weighted():
    """Metrics with and without sample weights."""
    return {**mse(), "metrics": ["mae"], "weighted_metrics": ["mse"]}


ROW_CASES = {
    **{name: Case(dense(), X, Y, fit=fit) for name, fit in FITS.items()},
    **{
        f"{name}, batch normalization": Case(
            normalized, X, Y, weighted, fit=fit, sample_weight=WEIGHT
        )
        for name, fit in FITS.items()
        if name != "one row a batch"
    },
    "sample weights": Case(dense(), X, Y, weighted, sample_weight=WEIGHT),
    "one epoch": Case(dense(), X, Y, fit={"epochs": 1}),
    "fewer rows than a batch": Case(dense(), X[: BATCH - 3], Y[: BATCH - 3]),
}

# --- how a model is put together ---------------------------------------------------------------


def shared_layer():
    """One layer at two places."""
    layer, x = layers.Dense(4, activation="tanh"), keras.Input((4,))
    return keras.Model(x, layers.Dense(1)(layer(layer(x))))


def residual():
    """A way around a layer, and operations that are no layers."""
    x = keras.Input((4,))
    hidden = x + layers.Dense(4, activation="relu")(x) * 0.5
    return keras.Model(x, layers.Dense(1)(ops.tanh(hidden)))


def nested():
    """Models within a model."""
    inner = keras.Sequential([layers.Dense(3), layers.BatchNormalization(), layers.ReLU()])
    x = keras.Input((4,))
    block = keras.Model(x, layers.LayerNormalization()(layers.Dense(3)(x)))
    outer = keras.Input((4,))
    return keras.Model(outer, layers.Dense(1)(layers.Add()([inner(outer), block(outer)])))


def frozen():
    """Layers that do not learn."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, trainable=False),
            layers.BatchNormalization(trainable=False),
            layers.Dense(1),
        ]
    )
    return model


def two_types():
    """A layer that computes in float64."""
    return dense(lambda: layers.Dense(3, dtype="float64"))()


ACTIVATIONS = (
    ("celu", "elu", "exponential", "gelu", "hard_shrink"),
    ("hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "linear"),
    ("log_sigmoid", "log_softmax", "mish", "relu", "relu6"),
    ("selu", "sigmoid", "silu", "soft_shrink", "softmax"),
    ("softplus", "softsign", "sparse_plus", "sparse_sigmoid"),
    ("sparsemax", "squareplus", "tanh", "tanh_shrink"),
)


def activations():
    """Branches, each with several activations one after the other."""
    x = keras.Input((4,))
    ends = []
    for names in ACTIVATIONS:
        end = layers.Dense(3, activation="tanh")(x)
        for name in names:
            end = layers.Dense(4, activation=name)(end)
        ends.append(end)
    return keras.Model(x, layers.Dense(1)(layers.Concatenate()(ends)))


class Subclass(keras.Model):
    """A model whose class computes."""

    def __init__(self):
        super().__init__()
        self.hidden, self.outer = layers.Dense(3, activation="tanh"), layers.Dense(1)
        self.build((None, 4))

    def build(self, shape):
        """Make the weights."""
        self.hidden.build(shape)
        self.outer.build((None, 3))

    def call(self, x):
        """Compute the outputs."""
        return self.outer(self.hidden(x))


class OwnStep(keras.Sequential):
    """A train_step that trains as Keras's does."""

    def train_step(self, data):
        """Train on a batch."""
        return super().train_step(data)


def own_step():
    """A small network that trains itself."""
    return OwnStep([keras.Input((4,)), layers.Dense(1)])


KINDS_OF_MODELS = {
    "shared layer": Case(shared_layer, X, Y),
    "residual": Case(residual, X, Y),
    "nested models": Case(nested, X, Y),
    "frozen layers": Case(frozen, X, Y),
    "a layer in float64": Case(two_types, X, Y, trained_by="keras", reason="is of type float64"),
    "activations": Case(activations, X, Y),
    "integers as inputs": Case(dense(), integers(9, 4), Y),
    "jit_compile=False": Case(dense(), X, Y, compiled(loss="mse", jit_compile=False)),
    "steps_per_execution": Case(dense(), X, Y, compiled(loss="mse", steps_per_execution=3)),
    "subclass": Case(Subclass, X, Y, trained_by=None),
    "own train_step": Case(own_step, X, Y, trained_by="keras", reason="OwnStep has a train_step"),
    "run_eagerly": Case(
        dense(),
        X,
        Y,
        compiled(loss="mse", run_eagerly=True),
        trained_by="keras",
        reason="run_eagerly=True",
    ),
}

MODEL_CASES = {**MASK_CASES, **INPUT_AND_OUTPUT_CASES, **ROW_CASES, **KINDS_OF_MODELS}

"""A multi-layer perceptron: what it is, its arrays as a function, and as a Keras model.

The same network stands here twice. `MLPLayout.forward` is what the engine compiles: a
pure function of arrays, in which narrow widths (see `SHARED_WIDTHS`), the common activations,
the dropout rate and l2 are numbers, so that candidates of a search share programs.
`MLPSpec.build_model` is the Keras model that a user gets. A test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skhp.engine.cache import ProgramCache, programs
from skhp.engine.objective import (
    LayoutComputation,
    as_loss,
    fresh_metric,
    is_rowwise,
    reductions,
)
from skhp.engine.optimizer import make_optimizer
from skhp.engine.plan import Rows, TrainingPlan, TrainingState
from skhp.keras_objects import KerasObject  # starts Keras quietly: before Keras itself

import keras  # isort: skip
from keras import ops  # isort: skip
from skhp.counter_random import uniform  # isort: skip

# Layers are compiled as wide as the least of these that holds the widest of them, and
# masked, so that the grid [32, 48, 64] is one program: a program costs about a second,
# a wider layer microseconds a step.
SHARED_WIDTHS = (16, 64)

# Activations that are a number to the program rather than part of it.
SHARED_ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")

# f(x)[i] depends on x[i] alone, so that masked units may stand beside real ones.
_ELEMENTWISE_ACTIVATIONS = frozenset(SHARED_ACTIVATIONS) | {
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu6", "selu", "silu",
    "soft_shrink", "softplus", "softsign", "squareplus", "tanh_shrink",
}  # fmt: skip

# Keras's defaults for keras.layers.BatchNormalization.
_BN_MOMENTUM, _BN_EPSILON = 0.99, 1e-3

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class MLPSpec:
    """A multi-layer perceptron, complete but for its weights.

    Parameters
    ----------
    n_features, n_outputs : int
        Columns of X, and output units.
    widths : tuple of int
        Units of each hidden layer; empty for a linear model.
    activation, output_activation, kernel_initializer : KerasObject
        Of the hidden layers, of the output layer, of every kernel.
    batch_norm : bool
        Whether each hidden layer is batch-normalized before its activation.
    dropout, l2 : float
        Rate after each hidden layer; factor of the squared kernels in the loss.
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

    def layout(self, shared: bool) -> MLPLayout:
        """The arrays that the engine trains.

        Parameters
        ----------
        shared : bool
            Whether widths and activation may become numbers, so that other networks
            use the same program.
        """
        exact = MLPLayout(
            self.n_features,
            self.n_outputs,
            self.widths,
            self.activation,
            self.output_activation,
            self.batch_norm,
            output_columns=max(self.n_outputs, 2) if shared else self.n_outputs,
        )
        if not shared or self.activation.name not in _ELEMENTWISE_ACTIVATIONS:
            return exact
        widest = max(self.widths, default=0)
        least = next((w for w in SHARED_WIDTHS if w >= widest), SHARED_WIDTHS[-1])
        padded = replace(exact, widths=tuple(max(w, least) for w in self.widths))
        # A wide layer has work enough for the unused activations to show.
        if widest <= least and self.activation.name in SHARED_ACTIVATIONS:
            padded = replace(padded, activation=None)
        return padded

    def programs(self) -> ProgramCache:
        """All perceptrons share one cache."""
        return programs

    def numbers(self) -> dict[str, np.ndarray]:
        """What is data to a program that trains this network."""
        floatx = keras.config.floatx()
        numbers = {
            "widths": np.asarray(self.widths, "int32"),
            "dropout": np.asarray(self.dropout, floatx),
            "l2": np.asarray(self.l2, floatx),
        }
        if self.activation.name in SHARED_ACTIVATIONS:
            code = SHARED_ACTIVATIONS.index(self.activation.name)
            numbers["activation"] = np.asarray(code, "int32")
        return numbers

    def initial_weights(self, seed: np.random.RandomState) -> tuple[Arrays, Arrays]:
        """Draw trainable weights, and the first moving statistics."""
        shapes = self.layout(shared=False).trainable_shapes()
        trainable = [np.zeros(shape, keras.config.floatx()) for shape in shapes]
        per_layer = 4 if self.batch_norm else 2
        for start in range(0, len(shapes), per_layer):
            draw = _seeded(self.kernel_initializer.value, int(seed.randint(2**31)))
            trainable[start] = ops.convert_to_numpy(draw(shapes[start]))
            if start + 3 < len(shapes) and self.batch_norm:
                trainable[start + 2] += 1  # gamma
        return trainable, self.layout(shared=False).initial_state()

    def build_model(self, trainable: Arrays, state: Arrays) -> keras.Model:
        """The network as a Keras model with these weights."""
        model = keras.Sequential([keras.Input((self.n_features,))])
        for width in self.widths:
            model.add(self._dense(width))
            if self.batch_norm:
                model.add(keras.layers.BatchNormalization())
            model.add(keras.layers.Activation(self.activation.value))
            if self.dropout:
                model.add(keras.layers.Dropout(self.dropout))
        model.add(self._dense(self.n_outputs, activation=self.output_activation.value))
        load_weights(model, trainable, state)
        return model

    def compiled_model(self, plan: TrainingPlan, state: TrainingState) -> keras.Model:
        """`build_model` with the plan's optimizer, loss and metrics."""
        model = self.build_model(state.trainable, state.state)
        optimizer = make_optimizer(plan.optimizer.value, plan.learning_rate)
        optimizer.build(model.trainable_variables)
        model.compile(
            optimizer=optimizer,
            loss=plan.loss.value,  # as Keras knows it, so that a saved model loads without skhp
            metrics=[fresh_metric(name, metric) for name, metric in plan.metrics.items()],
        )
        return model

    def reseed(self, model: keras.Model, seed: int) -> None:
        """Make the dropout of a model's training follow from a seed."""
        for i, layer in enumerate(model.layers):
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([seed, i])

    def read(self, model: keras.Model) -> tuple[Arrays, Arrays]:
        """A model's trainable and non-trainable weights as arrays."""
        return read_weights(model)

    def load(self, model: keras.Model, state: TrainingState) -> None:
        """Assign weights to a model."""
        load_weights(model, state.trainable, state.state)

    def why_not_compiled(self, plan: TrainingPlan) -> str | None:
        """Why a program cannot train this network, or None where one can."""
        reduction = as_loss(plan.loss).reduction
        return None if reduction in reductions() else f"the loss has reduction={reduction!r}"

    def takes_filler(self, plan: TrainingPlan) -> bool:
        """Whether rows of weight 0 may fill a batch up."""
        return is_rowwise(plan.loss, plan.metrics)

    def computation(self, plan: TrainingPlan, layout: MLPLayout, rows: Rows) -> LayoutComputation:
        """The loss and logs that a program computes."""
        metrics = [fresh_metric(name, metric) for name, metric in plan.metrics.items()]
        return LayoutComputation(layout, as_loss(plan.loss), metrics, rows.y[:1])

    def _dense(self, units: int, **kwargs: Any) -> keras.layers.Layer:
        return keras.layers.Dense(
            units,
            kernel_initializer="zeros",  # the drawn weights are loaded into it
            kernel_regularizer=keras.regularizers.L2(self.l2) if self.l2 else None,
            **kwargs,
        )


def load_weights(model: keras.Model, trainable: Arrays, state: Arrays) -> None:
    """Assign arrays to a model's trainable and non-trainable weights."""
    for variable, value in zip(model.trainable_weights, trainable, strict=True):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_weights, state, strict=True):
        variable.assign(value)


def read_weights(model: keras.Model) -> tuple[Arrays, Arrays]:
    """A model's trainable and non-trainable weights as arrays."""
    return (
        [ops.convert_to_numpy(v) for v in model.trainable_weights],
        [ops.convert_to_numpy(v) for v in model.non_trainable_weights],
    )


def _seeded(initializer: Any, seed: int) -> Any:
    config = initializer.get_config() if hasattr(initializer, "get_config") else {}
    if "seed" not in config or config["seed"] is not None:
        return initializer  # not random, or seeded by the user
    return type(initializer).from_config({**config, "seed": seed})


@dataclass(frozen=True)
class MLPLayout:
    """The arrays of a perceptron and the function they parametrize.

    Parameters
    ----------
    n_features, n_outputs, widths, output_activation, batch_norm
        As in `MLPSpec`, with widths as compiled.
    activation : KerasObject or None
        None where the activation is one of `SHARED_ACTIVATIONS`, chosen by number.
    output_columns : int
        Of the output kernel. One column more than a single output keeps XLA from
        working the loss's gradient out anew for each unit of the layer before.
    """

    n_features: int
    n_outputs: int
    widths: tuple[int, ...]
    activation: KerasObject | None
    output_activation: KerasObject
    batch_norm: bool
    output_columns: int

    joinable = True  # no weight has a constraint or a type of its own
    variables = None

    def trainable_shapes(self) -> list[tuple[int, ...]]:
        """Kernel and bias of each layer; gamma and beta too where batch-normalized."""
        shapes: list[tuple[int, ...]] = []
        fan_in = self.n_features
        for width in self.widths:
            shapes += [(fan_in, width), (width,)]
            shapes += [(width,), (width,)] if self.batch_norm else []
            fan_in = width
        return [*shapes, (fan_in, self.output_columns), (self.output_columns,)]

    def initial_state(self) -> Arrays:
        """Moving mean and variance of each batch-normalized layer."""
        dtype = keras.config.floatx()
        if not self.batch_norm:
            return []
        return [f(w, dtype) for w in self.widths for f in (np.zeros, np.ones)]

    def forward(
        self,
        trainable: list[Any],
        state: list[Any],
        x: Any,
        numbers: dict[str, Any],
        training: bool = False,
        rows: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Outputs, and the new moving statistics.

        Parameters
        ----------
        trainable, state : list of tensor
            Weights in the order of `trainable_shapes` and `initial_state`.
        x : tensor of shape (n, n_features)
        numbers : dict of tensor
            Of `MLPSpec.numbers`; in training also "seed" and "step".
        training : bool
        rows : tensor of shape (n,), optional
            1 for real rows, 0 for rows that only fill the batch up.
        """
        weights, state, new_state = list(trainable), list(state), []
        masks = self._dropout_masks(x, numbers) if training else [None] * len(self.widths)
        for layer, mask in enumerate(masks):
            kernel, bias, *weights = weights
            x = ops.matmul(x, kernel) + bias
            if self.batch_norm:
                (gamma, beta, *weights), (mean, variance, *state) = weights, state
                if training:
                    batch = _moments(x, rows)
                    new_state += _moved((mean, variance), batch)
                    mean, variance = batch
                x = ops.batch_normalization(
                    x, mean, variance, axis=-1, offset=beta, scale=gamma, epsilon=_BN_EPSILON
                )
            x = self._activate(x, numbers)
            if training:
                units = ops.arange(self.widths[layer], dtype="int32") < numbers["widths"][layer]
                x = x * mask * ops.cast(units, x.dtype)
        kernel, bias = weights
        outputs = (ops.matmul(x, kernel) + bias)[:, : self.n_outputs]
        return self.output_activation.value(outputs), new_state

    def penalty(self, trainable: list[Any], numbers: dict[str, Any]) -> Any:
        """What the kernels add to the loss."""
        kernels = [w for w in trainable if w.ndim == 2]
        return numbers["l2"] * sum(ops.sum(ops.square(kernel)) for kernel in kernels)

    def logged_penalty(self, trainable: list[Any], numbers: dict[str, Any]) -> Any:
        """`penalty` for the logs: without a gradient, and for nothing where it is zero."""
        fixed = [ops.stop_gradient(w) for w in trainable]
        zero = ops.zeros_like(numbers["l2"])
        return computed_where(numbers["l2"] > 0, lambda: self.penalty(fixed, numbers), zero)

    def _activate(self, x: Any, numbers: dict[str, Any]) -> Any:
        if self.activation is not None:
            return self.activation.value(x)
        code = numbers["activation"]
        is_relu, is_sigmoid, is_linear = code == 0, code == 2, code == 3
        # sigmoid(x) = (tanh(x / 2) + 1) / 2: one transcendental serves both.
        half = ops.where(is_sigmoid, 0.5, 1.0)
        curve = ops.tanh(x * half) * half + ops.where(is_sigmoid, 0.5, 0.0)
        return ops.where(is_relu, ops.relu(x), ops.where(is_linear, x, curve))

    def _dropout_masks(self, x: Any, numbers: dict[str, Any]) -> list[Any]:
        # One draw for all layers, skipped at rate 0: rates are numbers, and 0 is one.
        if not self.widths:
            return []
        shape = (x.shape[0], sum(self.widths))
        rate = numbers["dropout"]

        def draw() -> Any:
            drawn = ops.cast(uniform(shape, numbers["seed"], numbers["step"]), rate.dtype)
            kept = ops.cast(drawn >= rate, rate.dtype)
            return kept / (1.0 - rate)

        mask = computed_where(rate > 0, draw, ops.ones(shape, rate.dtype))
        ends = np.cumsum(self.widths).tolist()
        return [mask[:, end - width : end] for width, end in zip(self.widths, ends, strict=True)]


def computed_where(condition: Any, compute: Callable[[], Any], otherwise: Any) -> Any:
    """A value that costs nothing where a condition does not hold.

    XLA makes a select of most conditionals, and computes both sides, in each fusion that
    reads them; a loop of one turn or none it leaves alone.
    """
    _, value = ops.while_loop(
        lambda pending, _: pending,
        lambda pending, _: (ops.logical_not(pending), compute()),
        (condition, otherwise),
    )
    return value


def _moments(x: Any, rows: Any) -> tuple[Any, Any]:
    if rows is None:
        return ops.moments(x, axes=[0])
    n = ops.sum(rows)
    column = ops.expand_dims(rows, 1)
    mean = ops.sum(x * column, axis=0) / n
    return mean, ops.sum(ops.square(x - mean) * column, axis=0) / n


def _moved(moving: tuple[Any, Any], batch: tuple[Any, Any]) -> list[Any]:
    return [
        old * _BN_MOMENTUM + new * (1.0 - _BN_MOMENTUM)
        for old, new in zip(moving, batch, strict=True)
    ]

"""A multi-layer perceptron: what it is, and as a Keras model.

The same network stands in three places: as the Keras model that a user gets, here; as the
function that the engine compiles, in `MLPLayout`; and as NumPy's few operations, in
`skhp.prediction`. Tests hold the three equal.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skhp.compat.keras import wrapped_function
from skhp.engine.engine_choice import EngineChoice
from skhp.engine.losses import LayoutComputation, as_loss, fresh_metric, reductions
from skhp.engine.plan import Arrays, Rows, TrainingPlan, TrainingState
from skhp.engine.program_cache import ProgramCache, programs
from skhp.engine.pure_optimizer import make_optimizer
from skhp.engine.rowwise import is_rowwise_activation, is_rowwise_loss, is_rowwise_metric
from skhp.keras_objects.catalogue import KerasObject
from skhp.keras_objects.fingerprint import is_keras_own
from skhp.runtime.eager_kernels import note_model_built

import keras  # isort: skip
from keras import ops  # isort: skip
from skhp.mlp.initial_kernels import draw_kernel
from skhp.mlp.layout import SHARED_ACTIVATIONS, MLPLayout

# Layers are compiled as wide as the least of these that holds the widest of them, and
# masked, so that the grid [32, 48, 64] is one program: a program costs about a second,
# a wider layer microseconds a step.
SHARED_WIDTHS = (32, 64)

# f(x)[i] depends on x[i] alone, so that masked units may stand beside real ones.
_ELEMENTWISE_ACTIVATIONS = frozenset(SHARED_ACTIVATIONS) | {
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu6", "selu", "silu",
    "soft_shrink", "softplus", "softsign", "squareplus", "tanh_shrink",
}  # fmt: skip


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
            Whether widths and activation may become scalars, so that other networks
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

    def scalars(self) -> dict[str, np.ndarray]:
        """What is data to a program that trains this network."""
        floatx = keras.config.floatx()
        scalars = {
            "widths": np.asarray(self.widths, "int32"),
            "dropout": np.asarray(self.dropout, floatx),
            "l2": np.asarray(self.l2, floatx),
        }
        if self.activation.name in SHARED_ACTIVATIONS:
            code = SHARED_ACTIVATIONS.index(self.activation.name)
            scalars["activation"] = np.asarray(code, "int32")
        return scalars

    def initial_weights(self, random_state: np.random.RandomState) -> tuple[Arrays, Arrays]:
        """Draw trainable weights, and the first moving statistics."""
        shapes = self.layout(shared=False).trainable_shapes()
        trainable = [np.zeros(shape, keras.config.floatx()) for shape in shapes]
        per_layer = 4 if self.batch_norm else 2
        for start in range(0, len(shapes), per_layer):
            trainable[start] = draw_kernel(
                self.kernel_initializer.value, shapes[start], random_state
            )
            if start + 3 < len(shapes) and self.batch_norm:
                trainable[start + 2] += 1  # gamma
        return trainable, self.layout(shared=False).initial_state()

    def build_model(self, trainable: Arrays, state: Arrays) -> keras.Model:
        """The network as a Keras model with these weights."""
        note_model_built()
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
        for layer in model.layers:  # so that a copy made from the config learns as this one did
            if isinstance(layer, keras.layers.Dense):
                layer.kernel_initializer = self.kernel_initializer.value
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

    def why_no_program(self, plan: TrainingPlan) -> str | None:
        """Why a program cannot train this network, or None where one can."""
        parts = (self.activation, plan.loss, *plan.metrics.values())
        unknown = [part.why_unknown for part in parts if part.why_unknown]
        if unknown:
            return f"it cannot be told what it computes: {unknown[0]}"
        reduction = as_loss(plan.loss).reduction
        return None if reduction in reductions() else f"the loss has reduction={reduction!r}"

    def has_own_code(self, plan: TrainingPlan) -> bool:
        """Whether functions or classes of the user's are part of a program."""
        parts = (self.activation, plan.loss, *plan.metrics.values())
        return not all(is_keras_own(_function_or_class(part.value)) for part in parts)

    def is_tested(self) -> bool:
        """True: tests compare perceptrons of Keras's own parts with Keras."""
        return True

    def takes_padding(self, plan: TrainingPlan) -> bool:
        """Whether rows of weight 0 may fill a batch up."""
        return (
            is_rowwise_activation(self.activation.value)
            and is_rowwise_loss(plan.loss.value)
            and all(is_rowwise_metric(metric.value) for metric in plan.metrics.values())
        )

    def reference(
        self, plan: TrainingPlan, state: TrainingState
    ) -> tuple[keras.Model, dict[str, Any]]:
        """A Keras model to check a program against, and scalars for the program to use.

        Keras draws its dropout in another way, so that both are compared without it.
        """
        still = replace(self, dropout=0.0)
        return still.compiled_model(plan, state), {"dropout": still.scalars()["dropout"]}

    def draws(self) -> bool:
        """Whether Keras draws random numbers in a step of the reference."""
        return False

    def engine(self, plan: TrainingPlan) -> EngineChoice:
        """XLA compiles all perceptrons."""
        return EngineChoice()

    def computation(self, plan: TrainingPlan, layout: MLPLayout, rows: Rows) -> LayoutComputation:
        """The loss and logs that a program computes."""
        metrics = [fresh_metric(name, metric) for name, metric in plan.metrics.items()]
        return LayoutComputation(layout, as_loss(plan.loss), metrics, rows.y[:1])

    def _dense(self, units: int, **kwargs: Any) -> keras.layers.Layer:
        return keras.layers.Dense(
            units,
            kernel_initializer="zeros",  # draws nothing: the weights are loaded into it
            kernel_regularizer=keras.regularizers.L2(self.l2) if self.l2 else None,
            **kwargs,
        )


def _function_or_class(value: Any) -> Any:
    if type(value) is keras.metrics.MeanMetricWrapper:
        return wrapped_function(value)[0]
    return value if inspect.isfunction(value) else type(value)


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

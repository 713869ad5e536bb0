"""A perceptron as the engine takes it, and as a Keras model.

The same network exists three times: as the Keras model that a user gets, here; as the
function that the engine compiles, in `skhp.mlp.forward`; and as NumPy operations, in
`skhp.mlp.prediction`. All three use `MLPSpec.layers`, and tests compare them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skhp.compat.keras import wrapped_function
from skhp.engine.engine_choice import EngineChoice
from skhp.engine.losses import as_loss, fresh_metric, reductions
from skhp.engine.optimizer_settings import make_optimizer
from skhp.engine.plan import Arrays, Rows, TrainingPlan, TrainingState
from skhp.engine.program_cache import ProgramCache, programs
from skhp.engine.rowwise import is_rowwise_activation, is_rowwise_loss, is_rowwise_metric
from skhp.keras_objects.fingerprint import is_keras_own
from skhp.mlp.activation_curves import coefficients
from skhp.mlp.layers import Activation, BatchNorm, Dense, Dropout, Layer, Output
from skhp.mlp.shared_sizes import SHARED_BATCH_SIZES, SHARED_COLUMNS, shared_size
from skhp.mlp.spec import MLPSpec
from skhp.runtime.eager_kernels import note_model_built

import keras  # isort: skip
from skhp.mlp.computation import MLPComputation
from skhp.mlp.initial_kernels import draw_kernel
from skhp.mlp.layout import (
    MLPLayout,
    exact_layout,
    first_statistics,
    shared_layout,
)


@dataclass(frozen=True)
class MLPNetwork:
    """A perceptron as the engine takes it; see `skhp.engine.plan.Network`.

    Parameters
    ----------
    spec : MLPSpec
    """

    spec: MLPSpec

    def layout(self, shared: bool) -> MLPLayout:
        """The arrays that the engine trains.

        Parameters
        ----------
        shared : bool
            Whether widths and activation may become scalars, so that other networks
            use the same program.
        """
        return shared_layout(self.spec) if shared else exact_layout(self.spec)

    def programs(self) -> ProgramCache:
        """All perceptrons share one cache."""
        return programs

    def scalars(self) -> dict[str, np.ndarray]:
        """What is data to a program that trains this network."""
        floatx, spec = keras.config.floatx(), self.spec
        dropout, l2 = np.asarray([spec.dropout, spec.l2], floatx)
        return {
            "widths": np.asarray(spec.widths, "int32"),
            "dropout": dropout,
            "dropout_factor": 1 / (1 - dropout),  # what is not dropped is multiplied by it
            "no_dropout": np.int32(spec.dropout == 0),
            "l2": l2,
            "activation": coefficients(spec.activation.name, floatx),
        }

    def compiled_model(self, plan: TrainingPlan, state: TrainingState) -> keras.Model:
        """The network as a Keras model with the plan's optimizer, loss and metrics."""
        model = build_model(self.spec, state.trainable, state.state)
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
        return (
            [v.numpy() for v in model.trainable_weights],
            [v.numpy() for v in model.non_trainable_weights],
        )

    def load(self, model: keras.Model, state: TrainingState) -> None:
        """Assign weights to a model."""
        _load_weights(model, state.trainable, state.state)

    def why_no_program(self, plan: TrainingPlan) -> str | None:
        """Why a program cannot train this network; None if a program can."""
        parts = (self.spec.activation, plan.loss, *plan.metrics.values())
        unknown = [part.why_unknown for part in parts if part.why_unknown]
        if unknown:
            return f"it is not known what it computes: {unknown[0]}"
        if not isinstance(plan.loss.value, keras.losses.Loss):  # a function's values are averaged
            return None
        reduction = plan.loss.value.reduction
        return None if reduction in reductions() else f"the loss has reduction={reduction!r}"

    def has_own_code(self, plan: TrainingPlan) -> bool:
        """Whether the user's own functions or classes are part of a program."""
        parts = (self.spec.activation, plan.loss, *plan.metrics.values())
        return not all(is_keras_own(_function_or_class(part.value)) for part in parts)

    def is_tested(self) -> bool:
        """True: tests compare perceptrons of Keras's own parts with Keras."""
        return True

    def takes_padding(self, plan: TrainingPlan) -> bool:
        """Whether a batch may be padded with rows of weight 0."""
        return (
            is_rowwise_activation(self.spec.activation.value)
            and is_rowwise_loss(plan.loss.value)
            and all(is_rowwise_metric(metric.value) for metric in plan.metrics.values())
        )

    def program_batch_size(self, batch_size: int) -> int:
        """The rows of a batch in its program, so that batch sizes share programs."""
        return shared_size(batch_size, SHARED_BATCH_SIZES)

    def program_columns(self, n_columns: int) -> int:
        """The columns of X in its program, so that pipelines share programs."""
        return shared_size(n_columns, SHARED_COLUMNS)

    def reference(
        self, plan: TrainingPlan, state: TrainingState
    ) -> tuple[keras.Model, dict[str, Any]]:
        """A Keras model to check a program against, and scalars for the program to use.

        Keras draws its dropout in another way, so that both are compared without it.
        """
        still = MLPNetwork(replace(self.spec, dropout=0.0))
        return still.compiled_model(plan, state), still.scalars()

    def draws(self) -> bool:
        """Whether Keras draws random numbers in a step of the reference."""
        return False

    def units_of_first_product(self) -> int:
        """Units of the first layer, whose product takes the entries of sparse rows."""
        return self.layout(shared=False).trainable_shapes()[0][1]

    def engine(self, plan: TrainingPlan, n_rows: int) -> EngineChoice:
        """XLA compiles all perceptrons."""
        return EngineChoice()

    def computation(self, plan: TrainingPlan, layout: MLPLayout, rows: Rows) -> MLPComputation:
        """The loss and logs that a program computes."""
        metrics = [fresh_metric(name, metric) for name, metric in plan.metrics.items()]
        return MLPComputation(layout, as_loss(plan.loss), metrics, rows.y[:1])


def initial_weights(spec: MLPSpec, random_state: np.random.RandomState) -> tuple[Arrays, Arrays]:
    """Draw kernels; biases start at zero, and batch normalization changes nothing.

    Parameters
    ----------
    spec : MLPSpec
    random_state : RandomState

    Returns
    -------
    trainable, statistics : list of ndarray
    """
    floatx, layers = keras.config.floatx(), spec.layers()
    trainable: Arrays = []
    for layer in layers:
        if isinstance(layer, Dense):
            kernel, bias = layer.weight_shapes
            drawn = draw_kernel(spec.kernel_initializer, kernel, random_state)
            trainable += [drawn, np.zeros(bias, floatx)]
        if isinstance(layer, BatchNorm):
            gamma, beta = layer.weight_shapes
            trainable += [np.ones(gamma, floatx), np.zeros(beta, floatx)]
    return trainable, first_statistics(layers)


def build_model(spec: MLPSpec, trainable: Arrays, statistics: Arrays) -> keras.Model:
    """A perceptron as a Keras model with these weights.

    Parameters
    ----------
    spec : MLPSpec
    trainable, statistics : list of ndarray
        In the order of the layers.
    """
    note_model_built()
    model = keras.Sequential([keras.Input((spec.n_features,))])
    for layer in spec.layers():
        made = _KERAS_LAYERS[type(layer)](spec, layer)
        if made is not None:
            model.add(made)
    _load_weights(model, trainable, statistics)
    for made in model.layers:  # so that a copy made from the config learns as this one did
        if isinstance(made, keras.layers.Dense):
            made.kernel_initializer = spec.kernel_initializer.value
    return model


def _dense(spec: MLPSpec, layer: Dense, **kwargs: Any) -> keras.layers.Layer:
    return keras.layers.Dense(
        layer.units,
        kernel_initializer="zeros",  # draws nothing: the weights are loaded into it
        kernel_regularizer=keras.regularizers.L2(spec.l2) if spec.l2 else None,
        **kwargs,
    )


# The Keras layer for each layer; None if it adds no Keras layer.
_KERAS_LAYERS: dict[type[Layer], Callable[[MLPSpec, Any], keras.layers.Layer | None]] = {
    Dense: _dense,
    BatchNorm: lambda spec, layer: keras.layers.BatchNormalization(),
    Activation: lambda spec, layer: keras.layers.Activation(layer.activation.value),
    Dropout: lambda spec, layer: keras.layers.Dropout(spec.dropout) if spec.dropout else None,
    Output: lambda spec, layer: _dense(spec, layer, activation=layer.activation.value),
}


def _function_or_class(value: Any) -> Any:
    if type(value) is keras.metrics.MeanMetricWrapper:
        return wrapped_function(value)[0]
    return value if inspect.isfunction(value) else type(value)


def _load_weights(model: keras.Model, trainable: Arrays, statistics: Arrays) -> None:
    """Assign arrays to a model's trainable and non-trainable weights."""
    for variable, value in zip(model.trainable_weights, trainable, strict=True):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_weights, statistics, strict=True):
        variable.assign(value)

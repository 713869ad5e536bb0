"""A Keras model as a network that a program can train.

A fit starts from the weights of its own model, and puts the new weights there. The program
traces a template: a copy of the first model of the same structure.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import compile_arguments, layers_within, weights_of
from skhp.compat.keras_variables import read_variables, set_variables
from skhp.compat.tensorflow import shared_variable_kernels
from skhp.engine.engine_choice import EngineChoice, draws_numbers, engine_for
from skhp.engine.packing import are_large
from skhp.engine.plan import Arrays, Rows, TrainingPlan, TrainingState
from skhp.engine.program_cache import ProgramCache, programs
from skhp.keras_objects.fingerprint import NotEstablished
from skhp.wrappers.computation import ModelComputation
from skhp.wrappers.model_structure import ModelStructure, is_rowwise_model, structure_of_model
from skhp.wrappers.template import template_of


@dataclass(frozen=True)
class ModelLayout:
    """The arrays of a Keras model. Models of equal structure have equal layouts.

    Parameters
    ----------
    token : hashable
        Equal for models of equal structure.
    shapes, state_shapes : tuple of tuple of int
    state_dtypes : tuple of str
    embedding_shapes : frozenset of tuple of int
        The shapes of the weights of embeddings. Their gradients are sparse.
    is_plain : bool
        Whether all weights have Keras's float type and no constraints.
    variables : list of keras.Variable
        The weights themselves.
    """

    token: Hashable
    shapes: tuple[tuple[int, ...], ...]
    state_shapes: tuple[tuple[int, ...], ...]
    state_dtypes: tuple[str, ...]
    embedding_shapes: frozenset[tuple[int, ...]]
    is_plain: bool
    variables: list[Any] = field(compare=False, repr=False)

    def trainable_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the trainable weights."""
        return list(self.shapes)

    def joinable(self, shape: tuple[int, ...], is_compiled: bool) -> bool:
        """Whether a weight of a shape may be packed; see `skhp.engine.packing`."""
        # Keras squares each row of a sparse gradient, before it adds rows of one position.
        if shape in self.embedding_shapes:
            return False
        is_sum = len(shape) < 2  # its gradient is a sum over the batch
        is_slow = is_compiled and is_sum and are_large(self.trainable_shapes())
        return self.is_plain and not is_slow

    def initial_state(self) -> Arrays:
        """Zeros of the shapes of what else training changes."""
        pairs = zip(self.state_shapes, self.state_dtypes, strict=True)
        return [np.zeros(shape, dtype) for shape, dtype in pairs]


class KerasNetwork:
    """A compiled Keras model, as the engine needs it.

    Parameters
    ----------
    model : keras.Model
        Built and compiled.

    Attributes
    ----------
    why_unknown : str or None
        Why the model cannot be compared with others; None if it can.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.arguments = compile_arguments(model)
        # Read once: Keras looks through all layers, and a callback may freeze some in training.
        self._weights, self._state = model.trainable_variables, model.non_trainable_variables
        self._structure, self.why_unknown = _structure_or_reason(model, self.arguments)
        self._layout = ModelLayout(
            token=self._structure and self._structure.token,
            shapes=tuple(tuple(v.shape) for v in self._weights),
            state_shapes=tuple(tuple(v.shape) for v in self._state),
            state_dtypes=tuple(keras.backend.standardize_dtype(v.dtype) for v in self._state),
            embedding_shapes=frozenset(
                tuple(layer.embeddings.shape)
                for layer in layers_within(model)
                if isinstance(layer, keras.layers.Embedding)
            ),
            is_plain=_are_plain(self._weights),
            variables=self._weights,
        )

    def layout(self, shared: bool) -> ModelLayout:
        """The model's arrays. Only models of equal structure share a program."""
        return self._layout

    def programs(self) -> ProgramCache:
        """All models share one cache."""
        return programs

    def scalars(self) -> dict[str, np.ndarray]:
        """Nothing: only the weights of a built model are data."""
        return {}

    def why_no_program(self, plan: TrainingPlan) -> str | None:
        """Why no program can train this model; None if one can."""
        own = type(self.model)
        for method in ("train_step", "test_step", "train_function", "make_train_function", "fit"):
            if getattr(own, method, None) is not getattr(keras.Model, method, None):
                return f"{own.__name__} has a {method} of its own"
        if self.model.run_eagerly:
            return "the model was compiled with run_eagerly=True"
        if not self._weights:
            return "the model has no trainable weights"
        for variable in self._weights:
            if variable.dtype != keras.config.floatx():
                return f"the weight {variable.path!r} is of type {variable.dtype}"
        if not self._optimizer_suits():
            return "layers were frozen or unfrozen after the model was compiled"
        if self.why_unknown:
            return f"no program can compute the model: {self.why_unknown}"
        return None

    def _optimizer_suits(self) -> bool:
        """Whether the optimizer is new, or has variables for the weights to train."""
        optimizer = self.model.optimizer
        built_for = weights_of(optimizer) if optimizer.built else None
        return built_for is None or list(map(id, built_for)) == list(map(id, self._weights))

    def has_own_code(self, plan: TrainingPlan) -> bool:
        """Whether a program contains functions or classes of the user."""
        return self._structure is not None and self._structure.has_own_code

    def is_tested(self) -> bool:
        """False: a new program of a model is always checked."""
        return False

    def reference(
        self, plan: TrainingPlan, state: TrainingState
    ) -> tuple[keras.Model, dict[str, Any]]:
        """The model itself, to compare a program with, and no scalars."""
        self.load(self.model, state)
        return self.model, {}

    def draws(self) -> bool:
        """Whether a training step of the model draws random numbers."""
        return any(map(draws_numbers, layers_within(self.model)))

    def units_of_first_product(self) -> int:
        """0: the layers of a model take dense rows."""
        return 0

    def program_batch_size(self, batch_size: int) -> int:
        """The same: in a large model a longer batch takes longer."""
        return batch_size

    def program_columns(self, n_columns: int) -> int:
        """The same: layers may treat columns apart."""
        return n_columns

    def takes_padding(self, plan: TrainingPlan) -> bool:
        """Whether a batch may be padded with rows of weight 0."""
        return is_rowwise_model(self.model, self.arguments)

    def engine(self, plan: TrainingPlan, n_rows: int) -> EngineChoice:
        """How the model's program runs."""
        layout = self._layout
        n_weights = sum(math.prod(shape) for shape in (*layout.shapes, *layout.state_shapes))
        n_steps = plan.epochs * -(-n_rows // plan.batch_size)
        return engine_for(layers_within(self.model), n_weights, n_steps)

    def computation(self, plan: TrainingPlan, layout: ModelLayout, rows: Rows) -> Any:
        """The loss and logs that a program computes, from a copy of the model."""
        template = template_of(self.model, self.arguments, self._structure)
        return ModelComputation(template, rows, self.takes_padding(plan))

    def compiled_model(self, plan: TrainingPlan, state: TrainingState) -> keras.Model:
        """The model itself, with these weights and a built optimizer."""
        self.load(self.model, state)
        build_optimizer(self.model, self._weights)
        return self.model

    def reseed(self, model: keras.Model, seed: int) -> None:
        """Do nothing: a model's seeds belong to its state."""

    def load(self, model: keras.Model, state: TrainingState) -> None:
        """Assign a state to the model."""
        set_variables(self._weights, state.trainable)
        set_variables(self._state, state.state)

    def read(self, model: keras.Model) -> tuple[Arrays, Arrays]:
        """The model's trainable weights, and what else training changes."""
        return read_variables(self._weights), read_variables(self._state)


def build_optimizer(model: keras.Model, weights: list[Any]) -> None:
    """Build a model's optimizer for these weights, if it is not built yet."""
    if not model.optimizer.built:
        with shared_variable_kernels():
            model.optimizer.build(weights)


def _are_plain(variables: list[Any]) -> bool:
    floatx = keras.config.floatx()
    return all(v.constraint is None and v.dtype == floatx for v in variables)


def _structure_or_reason(
    model: keras.Model, arguments: dict[str, Any]
) -> tuple[ModelStructure | None, str | None]:
    try:
        return structure_of_model(model, arguments), None
    except NotEstablished as error:
        return None, str(error)

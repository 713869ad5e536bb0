"""Any Keras model as a network that a program can train.

A fit's own model gives the weights it starts from and takes those it ends with; the
program traces a template, a copy of the first such model, whose structure they share.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.compat.keras import compile_arguments, flat_metrics, layers_within, unsafe_deserialization
from skhp.engine.engine_choice import EngineChoice, engine_for
from skhp.engine.packing import are_large
from skhp.engine.plan import Arrays, CannotCompile, Rows, TrainingPlan, TrainingState
from skhp.engine.program_cache import ProgramCache, programs
from skhp.engine.text import text_as_tensors
from skhp.keras_objects.fingerprint import NotEstablished
from skhp.keras_objects.user_code import named_apart, revivable
from skhp.runtime.global_generators import seeded
from skhp.wrappers.model_structure import ModelStructure, is_rowwise_model, structure_of_model


@dataclass(frozen=True)
class ModelLayout:
    """The arrays of a Keras model; equal for models of equal structure.

    Parameters
    ----------
    token : hashable
        Of the model's structure.
    shapes, state_shapes : tuple of tuple of int
    state_dtypes : tuple of str
    embedding_shapes : frozenset of tuple of int
        Of the weights of embeddings. Their gradients are sparse.
    is_plain : bool
        Whether the weights are all of the usual type, and without constraints.
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
        """Of the trainable weights."""
        return list(self.shapes)

    def joinable(self, shape: tuple[int, ...]) -> bool:
        """Whether an optimizer may see a weight as part of a vector."""
        # Keras squares each row of a sparse gradient, before it adds rows of one position.
        if shape in self.embedding_shapes:
            return False
        is_sum = len(shape) < 2  # its gradient is, over the batch
        return self.is_plain and not (is_sum and are_large(self.trainable_shapes()))

    def initial_state(self) -> Arrays:
        """Zeros like all else that changes in training."""
        pairs = zip(self.state_shapes, self.state_dtypes, strict=True)
        return [np.zeros(shape, dtype) for shape, dtype in pairs]


class KerasNetwork:
    """A compiled Keras model as the engine's network.

    Parameters
    ----------
    model : keras.Model
        Built and compiled.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.arguments = compile_arguments(model)
        state = model.non_trainable_variables
        self._structure, self._why_unknown = _structure_or_reason(model, self.arguments)
        self._layout = ModelLayout(
            token=self._structure and self._structure.token,
            shapes=tuple(tuple(v.shape) for v in model.trainable_variables),
            state_shapes=tuple(tuple(v.shape) for v in state),
            state_dtypes=tuple(keras.backend.standardize_dtype(v.dtype) for v in state),
            embedding_shapes=frozenset(
                tuple(layer.embeddings.shape)
                for layer in layers_within(model)
                if isinstance(layer, keras.layers.Embedding)
            ),
            is_plain=_are_plain(model.trainable_variables),
            variables=model.trainable_variables,
        )

    def layout(self, shared: bool) -> ModelLayout:
        """The model's arrays, which are never shared in part."""
        return self._layout

    def programs(self) -> ProgramCache:
        """All models share one cache."""
        return programs

    def scalars(self) -> dict[str, np.ndarray]:
        """Nothing of a built model is data but its weights."""
        return {}

    def why_no_program(self, plan: TrainingPlan) -> str | None:
        """Why a program cannot train this model, or None where one can."""
        own = type(self.model)
        for method in ("train_step", "test_step", "train_function", "make_train_function", "fit"):
            if getattr(own, method, None) is not getattr(keras.Model, method, None):
                return f"{own.__name__} has a {method} of its own"
        if self.model.run_eagerly:
            return "the model was compiled with run_eagerly=True"
        if not self.model.trainable_variables:
            return "the model has no trainable weights"
        for variable in self.model.trainable_variables:
            if variable.dtype != keras.config.floatx():
                return f"the weight {variable.path!r} is of type {variable.dtype}"
        if self._why_unknown:
            return f"it cannot be told what the model computes: {self._why_unknown}"
        return None

    def has_own_code(self, plan: TrainingPlan) -> bool:
        """Whether functions or classes of the user's are part of a program."""
        return self._structure is not None and self._structure.has_own_code

    def is_tested(self) -> bool:
        """That a program of a model is checked when it is made."""
        return False

    def reference(
        self, plan: TrainingPlan, state: TrainingState
    ) -> tuple[keras.Model, dict[str, Any]]:
        """The model itself, to check a program against; no scalars."""
        self.load(self.model, state)
        return self.model, {}

    def draws(self) -> bool:
        """Whether Keras draws random numbers in a step of the model."""
        return any(
            isinstance(value, keras.random.SeedGenerator)
            for layer in layers_within(self.model)
            for value in vars(layer).values()
        )

    def takes_padding(self, plan: TrainingPlan) -> bool:
        """Whether rows of weight 0 may fill a batch up."""
        return is_rowwise_model(self.model, self.arguments)

    def engine(self, plan: TrainingPlan) -> EngineChoice:
        """How the model's program runs."""
        return engine_for(layers_within(self.model))

    def computation(self, plan: TrainingPlan, layout: ModelLayout, rows: Rows) -> Any:
        """The loss and logs that a program computes, from a copy of the model."""
        template = _template(self.model, self.arguments, self._structure)
        return ModelComputation(template, rows, self.takes_padding(plan))

    def compiled_model(self, plan: TrainingPlan, state: TrainingState) -> keras.Model:
        """The model itself, with these weights and its optimizer's variables made."""
        self.load(self.model, state)
        build_optimizer(self.model)
        return self.model

    def reseed(self, model: keras.Model, seed: int) -> None:
        """Leave a model's seeds as they are: they belong to its state."""

    def load(self, model: keras.Model, state: TrainingState) -> None:
        """Assign a state to a model."""
        for variable, value in zip(model.trainable_variables, state.trainable, strict=True):
            variable.assign(value)
        for variable, value in zip(model.non_trainable_variables, state.state, strict=True):
            variable.assign(value)

    def read(self, model: keras.Model) -> tuple[Arrays, Arrays]:
        """A model's trainable weights, and what else changes in training."""
        return _values(model.trainable_variables), _values(model.non_trainable_variables)


def build_optimizer(model: keras.Model) -> None:
    """Make the variables of a model's optimizer, where they are not yet made."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def _values(variables: list[Any]) -> Arrays:
    return [ops.convert_to_numpy(v) for v in variables]


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


def _template(
    model: keras.Model, arguments: dict[str, Any], structure: ModelStructure | None
) -> keras.Model:
    """A copy of the model for a program to trace; the model itself where there is none.

    Keras makes the copy from configs, which may leave out what was set later.
    """
    try:
        with (
            seeded(0),  # a new layer draws a seed, which must be nobody else's
            named_apart(model) as own,
            keras.saving.custom_object_scope(revivable(own)),
            unsafe_deserialization(),
        ):
            template = keras.models.clone_model(model)
            template.compile(optimizer="sgd", **arguments)
            is_equal = structure_of_model(template, arguments) == structure
    except Exception:  # a layer does not say how to make it again, or nobody can tell
        return model
    if not is_equal:
        return model
    _name_by_place(template)
    return template


# Names that Keras gives to inputs.
_AUTOMATIC = re.compile(r"input_layer(_\d+)?")


def _name_by_place(template: keras.Model) -> None:
    """Name layers by their places, so that a program is the same in every process.

    Keras numbers names through a process, and TensorFlow puts them into the program.
    """
    for place, layer in enumerate(layers_within(template)):
        if isinstance(layer, keras.layers.InputLayer) and not _AUTOMATIC.fullmatch(layer.name):
            continue  # X has an array for each input, by its name
        with contextlib.suppress(AttributeError):  # a class may compute its name
            layer.name = f"layer_{place}"


class ModelComputation:
    """Loss and logs of a Keras model, by Keras's own methods on other values.

    Parameters
    ----------
    template : keras.Model
        Compiled.
    rows : Rows
        Rows of the kind to come; the model's metrics make their variables from them.
    is_padded : bool
        Whether batches hold rows that only fill them up.
    """

    def __init__(self, template: keras.Model, rows: Rows, is_padded: bool) -> None:
        self._model, self._is_padded = template, is_padded
        # Keras takes no weights of rows where each row has several losses.
        self._weighted = rows.weighted or is_padded
        self._build(rows)
        self._variables = template.metrics_variables
        self._initial = _values(self._variables)
        results = _results_of(template)
        self.names = list(results)
        _check_single_values(results)

    def _build(self, rows: Rows) -> None:
        model = self._model
        x, y = keras.tree.map_structure(lambda array: array[:1], (rows.X, rows.y))
        x = text_as_tensors(x)
        outputs = model(x, training=False)
        weight = rows.weight[:1] if self._weighted else None
        model.compute_loss(x, y, outputs, weight)
        model.compute_metrics(x, y, outputs, weight)
        model.reset_metrics()

    def step(
        self,
        trainable: list[Any],
        state: list[Any],
        metric_state: list[Any],
        batch: tuple[Any, ...],
        scalars: dict[str, Any],
        training: bool,
    ) -> tuple[Any, Any]:
        """The loss of a batch, and ``(state, metric_state)`` after it."""
        x, y, weight, real, n = batch
        weight = weight if self._weighted else None
        model, (total, metrics) = self._model, metric_state
        fixed = model.non_trainable_variables
        variables = [*model.trainable_variables, *fixed, *self._variables]
        values = [*trainable, *state, *metrics]
        mapping = zip(variables, values, strict=True)
        # Losses that layers add would be lost in a scope that does not collect them.
        with keras.StatelessScope(collect_losses=True, state_mapping=mapping) as scope:
            outputs = model(x, training=training)
            loss = self._loss(x, y, outputs, weight, real, n, training)
            self._update_metrics(x, y, outputs, weight, real)
        _check_unassigned(scope, model.trainable_variables, trainable)
        state = [_current(scope, variable) for variable in fixed]
        metrics = [_current(scope, variable) for variable in self._variables]
        return loss, (state, [total + ops.cast(loss, total.dtype) * n, metrics])

    def _loss(
        self, x: Any, y: Any, outputs: Any, weight: Any, real: Any, n: Any, training: bool
    ) -> Any:
        model = self._model
        if real is None:
            return model.compute_loss(x, y, outputs, weight, training=training)
        loss = model.compute_loss(x, y, outputs, weight * real, training=training)
        # Padding is left out of the mean over rows, not of what layers add to the loss.
        added = sum((ops.sum(value) for value in model.losses), ops.zeros((), loss.dtype))
        return (loss - added) * (ops.cast(real.shape[0], loss.dtype) / n) + added

    def _update_metrics(self, x: Any, y: Any, outputs: Any, weight: Any, real: Any) -> None:
        if real is None:
            self._model.compute_metrics(x, y, outputs, weight)
            return
        (y,), (outputs,) = keras.tree.flatten(y), keras.tree.flatten(outputs)
        for metric, weighted in flat_metrics(self._model):
            metric.update_state(y, outputs, sample_weight=weight * real if weighted else real)

    def zero(self) -> list[Any]:
        """The metric state before the first row."""
        metrics = [ops.convert_to_tensor(value) for value in self._initial]
        return [ops.zeros((), keras.config.floatx()), metrics]

    def read(self, metric_state: list[Any], n: Any) -> list[Any]:
        """The mean loss over n rows, and each metric's value."""
        total, metrics = metric_state
        with keras.StatelessScope(state_mapping=zip(self._variables, metrics, strict=True)):
            results = _results_of(self._model)
            # A result may be the variable itself, and is then read within the scope.
            values = [ops.cast(results[name], total.dtype) for name in self.names]
        return [total / n, *values]


def _results_of(model: keras.Model) -> dict[str, Any]:
    """The results of all metrics but the loss, which a program sums up itself."""
    results: dict[str, Any] = {}
    for metric in model.metrics:
        if metric.name != "loss":
            result = metric.result()
            results |= result if isinstance(result, dict) else {metric.name: result}
    return results


def _check_single_values(results: dict[str, Any]) -> None:
    for name, value in results.items():
        if np.ndim(value):
            raise CannotCompile(f"the metric {name!r} has several values")


def _check_unassigned(scope: Any, variables: list[Any], values: list[Any]) -> None:
    # Keras's fit then differentiates by the assigned value, which has no gradient here.
    for variable, value in zip(variables, values, strict=True):
        if scope.get_current_value(variable) is not value:
            raise CannotCompile(f"a layer assigns its own trainable weight {variable.path!r}")


def _current(scope: Any, variable: Any) -> Any:
    value = scope.get_current_value(variable)
    return ops.cast(value, variable.dtype)

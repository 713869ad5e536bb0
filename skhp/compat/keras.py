"""Private names of Keras."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

# Keras's TensorFlow mixin overrides these for tf.distribute, and with that refuses
# ``stateless_apply``; the backend-neutral base class has the pure versions.
_PURE_METHODS = (
    "stateless_apply",
    "assign",
    "assign_add",
    "assign_sub",
    "_var_key",
    "_apply_weight_decay",
    "_backend_update_step",
    "_backend_reset_gradient_accumulators",
    "_overwrite_model_variables_with_average_value",
)


def stateless_optimizer_class(optimizer_class: type) -> type:
    """Subclass a Keras optimizer so that ``stateless_apply`` works on TensorFlow.

    Parameters
    ----------
    optimizer_class : type
        A subclass of `keras.optimizers.Optimizer`.

    Returns
    -------
    type
        A subclass that records, in ``slot_owners``, which trainable variable each
        of its slot variables belongs to (None for counters and the learning rate), and
        whose ``variables`` hold those too that Keras leaves out (Nadam's product).
    """
    from keras.src.backend.tensorflow.optimizer import TFOptimizer
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    def add_variable_from_reference(self: Any, reference_variable: Any, *a: Any, **k: Any):
        slot = optimizer_class.add_variable_from_reference(  # type: ignore[attr-defined]
            self, reference_variable, *a, **k
        )
        self.slot_owners[slot.path] = id(reference_variable)
        return slot

    def build(self: Any, variables: Any) -> None:
        self.slot_owners = {}
        optimizer_class.build(self, variables)  # type: ignore[attr-defined]
        for variable in unlisted_variables(self):
            self._track_variable(variable)

    # It comes before the mixin in the method resolution order, and after whatever
    # methods the optimizer itself has.
    pure = type("Pure", (TFOptimizer,), {n: getattr(BaseOptimizer, n) for n in _PURE_METHODS})
    namespace = {"add_variable_from_reference": add_variable_from_reference, "build": build}
    return type(optimizer_class.__name__, (optimizer_class, pure), namespace)


def unlisted_variables(optimizer: Any) -> list[Any]:
    """Variables that a built optimizer keeps and its ``variables`` leave out."""
    import keras

    listed = {id(variable) for variable in optimizer.variables}
    own = [v for v in vars(optimizer).values() if isinstance(v, keras.Variable)]
    return [variable for variable in own if id(variable) not in listed]


@contextlib.contextmanager
def fresh_keras_generator() -> Iterator[None]:
    """Let Keras make a new generator for `keras.random` functions without a seed, for a while.

    Keras keeps one for each thread, so that what it gives depends on what the thread ran
    before.
    """
    try:
        from keras.src.backend.common.global_state import (
            get_global_attribute,
            set_global_attribute,
        )
        from keras.src.random import seed_generator
    except ImportError:  # then only draws of this kind do not follow from the random state
        yield
        return
    # Keras before 3.13 has no constant for this name.
    name = getattr(seed_generator, "GLOBAL_SEED_GENERATOR", "global_seed_generator")
    before = get_global_attribute(name)
    set_global_attribute(name, None)
    try:
        yield
    finally:
        set_global_attribute(name, before)


def schedule_of(optimizer: Any) -> Any:
    """An optimizer's learning rate schedule, None where its rate is a number."""
    import keras

    schedule = keras.optimizers.schedules.LearningRateSchedule
    return optimizer._learning_rate if isinstance(optimizer._learning_rate, schedule) else None


def wrapped_function(metric: Any) -> tuple[Any, dict[str, Any]]:
    """The function of a `keras.metrics.MeanMetricWrapper`, and its settings."""
    return metric._fn, metric._fn_kwargs


def tensorboard_profiles(callback: Any) -> bool:
    """Whether a `keras.callbacks.TensorBoard` traces batches.

    Its ``profile_batch`` argument is kept under private names alone.
    """
    return bool(callback._should_trace)


def excludes_from_weight_decay(optimizer: Any) -> bool:
    """Whether ``exclude_from_weight_decay`` was called on a Keras optimizer.

    What it was told is kept under private names alone, and is in no config.
    """
    return bool(
        getattr(optimizer, "_exclude_from_weight_decay", None)
        or getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    )


def excluded_names(optimizer: Any) -> list[str]:
    """Names that ``exclude_from_weight_decay`` was told of, as regular expressions."""
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return [pattern.pattern] if pattern else []


def compile_arguments(model: Any) -> dict[str, Any]:
    """The loss and metrics that ``compile`` was given, as it was given them.

    ``Model.get_compile_config`` has them too, but serialized, which loses user code.
    """
    metrics, loss = model._compile_metrics, model._compile_loss
    return {
        "loss": model.loss,
        "loss_weights": loss and loss._user_loss_weights,
        "metrics": metrics and metrics._user_metrics,
        "weighted_metrics": metrics and metrics._user_weighted_metrics,
    }


@contextlib.contextmanager
def fresh_metric_names() -> Iterator[None]:
    """Let Keras number the names of new metrics from the start, as in a new process.

    Keras numbers names through a process: a second `keras.metrics.AUC` is "auc_1". Where
    Keras keeps its numbers elsewhere, names are numbered so here too.
    """
    import keras

    try:
        from keras.src.backend.common.global_state import get_global_attribute
        from keras.src.utils.naming import to_snake_case
    except ImportError:
        yield
        return
    numbers = get_global_attribute("object_name_uids") or {}
    names = {to_snake_case(kind.__name__) for kind in _subclasses(keras.metrics.Metric)}
    before = {name: numbers.pop(name) for name in names & numbers.keys()}
    try:
        yield
    finally:
        for name in names & numbers.keys():
            del numbers[name]
        numbers.update(before)


def _subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(_subclasses, kind.__subclasses__()))


def flat_metrics(model: Any) -> list[tuple[Any, bool]]:
    """The metrics of a model of one output, and whether each takes sample weights."""
    metrics = model._compile_metrics
    if metrics is None:
        return []
    return [
        (metric, weighted)
        for weighted, groups in (
            (False, metrics._flat_metrics),
            (True, metrics._flat_weighted_metrics),
        )
        for group in groups
        if group is not None
        for metric in group.metrics
    ]


def metric_mode(metric: Any) -> str | None:
    """Whether lower or higher values of a Keras metric are better, None where it is not known.

    Keras's callbacks with ``mode="auto"`` read the same private name.

    Parameters
    ----------
    metric : keras.metrics.Metric

    Returns
    -------
    {"min", "max"} or None
    """
    return {"down": "min", "up": "max"}.get(getattr(metric, "_direction", ""))


def layers_within(model: Any) -> list[Any]:
    """A model and all layers in it, however deep; ``Model.layers`` has the outermost alone."""
    return list(model._flatten_layers())


def unsafe_deserialization() -> Any:
    """A context in which Keras loads lambdas, as `pickle` does anyway."""
    from keras.src.saving.serialization_lib import SafeModeScope

    return SafeModeScope(safe_mode=False)


def layer_of_output(model: Any) -> Any:
    """The layer that a model's only output comes from, None where that is not known.

    Only a tensor's private history tells it; `Model.layers` is in no such order.
    """
    outputs = getattr(model, "outputs", None)
    if not outputs or len(outputs) != 1:
        return None
    operation = getattr(getattr(outputs[0], "_keras_history", None), "operation", None)
    # A model within a model ends in that one's last layer.
    return layer_of_output(operation) if getattr(operation, "outputs", None) else operation

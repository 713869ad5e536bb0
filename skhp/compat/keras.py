"""Private names of Keras."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from skhp.compat.missing_names import MissingPrivateName, needing, warn_missing

# On TensorFlow, Keras overrides these methods for tf.distribute, and then refuses
# `stateless_apply`. The class that is the same for all backends has the pure versions.
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

_COMPILED_TRAINING = "Compiled training"
_OWN_MODELS = "Training, copying or pickling a Keras model of your own"


def stateless_optimizer_class(optimizer_class: type) -> type:
    """Subclass a Keras optimizer so that ``stateless_apply`` works on TensorFlow.

    Parameters
    ----------
    optimizer_class : type
        A subclass of `keras.optimizers.Optimizer`.

    Returns
    -------
    type
        A subclass that records, in ``variable_owners``, which trainable variable each
        of its optimizer variables belongs to (None for counters and the learning rate). Its
        ``variables`` also hold those that Keras leaves out (Nadam's product).

    Raises
    ------
    MissingPrivateName
        If Keras does not have one of the methods.
    """
    import keras

    bases = keras.optimizers.Optimizer.__mro__
    of_backend, *_, for_all = [kind for kind in bases if "stateless_apply" in vars(kind)]

    def add_variable_from_reference(self: Any, reference_variable: Any, *a: Any, **k: Any):
        added = optimizer_class.add_variable_from_reference(  # type: ignore[attr-defined]
            self, reference_variable, *a, **k
        )
        self.variable_owners[added.path] = id(reference_variable)
        return added

    def build(self: Any, variables: Any) -> None:
        self.variable_owners = {}
        optimizer_class.build(self, variables)  # type: ignore[attr-defined]

    def variables(self: Any) -> list[Any]:
        listed = optimizer_class.variables.fget(self)  # type: ignore[attr-defined]
        return [*listed, *_others(self, listed)]

    methods = {}
    for name in _PURE_METHODS:
        with needing("keras", f"Optimizer.{name}", _COMPILED_TRAINING):
            methods[name] = getattr(for_all, name)
    # In the method resolution order it comes before TensorFlow's class, and after the methods
    # of the optimizer itself.
    pure = type("Pure", (of_backend,), methods)
    namespace = {
        "add_variable_from_reference": add_variable_from_reference,
        "build": build,
        "variables": property(variables),
    }
    return type(optimizer_class.__name__, (optimizer_class, pure), namespace)


def unlisted_variables(optimizer: Any) -> list[Any]:
    """Variables that a built optimizer keeps and its ``variables`` leave out."""
    return _others(optimizer, optimizer.variables)


def _others(optimizer: Any, listed: list[Any]) -> list[Any]:
    import keras

    known = {id(variable) for variable in listed}
    own = [v for v in vars(optimizer).values() if isinstance(v, keras.Variable)]
    return [variable for variable in own if id(variable) not in known]


@contextlib.contextmanager
def fresh_keras_generator() -> Iterator[None]:
    """Let Keras make a new generator for `keras.random` functions without a seed, for a while.

    Keras keeps one for each thread. What it draws depends on what the thread ran before.
    """
    try:
        from keras.src.backend.common.global_state import (
            get_global_attribute,
            set_global_attribute,
        )
        from keras.src.random import seed_generator
    except ImportError:
        warn_missing(
            "keras",
            "keras.src.backend.common.global_state",
            "what a model draws with keras.random and without a seed does not follow from "
            "random_state",
        )
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


def weights_of(optimizer: Any) -> list[Any] | None:
    """The weights that a built optimizer has variables for; None if Keras does not say.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
    """
    own = getattr(optimizer, "_trainable_variables", None)
    if own is None:
        warn_missing(
            "keras",
            "Optimizer._trainable_variables",
            "a model cannot be trained further or copied after layers of it were frozen",
        )
    return own


def schedule_of(optimizer: Any) -> Any:
    """An optimizer's learning rate schedule, None if its rate is a number."""
    import keras

    kind = keras.optimizers.schedules.LearningRateSchedule
    return next((value for value in vars(optimizer).values() if isinstance(value, kind)), None)


def config_of(value: Any) -> dict[str, Any]:
    """The config of a Keras object. An optimizer's holds its learning rate schedule itself.

    Keras writes the config of the schedule there, which a class of the user's may not have.

    Parameters
    ----------
    value : object
        With a ``get_config``.
    """
    import keras

    schedule = schedule_of(value) if isinstance(value, keras.optimizers.Optimizer) else None
    if schedule is None:
        return value.get_config()
    without = object.__new__(type(value))
    vars(without).update({n: None if v is schedule else v for n, v in vars(value).items()})
    return {**without.get_config(), "learning_rate": schedule}


def wrapped_function(metric: Any) -> tuple[Any, dict[str, Any]]:
    """The function of a `keras.metrics.MeanMetricWrapper`, and its settings."""
    with needing("keras", "MeanMetricWrapper._fn", "A keras.metrics.MeanMetricWrapper in metrics"):
        return metric._fn, metric._fn_kwargs


def config_with_function(value: Any) -> dict[str, Any]:
    """An object's config, in which a `keras.metrics.MeanMetricWrapper` has the function itself.

    Its own config names the function, and Keras finds only registered functions by name.

    Parameters
    ----------
    value : object of Keras
    """
    import keras

    if type(value) is not keras.metrics.MeanMetricWrapper:
        return value.get_config()
    function, settings = wrapped_function(value)
    return {"name": value.name, "dtype": value.dtype, "fn": function, **settings}


def tensorboard_profiles(callback: Any) -> bool:
    """Whether a `keras.callbacks.TensorBoard` traces batches; True where it is not known.

    Only a private attribute holds its ``profile_batch`` argument.
    """
    return bool(getattr(callback, "_should_trace", True))


_EXCLUDED = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")


def excludes_from_weight_decay(optimizer: Any) -> bool:
    """Whether ``exclude_from_weight_decay`` was called on a Keras optimizer.

    Only private attributes hold what it was called with; no config does.
    """
    _check_exclusions(optimizer)
    return any(getattr(optimizer, name, None) for name in _EXCLUDED)


def excluded_names(optimizer: Any) -> list[str]:
    """Names that ``exclude_from_weight_decay`` was called with, as regular expressions."""
    _check_exclusions(optimizer)
    pattern = getattr(optimizer, _EXCLUDED[1], None)
    return [pattern.pattern] if pattern else []


def _check_exclusions(optimizer: Any) -> None:
    if getattr(optimizer, "weight_decay", None) and not _exclusions_are_there():
        warn_missing(
            "keras",
            f"Optimizer.{_EXCLUDED[0]}",
            "weight decay is applied to all weights, also to those that "
            "exclude_from_weight_decay was called for",
        )


@functools.cache
def _exclusions_are_there() -> bool:
    import keras

    optimizer = keras.optimizers.SGD(weight_decay=0.1, name="probe")
    optimizer.exclude_from_weight_decay(var_names=["probe"])
    return all(hasattr(optimizer, name) for name in _EXCLUDED)


def compile_arguments(model: Any) -> dict[str, Any]:
    """The loss and metrics that ``compile`` was called with, as they are.

    ``Model.get_compile_config`` has them too, but serialized, which loses user code.
    """
    with needing("keras", "Model._compile_metrics and Model._compile_loss", _OWN_MODELS):
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

    Keras counts names through a process: a second `keras.metrics.AUC` is "auc_1". If
    Keras keeps its counts elsewhere, it counts here too.
    """
    import keras

    try:
        from keras.src.backend.common.global_state import get_global_attribute
        from keras.src.utils.naming import to_snake_case
    except ImportError:
        yield
        return
    numbers = get_global_attribute("object_name_uids") or {}
    kinds = _subclasses(keras.metrics.Metric)
    names = {_converted(to_snake_case, kind.__name__) for kind in kinds}
    before = {name: numbers.pop(name) for name in names & numbers.keys()}
    try:
        yield
    finally:
        for name in names & numbers.keys():
            del numbers[name]
        numbers.update(before)


@functools.cache
def _converted(convert: Callable[[str], str], name: str) -> str:
    # Every fit asks for the names of all metrics.
    return convert(name)


def _subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(_subclasses, kind.__subclasses__()))


def flat_metrics(model: Any) -> list[tuple[Any, bool]]:
    """The metrics of a model of one output, and whether each takes sample weights."""
    with needing("keras", "Model._compile_metrics._flat_metrics", _COMPILED_TRAINING):
        metrics = model._compile_metrics
        if metrics is None:
            return []
        groups_of = {False: metrics._flat_metrics, True: metrics._flat_weighted_metrics}
    return [
        (metric, weighted)
        for weighted, groups in groups_of.items()
        for group in groups
        if group is not None
        for metric in group.metrics
    ]


def metric_mode(metric: Any) -> str | None:
    """Whether lower or higher values of a Keras metric are better, None if it is not known.

    Keras's callbacks with ``mode="auto"`` read the same private name.

    Parameters
    ----------
    metric : keras.metrics.Metric

    Returns
    -------
    {"min", "max"} or None
    """
    if not _modes_are_there():
        raise MissingPrivateName("keras", "Metric._direction", "Early stopping by a metric")
    return {"down": "min", "up": "max"}.get(getattr(metric, "_direction", ""))


@functools.cache
def _modes_are_there() -> bool:
    import keras

    return hasattr(keras.metrics.MeanSquaredError(name="probe"), "_direction")


def layers_within(model: Any) -> list[Any]:
    """A model and all layers in it. ``Model.layers`` does not have the layers within layers."""
    with needing("keras", "Model._flatten_layers", _OWN_MODELS):
        return list(model._flatten_layers())


def unsafe_deserialization() -> Any:
    """A context in which Keras loads lambdas, as `pickle` does anyway."""
    with needing("keras", "SafeModeScope", "Copying or loading a model that holds a lambda"):
        from keras.src.saving.serialization_lib import SafeModeScope
    return SafeModeScope(safe_mode=False)


def layer_of_output(model: Any) -> Any:
    """The layer that a model's only output comes from, None for a model without a graph.

    Only the private history of a tensor has it; `Model.layers` is in another order.
    """
    outputs = getattr(model, "outputs", None)
    if not outputs or len(outputs) != 1:
        return None
    with needing("keras", "KerasTensor._keras_history", _OWN_MODELS):
        operation = outputs[0]._keras_history.operation
    # A model within a model ends in the last layer of that inner model.
    return layer_of_output(operation) if getattr(operation, "outputs", None) else operation


# Attributes that Keras sets on every layer or metric, and that change what it computes.
_THAT_COMPUTE = {
    "Layer": {
        "activity_regularizer", "autocast", "_convert_input_args", "_dtype_policy", "_remat_mode",
        "_supports_masking", "_trainable",
    },
    "Metric": {"_dtype_policy"},
    "Optimizer": set(),
}  # fmt: skip


# Where Keras keeps the name of an object, and the seed of an initializer.
NAME_ATTRIBUTES = ("name", "_name")
SEED_ATTRIBUTES = ("seed", "_init_seed")


def bookkeeping_attributes(value: Any) -> frozenset[str]:
    """Attributes that Keras sets on every layer, metric or optimizer, and no training reads.

    Parameters
    ----------
    value : object
        Another object has none.
    """
    import keras

    names: set[str] = set()
    for kind in ("Layer", "Metric", "Optimizer"):
        if isinstance(value, getattr(keras, kind)):
            names |= _bookkeeping_of(kind)
    return frozenset(names)


@functools.cache
def _bookkeeping_of(kind: str) -> frozenset[str]:
    import keras

    makers = {
        "Layer": lambda: keras.Layer(name="any"),
        "Metric": lambda: keras.Metric(name="any"),
        "Optimizer": lambda: keras.Optimizer(0.1, name="any"),
    }
    names = vars(makers[kind]()).keys()
    for name in _THAT_COMPUTE[kind]:
        if name not in names:  # then another name holds it, and must not be left out
            raise MissingPrivateName("keras", f"{kind}.{name}", "Telling Keras objects apart")
    return frozenset(names - _THAT_COMPUTE[kind])


@contextlib.contextmanager
def without_sum_over_replicas(optimizer: Any) -> Iterator[None]:
    """Let an optimizer leave out its sum over replicas. There is only one replica."""
    name = "_all_reduce_sum_gradients"
    if not hasattr(optimizer, name):
        yield
        return
    setattr(optimizer, name, list)  # of gradients and variables, which are the sums already
    try:
        yield
    finally:
        delattr(optimizer, name)

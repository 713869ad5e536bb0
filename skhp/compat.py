"""Every private name of another library that skhp touches, in one place.

Each entry says what is borrowed and why no public name will do.
``tests/test_compat.py`` fails when one of them goes.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.callback._transport import (  # how values come back from joblib's workers
    can_reuse_listener,
    open_listener,
    send,
)
from sklearn.callback._transport import close_listener as forget_listener  # of this process
from sklearn.utils import _safe_indexing as take_rows  # of arrays, frames, sparse matrices
from sklearn.utils._param_validation import (  # the checks scikit-learn's estimators use
    HasMethods,
    InvalidParameterError,
    StrOptions,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.validation import _check_sample_weight

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "can_reuse_listener",
    "check_sample_weight",
    "excluded_names",
    "excludes_from_weight_decay",
    "forget_listener",
    "hands_callbacks_on",
    "has_callbacks",
    "is_search",
    "metric_mode",
    "open_listener",
    "own_callbacks",
    "send",
    "stateless_optimizer_class",
    "take_rows",
    "tensorboard_profiles",
]


class Interval(_Interval):
    """scikit-learn's range of numbers, for `fractions.Fraction` too, and not for bool."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether a value is a number of this range."""
        if isinstance(val, bool | np.bool_):
            return False
        if self.type is Real and isinstance(val, Real) and not isinstance(val, Integral):
            val = float(val)
        return super().is_satisfied_by(val)


def check_sample_weight(sample_weight: Any, X: Any, dtype: Any) -> Any:
    """One finite, non-negative weight a row; ones where none are given."""
    return _check_sample_weight(
        sample_weight, X, dtype=dtype, ensure_non_negative=True, allow_all_zero_weights=True
    )


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
def backend_seeded(seed: int) -> Iterator[None]:
    """Let TensorFlow draw from a seed for a while: Keras orders the rows of arrays with it.

    What it would have drawn otherwise is put back. On other backends Keras draws from
    NumPy's generator.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    from tensorflow.python.eager import context

    own = vars(context.context())
    before = {name: own.pop(name) for name in ("_seed", "_rng") if name in own}
    context.set_global_seed(seed)
    try:
        yield
    finally:
        del own["_rng"]  # there is none before the first seed
        own.update(before)
        context.context().clear_kernel_cache()  # kernels hold seeds


def flat_caller(concrete: Any) -> Any:
    """A `tf.types.experimental.ConcreteFunction` as a function of its tensors alone.

    The public call sorts and checks its arguments anew each time, for twenty microseconds
    a tensor.

    Parameters
    ----------
    concrete : tf.types.experimental.ConcreteFunction
        Of tensors, returning a list of them.
    """

    def call(*tensors: Any) -> Any:
        return concrete.inference_fn.call_flat(*tensors, *concrete.captured_inputs)

    return call


def clear_eager_kernels() -> None:
    """Let TensorFlow forget the kernels of operations run eagerly; it makes them again."""
    import keras

    if keras.backend.backend() == "tensorflow":
        from tensorflow.python.eager import context

        context.context().clear_kernel_cache()


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
        from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
    except ImportError:  # then only draws of this kind do not follow from the random state
        yield
        return
    before = get_global_attribute(GLOBAL_SEED_GENERATOR)
    set_global_attribute(GLOBAL_SEED_GENERATOR, None)
    try:
        yield
    finally:
        set_global_attribute(GLOBAL_SEED_GENERATOR, before)


@contextlib.contextmanager
def freed_with_model(optimizer: Any) -> Iterator[None]:
    """Let what ``keras.Model.fit`` makes in TensorFlow go when its model goes.

    TensorFlow notes every generator that feeds a dataset on the thread's default graph, and
    the gradient of every sum over replicas in a list of its own, both until the process ends.
    So the fit gets a default graph of its own, and the one replica no sum.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        The model's.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    try:
        from tensorflow.python.eager.context import eager_mode
    except ImportError:  # then memory grows with the number of such fits
        yield
        return
    if tf.distribute.has_strategy():
        yield
        return
    with tf.Graph().as_default(), eager_mode(), _without_sum_over_replicas(optimizer):
        yield


@contextlib.contextmanager
def _without_sum_over_replicas(optimizer: Any) -> Iterator[None]:
    name = "_all_reduce_sum_gradients"
    if not hasattr(optimizer, name):
        yield
        return
    setattr(optimizer, name, list)  # of gradients and variables, which are the sums already
    try:
        yield
    finally:
        delattr(optimizer, name)


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


def has_callbacks(context: Any) -> bool:
    """Whether a `sklearn.callback.CallbackContext` has any callback to call.

    The context keeps them under a private name alone, and asking it is cheaper than
    going through the motions of every epoch for no one.
    """
    return bool(context._callbacks)


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


def import_scikeras() -> Any:
    """Import `scikeras.wrappers` and leave Keras as it was.

    Importing scikeras changes how Keras's models, losses, metrics and optimizers pickle,
    for the whole process.
    """
    import sys

    import keras

    if "scikeras" not in sys.modules:
        changed = {
            keras.Model: ("__reduce__", "__deepcopy__"),
            keras.losses.Loss: ("__reduce__",),
            keras.metrics.Metric: ("__reduce__",),
            keras.optimizers.Optimizer: ("__reduce__",),
        }
        before = {kind: dict(vars(kind)) for kind in changed}
        import scikeras

        for kind, names in changed.items():
            for name in names:
                if name in before[kind]:
                    setattr(kind, name, before[kind][name])
                elif name in vars(kind):
                    delattr(kind, name)
    import scikeras.wrappers

    return scikeras.wrappers


def scikeras_base_wrapper() -> Any:
    """Scikeras's `BaseWrapper`, less the tags that scikit-learn 1.6 took away.

    A class with ``_more_tags`` among its bases fails scikit-learn's checks, so this is a
    class of the same members without it.
    """
    original = import_scikeras().BaseWrapper
    left_out = ("_more_tags", "_tags", "__dict__", "__weakref__")
    members = {name: value for name, value in vars(original).items() if name not in left_out}
    return type(original.__name__, original.__bases__, members)


def route_params(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Pick the parameters routed to one destination: scikeras's rule."""
    from scikeras._utils import route_params as scikeras_route_params

    return scikeras_route_params(*args, **kwargs)


def unflatten_params(*args: Any, **kwargs: Any) -> Any:
    """Make objects from classes and their routed parameters: scikeras's rule."""
    from scikeras._utils import unflatten_params as scikeras_unflatten_params

    return scikeras_unflatten_params(*args, **kwargs)


# ``set_callbacks`` keeps the callbacks in it, and no public name reads them.
CALLBACKS_ATTRIBUTE = "_skl_callbacks"

# What scikit-learn sets on an estimator while its fit goes on.
FIT_ATTRIBUTES = ("_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx")


def own_callbacks(estimator: Any) -> list[Any]:
    """The callbacks set on an estimator; ``set_callbacks`` replaces them, and none reads them."""
    return list(getattr(estimator, CALLBACKS_ATTRIBUTE, []))


def is_search(estimator: Any) -> bool:
    """Whether an estimator is one of scikit-learn's searches, or built on their base class."""
    from sklearn.model_selection._search import BaseSearchCV  # slow to import, and not for all

    return isinstance(estimator, BaseSearchCV)


def hands_callbacks_on(search: Any) -> bool:
    """Whether a search hands its callbacks on to the candidates that it evaluates.

    One that overrides ``_run_search`` in the manner from before scikit-learn's
    callbacks (scikit-optimize's `BayesSearchCV`) does not.
    """
    return "callback_ctx" in inspect.signature(search._run_search).parameters


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

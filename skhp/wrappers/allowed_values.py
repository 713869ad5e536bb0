"""The allowed values of a wrapper's parameters and of Keras's arguments, in one table."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from skhp.fitting.allowed_values import (
    BOOLEAN,
    NONE,
    RANDOM_STATE,
    Allowed,
    any_of,
    check_value,
    float_from,
    instance_of,
    int_from,
    text,
)
from skhp.fitting.store import FitStore


def _is_frequency(value: Any) -> bool:
    if isinstance(value, list | tuple | set | range):
        return all(map(_COUNT.holds, value))
    return _COUNT.holds(value)


def _is_of(value: Any, base: type) -> bool:
    """Whether a value is an object of a class of Keras, or a subclass of that class."""
    if inspect.isclass(value):
        return issubclass(value, base) and value is not base
    return isinstance(value, base)


def _is_optimizer(value: Any) -> bool:
    return value is None or isinstance(value, str) or _is_of(value, keras.optimizers.Optimizer)


def _is_scoring(value: Any) -> bool:
    if value is None or callable(value):
        return True
    from sklearn.metrics import get_scorer_names  # it takes 50 milliseconds, and few fits need it

    return value in get_scorer_names()


def _each(is_one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Make a check that also takes None, and lists and dicts of allowed values."""

    def check(value: Any) -> bool:
        if isinstance(value, Mapping):
            return all(map(check, value.values()))
        if isinstance(value, list | tuple):
            return all(map(check, value))
        return value is None or is_one(value)

    return check


def _is_loss(value: Any) -> bool:
    if inspect.isclass(value):
        return value is not keras.losses.Loss
    return isinstance(value, str) or callable(value)


def _is_metric(value: Any) -> bool:
    if inspect.isclass(value):
        return value is not keras.metrics.Metric
    return isinstance(value, str | keras.metrics.Metric) or callable(value)


def _is_callback(value: Any) -> bool:
    if inspect.isclass(value):
        return issubclass(value, keras.callbacks.Callback)
    return isinstance(value, keras.callbacks.Callback)


def _in_words(words: str, *kinds: Allowed) -> Allowed:
    """What one of several kinds allows, with other words in errors."""
    return Allowed(any_of(*kinds).holds, words)


_FLAG = _in_words("True or False", BOOLEAN)
_COUNT = _in_words("an int of at least 1", int_from(1))
_COUNT_OR_NONE = _in_words("an int of at least 1, or None", int_from(1), NONE)
_BATCH_SIZE = _in_words(
    "an int of at least 1, None, or -1 for all rows", int_from(1), int_from(-1, -1), NONE
)
_METRICS = Allowed(
    _each(_is_metric),
    "a name, function, keras.metrics.Metric or subclass of it, a list or dict of them, or None",
)

_ALLOWED: dict[str, Allowed] = {
    "warm_start": _FLAG,
    "random_state": _in_words(
        "an int from 0 to 2**32 - 1, a RandomState, a Generator, or None",
        RANDOM_STATE, instance_of(np.random.Generator),
    ),
    "optimizer": Allowed(
        _is_optimizer, "a name, a keras.optimizers.Optimizer or subclass of it, or None"
    ),
    "loss": Allowed(
        _each(_is_loss),
        "a name, function, keras.losses.Loss or subclass of it, a list or dict of them, or None",
    ),
    "metrics": _METRICS,
    "weighted_metrics": _METRICS,
    "batch_size": _BATCH_SIZE,
    "validation_batch_size": _BATCH_SIZE,
    "verbose": _in_words(
        "0, 1, 2, 'auto', True or False", int_from(0, 2), text("auto"), BOOLEAN
    ),
    "callbacks": Allowed(
        _each(_is_callback),
        "a keras.callbacks.Callback or subclass of it, a list or dict of them, or None "
        "(scikit-learn's callbacks, such as skhp.callback.LearningCurves, go to set_callbacks)",
    ),
    "validation_split": _in_words("a float of at least 0 and less than 1", float_from(0, 1)),
    "shuffle": _FLAG,
    "run_eagerly": _FLAG,
    "epochs": _COUNT,
    "scoring": Allowed(
        _is_scoring,
        "a name in sklearn.metrics.get_scorer_names(), a callable scorer(estimator, X, y) or None "
        "(an argument of the model-building function is set with model__scoring)",
    ),
    "max_seconds": _in_words(
        "a number greater than 0, or None (an argument of the model-building function is set "
        "with model__max_seconds)",
        float_from(0, low_included=False), NONE,
    ),
    "memory": _in_words(
        "a path, a skhp.search.FitStore or None (an argument of the model-building function "
        "is set with model__memory)",
        instance_of(str), instance_of(os.PathLike), instance_of(FitStore), NONE,
    ),
    "class_weight": _in_words(
        "a dict of label to weight, a list of dicts, 'balanced' or None",
        text("balanced"), instance_of(Mapping), instance_of(list), instance_of(tuple), NONE,
    ),
    "initial_epoch": _in_words("an int of at least 0", int_from(0)),
    "steps_per_epoch": _COUNT_OR_NONE,
    "validation_steps": _COUNT_OR_NONE,
    "validation_freq": Allowed(_is_frequency, "an int of at least 1, or a list of epochs"),
    "steps": _COUNT_OR_NONE,
    "steps_per_execution": _COUNT,
}  # fmt: skip


def check_parameter(name: str, value: Any, estimator: str, label: str | None = None) -> None:
    """Raise an error if a parameter cannot have a value.

    Parameters
    ----------
    name : str
        The parameter. One without an entry in the table may have any value.
    value : object
    estimator : str
        Name of the estimator's class.
    label : str, optional
        What the error calls the parameter. Its name by default.

    Examples
    --------
    >>> check_parameter("epochs", 0, "KerasClassifier")
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: The 'epochs' parameter of ...
    """
    if name in _ALLOWED:
        check_value(label or name, value, _ALLOWED[name], estimator)

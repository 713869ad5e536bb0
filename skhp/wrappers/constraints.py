"""The allowed values of a wrapper's parameters and of Keras's arguments, in one table."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import keras
import numpy as np

from skhp.compat.sklearn import InvalidParameterError
from skhp.fitting.store import FitStore

Check = tuple[Callable[[Any], bool], str]


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_int(value: Any, low: int, high: float = np.inf) -> bool:
    return isinstance(value, Integral) and not _is_flag(value) and low <= int(value) <= high


def _is_count(value: Any) -> bool:
    return _is_int(value, 1)


def _is_count_or_none(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_batch_size(value: Any) -> bool:
    return _is_count_or_none(value) or (_is_int(value, -1) and int(value) == -1)


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and not _is_flag(value) and 0 <= float(value) < 1


def _is_duration(value: Any) -> bool:
    is_number = isinstance(value, Real) and not _is_flag(value)
    return value is None or (is_number and 0 < float(value) < np.inf)


def _is_random_state(value: Any) -> bool:
    generators = (np.random.RandomState, np.random.Generator)
    return value is None or isinstance(value, generators) or _is_int(value, 0, 2**32 - 1)


def _is_verbose(value: Any) -> bool:
    return _is_flag(value) or _is_int(value, 0, 2) or (isinstance(value, str) and value == "auto")


def _is_frequency(value: Any) -> bool:
    if isinstance(value, list | tuple | set | range):
        return all(_is_count(item) for item in value)
    return _is_count(value)


def _is_of(value: Any, base: type) -> bool:
    """Whether a value is an object of a class of Keras, or a subclass of that class."""
    if inspect.isclass(value):
        return issubclass(value, base) and value is not base
    return isinstance(value, base)


def _is_optimizer(value: Any) -> bool:
    return value is None or isinstance(value, str) or _is_of(value, keras.optimizers.Optimizer)


def _is_memory(value: Any) -> bool:
    return value is None or isinstance(value, str | os.PathLike | FitStore)


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


def _is_class_weight(value: Any) -> bool:
    if isinstance(value, str):
        return value == "balanced"
    return value is None or isinstance(value, Mapping | list | tuple)


_FLAG: Check = (_is_flag, "True or False")
_COUNT: Check = (_is_count, "an int of at least 1")
_COUNT_OR_NONE: Check = (_is_count_or_none, "an int of at least 1, or None")
_BATCH_SIZE: Check = (_is_batch_size, "an int of at least 1, None, or -1 for all rows")
_METRICS: Check = (
    _each(_is_metric),
    "a name, function, keras.metrics.Metric or subclass of it, a list or dict of them, or None",
)

CHECKS: dict[str, Check] = {
    "warm_start": _FLAG,
    "random_state": (
        _is_random_state,
        "an int from 0 to 2**32 - 1, a RandomState, a Generator, or None",
    ),
    "optimizer": (
        _is_optimizer,
        "a name, a keras.optimizers.Optimizer or subclass of it, or None",
    ),
    "loss": (
        _each(_is_loss),
        "a name, function, keras.losses.Loss or subclass of it, a list or dict of them, or None",
    ),
    "metrics": _METRICS,
    "weighted_metrics": _METRICS,
    "batch_size": _BATCH_SIZE,
    "validation_batch_size": _BATCH_SIZE,
    "verbose": (_is_verbose, "0, 1, 2, 'auto', True or False"),
    "callbacks": (
        _each(_is_callback),
        "a keras.callbacks.Callback or subclass of it, a list or dict of them, or None "
        "(scikit-learn's callbacks, such as skhp.callback.LearningCurves, go to set_callbacks)",
    ),
    "validation_split": (_is_share, "a float of at least 0 and less than 1"),
    "shuffle": _FLAG,
    "run_eagerly": _FLAG,
    "epochs": _COUNT,
    "scoring": (
        _is_scoring,
        "a name in sklearn.metrics.get_scorer_names(), a callable scorer(estimator, X, y) or None "
        "(an argument of the model-building function is set with model__scoring)",
    ),
    "max_seconds": (
        _is_duration,
        "a number greater than 0, or None (an argument of the model-building function is set "
        "with model__max_seconds)",
    ),
    "memory": (
        _is_memory,
        "a path, a skhp.search.FitStore or None (an argument of the model-building function "
        "is set with model__memory)",
    ),
    "class_weight": (_is_class_weight, "a dict of label to weight, a list of dicts, 'balanced' "
                                       "or None"),
    "initial_epoch": (functools.partial(_is_int, low=0), "an int of at least 0"),
    "steps_per_epoch": _COUNT_OR_NONE,
    "validation_steps": _COUNT_OR_NONE,
    "validation_freq": (_is_frequency, "an int of at least 1, or a list of epochs"),
    "steps": _COUNT_OR_NONE,
    "steps_per_execution": _COUNT,
}  # fmt: skip


def check_value(name: str, value: Any, estimator: str, label: str | None = None) -> None:
    """Raise an error if a parameter cannot have a value.

    Parameters
    ----------
    name : str
        A name in `CHECKS`. No other parameter is checked.
    value : object
    estimator : str
        Name of the estimator's class.
    label : str, optional
        What the error calls the parameter. Its name by default.

    Examples
    --------
    >>> check_value("epochs", 0, "KerasClassifier")
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: The 'epochs' parameter of ...
    """
    if name not in CHECKS:
        return
    is_allowed, allowed = CHECKS[name]
    if not is_allowed(value):
        raise InvalidParameterError(
            f"The {label or name!r} parameter of {estimator} must be {allowed}. Got {value!r} "
            "instead."
        )

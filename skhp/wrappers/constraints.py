"""The allowed values of a wrapper's parameters and of Keras's arguments, in one table."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import keras
import numpy as np

from skhp.compat.sklearn import InvalidParameterError

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


def check_arguments(method: str, arguments: Mapping[str, Any], estimator: str) -> None:
    """Check the names and the values of the arguments for a method of ``keras.Model``.

    Parameters
    ----------
    method : {"fit", "predict", "compile"}
    arguments : mapping of str to object
    estimator : str
        Name of the estimator's class.

    Raises
    ------
    TypeError
        If the method has no such argument.
    """
    known = _names_of(method)
    for name, value in arguments.items():
        if name not in known:
            raise TypeError(
                f"{estimator}: keras.Model.{method} has no argument {name!r}."
                f"{_hint(name, known)} It has {', '.join(sorted(known))}."
            )
        check_value(name, value, estimator)
        if name == "callbacks":
            _check_are_objects(value, estimator)


def _check_are_objects(callbacks: Any, estimator: str) -> None:
    """Raise an error if a callback is a class. Only the constructor takes classes."""
    for callback in keras.tree.flatten(callbacks):
        if inspect.isclass(callback):
            raise InvalidParameterError(
                f"{estimator}: callbacks for a method must be objects. Got the class "
                f"{callback.__name__}. Give {callback.__name__}(...), or pass the class to the "
                "constructor."
            )


@functools.cache
def _names_of(method: str) -> frozenset[str]:
    names = inspect.signature(getattr(keras.Model, method)).parameters
    return frozenset(names) - {"self", "x", "y", "sample_weight"}


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def check_parameters(params: Mapping[str, Any], own: Iterable[str], estimator: str) -> None:
    """Check all parameters of a wrapper.

    Parameters
    ----------
    params : mapping of str to object
        As ``get_params`` returns them.
    own : iterable of str
        Names of the estimator's own parameters. An argument of the builder may have the
        same name as an argument of Keras, and another meaning.
    estimator : str
        Name of the estimator's class.

    Raises
    ------
    ValueError, TypeError
        If a value is not allowed. The error names the parameter, its value and what is allowed.
    """
    known = {*own}
    for name, value in params.items():
        prefix, _, rest = name.partition("__")
        if not rest and name in known:
            check_value(name, value, estimator)
        elif prefix in ("fit", "predict", "compile") and "__" not in rest:
            _check_routed(prefix, rest, value, estimator)
    for kind in ("optimizer", "loss", "metrics", "callbacks"):
        _check_settings(kind, params)
    for prefix in ("fit", "predict"):
        _check_settings(f"{prefix}__callbacks", params)
    _check_learning_rate(params, estimator)


def check_score_settings(params: Mapping[str, Any], kind: type) -> None:
    """Check parameters with the prefix ``score__``, the settings of the ``scorer``.

    Parameters
    ----------
    params : mapping of str to object
    kind : type
        The estimator's class. The class that defines the ``scorer`` may list the settings
        in ``_score_settings``. Otherwise they are the arguments of the scorer.
    """
    owner = next(k for k in kind.__mro__ if "scorer" in vars(k))
    scorer: Any = inspect.getattr_static(kind, "scorer")
    parameters = inspect.signature(getattr(scorer, "__func__", scorer)).parameters.values()
    known = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    takes_anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = {*known, *vars(owner).get("_score_settings", ())} - {"self", "y_true", "y_pred"}
    if takes_anything and "_score_settings" not in vars(owner):
        return
    for name in params:
        prefix, _, setting = name.partition("__")
        if prefix == "score" and setting and setting not in known:
            raise TypeError(
                f"Invalid parameter {name!r} for {kind.__name__}: its scorer has no argument "
                f"{setting!r}. It has {', '.join(sorted(known)) or 'none'}."
            )


def _check_routed(method: str, name: str, value: Any, estimator: str) -> None:
    known = _names_of(method)
    if name not in known:
        raise TypeError(
            f"Invalid parameter '{method}__{name}' for {estimator}: keras.Model.{method} has no "
            f"argument {name!r}.{_hint(name, known)} It has {', '.join(sorted(known))}."
        )
    check_value(name, value, estimator, f"{method}__{name}")


def _check_settings(kind: str, params: Mapping[str, Any]) -> None:
    """Raise an error if settings with a prefix have no class to make an object of."""
    settings = {n: v for n, v in params.items() if n.startswith(f"{kind}__")}
    if not settings:
        return
    value = params.get(kind)
    shown = ", ".join(f"{name}={v!r}" for name, v in settings.items())
    if value is None:
        if kind.endswith("callbacks"):  # the others are checked when the model is compiled
            raise ValueError(no_part(kind, settings))
        return
    is_made = not isinstance(value, str | list | tuple | Mapping) and not inspect.isclass(value)
    if is_made:
        raise ValueError(
            f"{shown} cannot be set on {kind}={value!r}, because that is an object, which has its "
            f"settings already. Pass a class or a name in {kind}, such as {_example(value)}, or "
            "make the object with these settings."
        )


def no_part(kind: str, settings: Mapping[str, Any]) -> str:
    """The error message for settings of an optimizer, loss, ... that is None.

    Parameters
    ----------
    kind : str
        The parameter that is None.
    settings : mapping of str to object
        Parameters with its prefix.
    """
    shown = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    return f"{shown} has no {kind} to go to: {kind}=None. Pass {kind} too, or leave it out."


def _example(value: Any) -> str:
    return getattr(value, "__name__", None) or type(value).__name__


def _check_learning_rate(params: Mapping[str, Any], estimator: str) -> None:
    name = "optimizer__learning_rate"
    value = params.get(name)
    if value is None or callable(value) or isinstance(value, Mapping):  # a schedule
        return
    is_number = isinstance(value, Real) and not _is_flag(value)
    if not is_number or not np.isfinite(float(value)) or float(value) < 0:
        raise InvalidParameterError(
            f"The {name!r} parameter of {estimator} must be a finite number of at least 0, or a "
            f"keras.optimizers.schedules.LearningRateSchedule. Got {value!r} instead."
        )

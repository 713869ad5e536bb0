"""Checks of all parameters of a wrapper, before a fit."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from skhp.compat.sklearn import InvalidParameterError
from skhp.fitting.allowed_values import Allowed, check_value, float_from
from skhp.keras_objects.similar_names import did_you_mean
from skhp.wrappers.allowed_values import check_parameter
from skhp.wrappers.parameters import KERAS_ARGUMENTS


def check_estimator(
    estimator: Any, params: Mapping[str, Any], arguments: Mapping[str, Any]
) -> None:
    """Check the parameters of a wrapper, and the arguments of one call of ``fit``.

    Parameters
    ----------
    estimator : BaseWrapper
    params : mapping of str to object
        Its parameters, as ``get_params`` returns them.
    arguments : mapping of str to object
        Arguments of ``keras.Model.fit``.

    Raises
    ------
    ValueError, TypeError
        If a value is not allowed. The error names the parameter, its value and what is allowed.
    """
    name = type(estimator).__name__
    builder = estimator._builder_if_any()
    # An argument of the builder may have the name of one of Keras's, and another meaning.
    own = KERAS_ARGUMENTS.difference(builder.names if builder else ())
    check_parameters(params, [*estimator._get_param_names(), *own], name)
    check_score_settings(params, type(estimator))
    check_arguments("fit", arguments, name)


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
                f"{did_you_mean(name, known)} It has {', '.join(sorted(known))}."
            )
        check_parameter(name, value, estimator)
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


def check_parameters(params: Mapping[str, Any], own: Iterable[str], estimator: str) -> None:
    """Check all parameters of a wrapper.

    Parameters
    ----------
    params : mapping of str to object
        As ``get_params`` returns them.
    own : iterable of str
        Names of those without a prefix to check.
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
            check_parameter(name, value, estimator)
        elif prefix in ("model", "compile", "fit", "predict") and "__" in rest:
            _check_takes_settings(prefix, rest, estimator)
        elif prefix in ("fit", "predict", "compile"):
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
            f"argument {name!r}.{did_you_mean(name, known)} It has {', '.join(sorted(known))}."
        )
    check_parameter(name, value, estimator, f"{method}__{name}")


def _check_takes_settings(prefix: str, rest: str, estimator: str) -> None:
    """Raise an error if a parameter with two prefixes would be ignored."""
    part = rest.partition("__")[0]
    if prefix in ("fit", "predict") and part == "callbacks":
        return
    takes = ("optimizer", "loss", "metrics", "callbacks")
    way_out = f"Use {rest!r}." if part in takes else f"Settings are for {', '.join(takes)}."
    raise TypeError(
        f"Invalid parameter '{prefix}__{rest}' for {estimator}: '{prefix}__{part}' takes no "
        f"settings. {way_out}"
    )


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
    check_value(name, value, _RATE, estimator)


_RATE = Allowed(
    float_from(0).holds,
    "a finite number of at least 0, or a keras.optimizers.schedules.LearningRateSchedule",
)

"""Settings of ``compile`` that a compiled model would ignore: an error names them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from skhp.compat.keras import compile_arguments
from skhp.wrappers.builder import Builder
from skhp.wrappers.compile_arguments import compile_arguments_from

_PREFIXES = ("optimizer__", "loss__", "metrics__", "compile__")
_DEFAULTS = {"optimizer": "rmsprop", "run_eagerly": False}


def check_settings_are_used(estimator: Any, params: Mapping[str, Any], model: Any) -> None:
    """Raise an error if a compiled model ignores parameters of its estimator.

    Parameters
    ----------
    estimator : BaseWrapper
    params : mapping of str to object
        Its parameters.
    model : keras.Model
        As the builder returned it, or as given.

    Raises
    ------
    ValueError
        With the names of the parameters and the ways to make the model use them.
    """
    builder = estimator._builder_if_any()
    if not model.compiled or _reads_settings(estimator, builder):
        return
    ignored = [name for name in params if _is_set(name, params) and not _holds(name, params, model)]
    if not ignored:
        return
    label = estimator._label()
    shown = ", ".join(f"{name}={params[name]!r}" for name in sorted(ignored))
    raise ValueError(
        f"{shown} would be ignored: the model of {label} is compiled already and does not read "
        f"{'it' if len(ignored) == 1 else 'them'}. {_ways_out(builder, ignored)}"
    )


def _reads_settings(estimator: Any, builder: Builder | None) -> bool:
    return builder is not None and (
        builder.takes("compile_kwargs")
        or builder.takes("params")
        # A method of the estimator may read its attributes.
        or isinstance(getattr(builder.function, "__self__", None), type(estimator))
    )


def _is_set(name: str, params: Mapping[str, Any]) -> bool:
    if name.startswith(_PREFIXES):
        return True
    if name == "optimizer":
        value = params[name]
        return value is not None and not (isinstance(value, str) and value == _DEFAULTS[name])
    if name in ("metrics", "loss_weights", "weighted_metrics", "run_eagerly"):
        return params[name] not in (None, False)
    return False


def _holds(name: str, params: Mapping[str, Any], model: Any) -> bool:
    """Whether the model was compiled as the parameter says."""
    if name == "optimizer":
        routed = [n for n in params if n.startswith("optimizer__")]
        return not routed and _same_optimizer(params, model.optimizer)
    if name == "run_eagerly":
        return bool(model.run_eagerly)
    if name in ("metrics", "loss_weights", "weighted_metrics"):
        return bool(compile_arguments(model)[name] == params[name])
    return False


def _same_optimizer(params: Mapping[str, Any], compiled: Any) -> bool:
    given = compile_arguments_from(params)["optimizer"]
    if isinstance(given, Mapping):
        given = keras.optimizers.get(given)
    if inspect.isclass(given) or type(given) is not type(compiled):
        return False
    configs = [{**o.get_config(), "name": None} for o in (given, compiled)]
    return configs[0] == configs[1]


def _ways_out(builder: Builder | None, ignored: list[str]) -> str:
    if builder is None:
        return "Give a model that is not compiled, and the estimator compiles it."
    name = f"{builder.label}()"
    own = [n.partition("__")[0] for n in ignored if n.partition("__")[0] in builder.names]
    argument = f" To set the argument {own[0]!r} of {name}, use model__{own[0]}." if own else ""
    return (
        f"Let {name} take an argument compile_kwargs and call model.compile(**compile_kwargs), or "
        f"let it return the model uncompiled, and the estimator compiles it.{argument}"
    )

"""The arguments of ``keras.Model.compile``, from an estimator's parameters."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from skhp.compat.keras import fresh_metric_names
from skhp.keras_objects.catalogue import history_names, look_up
from skhp.keras_objects.copying import copied
from skhp.wrappers.parameter_checks import no_part
from skhp.wrappers.routing import make_objects, route_params

_COMPILE = {"optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly"}

# Keras chooses the function for these names by the shapes of targets and outputs.
_LEFT_TO_KERAS = ("acc", "accuracy", "ce", "crossentropy")


def compile_arguments_from(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments to call ``compile`` with.

    Parameters
    ----------
    params : mapping of str to object
        Parameters of the estimator. A setting such as ``optimizer__learning_rate=0.1`` goes
        to the class that ``optimizer`` names.

    Returns
    -------
    dict
    """
    with fresh_metric_names():
        return _compile_arguments(params)


def _compile_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    arguments = route_params(params, "compile", also=_COMPILE)
    for kind, to_class in _CLASSES.items():
        routed = route_params(params, kind)
        if routed and arguments.get(kind) is None:
            raise ValueError(no_part(kind, {f"{kind}__{n}": v for n, v in routed.items()}))
        try:
            arguments[kind] = _made(arguments.get(kind), to_class, routed)
        except (TypeError, ValueError) as error:
            if not routed:
                raise
            shown = ", ".join(f"{kind}__{name}={value!r}" for name, value in routed.items())
            raise type(error)(
                f"{shown} cannot be set on {kind}={params[kind]!r}: {error}"
            ) from error
    metrics = arguments["metrics"]
    if metrics is not None and not isinstance(metrics, dict | list | tuple):
        arguments["metrics"] = [metrics]
    return arguments


def _made(value: Any, to_class: Callable[[Any], Any], routed: dict[str, Any]) -> Any:
    made = make_objects(_converted(value, to_class, bool(routed)), routed)
    # Only these may belong to another model. What was made here has no model yet.
    of_user = set(map(id, keras.tree.flatten(value)))
    own = keras.tree.map_structure(lambda o: _copied(o) if id(o) in of_user else o, made)
    metrics = [part for part in keras.tree.flatten(own) if isinstance(part, keras.metrics.Metric)]
    for metric, name in zip(metrics, history_names(metrics), strict=True):
        metric.name = name
    return own


def _copied(value: Any) -> Any:
    """A copy of an optimizer or metric: its variables belong to one model."""
    if isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        with contextlib.suppress(TypeError):  # it has no config
            return copied(value)
    return value


def _converted(value: Any, to_class: Callable[..., Any], routed: bool) -> Any:
    if isinstance(value, str):
        return to_class(value, routed)
    if isinstance(value, list | tuple):
        return type(value)(_converted(item, to_class, routed) for item in value)
    if isinstance(value, Mapping):
        return {key: _converted(item, to_class, routed) for key, item in value.items()}
    return value


def _optimizer_class(name: str, routed: bool) -> Any:
    return type(look_up("optimizer", name).value)


def _loss_class(name: str, routed: bool) -> Any:
    # Without settings, keep the name: Keras then reports and saves the loss under it.
    return _class_named(keras.losses, keras.losses.Loss, name) if routed else _known("loss", name)


def _metric_class(name: str, routed: bool) -> Any:
    if name in _LEFT_TO_KERAS:
        return name
    if routed:
        return _class_named(keras.metrics, keras.metrics.Metric, name)
    return _known("metrics", name)


def _known(kind: str, name: str) -> str:
    look_up(kind, name)
    return name


def _class_named(module: Any, base: type, name: str) -> Any:
    """Find a class of Keras by its name, in any spelling."""
    found = module.get(name)
    if inspect.isclass(found):
        return found
    if isinstance(found, base) and type(found).__name__ != "LossFunctionWrapper":
        return type(found)
    wanted = getattr(found, "__name__", name).replace("_", "").lower()
    for label, value in vars(module).items():
        if inspect.isclass(value) and issubclass(value, base) and label.lower() == wanted:
            return value
    return found


_CLASSES: dict[str, Callable[..., Any]] = {
    "optimizer": _optimizer_class,
    "loss": _loss_class,
    "metrics": _metric_class,
}

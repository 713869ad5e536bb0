"""Find the Keras object (activation, optimizer, loss, ...) that a user names or passes.

A looked-up object carries a hashable token of what it is, so that two estimators with
equal settings share a compiled program, even if they were unpickled in different processes.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from skhp import runtime
from skhp.keras_objects.fingerprint import NotEstablished, fingerprint, is_keras_own
from skhp.keras_objects.keras_object import KerasObject
from skhp.keras_objects.similar_names import did_you_mean, suggestion

runtime.start()

import keras  # noqa: E402


def _is_kind(base: type) -> Callable[[Any], bool]:
    return lambda value: inspect.isclass(value) and issubclass(value, base) and value is not base


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value)


# kind -> (module of Keras, which of its members may be chosen, exceptions among them)
_CATALOGUE: dict[str, tuple[Any, Callable[[Any], bool], frozenset[str]]] = {
    "activation": (
        keras.activations,
        _is_function,
        frozenset({"get", "serialize", "deserialize"}),
    ),
    "optimizer": (
        keras.optimizers,
        _is_kind(keras.optimizers.Optimizer),
        frozenset({"LossScaleOptimizer", "MultiOptimizer", "Optimizer"}),
    ),
    "loss": (
        keras.losses,
        lambda value: _is_function(value) or _is_kind(keras.losses.Loss)(value),
        frozenset({"get", "serialize", "deserialize", "CTC", "ctc"}),
    ),
    "kernel_initializer": (
        keras.initializers,
        _is_kind(keras.initializers.Initializer),
        # The name of a constant does not give its value. STFT needs other shapes than a kernel's.
        frozenset({"Initializer", "IdentityInitializer", "OrthogonalInitializer"})
        | {"Constant", "constant", "STFT", "STFTInitializer", "stft"},
    ),
    "metrics": (
        keras.metrics,
        lambda value: _is_function(value) or _is_kind(keras.metrics.Metric)(value),
        frozenset({"get", "serialize", "deserialize", "MeanMetricWrapper"}),
    ),
}


_BASES = (
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.initializers.Initializer,
    keras.optimizers.Optimizer,
    keras.layers.Layer,
)

_LISTS_OF_FUNCTIONS = (keras.activations, keras.losses, keras.metrics)


def known_names(kind: str) -> list[str]:
    """Names that Keras knows for a kind of object.

    Parameters
    ----------
    kind : {"activation", "optimizer", "loss", "kernel_initializer", "metrics"}
        The constructor parameter that takes it.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    module, is_choice, left_out = _CATALOGUE[kind]
    names = [n for n, v in vars(module).items() if is_choice(v) and n not in left_out]
    if kind == "optimizer":
        names = [name.lower() for name in names]
    return sorted({snake_case(name) for name in names})


def look_up(kind: str, identifier: Any) -> KerasObject:
    """Find a Keras object by its name, or take the one given.

    Parameters
    ----------
    kind : {"activation", "optimizer", "loss", "kernel_initializer", "metrics"}
        The constructor parameter that takes it.
    identifier : str, object or type
        What the user gave.

    Returns
    -------
    KerasObject

    Raises
    ------
    ValueError
        If Keras knows nothing of that name; the error lists the names it knows.
    TypeError
        If the value is neither a name nor something Keras takes in its place.
    """
    is_keras_name = isinstance(identifier, str) and identifier in _names_of(kind)
    return _look_up_name(kind, identifier) if is_keras_name else _find(kind, identifier)


@functools.cache
def _names_of(kind: str) -> frozenset[str]:
    return frozenset(known_names(kind))


@functools.cache
def _look_up_name(kind: str, name: str) -> KerasObject:
    return _find(kind, name)


def _find(kind: str, identifier: Any) -> KerasObject:
    value = _of_keras(kind, identifier)
    if value is None and isinstance(identifier, str):
        value = _unlisted(kind, identifier)
    if value is None or isinstance(value, str):
        raise _not_found(kind, identifier)
    if type(value) in _BASES:
        raise TypeError(
            f"{kind} is {type(value).__name__}, the base class of Keras, which computes nothing. "
            f"Give one of its subclasses, or a name: {', '.join(known_names(kind))}."
        )
    found = _described(value)
    if isinstance(identifier, str) and identifier in _names_of(kind):
        return replace(found, choice=(kind, identifier))
    if found.name is not None and _of_keras(kind, found.name) is value:
        return replace(found, choice=(kind, found.name))
    return found


def _of_keras(kind: str, identifier: Any) -> Any:
    module, _, left_out = _CATALOGUE[kind]
    if isinstance(identifier, str) and identifier in left_out:
        return None
    try:
        return module.get(identifier)
    except (ValueError, TypeError, KeyError):
        return None


def _unlisted(kind: str, name: str) -> Any:
    # Keras's own look-up does not find all that Keras has (Lamb).
    module, is_choice, left_out = _CATALOGUE[kind]
    members = sorted(vars(module).items(), key=lambda item: not inspect.isclass(item[1]))
    for member, value in members:
        plain = member.lower() if kind == "optimizer" else snake_case(member)
        if plain == name and is_choice(value) and member not in left_out:
            return value() if inspect.isclass(value) else value
    return None


# Names in scikit-learn's perceptrons -> the same function in Keras.
_SYNONYMS = {"logistic": ["sigmoid"], "identity": ["linear"]}


def _not_found(kind: str, identifier: Any) -> Exception:
    if not isinstance(identifier, str):
        return TypeError(
            f"{kind} must be a name that Keras knows, or a Keras object or function of "
            f"that kind. Got {identifier!r} of type {type(identifier).__name__}. "
            f"Names: {', '.join(known_names(kind))}."
        )
    name, known = identifier.lower(), known_names(kind)
    hint = suggestion(_SYNONYMS[name]) if name in _SYNONYMS else did_you_mean(name, known)
    return ValueError(
        f"Unknown {kind} {identifier!r}.{hint} Keras knows: "
        f"{', '.join(known)}. Your own function or object may be passed "
        "in place of a name."
    )


def token_of(value: Any) -> Hashable:
    """A hashable token of a Keras object, equal only for objects that compute the same.

    Parameters
    ----------
    value : object
        A Keras object, or the user's own function or object.

    Returns
    -------
    hashable
        The name for Keras's own functions, a name and a fingerprint for everything else.

    Raises
    ------
    skhp.keras_objects.fingerprint.NotEstablished
        If it is not known whether another object computes the same.
    """
    if inspect.isfunction(value) and is_keras_own(value):
        # keras.ops has functions of the same names that compute something else.
        listed = any(getattr(m, value.__name__, None) is value for m in _LISTS_OF_FUNCTIONS)
        return value.__name__ if listed else (value.__module__, value.__qualname__)
    name = getattr(value, "__name__", type(value).__name__)
    return (name, fingerprint(value))  # only Keras's functions have a name as token


def history_names(metrics: Sequence[Any]) -> list[str]:
    """The names under which metrics made by the user are recorded.

    Keras adds a number to names that it has given before in this process. A metric that is
    the only one of its class here gets the name without a number.

    Parameters
    ----------
    metrics : sequence of keras.metrics.Metric

    Returns
    -------
    list of str
        In the order of the metrics.
    """
    kinds = [type(metric) for metric in metrics]
    names = []
    for metric in metrics:
        plain = re.sub(r"_\d+$", "", metric.name)
        is_given = plain.replace("_", "") != type(metric).__name__.lower()
        names.append(metric.name if is_given or kinds.count(type(metric)) > 1 else plain)
    return names


def _described(value: Any) -> KerasObject:
    try:
        return KerasObject(token_of(value), value)
    except NotEstablished as error:
        name = getattr(value, "__name__", type(value).__name__)
        return KerasObject(("not established", name), value, f"{name} {error}")


def snake_case(name: str) -> str:
    """Keras's function name for a class name: "BinaryFocalCrossentropy" and the like."""
    if name.islower():
        return name
    separated = "".join(
        "_" + c if c.isupper() and i and (name[i - 1].islower() or name[i + 1 : i + 2].islower())
        else c
        for i, c in enumerate(name)
    )  # fmt: skip
    return separated.lower()

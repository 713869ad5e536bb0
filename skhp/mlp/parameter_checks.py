"""Checks of constructor parameters that the table of allowed values cannot express."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

# Keras itself makes an instance of a class given as loss, metric or kernel initializer.
_INSTANCES_ONLY = ("activation", "learning_rate", "optimizer", "callbacks")


def refuse_callbacks_of_sklearn(callbacks: Any) -> None:
    """Refuse a scikit-learn callback in ``callbacks``, which takes Keras callbacks.

    Parameters
    ----------
    callbacks : object
        The constructor parameter.

    Raises
    ------
    TypeError
        The message names the method that takes it.
    """
    for one in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        if hasattr(one, "on_fit_task_end"):
            name = type(one).__name__
            raise TypeError(
                f"callbacks must hold keras.callbacks.Callback instances. Got a {name}, which is "
                f"a scikit-learn callback. Set it with set_callbacks({name}(...)), on this "
                "estimator or on the search."
            )


def check_instances(params: Mapping[str, Any]) -> None:
    """Refuse a class where an instance is needed.

    Parameters
    ----------
    params : mapping
        Of the estimator.

    Raises
    ------
    TypeError
        If activation, learning_rate, optimizer or one of the callbacks is a class.

    Examples
    --------
    >>> class Adam: ...
    >>> check_instances(dict.fromkeys(("activation", "learning_rate", "callbacks"))
    ...                 | {"optimizer": Adam})
    Traceback (most recent call last):
        ...
    TypeError: optimizer is the class Adam. Give an instance: optimizer=Adam(...).
    """
    for name in _INSTANCES_ONLY:
        value = params[name]
        for one in value if isinstance(value, list | tuple) else [value]:
            if inspect.isclass(one):
                example = f"{one.__name__}(...)"
                example = f"[{example}]" if name == "callbacks" else example
                raise TypeError(
                    f"{name} is the class {one.__name__}. Give an instance: {name}={example}."
                )


def check_precision(params: Mapping[str, Any], floatx: str) -> None:
    """Refuse numbers that Keras's float type cannot hold.

    Parameters
    ----------
    params : mapping
        Of the estimator.
    floatx : str
        Keras's float type.

    Raises
    ------
    ValueError
        If one becomes infinite, a learning rate becomes 0, or a dropout rate becomes 1.
    """
    for name in ("learning_rate", "l2", "weight_decay", "dropout"):
        if not isinstance(params[name], Real):
            continue
        with np.errstate(over="ignore", under="ignore"):
            number = float(np.asarray(float(params[name]), floatx))
        wrong = {"learning_rate": 0.0, "dropout": 1.0}.get(name)
        if not np.isfinite(number) or number == wrong:
            raise ValueError(
                f"{name}={params[name]!r} becomes {number} in {floatx}, the float type that the "
                f"network is trained in. Give a {'smaller' if number else 'larger'} number."
            )


def check_class_weight(class_weight: Any, multilabel: bool) -> None:
    """Refuse class weights that are not finite numbers of zero or more.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
    multilabel : bool
        Whether y has several labels per row.

    Raises
    ------
    ValueError
        If a weight is negative, infinite, NaN or not a number, or if multilabel targets
        do not get a list, or other targets do.
    """
    if class_weight is None or isinstance(class_weight, str):
        return
    if isinstance(class_weight, list) != multilabel:
        expected = "a list with one dict per label" if multilabel else "one dict"
        raise ValueError(
            f"class_weight must be {expected}, or 'balanced', for y of this kind. "
            f"Got {class_weight!r}."
        )
    for weights in class_weight if multilabel else [class_weight]:
        if not isinstance(weights, dict):
            raise ValueError(
                f"class_weight must be a list with one dict per label. Got {weights!r}."
            )
        for label, weight in weights.items():
            if not isinstance(weight, Real) or not 0 <= float(weight) < np.inf:
                raise ValueError(
                    f"class_weight must hold finite numbers of zero or more. Got {weight!r} "
                    f"for class {label!r}."
                )

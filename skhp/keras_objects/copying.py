"""Copies of Keras objects within a process, for scikit-learn's `clone`.

Keras's own deep copy finds a class of the user's only if it is registered, and it loses
attributes that no config holds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from skhp.compat.keras import config_with_function, excluded_names
from skhp.keras_objects.loaded_keras import is_keras
from skhp.keras_objects.own_attributes import own_attributes, set_attributes
from skhp.keras_objects.storage import copy_model, optimizer_config
from skhp.keras_objects.value_walk import PLAIN


def copied(value: Any) -> Any:
    """A copy of a Keras object.

    Parameters
    ----------
    value : keras.Layer, keras.Loss, keras.Metric or keras.Optimizer

    Raises
    ------
    TypeError
        If it has no config from which its class makes it again. A loss needs none.
    """
    return next(make for kind, make in _COPIES.items() if is_keras(value, kind))(value)


def is_copied(value: Any) -> bool:
    """Whether `copied` copies a value.

    Parameters
    ----------
    value : object
    """
    return any(is_keras(value, kind) for kind in _COPIES)


def _copied_loss(loss: Any) -> Any:
    made = object.__new__(type(loss))
    attributes = vars(loss)
    within = {id(part): copied(part) for part in attributes.values() if is_copied(part)}
    vars(made).update(copy.deepcopy(attributes, within))
    return made


def _copied_metric(metric: Any) -> Any:
    return _made_again(metric, lambda: config_with_function(metric))


def _copied_optimizer(optimizer: Any) -> Any:
    made = _made_again(optimizer, lambda: optimizer_config(optimizer))
    if names := excluded_names(optimizer):  # no config has them
        made.exclude_from_weight_decay(var_names=names)
    return made


def _made_again(value: Any, config: Callable[[], dict[str, Any]]) -> Any:
    from skhp.keras_objects.user_code import make_from_config

    try:
        made = make_from_config(type(value), config())
    except (TypeError, NotImplementedError) as error:
        raise TypeError(
            f"{type(value).__name__} cannot be copied: {error}. Give the class a get_config method "
            "that returns the arguments of its __init__."
        ) from error
    return set_attributes(made, own_attributes(value))


_COPIES: dict[str, Callable[[Any], Any]] = {
    "Layer": copy_model,
    "Loss": _copied_loss,
    "Metric": _copied_metric,
    "Optimizer": _copied_optimizer,
}


def ready_to_clone(value: Any, copy: Callable[[Any], Any] = copied) -> Any:
    """A parameter for scikit-learn to clone, whose Keras objects are copied with a function.

    Parameters
    ----------
    value : object
        Lists, tuples and dicts may hold Keras objects.
    copy : callable, default=copied
    """
    if isinstance(value, PLAIN):
        return value
    if type(value) is dict:
        return {name: ready_to_clone(part, copy) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(ready_to_clone(part, copy) for part in value)
    return _CopiedOnClone(value, copy) if is_copied(value) else value


class _CopiedOnClone:
    """Stands for a Keras object while scikit-learn clones an estimator."""

    def __init__(self, value: Any, copy: Callable[[Any], Any]) -> None:
        self._value, self._copy = value, copy

    def __sklearn_clone__(self) -> Any:
        return self._copy(self._value)

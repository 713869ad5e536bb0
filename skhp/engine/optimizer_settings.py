"""The settings of a Keras optimizer: which are part of a program, and which are data to it."""

from __future__ import annotations

import functools
import json
from collections.abc import Hashable
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import config_of, excluded_names, schedule_of, unlisted_variables
from skhp.engine.plan import CannotCompile
from skhp.keras_objects.catalogue import KerasObject, token_of
from skhp.keras_objects.fingerprint import FingerprintReader, digest, established, is_keras_own
from skhp.keras_objects.own_attributes import own_attributes, set_attributes

# Settings that are data to a program. These optimizers only multiply by them. A setting of
# None or zero changes what the optimizer computes, and is part of the program; a weight decay
# of zero is data.
_SCALARS = {
    **dict.fromkeys(("Adam", "AdamW", "Adagrad", "Lion", "Nadam"), ("weight_decay",)),
    **dict.fromkeys(("SGD", "RMSprop"), ("weight_decay", "momentum")),
}

# The update of each weight depends on the gradients of that weight alone. So real units may
# be trained together with masked units. (Lamb, Muon and Adafactor look at whole kernels.)
_ELEMENTWISE = frozenset(
    {
        "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam",
        "Ftrl", "Lion",
    }
)  # fmt: skip


def make_optimizer(prototype: Any, learning_rate: Any) -> Any:
    """A new optimizer with a prototype's settings.

    Parameters
    ----------
    prototype : keras.optimizers.Optimizer
    learning_rate : float, LearningRateSchedule or None
        None for the prototype's own.
    """
    optimizer = remade(type(prototype), prototype)
    if excluded := excluded_names(prototype):  # no config has them
        optimizer.exclude_from_weight_decay(var_names=excluded)
    if learning_rate is not None:
        optimizer.learning_rate = learning_rate
    return optimizer


def remade(kind: Any, prototype: Any) -> Any:
    """An optimizer of a class, with a prototype's settings.

    Parameters
    ----------
    kind : type
    prototype : keras.optimizers.Optimizer
    """
    try:
        made = kind.from_config(config_of(prototype))
    except (TypeError, ValueError) as error:
        raise CannotCompile(
            f"{type(prototype).__name__} cannot be made again from its get_config: {error}"
        ) from error
    return set_attributes(made, own_attributes(prototype))


def structure_of(optimizer: KerasObject, learning_rate: Any) -> Hashable:
    """The part of an optimizer that a program depends on: all settings but the scalars.

    Parameters
    ----------
    optimizer : KerasObject
    learning_rate : float, LearningRateSchedule or None
        None for the optimizer's own.
    """
    if optimizer.choice is not None and isinstance(learning_rate, float | None):
        return _structure_by_name(optimizer)
    return _structure_of(optimizer, learning_rate)


@functools.lru_cache(maxsize=128)
def _structure_by_name(optimizer: KerasObject) -> Hashable:
    return _structure_of(optimizer, None)


def _structure_of(optimizer: KerasObject, learning_rate: Any) -> Hashable:
    prototype = optimizer.value
    config = {k: v for k, v in optimizer.config.items() if k != "name"}
    config |= {name: "number" for name in ("learning_rate", *scalar_settings(prototype))}
    schedule = schedule_of(prototype) if learning_rate is None else learning_rate
    is_number = learning_rate_scalar(optimizer, learning_rate) is not None
    return (
        type(prototype) if _keras_name(prototype) else _fingerprint_of_own(prototype),
        json.dumps(config, sort_keys=True, default=str),
        None if is_number else token_of(schedule),
    )


def has_own_code(optimizer: KerasObject, learning_rate: Any) -> bool:
    """Whether the user wrote the class of an optimizer or of its schedule.

    Parameters
    ----------
    optimizer : KerasObject
    learning_rate : float, LearningRateSchedule or None
    """
    schedule = schedule_of(optimizer.value) if learning_rate is None else learning_rate
    is_own_schedule = hasattr(schedule, "get_config") and not is_keras_own(type(schedule))
    return is_own_schedule or not _keras_name(optimizer.value)


def _fingerprint_of_own(optimizer: Any) -> str:
    """What a user's own optimizer computes. The values of its variables do not count."""
    variables = {
        id(v): ("variable",) for v in (*optimizer.variables, *unlisted_variables(optimizer))
    }
    return digest(established(FingerprintReader(variables).read, optimizer))


def learning_rate_scalar(optimizer: KerasObject, learning_rate: Any) -> np.ndarray | None:
    """The learning rate that training starts with; None for a schedule.

    Parameters
    ----------
    optimizer : KerasObject
    learning_rate : float, LearningRateSchedule or None
        None for the optimizer's own.
    """
    schedule = keras.optimizers.schedules.LearningRateSchedule
    if learning_rate is None:
        own = optimizer.config["learning_rate"]
        return None if isinstance(own, dict | schedule) else _number(own)
    return None if isinstance(learning_rate, schedule) else _number(learning_rate)


def scalars_of(prototype: Any) -> dict[str, np.ndarray]:
    """The settings that are data to a program, without the learning rate."""
    return {name: _number(getattr(prototype, name)) for name in scalar_settings(prototype)}


def _number(value: Any) -> np.ndarray:
    return np.asarray(value, keras.config.floatx())


def scalar_settings(optimizer: Any) -> list[str]:
    """Names of the settings that are data to a program, without the learning rate."""
    named = _SCALARS.get(_keras_name(optimizer), ())
    return [name for name in named if getattr(optimizer, name) or _is_zero_decay(optimizer, name)]


def _is_zero_decay(optimizer: Any, name: str) -> bool:
    # Keras multiplies by a weight decay of zero, as by any other.
    return name == "weight_decay" and optimizer.weight_decay is not None


def _keras_name(optimizer: Any) -> str:
    """The class name of one of Keras's own optimizers; "" for the user's."""
    kind: Any = type(optimizer)
    return _keras_name_of_kind(kind)


@functools.lru_cache(maxsize=128)
def _keras_name_of_kind(kind: Any) -> str:
    # The name of a stateless subclass is that of the optimizer that it was made from.
    kinds = [base for base in kind.__mro__ if base.__module__ != "skhp.compat.keras"]
    return kinds[0].__name__ if is_keras_own(kinds[0]) else ""


def is_elementwise(optimizer: Any) -> bool:
    """Whether the update of a weight depends on the gradients of that weight alone."""
    return _keras_name(optimizer) in _ELEMENTWISE


def treats_weights_alike(prototype: Any) -> bool:
    """Whether an optimizer does the same to one long vector as to its pieces."""
    return is_elementwise(prototype) and not prototype.clipnorm

"""What may change between fits that train the same model further."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from skhp.compat.keras import config_with_function
from skhp.keras_objects.code_readings import read_code

# Every fit reads these again. All other parameters build or compile the model.
_FREE = frozenset(
    {
        "batch_size", "callbacks", "class_weight", "epochs", "initial_epoch", "max_seconds",
        "memory", "random_state", "scoring", "shuffle", "steps", "validation_batch_size",
        "validation_freq", "validation_split", "validation_steps", "verbose", "warm_start",
    }
)  # fmt: skip
_FREE_PREFIXES = ("callbacks__", "fit__", "predict__", "score__")
_RATE = "optimizer__learning_rate"


def settings_of_model(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that build and compile a model, as values that can be compared.

    Parameters
    ----------
    params : mapping of str to object
        Parameters of the estimator.

    Examples
    --------
    >>> settings_of_model({"width": 8, "epochs": 3, "optimizer": "adam"})
    {'width': 8, 'optimizer': 'adam'}
    """
    return {name: _comparable(v) for name, v in params.items() if not changes_no_model(name)}


def changes_no_model(name: str) -> bool:
    """Whether a parameter neither builds nor compiles a model.

    Parameters
    ----------
    name : str
    """
    return name in _FREE or name.startswith(_FREE_PREFIXES)


def _comparable(value: Any) -> Any:
    """A small value of plain types, equal for equal settings."""
    if value is None or isinstance(value, str | bytes | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _comparable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if inspect.isclass(value) or inspect.isroutine(value):
        return [f"{value.__module__}.{value.__qualname__}", _function(value)]
    if isinstance(value, functools.partial):
        return [_comparable(part) for part in (value.func, value.args, value.keywords)]
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    try:
        # Keras counts the names of its objects.
        config = _comparable({**config_with_function(value), "name": None})
        return [kind, hashlib.sha256(repr(config).encode()).hexdigest()]
    except (AttributeError, TypeError, NotImplementedError):
        return [kind]


def _function(value: Any) -> str | None:
    """The code of a function, its defaults, and the plain values that it has captured."""
    code = getattr(value, "__code__", None)
    if code is None:
        return None
    cells = inspect.getclosurevars(value).nonlocals
    captured = {name: item for name, item in cells.items() if _is_plain(item)}
    settings = _comparable([value.__defaults__, value.__kwdefaults__, captured])
    return hashlib.sha256(repr([read_code(code), settings]).encode()).hexdigest()


def _is_plain(value: Any) -> bool:
    # The config of a layer changes when it is frozen, and a function may hold itself.
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | bytes | Real | np.ndarray | np.generic)


def changed_learning_rate(
    before: Mapping[str, Any], now: Mapping[str, Any], estimator: str
) -> float | None:
    """The learning rate to set, if it changed; None if it did not.

    Parameters
    ----------
    before, now : mapping of str to object
        Settings that `settings_of_model` returned.
    estimator : str
        Name of the estimator's class.

    Raises
    ------
    ValueError
        If another setting changed: the model is built and compiled already.
    """
    names = sorted({*before, *now})
    changed = [n for n in names if n not in before or n not in now or before[n] != now[n]]
    rate = now.get(_RATE)
    if changed == [_RATE] and isinstance(rate, Real):
        return float(rate)
    if changed:
        shown = ", ".join(f"{n} (now {_short(now.get(n))})" for n in changed)
        raise ValueError(
            f"{estimator} trains the model of an earlier fit further, and that model was made with "
            f"other values of {shown}. Set them back, or fit a new model: set warm_start=False, or "
            "use sklearn.base.clone. (Parameters that build or compile the model may not change, "
            "except optimizer__learning_rate.)"
        )
    return None


def _short(value: Any) -> str:
    text = repr(value[0] if isinstance(value, list) and value else value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""Copies of the layers, models, optimizers and metrics that are arguments of a builder.

Training changes their variables. If a builder got the objects themselves, a second fit would start
from what the first has learned, and so would a copy of the estimator.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras

from skhp.keras_objects.copying import copied
from skhp.keras_objects.storage import copy_model


def call_with_copies(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a builder with copies of what training would change.

    Parameters
    ----------
    function : callable
        If it is a partial, its own arguments are copied too.
    arguments : mapping of str to object
        Lists, tuples and dicts may hold objects of Keras.
    """
    if isinstance(function, functools.partial):
        function = functools.partial(
            function.func, *_copy(function.args), **_copy(function.keywords)
        )
    return function(**_copy(dict(arguments)))


def _copy(value: Any) -> Any:
    if type(value) is dict:
        return {name: _copy(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_copy, value))
    for kind, copy in _COPIES.items():
        if isinstance(value, kind):
            with contextlib.suppress(TypeError):  # it has no config
                return copy(value)
    return value


def _copied_layer(layer: Any) -> Any:
    if not layer.built:
        return copy_model(layer, seed=None)  # as for the layers that the builder makes
    draws = len(layer.variables) > len(layer.weights)
    return copied(layer) if draws or layer.trainable_weights else layer


_COPIES = {
    keras.Layer: _copied_layer,
    keras.optimizers.Optimizer: copied,
    keras.metrics.Metric: copied,
}

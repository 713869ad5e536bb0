"""The settings of a model that a callback may change before the training begins."""

from __future__ import annotations

import inspect
from typing import Any

from skhp.compat.keras import layers_within
from skhp.engine.plan import CannotCompile

_PLAIN = (bool, int, float, str, type(None))


class ModelSettings:
    """Notices a change of a layer's or the optimizer's settings, such as the rate of a Dropout.

    Keras reads them in the first step, after the callbacks ran. A program read them before.
    Weights and the learning rate do not count, because a program takes them from the model.

    Parameters
    ----------
    model : keras.Model
    """

    def __init__(self, model: Any) -> None:
        self._model, self._before = model, _settings_of(model)

    def check_unchanged(self) -> None:
        """Refuse a changed setting.

        Raises
        ------
        CannotCompile
            With the name of the first setting that has changed.
        """
        for (owner, before), (_, now) in zip(self._before, _settings_of(self._model), strict=True):
            changed = [n for n in before | now if _differ(before.get(n), now.get(n))]
            if changed:
                raise CannotCompile(f"a callback has set {changed[0]} of {owner}")


def _differ(one: Any, other: Any) -> bool:
    return one is not other and one != other  # a NaN that stays is no change


def _settings_of(model: Any) -> list[tuple[str, dict[str, Any]]]:
    layers = [layer for layer in layers_within(model) if layer is not model]
    return [
        *((f"the layer {layer.name!r}", _public(layer)) for layer in layers),
        ("the optimizer", _public(model.optimizer)),
    ]


def _public(owner: Any) -> dict[str, Any]:
    """Plain attributes and functions, and whether a layer is trained."""
    found = {
        name: value
        for name, value in vars(owner).items()
        if name[0] != "_" and (isinstance(value, _PLAIN) or inspect.isfunction(value))
    }
    return {**found, "trainable": getattr(owner, "trainable", None)}

"""Keras networks as scikit-learn estimators."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skhp.mlp import MLPClassifier, MLPRegressor

if TYPE_CHECKING:
    from skhp.hypermodel import from_hypermodel
    from skhp.wrappers import BaseWrapper, KerasClassifier, KerasRegressor

__all__ = [
    "BaseWrapper",
    "KerasClassifier",
    "KerasRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "__version__",
    "from_hypermodel",
]

__version__ = "0.1.0"

# Imported when first used, so that a program that only uses perceptrons starts fast.
_MODULES = ("callback", "displays", "engine", "runtime", "search")
_LATER = {
    "BaseWrapper": "skhp.wrappers",
    "KerasClassifier": "skhp.wrappers",
    "KerasRegressor": "skhp.wrappers",
    "from_hypermodel": "skhp.hypermodel",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"skhp.{name}")
    if name not in _LATER:
        raise AttributeError(f"module 'skhp' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])

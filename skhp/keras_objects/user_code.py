"""The user's own functions and classes within a Keras model."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Iterator
from typing import Any

import keras

from skhp.compat.keras import layers_within
from skhp.keras_objects.origins import is_keras_own


class AmbiguousName(ValueError):
    """Two of the user's classes have the same name in a model."""


def own_code_of(model: keras.Model) -> Iterator[Any]:
    """Functions and classes that are not Keras's, in the order of the model's layers.

    Parameters
    ----------
    model : keras.Model

    Yields
    ------
    function or type
        Layers' classes, their activations, and classes of initializers, regularizers
        and the like.
    """
    for layer in layers_within(model):
        kind = type(layer)
        # Keras wraps methods, such as build, on the object itself: they are the class's.
        given = (value for name, value in vars(layer).items() if not hasattr(kind, name))
        for thing in (kind, *given):
            named = inspect.isclass(thing) or inspect.isfunction(thing)
            code = thing if named or not hasattr(thing, "get_config") else type(thing)
            if (named or code is not thing) and not _is_keras_own(code):
                yield code


# Only one thread at a time renames functions.
_names = threading.RLock()


@contextlib.contextmanager
def unchanged_names() -> Iterator[None]:
    """Keep other threads from renaming functions, for a while."""
    with _names:
        yield


@contextlib.contextmanager
def distinct_names(model: keras.Model) -> Iterator[dict[str, Any]]:
    """Give the user's functions in a model different names, for a while.

    Keras writes only the name of a function into a config, and a lambda as bytecode without
    its module.

    Parameters
    ----------
    model : keras.Model

    Yields
    ------
    dict of str to object
        The user's functions and classes by the names that they have in a config written
        in this context, for `keras.saving.custom_object_scope`.

    Raises
    ------
    AmbiguousName
        If two classes have the same name.
    """
    code = list(dict.fromkeys(own_code_of(model)))
    functions = [thing for thing in code if inspect.isfunction(thing)]
    with _names:
        given = [function.__name__ for function in functions]
        try:
            for i, function in enumerate(functions):
                function.__name__ = f"own_function_{i}"
            classes = _by_name([thing for thing in code if inspect.isclass(thing)])
            yield {**classes, **{function.__name__: function for function in functions}}
        finally:
            for function, name in zip(functions, given, strict=True):
                function.__name__ = name


def _by_name(classes: list[type]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in classes:
        for name in (kind.__name__, keras.saving.get_registered_name(kind)):
            if found.setdefault(name, kind) is not kind:
                raise AmbiguousName(
                    f"There are two different classes named {kind.__name__!r} in one model, and "
                    "Keras finds a class by its name. Give each class another name."
                )
    return found


def make_from_config(kind: Any, config: dict[str, Any]) -> Any:
    """Make a layer or model again from its config.

    Keras's configs hold ``trainable`` and ``dtype``. If a user's class does not take
    them, they are left out.

    Parameters
    ----------
    kind : type
    config : dict
    """
    if callable(config.get("fn")):  # of `config_with_function`: Keras's from_config expects a name
        return kind(**config)
    try:
        return kind.from_config(config)
    except TypeError:
        taken = inspect.signature(kind.__init__).parameters
        known = {name: value for name, value in config.items() if name in taken}
        if known.keys() == config.keys():
            raise
        thing = kind.from_config(known)
        thing.trainable = config.get("trainable", True)
        return thing


class _MakerFromConfig:
    """Makes layers of a class, in place of the class among Keras's custom objects."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def from_config(self, config: dict[str, Any]) -> Any:
        return make_from_config(self._kind, config)


def custom_objects_for(objects: dict[str, Any]) -> dict[str, Any]:
    """Custom objects with which Keras makes even layers that do not take ``trainable``."""
    layers = {n: v for n, v in objects.items() if inspect.isclass(v) and _is_layer(v)}
    return {**objects, **{name: _MakerFromConfig(kind) for name, kind in layers.items()}}


def _is_layer(kind: type) -> bool:
    return issubclass(kind, keras.Layer)


def _is_keras_own(thing: Any) -> bool:
    return is_keras_own(thing) or thing.__module__ == "builtins"

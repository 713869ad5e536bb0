"""The user's function that builds a model: its arguments, and a checked call."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from skhp.compat.keras import fresh_metric_names
from skhp.compat.keras_variables import variables_made_when_read
from skhp.compat.tensorflow import shared_variable_kernels
from skhp.keras_objects.loaded_keras import is_keras_class
from skhp.runtime.global_generators import seeded

# Arguments that the wrapper sets itself, if a builder has them.
GIVEN = ("meta", "compile_kwargs", "params")


class Builder:
    """A callable that returns a Keras model.

    Parameters
    ----------
    function : callable
        A function, method, partial, class or callable object.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.takes_anything, self.names, self.defaults, self._required = _arguments_of(function)

    @property
    def label(self) -> str:
        """Its name in error messages."""
        function = self._plain_function
        return getattr(function, "__qualname__", type(function).__name__)

    @property
    def _plain_function(self) -> Any:
        function = self.function
        return function.func if isinstance(function, functools.partial) else function

    def takes(self, name: str) -> bool:
        """Whether it has an argument with that name."""
        if name in GIVEN and is_keras_class(self._plain_function, "Model"):
            return name in self.names  # Keras's own constructor refuses unknown arguments
        return self.takes_anything or name in self.names

    def __call__(self, arguments: Mapping[str, Any], seed: int | None) -> Any:
        """Build a model.

        Parameters
        ----------
        arguments : mapping
        seed : int or None
            Seed of Python's, NumPy's and Keras's global random generators during the call.
            None does not change them.

        Raises
        ------
        TypeError
            If it does not return a `keras.Model`, or a required argument is missing.
        """
        import keras

        from skhp.wrappers.argument_copies import call_with_copies

        self._check(arguments)
        with (
            seeded(seed, self.function),
            fresh_metric_names(),
            shared_variable_kernels(),
            variables_made_when_read(),
        ):
            model = call_with_copies(self.function, arguments)
        if not isinstance(model, keras.Model):
            raise TypeError(
                f"The model builder {self.label}() returned {model!r} of type "
                f"{type(model).__name__}, but must return a keras.Model. Does it end with "
                "`return model`?"
            )
        return model

    def _check(self, arguments: Mapping[str, Any]) -> None:
        unknown = [name for name in arguments if not self.takes(name)]
        if unknown:
            raise TypeError(
                f"The model builder {self.label}() takes no argument "
                f"{', '.join(map(repr, unknown))}; its arguments are "
                f"{', '.join(self.names) or 'none'}."
            )
        missing = [name for name in self._required if name not in arguments]
        if missing:
            raise TypeError(
                f"The model builder {self.label}() needs {', '.join(map(repr, missing))}. Pass "
                f"model__{missing[0]}=... to the estimator, or give the argument a default."
            )


class _Arguments(NamedTuple):
    """The arguments of a builder: their names, the defaults, and those without a default."""

    takes_anything: bool
    names: list[str]
    defaults: dict[str, Any]
    required: list[str]


# Each fit reads the builder's arguments many times.
_arguments_read: weakref.WeakKeyDictionary[Any, _Arguments] = weakref.WeakKeyDictionary()


def _arguments_of(function: Any) -> _Arguments:
    if not inspect.isfunction(function):
        return _read_arguments(function)
    arguments = _arguments_read.get(function)
    if arguments is None:
        arguments = _arguments_read[function] = _read_arguments(function)
    return arguments


def _read_arguments(function: Any) -> _Arguments:
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return _Arguments(
        takes_anything=any(p.kind is p.VAR_KEYWORD for p in parameters),
        names=[p.name for p in named],
        defaults={
            p.name: p.default for p in named if p.default is not p.empty and p.name not in GIVEN
        },
        required=[p.name for p in named if p.default is p.empty],
    )

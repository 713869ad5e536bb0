"""The user's function that builds a model: its arguments, and a checked call."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from skhp.compat.keras import fresh_metric_names
from skhp.compat.keras_variables import variables_made_when_read
from skhp.compat.tensorflow import shared_variable_kernels
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
        self._parameters = _parameters_of(function)
        parameters = self._parameters.values()
        self.takes_anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
        named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self.names = [p.name for p in named]
        self.defaults = {
            p.name: p.default for p in named if p.default is not p.empty and p.name not in GIVEN
        }

    @property
    def label(self) -> str:
        """Its name in error messages."""
        function = self.function
        if isinstance(function, functools.partial):
            function = function.func
        return getattr(function, "__qualname__", type(function).__name__)

    def takes(self, name: str) -> bool:
        """Whether it has an argument with that name."""
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

        self._check(arguments)
        with (
            seeded(seed, self.function),
            fresh_metric_names(),
            shared_variable_kernels(),
            variables_made_when_read(),
        ):
            model = self.function(**arguments)
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
        missing = [
            name
            for name in self.names
            if self._parameters[name].default is inspect.Parameter.empty and name not in arguments
        ]
        if missing:
            raise TypeError(
                f"The model builder {self.label}() needs {', '.join(map(repr, missing))}. Pass "
                f"model__{missing[0]}=... to the estimator, or give the argument a default."
            )


# Each fit reads the builder's arguments several times.
_parameters_read: weakref.WeakKeyDictionary[Any, Mapping[str, inspect.Parameter]]
_parameters_read = weakref.WeakKeyDictionary()


def _parameters_of(function: Any) -> Mapping[str, inspect.Parameter]:
    if not inspect.isfunction(function):
        return inspect.signature(function).parameters
    parameters = _parameters_read.get(function)
    if parameters is None:
        parameters = _parameters_read[function] = inspect.signature(function).parameters
    return parameters

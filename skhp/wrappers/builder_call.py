"""A call of a model builder, and what decides the model that it returns."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from skhp.keras_objects.fingerprint import FingerprintReader, NotEstablished, digest, established
from skhp.wrappers.builder import Builder
from skhp.wrappers.compile_arguments import compile_arguments_from
from skhp.wrappers.noted_dict import NotedDict
from skhp.wrappers.parameters import KERAS_ARGUMENTS, WrapperParameters
from skhp.wrappers.routing import route_params
from skhp.wrappers.warm_start import changes_no_model

# Packages whose functions do the same in each call, apart from the seeds that Keras draws.
_LIBRARIES = frozenset(
    {
        "abc", "builtins", "collections", "copy", "dataclasses", "enum", "functools", "itertools",
        "keras", "math", "numbers", "numpy", "operator", "re", "skhp", "string", "tensorflow",
        "typing", "typing_extensions",
    }
)  # fmt: skip

# Code that names one of these prints, or reads a file, which may change.
_WITH_EFFECTS = frozenset(
    {
        "fromfile", "genfromtxt", "get_file", "io", "load", "loadtxt", "memmap", "plot_model",
        "print", "summary",
    }
)  # fmt: skip


def builder_call(estimator: Any, params: Mapping[str, Any], builder: Builder) -> BuilderCall:
    """The call of its builder that a fit of a wrapper makes.

    Parameters
    ----------
    estimator : BaseWrapper
    params : mapping of str to object
        Its parameters.
    builder : Builder

    Raises
    ------
    ValueError
        If an argument of the builder is given twice.
    """
    arguments = route_params(params, "model", nested=False)
    plain = [n for n in estimator._extra if "__" not in n and n not in KERAS_ARGUMENTS]
    declared = set(estimator._get_param_names()) - set(WrapperParameters._get_param_names())
    plain += [name for name in declared if name in builder.names]
    for name in plain:
        if name in arguments:
            raise ValueError(
                f"{name!r} is given twice to the builder {builder.label}(): as {name}="
                f"{params[name]!r} and as model__{name}={arguments[name]!r}. Leave one out."
            )
        arguments[name] = params[name]
    return BuilderCall(builder, arguments, NotedDict(estimator._get_metadata()), params)


@dataclass
class BuilderCall:
    """A call of a builder.

    Parameters
    ----------
    builder : Builder
    arguments : dict of str to object
        Those that the user sets.
    meta : NotedDict
        What fit learned from the data.
    params : mapping of str to object
        Parameters of the estimator.
    """

    builder: Builder
    arguments: dict[str, Any]
    meta: NotedDict
    params: Mapping[str, Any]

    def __call__(self, seed: int | None) -> Any:
        """Build a model.

        Parameters
        ----------
        seed : int or None
            Seed of the numbers that the builder draws.
        """
        given = {
            "meta": lambda: self.meta,
            "compile_kwargs": lambda: compile_arguments_from(self.params),
            "params": lambda: dict(self.params),
        }
        taken = {name: make() for name, make in given.items() if self.builder.takes(name)}
        try:
            return self.builder({**self.arguments, **taken}, seed)
        except Exception as error:
            label = f"the builder {self.builder.label}()"
            error.add_note(f"Raised while {label} was called with {self.arguments}.")
            raise

    def base(self) -> str:
        """What decides the model, apart from ``meta`` and seeds.

        Raises
        ------
        NotEstablished
            If two calls that look equal may return different models, or do anything else.
        """
        return established(self._base)

    def _base(self) -> str:
        function = self.builder.function
        plain = function.func if isinstance(function, functools.partial) else function
        if not inspect.isfunction(plain):
            raise NotEstablished("a method or an object may change in a call")
        reader = FingerprintReader(reads_seeds=True)
        reads_all = self.builder.takes("params")
        params = {n: v for n, v in self.params.items() if reads_all or not changes_no_model(n)}
        parts = [reader.read(part) for part in (function, self.arguments, params)]
        if not reader.libraries <= _LIBRARIES or reader.names & _WITH_EFFECTS:
            raise NotEstablished("it does more than build a model")
        return digest((parts, sorted(dict.keys(self.meta)), _keras_settings()))

    def meta_read(self, names: frozenset[str]) -> str:
        """Some values of ``meta``, as a text that only equal values have in common.

        Parameters
        ----------
        names : frozenset of str

        Raises
        ------
        NotEstablished
            If a value cannot be compared.
        """
        reader = FingerprintReader(reads_seeds=True)
        values = [(name, dict.get(self.meta, name)) for name in sorted(names)]
        return digest(established(reader.read, values))


def _keras_settings() -> tuple[Any, ...]:
    config = keras.config
    policy = config.dtype_policy()
    return (config.floatx(), config.epsilon(), config.image_data_format(), policy.name)

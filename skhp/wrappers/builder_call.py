"""A call of a model builder, and what decides the model that it returns."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from skhp.keras_objects.fingerprint import FingerprintReader, NotEstablished, digest, established
from skhp.keras_objects.origins import root_of
from skhp.wrappers.builder import Builder
from skhp.wrappers.compile_arguments import compile_arguments_from
from skhp.wrappers.noted_dict import NotedDict
from skhp.wrappers.parameters import KERAS_ARGUMENTS
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

# Code that uses a name with one of these words may print, read or write a file, draw a number
# that no weight holds, give another result in each call, or read values of `meta` unseen.
_WITH_EFFECTS = frozenset(
    {
        "__dict__", "dump", "export", "file", "fromfile", "fromregex", "genfromtxt", "id", "io",
        "load", "loadtxt", "memmap", "nest", "plot", "print", "random", "read", "save", "savetxt",
        "savez", "seed", "summary", "timestamp", "tofile", "write",
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
    plain += [name for name in _declared_by_user(estimator) if name in builder.names]
    for name in plain:
        if name in arguments:
            raise ValueError(
                f"{name!r} is given twice to the builder {builder.label}(): as {name}="
                f"{params[name]!r} and as model__{name}={arguments[name]!r}. Leave one out."
            )
        arguments[name] = params[name]
    return BuilderCall(builder, arguments, estimator._get_metadata(), params)


def _declared_by_user(estimator: Any) -> set[str]:
    """The parameters that the constructor of a user's subclass names."""
    own: Any = next(kind for kind in type(estimator).__mro__ if root_of(kind.__module__) == "skhp")
    return set(estimator._get_param_names()) - set(own._get_param_names())


@dataclass
class BuilderCall:
    """A call of a builder.

    Parameters
    ----------
    builder : Builder
    arguments : dict of str to object
        Those that the user sets.
    meta : dict of str to object
        What fit learned from the data.
    params : mapping of str to object
        Parameters of the estimator.

    Attributes
    ----------
    names_read : set of str
        The values of ``meta`` that the builder, or the model, has read.
    """

    builder: Builder
    arguments: dict[str, Any]
    meta: dict[str, Any]
    params: Mapping[str, Any]
    names_read: set[str] = field(default_factory=set)

    def __call__(self, seed: int | None) -> Any:
        """Build a model.

        Parameters
        ----------
        seed : int or None
            Seed of the numbers that the builder draws.
        """
        given = {
            "meta": self._noted_meta,
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

    def _noted_meta(self) -> NotedDict:
        meta = NotedDict(self.meta)  # a builder may write to it
        meta.names_read = self.names_read  # functions in the model may read it later
        return meta

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
        reader = FingerprintReader(reads_all=True)
        takes_all = self.builder.takes("params")
        params = {n: v for n, v in self.params.items() if takes_all or not changes_no_model(n)}
        parts = [reader.read(part) for part in (function, self.arguments, params)]
        parts.append(_registered(reader, repr(parts)))
        words = {word for name in reader.names for word in (name, *name.lower().split("_"))}
        if not reader.libraries <= _LIBRARIES or words & _WITH_EFFECTS:
            raise NotEstablished("it does more than build a model")
        names = sorted(self.meta) if self.builder.takes("meta") else []
        return digest((parts, names, _keras_settings()))

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
        reader = FingerprintReader(reads_all=True)
        values = [(name, self.meta.get(name)) for name in sorted(names)]
        return digest(established(reader.read, values))


def _keras_settings() -> tuple[Any, ...]:
    config = keras.config
    policy = config.dtype_policy()
    # The name says all of a plain policy.
    settings = policy.name if type(policy) is keras.DTypePolicy else repr(policy.get_config())
    kind = type(policy).__name__
    return (config.floatx(), config.epsilon(), config.image_data_format(), kind, settings)


def _registered(reader: FingerprintReader, text: str) -> Any:
    """The user's functions and classes that Keras finds by a name in a text."""
    with keras.saving.CustomObjectScope({}) as scope:
        objects = {**keras.saving.get_custom_objects(), **scope.backup}
    return [(name, reader.read(objects[name])) for name in sorted(objects) if name in text]

"""What decides the model that a call of a builder returns."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import keras

from skhp.keras_objects.fingerprint import FingerprintReader, NotEstablished, digest, established
from skhp.wrappers.builder_call import BuilderCall
from skhp.wrappers.repeated_builds.noted_dict import NotedDict
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


class CallFingerprint:
    """What decides the model of a call, apart from the seeds that Keras draws.

    Parameters
    ----------
    call : BuilderCall

    Attributes
    ----------
    text : str
        All that decides the model, except the values of ``meta``.
    names_read : set of str
        The values of ``meta`` that the builder, or the model, has read so far.

    Raises
    ------
    NotEstablished
        If two calls that look equal may return different models, or do anything else.
    """

    def __init__(self, call: BuilderCall) -> None:
        self._call = call
        self.text = established(_text_of, call)
        self.names_read: set[str] = set()

    def is_same_now(self) -> bool:
        """Whether a call would have the same fingerprint now. What the builder reads may change.

        Raises
        ------
        NotEstablished
            If a call would have no fingerprint now.
        """
        return established(_text_of, self._call) == self.text

    def noted(self, meta: dict[str, Any]) -> NotedDict:
        """A copy of ``meta`` that notes which values are read, at once or later.

        Parameters
        ----------
        meta : dict of str to object
        """
        copied = NotedDict(meta)
        copied.names_read = self.names_read
        return copied

    def with_meta(self, names: frozenset[str]) -> str:
        """The fingerprint with some values of ``meta``.

        Parameters
        ----------
        names : frozenset of str

        Raises
        ------
        NotEstablished
            If a value cannot be compared.
        """
        reader = FingerprintReader(reads_all=True)
        values = [(name, self._call.meta.get(name)) for name in sorted(names)]
        return self.text + digest(established(reader.read, values))


def _text_of(call: BuilderCall) -> str:
    builder = call.builder
    function = builder.function
    plain = function.func if isinstance(function, functools.partial) else function
    if not inspect.isfunction(plain):
        raise NotEstablished("a method or an object may change in a call")
    reader = FingerprintReader(reads_all=True)
    takes_all = builder.takes("params")
    params = {n: v for n, v in call.params.items() if takes_all or not changes_no_model(n)}
    parts = [reader.read(part) for part in (function, call.arguments, params)]
    parts.append(_registered(reader, repr(parts)))
    words = {word for name in reader.names for word in (name, *name.lower().split("_"))}
    if not reader.libraries <= _LIBRARIES or words & _WITH_EFFECTS:
        raise NotEstablished("it does more than build a model")
    names = sorted(call.meta) if builder.takes("meta") else []
    return digest((parts, names, _keras_settings()))


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

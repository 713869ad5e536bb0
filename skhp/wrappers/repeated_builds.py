"""Builders that are called again with equal arguments: which models need not be built.

The first two models of such a call are built. If the first weights of both follow from the
seeds that the builder drew, the second becomes the pattern of all later ones.
"""

from __future__ import annotations

import collections
import contextlib
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from skhp.engine.plan import Arrays
from skhp.keras_objects.fingerprint import NotEstablished
from skhp.keras_objects.origins import root_of
from skhp.runtime.global_generators import Draw, noted_draws
from skhp.wrappers.builder_call import BuilderCall, builder_call
from skhp.wrappers.initial_values import InitialValues
from skhp.wrappers.keras_network import KerasNetwork
from skhp.wrappers.unbuilt_model import Pattern, UnbuiltModel

# How many calls are known at most. The one that was not repeated for the longest time goes.
_MOST_CALLS = 128

# Larger models are always built. A pattern keeps as many numbers in memory.
_MOST_NUMBERS = 10**6


@dataclass
class _KnownCall:
    """What is known of a call of a builder.

    Parameters
    ----------
    first : InitialValues or None
        The first weights of its first model.
    pattern : Pattern or None
    is_refused : bool
        Whether its models must be built, because their first weights are not explained.
    """

    first: InitialValues | None = None
    pattern: Pattern | None = None
    is_refused: bool = False

    def refuse(self) -> None:
        """Let its models be built from now on."""
        self.first, self.pattern, self.is_refused = None, None, True


class _KnownCalls:
    """The calls of builders in this process."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._calls: collections.OrderedDict[str, _KnownCall] = collections.OrderedDict()
        self._names_read: collections.OrderedDict[str, frozenset[str]] = collections.OrderedDict()

    def find(self, base: str, call: BuilderCall) -> _KnownCall:
        """What is known of a call."""
        with self.lock:
            names = self._names_read.get(base, frozenset()) | call.meta.names_read
            _put(self._names_read, base, names)
            try:
                key = base + call.meta_read(names)
            except NotEstablished:
                return _KnownCall(is_refused=True)
            return _put(self._calls, key, self._calls.get(key) or _KnownCall())


def _put(values: collections.OrderedDict[str, Any], key: str, value: Any) -> Any:
    values[key] = value
    values.move_to_end(key)
    if len(values) > _MOST_CALLS:
        values.popitem(last=False)
    return value


_known_calls = _KnownCalls()


class RepeatableCall:
    """A call of a builder that returns equal models for equal arguments.

    Parameters
    ----------
    estimator : BaseWrapper
    call : BuilderCall

    Raises
    ------
    NotEstablished
        If the builder may return other models, or do anything else.
    """

    def __init__(self, estimator: Any, call: BuilderCall) -> None:
        self._call, self._base = call, call.base()
        self._names = (estimator._label(), type(estimator).__name__)
        self._draws: Sequence[Draw] = ()
        self._is_complete = False

    def unbuilt(self, seed: int | None) -> UnbuiltModel | None:
        """The model, if it need not be built; None if it must be."""
        pattern = _known_calls.find(self._base, self._call).pattern
        if pattern is None:
            return None
        arrays = pattern.first_values(seed)
        return None if arrays is None else self._like(pattern, arrays)

    def build(self, seed: int | None) -> Any:
        """Build the model."""
        with noted_draws() as self._draws:
            model = self._call(seed)
        self._is_complete = model.built
        return model

    def keep(self, model: Any) -> UnbuiltModel | None:
        """Note how the first weights of a compiled model were drawn.

        Returns
        -------
        UnbuiltModel or None
            It takes the place of the model, which is a pattern from now on. None if the model
            stays what it is.
        """
        with _known_calls.lock:
            known = _known_calls.find(self._base, self._call)
            if known.is_refused or not self._is_complete:
                return None
            values = self._values(model)
            if values is None:
                known.refuse()
            elif known.first is None:
                known.first = values
            elif known.pattern is None:
                self._make_pattern(known, known.first, values, model)
                return known.pattern and self._like(known.pattern, list(values.arrays))
            elif known.pattern.values.explains(values):
                known.pattern.is_sure |= values.draws != known.pattern.values.draws
            else:
                known.refuse()
        return None

    def _values(self, model: Any) -> InitialValues | None:
        is_small = sum(math.prod(v.shape) for v in model.variables) <= _MOST_NUMBERS
        try:
            # A builder that changes what it reads does not have the same fingerprint afterwards.
            if is_small and self._call.base() == self._base and not model.optimizer.built:
                return InitialValues(_weights(model), self._draws)
        except (NotEstablished, ValueError):
            pass
        return None

    def _make_pattern(
        self, known: _KnownCall, first: InitialValues, values: InitialValues, model: Any
    ) -> None:
        network = KerasNetwork(model)
        if network.why_unknown is None and values.explains(first):
            known.pattern = Pattern(network, values, is_sure=first.draws != values.draws)
        else:
            known.refuse()

    def _like(self, pattern: Pattern, arrays: Arrays) -> UnbuiltModel:
        return UnbuiltModel(pattern, self._call, arrays, *self._names)


def _weights(model: Any) -> list[Any]:
    return [*model.trainable_variables, *model.non_trainable_variables]


class UnrepeatableCall:
    """A model that is built in each fit.

    Parameters
    ----------
    build : callable
        It returns the model.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    def unbuilt(self, seed: int | None) -> None:
        """None: the model must be built."""

    def build(self, seed: int | None) -> Any:
        """Build the model."""
        return self._build()

    def keep(self, model: Any) -> None:
        """None: the model stays what it is."""


def repeatable_call(estimator: Any) -> RepeatableCall | UnrepeatableCall:
    """How the model of a new fit is built.

    Parameters
    ----------
    estimator : BaseWrapper
    """
    builder = estimator._builder_if_any()
    # The steps of a user's subclass may change the model.
    if builder is not None and root_of(type(estimator).__module__) == "skhp":
        with contextlib.suppress(NotEstablished):
            return RepeatableCall(estimator, builder_call(estimator, estimator._params(), builder))
    return UnrepeatableCall(estimator._build_keras_model)

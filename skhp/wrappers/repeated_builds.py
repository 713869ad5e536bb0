"""Builders that are called again with equal arguments: which models need not be built.

The first two models of such a call are built. If the first weights of both follow from the
seeds that the builder drew, the second becomes the pattern of all later ones.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from skhp.compat.keras import config_of
from skhp.keras_objects.fingerprint import FingerprintReader, NotEstablished, digest, established
from skhp.keras_objects.origins import root_of
from skhp.runtime.global_generators import Draw, noted_draws, repeated_draws
from skhp.wrappers.builder_call import BuilderCall, builder_call
from skhp.wrappers.building import ensure_compiled
from skhp.wrappers.initial_values import InitialValues
from skhp.wrappers.keras_network import KerasNetwork
from skhp.wrappers.unbuilt_model import Pattern, UnbuiltModel

# How many calls are known at most. The one that was not repeated for the longest time goes.
_MOST_CALLS = 128

# Larger models are always built.
_MOST_NUMBERS = 10**6

# How many weights are kept at most. A weight of a pattern takes 8 bytes: it has its value twice.
_MOST_NUMBERS_KEPT = 10**7


@dataclass(frozen=True)
class _ReadModel:
    """A model, as far as it must be like others of the same call.

    Parameters
    ----------
    network : KerasNetwork or None
        With the model. None to forget it.
    values : InitialValues
        Its first weights.
    computation : str
        What it computes from its weights, and how its optimizer trains them.
    """

    network: Any
    values: InitialValues
    computation: str

    def without_network(self) -> _ReadModel:
        """The same, but without the model."""
        return dataclasses.replace(self, network=None)

    def is_like(self, first: _ReadModel) -> bool:
        """Whether another model differs only in weights, and these follow from its draws."""
        return self.computation == first.computation and self.values.explains(first.values)


def _computation(network: KerasNetwork) -> str:
    optimizer = network.model.optimizer
    settings = {**config_of(optimizer), "name": None}  # Keras counts the names
    return digest((network.layout(shared=False).token, established(_read_value, settings)))


def _read_value(value: Any) -> Any:
    return FingerprintReader().read(value)


@dataclass
class _KnownCall:
    """What is known of a call of a builder.

    Parameters
    ----------
    first : _ReadModel or None
        Its first model, until there is a pattern.
    pattern : Pattern or None
    is_refused : bool
        Whether its models must be built, because they may differ in more than weights.
    """

    first: _ReadModel | None = None
    pattern: Pattern | None = None
    is_refused: bool = False

    @property
    def n_numbers(self) -> int:
        """The number of weights that are kept."""
        kept = self.pattern or self.first
        return 0 if kept is None else kept.values.n_numbers

    def check(self, values: InitialValues) -> None:
        """Compare the pattern with the first weights of another model."""
        if self.pattern is None or not self.pattern.values.explains(values):
            self.refuse()
        else:
            self.pattern.is_sure |= values.draws != self.pattern.values.draws

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
            names = self._names_read.get(base, frozenset()) | call.names_read
            _put(self._names_read, base, names)
            try:
                key = base + call.meta_read(names)
            except NotEstablished:
                return _KnownCall(is_refused=True)
            return _put(self._calls, key, self._calls.get(key) or _KnownCall())

    def forget_oldest(self) -> None:
        """Forget the calls that were not repeated for the longest time, if too much is kept."""
        while sum(call.n_numbers for call in self._calls.values()) > _MOST_NUMBERS_KEPT:
            self._calls.popitem(last=False)


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
        draws = pattern.draws(seed)
        return None if draws is None else UnbuiltModel(pattern, self.build_again, draws)

    def build(self, seed: int | None) -> Any:
        """Build the model."""
        with noted_draws() as self._draws:
            model = self._call(seed)
        self._is_complete = model.built
        return model

    def build_again(self, draws: Sequence[Any]) -> Any:
        """Build and compile the model again.

        Parameters
        ----------
        draws : sequence
            What the builder draws.

        Raises
        ------
        NotEstablished
            If something that the builder reads has changed.
        """
        if self._call.base() != self._base:
            raise NotEstablished("what the builder reads has changed")
        with repeated_draws(draws):
            model = self._call(0)
        ensure_compiled(model, self._call.params, *self._names)
        return model

    def keep(self, model: Any) -> UnbuiltModel | None:
        """Note how the first weights of a compiled model were drawn.

        Returns
        -------
        UnbuiltModel or None
            It takes the place of the model, which is a pattern from now on. None if the model
            stays what it is.
        """
        if not self._is_complete:
            return None
        found = self._read(model)
        with _known_calls.lock:
            known = _known_calls.find(self._base, self._call)
            if found is None or known.is_refused:
                known.refuse()
            elif known.pattern is not None:
                known.check(found.values)
            elif known.first is None:
                known.first = found.without_network()
                _known_calls.forget_oldest()
            elif found.is_like(known.first):
                is_sure = found.values.draws != known.first.values.draws
                known.pattern, known.first = Pattern(found.network, found.values, is_sure), None
                return UnbuiltModel(known.pattern, self.build_again, found.values.draws)
            else:
                known.refuse()
        return None

    def _read(self, model: Any) -> _ReadModel | None:
        """What is known of a model; None if not all is known."""
        is_small = sum(math.prod(v.shape) for v in model.variables) <= _MOST_NUMBERS
        if not is_small or model.optimizer.built:
            return None
        with contextlib.suppress(NotEstablished, ValueError):
            values = InitialValues(_weights(model), self._draws)
            network = KerasNetwork(model)
            # A builder that changes what it reads does not have the same fingerprint afterwards.
            if network.why_unknown is None and self._call.base() == self._base:
                return _ReadModel(network, values, _computation(network))
        return None


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

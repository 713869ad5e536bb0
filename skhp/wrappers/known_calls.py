"""What is known of the calls of builders in this process."""

from __future__ import annotations

import collections
import dataclasses
import threading
from dataclasses import dataclass
from typing import Any

from skhp.compat.keras import config_of
from skhp.keras_objects.fingerprint import FingerprintReader, NotEstablished, digest, established
from skhp.wrappers.builder_call import BuilderCall
from skhp.wrappers.initial_values import InitialValues
from skhp.wrappers.keras_network import KerasNetwork
from skhp.wrappers.unbuilt_model import Pattern

# How many calls are known at most. The one that was not repeated for the longest time goes.
_MOST_CALLS = 128

# How many weights are kept at most. A weight of a pattern takes 8 bytes: it has its value twice.
_MOST_NUMBERS = 10**7


@dataclass(frozen=True)
class NewModel:
    """A compiled model that nobody has trained or changed.

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

    def without_network(self) -> NewModel:
        """The same, but without the model."""
        return dataclasses.replace(self, network=None)

    def is_like(self, other: NewModel) -> bool:
        """Whether two models differ only in weights, and these follow from their draws."""
        return self.computation == other.computation and self.values.explains(other.values)


def computation_of(network: KerasNetwork) -> str:
    """What a compiled model computes, and how its optimizer trains it.

    Parameters
    ----------
    network : KerasNetwork
        Of a model of known structure.

    Raises
    ------
    NotEstablished
        If a setting of the optimizer cannot be read.
    """
    # Keras counts the names of optimizers.
    settings = {**config_of(network.model.optimizer), "name": None}
    read = established(FingerprintReader().read, settings)
    return digest((network.layout(shared=False).token, read))


@dataclass
class KnownCall:
    """What is known of a call of a builder.

    Parameters
    ----------
    first : NewModel or None
        Its first model, until there is a pattern.
    pattern : Pattern or None
    is_refused : bool
        Whether its models must be built, because they may differ in more than weights.
    """

    first: NewModel | None = None
    pattern: Pattern | None = None
    is_refused: bool = False

    @property
    def n_numbers(self) -> int:
        """The number of weights that are kept."""
        kept = self.pattern or self.first
        return 0 if kept is None else kept.values.n_numbers

    def note(self, model: NewModel | None) -> Pattern | None:
        """Compare a model with earlier ones.

        Parameters
        ----------
        model : NewModel or None
            None if it cannot be compared.

        Returns
        -------
        Pattern or None
            The pattern, if it is this model. Else None.
        """
        if model is None or self.is_refused:
            self._refuse()
        elif self.pattern is not None:
            self._check(self.pattern, model.values)
        elif self.first is None:
            self.first = model.without_network()
        elif model.is_like(self.first):
            is_sure = model.values.draws != self.first.values.draws
            self.first, self.pattern = None, Pattern(model.network, model.values, is_sure)
            return self.pattern
        else:
            self._refuse()
        return None

    def _check(self, pattern: Pattern, values: InitialValues) -> None:
        if pattern.values.explains(values):
            pattern.is_sure |= values.draws != pattern.values.draws
        else:
            self._refuse()

    def _refuse(self) -> None:
        """Let its models be built from now on."""
        self.first, self.pattern, self.is_refused = None, None, True


class KnownCalls:
    """The calls of builders, by the fingerprint of all that decides their models."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._calls: collections.OrderedDict[str, KnownCall] = collections.OrderedDict()
        self._names_read: collections.OrderedDict[str, frozenset[str]] = collections.OrderedDict()

    def pattern_of(self, base: str, call: BuilderCall) -> Pattern | None:
        """The model that stands for those of a call; None if there is none.

        Parameters
        ----------
        base : str
            What `BuilderCall.base` returned.
        call : BuilderCall
        """
        with self._lock:
            return self._find(base, call).pattern

    def is_refused(self, base: str, call: BuilderCall) -> bool:
        """Whether the models of a call must be built.

        Parameters
        ----------
        base : str
            What `BuilderCall.base` returned.
        call : BuilderCall
        """
        with self._lock:
            return self._find(base, call).is_refused

    def note(self, base: str, call: BuilderCall, model: NewModel | None) -> Pattern | None:
        """Note a model of a call; see `KnownCall.note`.

        Parameters
        ----------
        base : str
            What `BuilderCall.base` returned.
        call : BuilderCall
        model : NewModel or None
        """
        with self._lock:
            pattern = self._find(base, call).note(model)
            while sum(known.n_numbers for known in self._calls.values()) > _MOST_NUMBERS:
                self._calls.popitem(last=False)
            return pattern

    def _find(self, base: str, call: BuilderCall) -> KnownCall:
        names = self._names_read.get(base, frozenset()) | call.names_read
        _put(self._names_read, base, names)
        try:
            key = base + call.meta_read(names)
        except NotEstablished:
            return KnownCall(is_refused=True)
        return _put(self._calls, key, self._calls.get(key) or KnownCall())


def _put(values: collections.OrderedDict[str, Any], key: str, value: Any) -> Any:
    values[key] = value
    values.move_to_end(key)
    if len(values) > _MOST_CALLS:
        values.popitem(last=False)
    return value


known_calls = KnownCalls()

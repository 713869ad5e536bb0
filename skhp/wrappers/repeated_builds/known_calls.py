"""What is known of the calls of builders in this process."""

from __future__ import annotations

import collections
import threading
from dataclasses import dataclass
from typing import Any

from skhp.keras_objects.fingerprint import NotEstablished
from skhp.wrappers.repeated_builds.call_fingerprint import CallFingerprint
from skhp.wrappers.repeated_builds.new_model import NewModel

# How many calls are known at most. The one that was not repeated for the longest time goes.
_MOST_CALLS = 128

# How many weights are kept at most. A weight of a pattern takes 8 bytes: it has its value twice.
_MOST_NUMBERS = 10**7


@dataclass
class KnownCall:
    """What is known of a call of a builder.

    Parameters
    ----------
    first : NewModel or None
        Its first model, until there is a pattern.
    pattern : NewModel or None
        The model that stands for later ones.
    is_refused : bool
        Whether its models must be built, because they may differ in more than weights.
    """

    first: NewModel | None = None
    pattern: NewModel | None = None
    is_refused: bool = False

    @property
    def n_numbers(self) -> int:
        """The number of weights that are kept."""
        kept = self.pattern or self.first
        return 0 if kept is None else kept.values.n_numbers

    def note(self, model: NewModel | None) -> bool:
        """Compare a model with earlier ones.

        Parameters
        ----------
        model : NewModel or None
            None if it cannot be compared.

        Returns
        -------
        bool
            Whether this model is the pattern from now on.
        """
        if model is None or self.is_refused:
            self._refuse()
        elif self.pattern is not None:
            if not self.pattern.stands_for(model):
                self._refuse()
        elif self.first is None:
            self.first = model.without_network()
        elif model.stands_for(self.first):
            self.first, self.pattern = None, model
            return True
        else:
            self._refuse()
        return False

    def _refuse(self) -> None:
        """Let its models be built from now on."""
        self.first, self.pattern, self.is_refused = None, None, True


class KnownCalls:
    """The calls of builders, by the fingerprint of all that decides their models."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._calls: collections.OrderedDict[str, KnownCall] = collections.OrderedDict()
        self._names_read: collections.OrderedDict[str, frozenset[str]] = collections.OrderedDict()

    def find(self, fingerprint: CallFingerprint) -> KnownCall:
        """What is known of a call. Only `note` changes it.

        Parameters
        ----------
        fingerprint : CallFingerprint
        """
        with self._lock:
            return self._find(fingerprint)

    def note(self, fingerprint: CallFingerprint, model: NewModel | None) -> bool:
        """Note a model of a call; see `KnownCall.note`.

        Parameters
        ----------
        fingerprint : CallFingerprint
        model : NewModel or None
        """
        with self._lock:
            is_pattern = self._find(fingerprint).note(model)
            while sum(known.n_numbers for known in self._calls.values()) > _MOST_NUMBERS:
                self._calls.popitem(last=False)
            return is_pattern

    def _find(self, fingerprint: CallFingerprint) -> KnownCall:
        # Values of `meta` count only if a builder reads them. It may read more in a later call.
        text = fingerprint.text
        names = self._names_read.get(text, frozenset()) | fingerprint.names_read
        _put(self._names_read, text, names)
        try:
            key = fingerprint.with_meta(names)
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

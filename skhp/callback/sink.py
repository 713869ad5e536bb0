"""Receives the records of a monitor, and finds out which fits have none."""

from __future__ import annotations

import threading
from typing import Any

from skhp.callback.fit_place import Place
from skhp.callback.records import Epoch, Failure, SearchEnded


class Sink:
    """Receives records in the process that made the monitor, in any thread.

    Subclasses define in `_take` what to do with a record.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._fit_at: dict[Place, str] = {}
        self._left_out: dict[str, set[str]] = {}

    def receive(self, record: Any) -> None:
        """Receive a record. Raises no error."""
        try:
            with self._lock:
                if not self._is_left_out(record):
                    self._take(record)
                if isinstance(record, SearchEnded):
                    self._count_fits(record)
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")

    def _take(self, record: Any) -> None:
        raise NotImplementedError

    def _is_left_out(self, record: Any) -> bool:
        """Whether a record is a failure, or of a second network for one candidate and split."""
        if isinstance(record, Failure):
            self.failures.append(record.message)
            return True
        if not isinstance(record, Epoch):
            return False
        first = self._fit_at.setdefault(record.place, record.fit_id)
        if first == record.fit_id:
            return False
        self._left_out.setdefault(record.place.run, set()).add(record.fit_id)
        return True

    def _count_fits(self, ended: SearchEnded) -> None:
        seen = {place for place in self._fit_at if place.run == ended.run}
        unknown = sum(place.is_unknown for place in seen)
        missing = max(0, len(set(ended.expected) - seen) - unknown)
        if missing:
            self.failures.append(
                f"{missing} of the {len(ended.expected)} fits are missing. Either they ran where "
                "this process cannot be reached (on another host), or an estimator between the "
                "search and its network does not pass callbacks on to the network"
            )
        more = len(self._left_out.pop(ended.run, ()))
        if more:
            self.failures.append(
                f"{more} fits are left out: some candidates fit several networks for one split, "
                "and only the first network is kept"
            )

    def new_failures(self) -> list[str]:
        """The failures since the last call, each once, and not more than three."""
        new, self.failures = list(dict.fromkeys(self.failures))[:3], []
        return new

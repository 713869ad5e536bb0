"""The records of one search, among those that a monitor has sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.callback.records import Epoch, SearchBegun, SearchEnded
from skhp.candidates.cv_results import summary_columns


@dataclass
class SearchLog:
    """The records that one table shows: those of a search, or of fits outside any search.

    Parameters
    ----------
    epochs : list of Epoch
    begun : SearchBegun or None
    ended : SearchEnded or None
    n_splits : int
        0 if it is not known.
    """

    epochs: list[Epoch]
    begun: SearchBegun | None = None
    ended: SearchEnded | None = None
    n_splits: int = 0

    def __post_init__(self) -> None:
        self.first_params = {e.place: e.params or {} for e in reversed(self.epochs) if e.params}
        self.places = list(dict.fromkeys(epoch.place for epoch in self.epochs))


def latest(records: Sequence[Any]) -> SearchLog:
    """The records of the last search, or those of the fits after it that were in no search.

    Parameters
    ----------
    records : sequence
        In the order in which they came.
    """
    begins = [i for i, record in enumerate(records) if isinstance(record, SearchBegun)]
    later = outside_searches(records, begins[-1] if begins else 0)
    return SearchLog(later) if later or not begins else log_of(records, records[begins[-1]].run)


def outside_searches(records: Sequence[Any], since: int = 0) -> list[Epoch]:
    """Epochs of fits that were part of no search.

    Parameters
    ----------
    records : sequence
    since : int
        The first record to look at.
    """
    runs = {record.run for record in records if isinstance(record, SearchBegun)}
    return [r for r in records[since:] if isinstance(r, Epoch) and r.place.run not in runs]


def log_of(records: Sequence[Any], run: str) -> SearchLog:
    """The records of one search.

    Parameters
    ----------
    records : sequence
    run : str
    """
    log = SearchLog([r for r in records if isinstance(r, Epoch) and r.place.run == run])
    for record in records:
        if getattr(record, "run", None) == run:
            log.n_splits = record.n_splits
            log.begun = record if isinstance(record, SearchBegun) else log.begun
            log.ended = record if isinstance(record, SearchEnded) else log.ended
    return log


def run_of(records: Sequence[Any], search: Any) -> str | None:
    """The run of a search, None if these records are not of it.

    No two searches have the same scores and times.

    Parameters
    ----------
    records : sequence
    search : fitted search, or its ``cv_results_``
    """
    own = summary_columns(search)
    for record in reversed(records):
        if isinstance(record, SearchEnded) and _are_same(record.scores, own):
            return record.run
    return None


def _are_same(one: Mapping[str, list[float]], other: Mapping[str, list[float]]) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared) and all(
        len(one[name]) == len(other[name])
        and np.allclose(one[name], other[name], rtol=1e-9, atol=0, equal_nan=True)
        for name in shared
    )

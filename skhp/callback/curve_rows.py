"""From epochs as they were told to rows that line up with a search's ``cv_results_``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.callback.fit_place import Place
from skhp.callback.records import Epoch, SearchBegun, SearchEnded
from skhp.candidates.cv_results import params_of, split_scores, summary_columns
from skhp.candidates.values import same_value, value_key


@dataclass(frozen=True)
class CandidateSplit:
    """Which rows of the table a fit gets.

    Parameters
    ----------
    candidate, split : int or None
        None where it is not known, or the fit has none.
    params : mapping
    """

    candidate: int | None
    split: int | None
    params: Mapping[str, Any]


@dataclass
class SearchLog:
    """The records that one table shows: those of a search, or of fits outside any.

    Parameters
    ----------
    epochs : list of Epoch
    begun : SearchBegun or None
    ended : SearchEnded or None
    n_splits : int
        0 where it is not known.
    """

    epochs: list[Epoch]
    begun: SearchBegun | None = None
    ended: SearchEnded | None = None
    n_splits: int = 0

    def __post_init__(self) -> None:
        self.first_params = {e.place: e.params or {} for e in reversed(self.epochs) if e.params}
        self.places = list(dict.fromkeys(epoch.place for epoch in self.epochs))


def latest(records: Sequence[Any]) -> SearchLog:
    """The last search, or where lone fits came after it, those.

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
    """What was told of one search.

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
    """The run of a search that these records tell of, or None.

    Times differ between any two searches, so that scores and times tell them apart.

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


def candidate_splits(
    log: SearchLog, params: Sequence[Mapping[str, Any]], n_splits: int
) -> dict[Place, CandidateSplit]:
    """The candidate and split of each fit.

    Parameters
    ----------
    log : SearchLog
    params : sequence of mapping
        Of the search's candidates; empty where there is no search, or it has not ended.
    n_splits : int
    """
    placed = [place for place in log.places if not place.is_lone]
    lone = [place for place in log.places if place.is_lone]
    found = _numbered(log, placed, params, n_splits)
    if params:
        return found | _matched(log, lone, params, n_splits)
    return found | _grouped(log, lone)


def _numbered(
    log: SearchLog, places: list[Place], params: Sequence[Mapping[str, Any]], n_splits: int
) -> dict[Place, CandidateSplit]:
    best = log.ended.best if log.ended else None
    before = _candidates_before(log, places, n_splits)
    found = {}
    for place in places:
        if place.fit is None:
            candidate, split = best, None
        else:
            candidate = before[place.iteration or 0] + place.fit // n_splits
            split = place.fit % n_splits
        known = candidate is not None and candidate < len(params)
        found[place] = CandidateSplit(
            candidate,
            split,
            params[candidate] if known else log.first_params.get(place, {}),  # type: ignore[index]
        )
    return found


def _candidates_before(log: SearchLog, places: list[Place], n_splits: int) -> dict[int, int]:
    """Candidates in the iterations before each iteration of a halving search."""
    if log.ended and log.ended.iterations:
        sizes: Mapping[int, int] = Counter(log.ended.iterations)
    else:
        sizes = {}
        for place in places:
            if place.fit is not None:
                number = place.fit // n_splits + 1
                iteration = place.iteration or 0
                sizes[iteration] = max(sizes.get(iteration, 0), number)
    last = max((place.iteration or 0 for place in places), default=0)
    return {i: sum(sizes.get(k, 0) for k in range(i)) for i in range(last + 1)}


def _matched(
    log: SearchLog, places: list[Place], params: Sequence[Mapping[str, Any]], n_splits: int
) -> dict[Place, CandidateSplit]:
    """Those of lone fits among a search's candidates, found by their parameters."""
    taken: Counter[int] = Counter()
    found = {}
    for place in places:
        own = log.first_params.get(place, {})
        equal = [i for i, candidate in enumerate(params) if _is_made_of(own, candidate)]
        free = [i for i in equal if taken[i] < n_splits]
        if free:
            found[place] = CandidateSplit(free[0], taken[free[0]], params[free[0]])
            taken[free[0]] += 1
        elif equal and all(known.split is not None for known in found.values()):
            # Once more, after all splits: the refit.
            found[place] = CandidateSplit(equal[0], None, params[equal[0]])
    return found


def _is_made_of(own: Mapping[str, Any], candidate: Mapping[str, Any]) -> bool:
    # A candidate's "mlpclassifier__width" is the network's "width". What the network has
    # not (a scaler's parameter, an object that was not sent) cannot tell candidates apart.
    count = Counter(name.split("__")[-1] for name in candidate)
    short = {name.split("__")[-1]: value for name, value in candidate.items()}
    return all(
        same_value(own[name], value)
        for name, value in short.items()
        if name in own and count[name] == 1
    )


def _grouped(log: SearchLog, places: list[Place]) -> dict[Place, CandidateSplit]:
    """Those of lone fits: equal parameters make a candidate."""
    keys = {place: _key(log.first_params.get(place, {})) for place in places}
    groups = list(dict.fromkeys(keys.values()))
    varying = {
        name
        for place in places
        for name, value in log.first_params.get(place, {}).items()
        if not all(same_value(log.first_params.get(p, {}).get(name), value) for p in places)
    }
    count: Counter[Hashable] = Counter()
    found = {}
    for place in places:
        key, own = keys[place], log.first_params.get(place, {})
        shown = {name: value for name, value in own.items() if name in varying}
        found[place] = CandidateSplit(groups.index(key), count[key], shown)
        count[key] += 1
    return found


def _key(params: Mapping[str, Any]) -> Hashable:
    return value_key(params)


def curve_rows(log: SearchLog, search: Any = None) -> list[dict[str, Any]]:
    """Rows of the table, as dicts.

    Parameters
    ----------
    log : SearchLog
    search : fitted search, optional
        Whose candidates the lone fits are.
    """
    split_of = _candidate_splits_of(log, search)
    iterations = log.ended.iterations if log.ended else None
    epochs = [epoch for epoch in log.epochs if epoch.place in split_of]
    epochs.sort(key=lambda epoch: _order(split_of[epoch.place], epoch))
    return [row for e in epochs for row in _rows(e, split_of[e.place], iterations)]


def fit_rows(log: SearchLog, search: Any = None) -> list[dict[str, Any]]:
    """One row a fit, as dicts.

    Parameters
    ----------
    log : SearchLog
    search : fitted search, optional
        Whose candidates the lone fits are.
    """
    split_of = _candidate_splits_of(log, search)
    fits: dict[Place, list[Epoch]] = {}
    for epoch in log.epochs:
        fits.setdefault(epoch.place, []).append(epoch)
    found = [(split_of[place], epochs) for place, epochs in fits.items() if place in split_of]
    found.sort(key=lambda fit: _order(fit[0], fit[1][0]))
    return [
        {
            "candidate": known.candidate,
            "split": known.split,
            "refit": _is_refit(epochs[0], known),
            "n_epochs": max(epoch.number for epoch in epochs),
            "train_seconds": _train_seconds(epochs),
            "n_parameters": next((e.n_parameters for e in epochs if e.n_parameters), None),
        }
        for known, epochs in found
    ]


def _train_seconds(epochs: list[Epoch]) -> float:
    first, last = min(epochs, key=_number), max(epochs, key=_number)
    later = last.number - first.number
    if first.number != 1 or not later:
        return float("nan")
    return (last.seconds - first.seconds) * last.number / later


def _number(epoch: Epoch) -> int:
    return epoch.number


def _candidate_splits_of(log: SearchLog, search: Any) -> dict[Place, CandidateSplit]:
    params: Sequence[Mapping[str, Any]] = []
    n_splits = max(log.n_splits, 1)
    if log.ended is not None:
        params = log.ended.params
    elif search is not None:
        params, n_splits = params_of(search), max(1, split_scores(search).shape[1])
    return candidate_splits(log, params, n_splits)


def _order(known: CandidateSplit, epoch: Epoch) -> tuple[float, ...]:
    unknown = float("inf")
    candidate = unknown if known.candidate is None else known.candidate
    split = unknown if known.split is None else known.split
    return (split == unknown, candidate, split, epoch.number)


def _is_refit(epoch: Epoch, known: CandidateSplit) -> bool:
    return epoch.place.is_refit or (known.split is None and epoch.place.is_lone)


def _rows(
    epoch: Epoch, known: CandidateSplit, iterations: Sequence[int] | None
) -> Iterator[dict[str, Any]]:
    numbers = {"candidate": known.candidate, "split": known.split}
    extra = {}
    if iterations is not None and known.candidate is not None:
        extra["iter"] = iterations[known.candidate]
    params = {f"param_{name}": value for name, value in known.params.items()}
    for metric, value in epoch.values.items():
        yield {
            **numbers,
            "epoch": epoch.number,
            "seconds": epoch.seconds,
            "metric": metric,
            "value": value,
            "refit": _is_refit(epoch, known),
            **extra,
            **params,
        }

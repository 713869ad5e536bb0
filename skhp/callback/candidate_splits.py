"""Which candidate and split of a search each fit belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skhp.callback.fit_place import Place
from skhp.callback.search_log import SearchLog
from skhp.candidates.values import same_value, value_key


@dataclass(frozen=True)
class CandidateSplit:
    """The candidate and split of one fit.

    Parameters
    ----------
    candidate, split : int or None
        None if it is not known. A fit on all rows has no split.
    params : mapping
    """

    candidate: int | None
    split: int | None
    params: Mapping[str, Any]


def candidate_splits(
    log: SearchLog, params: Sequence[Mapping[str, Any]], n_splits: int
) -> dict[Place, CandidateSplit]:
    """The candidate and split of each fit.

    Parameters
    ----------
    log : SearchLog
    params : sequence of mapping
        Parameters of the search's candidates; empty if there is no search, or it has not
        ended.
    n_splits : int
    """
    placed = [place for place in log.places if not place.is_unknown]
    unknown = [place for place in log.places if place.is_unknown]
    found = _numbered(log, placed, params, n_splits)
    if params:
        return found | _matched(log, unknown, params, n_splits)
    return found | _grouped(log, unknown)


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
    """The candidates of fits whose context does not say them, found by their parameters."""
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
            # One more fit after all splits is the refit.
            found[place] = CandidateSplit(equal[0], None, params[equal[0]])
    return found


def _is_made_of(own: Mapping[str, Any], candidate: Mapping[str, Any]) -> bool:
    # A candidate's "mlpclassifier__width" is the network's "width". Parameters that the network
    # does not have (a scaler's, or an object that was not sent) are not compared.
    count = Counter(name.split("__")[-1] for name in candidate)
    short = {name.split("__")[-1]: value for name, value in candidate.items()}
    return all(
        same_value(own[name], value)
        for name, value in short.items()
        if name in own and count[name] == 1
    )


def _grouped(log: SearchLog, places: list[Place]) -> dict[Place, CandidateSplit]:
    """Number the candidates of fits outside a search: equal parameters are one candidate."""
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

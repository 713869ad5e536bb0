"""From epochs as they were told to rows that line up with a search's ``cv_results_``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skhp.callback.place import Place
from skhp.callback.records import Epoch, SearchBegun, SearchEnded


@dataclass(frozen=True)
class Seat:
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
class Told:
    """The part of what was told that one table shows.

    Parameters
    ----------
    epochs : list of Epoch
    begun : SearchBegun or None
    ended : SearchEnded or None
    """

    epochs: list[Epoch]
    begun: SearchBegun | None = None
    ended: SearchEnded | None = None

    def __post_init__(self) -> None:
        self.first_params = {e.place: e.params or {} for e in reversed(self.epochs) if e.params}
        self.places = list(dict.fromkeys(epoch.place for epoch in self.epochs))


def latest(records: Sequence[Any]) -> Told:
    """The last search, or where lone fits came after it, those.

    Parameters
    ----------
    records : sequence
        In the order in which they came.
    """
    begins = [i for i, record in enumerate(records) if isinstance(record, SearchBegun)]
    since = begins[-1] if begins else 0
    begun = records[since] if begins else None
    ends = [
        i
        for i, record in enumerate(records)
        if begun and isinstance(record, SearchEnded) and record.run == begun.run
    ]
    after = records[ends[-1] :] if ends else records[since:]
    fits_are_lone = begun is not None and not begun.hands_on
    later = [r for r in after if isinstance(r, Epoch) and r.place.is_lone]
    if begun is None or (later and (ends or not fits_are_lone)):
        return Told(later)
    epochs = [
        record
        for record in records[since:]
        if isinstance(record, Epoch) and (record.place.run == begun.run or record.place.is_lone)
    ]
    return Told(epochs, begun, records[ends[-1]] if ends else None)


def seats(told: Told, params: Sequence[Mapping[str, Any]], n_splits: int) -> dict[Place, Seat]:
    """The seat of each fit.

    Parameters
    ----------
    told : Told
    params : sequence of mapping
        Of the search's candidates; empty where there is no search, or it has not ended.
    n_splits : int
    """
    placed = [place for place in told.places if not place.is_lone]
    lone = [place for place in told.places if place.is_lone]
    found = _numbered(told, placed, params, n_splits)
    if params:
        return found | _matched(told, lone, params, n_splits)
    return found | _grouped(told, lone)


def _numbered(
    told: Told, places: list[Place], params: Sequence[Mapping[str, Any]], n_splits: int
) -> dict[Place, Seat]:
    best = told.ended.best if told.ended else None
    before = _candidates_before(told, places, n_splits)
    found = {}
    for place in places:
        if place.fit is None:
            candidate, split = best, None
        else:
            candidate = before[place.iteration or 0] + place.fit // n_splits
            split = place.fit % n_splits
        known = candidate is not None and candidate < len(params)
        found[place] = Seat(
            candidate,
            split,
            params[candidate] if known else told.first_params.get(place, {}),  # type: ignore[index]
        )
    return found


def _candidates_before(told: Told, places: list[Place], n_splits: int) -> dict[int, int]:
    """Candidates in the iterations before each iteration of a halving search."""
    if told.ended and told.ended.iterations:
        sizes: Mapping[int, int] = Counter(told.ended.iterations)
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
    told: Told, places: list[Place], params: Sequence[Mapping[str, Any]], n_splits: int
) -> dict[Place, Seat]:
    """Seats of lone fits among a search's candidates, found by their parameters."""
    taken: Counter[int] = Counter()
    found = {}
    for place in places:
        own = told.first_params.get(place, {})
        equal = [i for i, candidate in enumerate(params) if _is_made_of(own, candidate)]
        free = [i for i in equal if taken[i] < n_splits]
        if free:
            found[place] = Seat(free[0], taken[free[0]], params[free[0]])
            taken[free[0]] += 1
        elif equal:  # once more, after all splits: the refit
            found[place] = Seat(equal[0], None, params[equal[0]])
    return found


def _is_made_of(own: Mapping[str, Any], candidate: Mapping[str, Any]) -> bool:
    # A candidate's "mlpclassifier__width" is the network's "width". What the network has
    # not (a scaler's parameter, an object that was not sent) cannot tell candidates apart.
    short = {name.split("__")[-1]: value for name, value in candidate.items()}
    return all(own[name] == value for name, value in short.items() if name in own)


def _grouped(told: Told, places: list[Place]) -> dict[Place, Seat]:
    """Seats of lone fits: equal parameters make a candidate."""
    keys = {place: _key(told.first_params.get(place, {})) for place in places}
    groups = list(dict.fromkeys(keys.values()))
    varying = {
        name
        for place in places
        for name, value in told.first_params.get(place, {}).items()
        if any(told.first_params.get(other, {}).get(name) != value for other in places)
    }
    count: Counter[Hashable] = Counter()
    found = {}
    for place in places:
        key, own = keys[place], told.first_params.get(place, {})
        shown = {name: value for name, value in own.items() if name in varying}
        found[place] = Seat(groups.index(key), count[key], shown)
        count[key] += 1
    return found


def _key(params: Mapping[str, Any]) -> Hashable:
    return tuple(sorted((name, repr(value)) for name, value in params.items()))


def curve_rows(records: Sequence[Any], search: Any = None) -> list[dict[str, Any]]:
    """Rows of the table, as dicts.

    Parameters
    ----------
    records : sequence
        As told.
    search : fitted search, optional
        Whose candidates the lone fits are.
    """
    told = latest(records)
    params: Sequence[Mapping[str, Any]]
    if search is not None:
        params, n_splits = _candidates_of(search)
    elif told.ended is not None:
        params, n_splits = told.ended.params, told.ended.n_splits
    else:
        params, n_splits = [], (told.begun.n_splits if told.begun else 1) or 1
    seat_of = seats(told, params, n_splits)
    iterations = told.ended.iterations if told.ended else None
    epochs = [epoch for epoch in told.epochs if epoch.place in seat_of]
    epochs.sort(key=lambda epoch: _order(seat_of[epoch.place], epoch))
    return [row for e in epochs for row in _rows(e, seat_of[e.place], iterations)]


def _candidates_of(search: Any) -> tuple[list[Mapping[str, Any]], int]:
    from skhp.search.results_of import candidates_of

    return candidates_of(search)


def _order(seat: Seat, epoch: Epoch) -> tuple[float, ...]:
    unknown = float("inf")
    candidate = unknown if seat.candidate is None else seat.candidate
    split = unknown if seat.split is None else seat.split
    return (split == unknown, candidate, split, epoch.number)


def _rows(epoch: Epoch, seat: Seat, iterations: Sequence[int] | None) -> Iterator[dict[str, Any]]:
    known = {"candidate": seat.candidate, "split": seat.split}
    extra = {}
    if iterations is not None and seat.candidate is not None:
        extra["iter"] = iterations[seat.candidate]
    params = {f"param_{name}": value for name, value in seat.params.items()}
    for metric, value in epoch.values.items():
        yield {
            **known,
            "epoch": epoch.number,
            "seconds": epoch.seconds,
            "metric": metric,
            "value": value,
            "refit": epoch.place.is_refit or (seat.split is None and epoch.place.is_lone),
            **extra,
            **params,
        }

"""One printed line for each candidate of a search that runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from skhp.callback.fit_place import Place
from skhp.callback.records import CandidateEnded, CandidateScored, SearchBegun, SplitsCounted
from skhp.callback.sink import Sink
from skhp.candidates.labels import axis_label, label_by_value
from skhp.candidates.names import short_names
from skhp.candidates.space import choices_of

_WIDTH = 100  # columns, if the size of the terminal is not known
_LINE = "{:>9}  {:<13}  {:<12}  {:>7}  {}"
_WIDEST_VALUE = 20


class CandidateLines(Sink):
    """Prints a line when all splits of a candidate have ended."""

    def _forget(self) -> None:
        super()._forget()
        self._start(1)

    def _start(self, n_splits: int) -> None:
        self._n_splits = n_splits
        self._scored: dict[Place, CandidateScored] = {}
        self._ended: dict[tuple[int | None, int], list[CandidateEnded]] = {}
        self._best = (-np.inf, "")
        self._columns: dict[str, int] = {}  # the parameters, and the width of their columns
        self._labels: dict[str, Callable[[Any], str]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()

    def empty(self) -> CandidateLines:
        """Lines of nothing yet."""
        return CandidateLines()

    def _count_fits(self, ended: Any) -> None:
        """Nothing: a candidate without a score has a line that says so."""

    def _take(self, record: Any) -> None:
        self._write.get(type(record), CandidateLines._ignore)(self, record)

    def _ignore(self, record: Any) -> None:
        """Nothing is printed for other records."""

    def _search_begun(self, record: SearchBegun) -> None:
        self._start(record.n_splits or 1)
        names = short_names(dict.fromkeys(name for part in record.space for name in part))
        for name, short in names.items():
            values = [value for part in record.space for value in choices_of(part.get(name)) or ()]
            self._labels[name] = label = label_by_value(values, axis_label)
            widest = max((len(label(value)) for value in values), default=8)
            self._columns[name] = max(len(short), min(widest, _WIDEST_VALUE))
        cells = [f"{short:<{self._columns[name]}}" for name, short in names.items()]
        _print(_LINE.format("candidate", "score", "best so far", "seconds", "  ".join(cells)))

    def _splits_counted(self, record: SplitsCounted) -> None:
        self._n_splits = record.n_splits

    def _candidate_scored(self, record: CandidateScored) -> None:
        self._scored[record.place] = record

    def _candidate_ended(self, record: CandidateEnded) -> None:
        if record.place.fit is None:
            return  # the fit on all rows
        key = (record.place.iteration, record.place.fit // self._n_splits)
        ended = self._ended.setdefault(key, [])
        ended.append(record)
        if len(ended) == self._n_splits:
            self._print_line(key[1], ended)

    def _print_line(self, candidate: int, ended: list[CandidateEnded]) -> None:
        scored = [self._scored.pop(e.place) for e in ended if e.place in self._scored]
        score, text = _score_text([one.score for one in scored], len(ended))
        if score > self._best[0]:
            self._best = (score, f"{score:.4f} ({candidate})")
        n_fits = ended[-1].n_fits
        number = f"{candidate}" + (f"/{n_fits // self._n_splits}" if n_fits else "")
        seconds = f"{sum(one.seconds for one in scored):.3g}"
        params = scored[0].params if scored else {}
        _print(_LINE.format(number, text, self._best[1], seconds, self._cells(params)))

    def _cells(self, params: Mapping[str, Any]) -> str:
        """The values of a candidate, below the names of the parameters."""
        labels = {n: self._labels.get(n, axis_label)(value) for n, value in params.items()}
        return "  ".join(f"{labels.get(n, '-'):<{width}}" for n, width in self._columns.items())

    _write: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        SearchBegun: _search_begun,
        SplitsCounted: _splits_counted,
        CandidateScored: _candidate_scored,
        CandidateEnded: _candidate_ended,
    }


def _score_text(scores: list[float], n_splits: int) -> tuple[float, str]:
    if len(scores) < n_splits or not np.isfinite(scores).all():
        return -np.inf, "failed"
    mean, deviation = float(np.mean(scores)), float(np.std(scores))
    return mean, f"{mean:.4f} ±{deviation:.3f}"


def _print(line: str) -> None:
    line, width = line.rstrip(), shutil.get_terminal_size((_WIDTH, 24)).columns
    print(line if len(line) <= width else f"{line[: width - 4]} ...", flush=True)

"""One printed line for each candidate of a search that runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from skhp.callback.fit_place import Place
from skhp.callback.records import CandidateEnded, CandidateScored, SearchBegun, SplitsCounted
from skhp.callback.sink import Sink
from skhp.candidates.labels import axis_label
from skhp.candidates.names import short_names

_WIDTH = 100  # columns, where the size of the terminal is not known
_HEADING = f"{'candidate':>9}  {'score':<14}  {'best so far':<18}  {'seconds':>7}  parameters"


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
        print(_HEADING, flush=True)

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
            self._best = (score, f"{score:.4f} (no. {candidate})")
        n_fits = ended[-1].n_fits
        number = f"{candidate}" + (f"/{n_fits // self._n_splits}" if n_fits else "")
        seconds = sum(one.seconds for one in ended)
        params = _params_text(scored[0].params) if scored else ""
        line = f"{number:>9}  {text:<14}  {self._best[1]:<18}  {seconds:>7.3g}  {params}"
        width = shutil.get_terminal_size((_WIDTH, 24)).columns
        print(line if len(line) <= width else f"{line[: width - 4]} ...", flush=True)

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


def _params_text(params: Mapping[str, Any]) -> str:
    short = short_names(params)
    return ", ".join(f"{short[name]}={axis_label(value)}" for name, value in params.items())

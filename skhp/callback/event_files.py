"""Epochs and results of a search as TensorBoard's event files."""

from __future__ import annotations

import tempfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from skhp import runtime
from skhp.callback.fit_place import Place
from skhp.callback.hparams import Columns
from skhp.callback.records import Epoch, SearchBegun, SearchEnded, SplitsCounted
from skhp.callback.sink import Sink
from skhp.candidates.labels import candidate_label
from skhp.candidates.names import short_names
from skhp.candidates.values import same_value
from skhp.compat.tensorboard import EventFile, check_installed

# Files open at once. More records for a directory whose file was closed go to a second file.
_MOST_OPEN = 16

_Key = tuple[int | None, int]  # the iteration of a halving search, and a candidate's number in it

# Columns of cv_results_ that the HParams tab shows.
_SHOWN_SCORES = ("mean_test_", "std_test_", "mean_train_", "rank_test_", "mean_fit_time")


class EventFiles(Sink):
    """Writes the records of a monitor.

    Parameters
    ----------
    log_dir : path-like
    """

    def __init__(self, log_dir: Any) -> None:
        self.log_dir = Path(log_dir)
        super().__init__()

    def _forget(self) -> None:
        super()._forget()
        self._open: OrderedDict[Path, EventFile] = OrderedDict()
        self._directories: dict[Place, Path] = {}
        # (iteration, number) -> the directory of the candidate, and its parameters
        self._labels: dict[_Key, tuple[str, Mapping[str, Any]]] = {}
        self._metrics: dict[str, None] = {}
        self._counts: Counter[str] = Counter()
        self._search: SearchBegun | None = None
        self._columns = Columns([])

    def __getstate__(self) -> dict[str, Any]:
        return {"log_dir": self.log_dir}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def check(self) -> None:
        """Raise an error if nothing can be written there.

        Raises
        ------
        ImportError, MissingPrivateName
            If there is no TensorBoard, or another one than is needed.
        OSError
            If the directory cannot be written.
        """
        check_installed()
        try:
            self.log_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.log_dir):
                pass
        except OSError as error:
            raise OSError(
                f"log_dir={str(self.log_dir)!r} cannot be written ({error}). Give a directory "
                "that can be made or written to."
            ) from error

    def empty(self) -> EventFiles:
        """The same place, with no file open."""
        return EventFiles(self.log_dir)

    def new_failures(self) -> list[str]:
        """The failures since the last call; closes all files."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()
        return super().new_failures()

    def _take(self, record: Any) -> None:
        self._write[type(record)](self, record)

    def _search_begun(self, record: SearchBegun) -> None:
        runtime.start()  # TensorBoard's plugins load TensorFlow, which prints much
        self._search, self._columns = record, Columns(record.space)
        self._labels.clear()
        self._metrics.clear()
        self._counts.clear()

    def _splits_counted(self, record: SplitsCounted) -> None:
        if self._search is not None and self._search.run == record.run:
            self._search = replace(self._search, n_splits=record.n_splits)

    def _epoch(self, record: Epoch) -> None:
        if record.place not in self._directories:
            self._directories[record.place] = self._directory(record.place, record.params or {})
        file = self._file(self._directories[record.place])
        for name, value in record.values.items():
            self._metrics[name] = None
            file.write_scalar(name, value, record.number)

    def _directory(self, place: Place, params: Mapping[str, Any]) -> Path:
        """The directory of one fit: a run of TensorBoard."""
        search = self._search
        if search is None or search.run != place.run:
            self._counts["fit"] += 1
            return self.log_dir / f"fit{self._counts['fit'] - 1}"
        if place.is_unknown:
            params = _searched(params, search)
        params = _ordered(params, search)
        n_splits = search.n_splits or 1
        number = None if place.fit is None else place.fit // n_splits
        label = self._label(number, params, place.iteration)
        if place.is_refit:
            return self.log_dir / label / "refit"
        self._counts[label] += 1
        split = self._counts[label] - 1 if place.fit is None else place.fit % n_splits
        return self.log_dir / label / f"split{split}"

    def _label(self, number: int | None, params: Mapping[str, Any], iteration: int | None) -> str:
        """The directory of a candidate; a new one if its number or its parameters are new."""
        key = self._key_of(params, iteration) if number is None else (iteration, number)
        if key not in self._labels:
            label = candidate_label(key[1], params)
            label += "" if iteration is None else f",iter={iteration}"
            self._labels[key] = (label, dict(params))
            self._start_session(label, params)
        return self._labels[key][0]

    def _key_of(self, params: Mapping[str, Any], iteration: int | None) -> _Key:
        """The last candidate with these parameters, or the next number if there is none."""
        for key, (_, own) in reversed(self._labels.items()):
            if iteration in (None, key[0]) and same_value(own, params):
                return key
        return iteration, len(self._labels)

    def _start_session(self, label: str, params: Mapping[str, Any]) -> None:
        from tensorboard.plugins.hparams import api

        values = self._columns.values(params)
        self._file(self.log_dir / label).write(api.hparams_pb(values, trial_id=label))

    def _search_ended(self, record: SearchEnded) -> None:
        shown = [name for name in record.scores if name.startswith(_SHOWN_SCORES)]
        for number, params in enumerate(record.params):
            iteration = record.iterations[number] if record.iterations else None
            params = _ordered(params, self._search)
            file = self._file(self.log_dir / self._label(None, params, iteration))
            for name in shown:
                file.write_scalar(name, record.scores[name][number], 0)
        self._describe_columns(record, shown)

    def _describe_columns(self, record: SearchEnded, shown: list[str]) -> None:
        """Write what the HParams tab has for columns."""
        from tensorboard.plugins.hparams import api

        metrics = [api.Metric(name, display_name=name) for name in shown]
        metrics += [
            api.Metric(name, group=f"split{split}", display_name=f"{name} (split{split})")
            for split in range(record.n_splits)
            for name in self._metrics
        ]
        hparams = self._columns.domains(record.params)
        self._file(self.log_dir).write(api.hparams_config_pb(hparams, metrics))

    def _file(self, directory: Path) -> EventFile:
        if directory not in self._open:
            self._open[directory] = EventFile(directory)
        self._open.move_to_end(directory)
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        return self._open[directory]

    _write: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        SearchBegun: _search_begun,
        SplitsCounted: _splits_counted,
        Epoch: _epoch,
        SearchEnded: _search_ended,
    }


def _ordered(params: Mapping[str, Any], search: SearchBegun | None) -> dict[str, Any]:
    """Parameters in the order of the space: results may name them in another order."""
    known = [name for part in (search.space if search else ()) for name in part]
    return {**{name: params[name] for name in known if name in params}, **params}


def _searched(params: Mapping[str, Any], search: SearchBegun) -> dict[str, Any]:
    """A network's own parameters, under the names that the search has for them."""
    names = short_names(name for part in search.space for name in part)
    own = {name: name.split("__")[-1] for name in names}
    return {name: params[last] for name, last in own.items() if last in params}

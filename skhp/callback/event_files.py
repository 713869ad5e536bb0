"""Epochs and results of a search as TensorBoard's event files."""

from __future__ import annotations

import tempfile
import time
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

# Files open at once; one that is closed goes on in a second file of its directory.
_MOST_OPEN = 16

# How long an open file may hold events back.
_FLUSH_SECONDS = 5

# Columns of cv_results_ that the HParams tab shows.
_SHOWN_SCORES = ("mean_test_", "std_test_", "mean_train_", "rank_test_", "mean_fit_time")


class EventFiles(Sink):
    """Writes what a monitor is told.

    Parameters
    ----------
    log_dir : path-like
    """

    def __init__(self, log_dir: Any) -> None:
        self.log_dir = Path(log_dir)
        super().__init__()

    def _forget(self) -> None:
        super()._forget()
        self._open: OrderedDict[Path, Any] = OrderedDict()
        self._directories: dict[Place, Path] = {}
        self._labels: dict[str, Mapping[str, Any]] = {}
        self._metrics: dict[str, None] = {}
        self._lone: Counter[str] = Counter()
        self._search: SearchBegun | None = None
        self._columns = Columns([])

    def __getstate__(self) -> dict[str, Any]:
        return {"log_dir": self.log_dir}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def check(self) -> None:
        """Raise OSError if nothing can be written there."""
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
        """The same place, with nothing open."""
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
        runtime.start()  # TensorBoard's plugins load TensorFlow, which is loud on its own
        self._search, self._columns = record, Columns(record.space)
        self._labels.clear()
        self._metrics.clear()
        self._lone.clear()

    def _splits_counted(self, record: SplitsCounted) -> None:
        if self._search is not None and self._search.run == record.run:
            self._search = replace(self._search, n_splits=record.n_splits)

    def _epoch(self, record: Epoch) -> None:
        if record.place not in self._directories:
            self._directories[record.place] = self._seat(record.place, record.params or {})
        directory = self._directories[record.place]
        for name, value in record.values.items():
            self._metrics[name] = None
            self._scalar(directory, name, value, record.number)

    def _seat(self, place: Place, params: Mapping[str, Any]) -> Path:
        search = self._search
        if search is None or search.run != place.run:
            self._lone["fit"] += 1
            return self.log_dir / f"fit{self._lone['fit'] - 1}"
        if place.is_lone:
            params = _searched(params, search)
        label = self._label(params, place.iteration)
        if place.is_refit:
            return self.log_dir / label / "refit"
        self._lone[label] += 1
        split = self._lone[label] - 1 if place.fit is None else place.fit % (search.n_splits or 1)
        return self.log_dir / label / f"split{split}"

    def _label(self, params: Mapping[str, Any], iteration: int | None) -> str:
        # Results may name parameters in another order than the space.
        known = [name for part in (self._search.space if self._search else ()) for name in part]
        params = {**{name: params[name] for name in known if name in params}, **params}
        label = candidate_label(params) or "candidate"
        if iteration is not None:
            label += f",iter={iteration}"
        short, number = label, 1
        while label in self._labels and not same_value(self._labels[label], params):
            # Other values that look the same in short.
            number += 1
            label = f"{short},no={number}"
        if label not in self._labels:
            self._labels[label] = dict(params)
            self._start_session(label, params)
        return label

    def _start_session(self, label: str, params: Mapping[str, Any]) -> None:
        from tensorboard.plugins.hparams import api

        values = self._columns.values(params)
        self._summary(self.log_dir / label, api.hparams_pb(values, trial_id=label))

    def _search_ended(self, record: SearchEnded) -> None:
        from tensorboard.plugins.hparams import api

        shown = [name for name in record.scores if name.startswith(_SHOWN_SCORES)]
        for number, params in enumerate(record.params):
            iteration = record.iterations[number] if record.iterations else None
            directory = self.log_dir / self._label(params, iteration)
            for name in shown:
                self._scalar(directory, name, record.scores[name][number], 0)
        metrics = [api.Metric(name, display_name=name) for name in shown]
        metrics += [
            api.Metric(name, group=f"split{split}", display_name=f"{name} (split{split})")
            for split in range(record.n_splits)
            for name in self._metrics
        ]
        hparams = self._columns.domains(record.params)
        self._summary(self.log_dir, api.hparams_config_pb(hparams, metrics))

    def _scalar(self, directory: Path, name: str, value: float, step: int) -> None:
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._summary(directory, scalar_pb(name, value), step)

    def _summary(self, directory: Path, summary: Any, step: int = 0) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=time.time(), step=step)
        event.summary.MergeFromString(summary.SerializeToString())
        self._writer(directory).add_event(event)

    def _writer(self, directory: Path) -> Any:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        if directory not in self._open:
            directory.mkdir(parents=True, exist_ok=True)
            self._open[directory] = EventFileWriter(str(directory), flush_secs=_FLUSH_SECONDS)
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


def _searched(params: Mapping[str, Any], search: SearchBegun) -> dict[str, Any]:
    """A network's own parameters, under the names the search has for them."""
    names = short_names(name for part in search.space for name in part)
    own = {name: name.split("__")[-1] for name in names}
    return {name: params[last] for name, last in own.items() if last in params}

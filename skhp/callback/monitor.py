"""What LearningCurves and TensorBoard share: following every network of a search."""

from __future__ import annotations

import contextlib
import warnings
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from numbers import Number
from typing import Any

from skhp import compat
from skhp.callback.guard import guarded
from skhp.callback.held_out import Folds, HeldOutRows
from skhp.callback.place import is_candidate, path_to, place_of
from skhp.callback.records import Epoch, Failure, SearchBegun, SearchEnded
from skhp.fit_task import EpochEnd, epoch_end
from skhp.search.space import space_of

ON = ("train", "test_fold")


@dataclass
class _Search:
    """What workers need to know of a search under way."""

    names: list[str]
    n_splits: int
    folds: Folds | None


# Of contexts in this process. Contexts are never sent while their fit goes on.
_candidates: weakref.WeakKeyDictionary[Any, _Candidate] = weakref.WeakKeyDictionary()
_measures: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


@dataclass
class _Candidate:
    params: dict[str, Any]
    rows: HeldOutRows | None


class SearchMonitor:
    """A scikit-learn callback that hands each epoch of each network to a sink.

    Parameters
    ----------
    sink : object
        With a method ``receive(record)``, called in the process that made the
        monitor, from any thread.
    on : {"train", "test_fold"}
        Whether the rows that score a candidate are measured too.
    """

    # scikit-learn hands a callback with this attribute on to nested estimators.
    max_propagation_depth: int | None = None

    def __init__(self, sink: Any, on: str) -> None:
        if on not in ON:
            raise ValueError(f"on must be one of {', '.join(map(repr, ON))}. Got {on!r}.")
        self.on = on
        self._sink = sink
        self._searches: dict[str, _Search] = {}
        self._recorders: list[_Recorder] = []
        self._listener = compat.open_listener(sink.receive, owner=self)

    def __getstate__(self) -> dict[str, Any]:
        # Workers of a search under way tell their news and need none.
        sink = self._sink.empty() if self._searches else self._sink
        kept = {"_sink": sink, "_searches": dict(self._searches), "_recorders": []}
        return {**self.__dict__, **kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if not compat.can_reuse_listener(self._listener):
            self._searches = {}
            self._listener = compat.open_listener(self._sink.receive, owner=self)

    def failed(self, error: Exception) -> None:
        """Remember that something went wrong, to say so when the search has ended."""
        with contextlib.suppress(Exception):  # the way to say it may be what is broken
            self._tell(Failure(f"{type(error).__name__}: {error}"))

    def _tell(self, record: Any) -> None:
        compat.send(self._listener, record)

    def setup(self, estimator: Any, context: Any) -> None:
        """Before the outermost fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """After the outermost fit, be it finished or not."""
        self._searches.pop(context.root_uuid.hex, None)
        while self._recorders:
            self._recorders.pop().retire()
        for message in self._sink.new_failures():
            warnings.warn(
                f"{type(self).__name__} could not follow all of this fit, which itself is as "
                f"it would be without: {message}.",
                RuntimeWarning,
                stacklevel=2,
            )

    @guarded
    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None
    ) -> None:
        """At the start of a task: know searches and candidates when they come by."""
        if context.task_name == "fit" and compat.is_search(estimator):
            self._search_begins(estimator, context, X, y)
        elif is_candidate(context):
            self._candidate_begins(estimator, context, X, y)

    @guarded
    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """At the end of a task: hand on what an epoch left, and a search's results."""
        end = epoch_end(context)
        if end is not None:
            self._epoch_ends(estimator, context, end)
        elif context.task_name == "fit" and compat.is_search(estimator):
            self._tell(_results(estimator, context.root_uuid.hex))
        # scikit-learn keeps contexts until the whole search ends; rows need not stay so long.
        _measures.pop(context, None)
        if is_candidate(context):
            _candidates.pop(context, None)

    def _search_begins(self, search: Any, context: Any, X: Any, y: Any) -> None:
        run, space = context.root_uuid.hex, space_of(search)
        names = list(dict.fromkeys(name for part in space for name in part))
        resource = getattr(search, "resource", "n_samples")
        names += [resource] if resource != "n_samples" else []
        known = _Search(names, _n_splits(search, y), None)
        hands_on = compat.hands_callbacks_on(search)
        if not hands_on:
            self._recorders.append(_Recorder(self, search))
        self._searches[run] = known
        self._tell(SearchBegun(run, known.n_splits, space, hands_on))
        if self.on == "test_fold":
            known.folds = Folds(search, X, y)

    def _candidate_begins(self, candidate: Any, context: Any, X: Any, y: Any) -> None:
        search = self._searches[context.root_uuid.hex]
        place = place_of(context)
        values = candidate.get_params()
        params = {name: values[name] for name in search.names if name in values}
        # Several monitors may follow one candidate: one must not forget the rows of another.
        known = _candidates.setdefault(context, _Candidate(params, None))
        if search.folds is not None and place.fit is not None:
            split = place.fit % search.folds.n_splits
            known.rows = search.folds.held_out(split, candidate, X, y)

    def _epoch_ends(self, network: Any, context: Any, end: EpochEnd) -> None:
        fit = context.parent
        candidate = next((_candidates[c] for c in path_to(fit) if c in _candidates), None)
        params = None
        if context.task_id == 0:
            params = candidate.params if candidate else _plain_params(network)
        record = Epoch(
            place_of(fit),
            context.task_id + 1,
            (datetime.now(UTC) - fit.init_time).total_seconds(),
            {**end.logs, **self._measured(network, fit, candidate, end)},
            params,
        )
        self._tell(record)

    def _measured(
        self, network: Any, fit: Any, candidate: _Candidate | None, end: EpochEnd
    ) -> dict[str, float]:
        if self.on != "test_fold" or candidate is None or candidate.rows is None:
            return {}
        try:
            if fit not in _measures:
                _measures[fit] = network._measure(*candidate.rows.as_seen_by(network))
            values = _measures[fit](end.state())
        except Exception as error:
            candidate.rows = None  # the epoch is told all the same, and the failure once
            self.failed(error)
            return {}
        return {f"test_{name}": value for name, value in values.items()}


class _Recorder:
    """Serves a monitor on a network whose search does not hand callbacks on.

    Unlike the monitor itself it is not handed on, so that scikit-learn lets it stand on
    an estimator within a search.
    """

    def __init__(self, monitor: SearchMonitor, search: Any) -> None:
        self.monitor: SearchMonitor | None = monitor
        self._search: Any = search
        for network in _networks_in(search.estimator):
            network.set_callbacks(*compat.own_callbacks(network), self)

    def __getstate__(self) -> dict[str, Any]:
        return {"monitor": self.monitor, "_search": None}

    def retire(self) -> None:
        """Leave the search's networks as they were."""
        fitted = getattr(self._search, "best_estimator_", None)
        for network in (*_networks_in(self._search.estimator), *_networks_in(fitted)):
            kept = [c for c in compat.own_callbacks(network) if c is not self]
            network.set_callbacks(*kept)
        self.monitor = self._search = None

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        # The refit is handed on, and told by the monitor itself.
        if self.monitor is not None and place_of(context).is_lone:
            self.monitor.on_fit_task_end(estimator, context)


def _networks_in(estimator: Any) -> list[Any]:
    """The networks of this library in an estimator, on each of which callbacks can be set."""
    if estimator is None:
        return []
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return [part for part in parts if hasattr(part, "_measure")]


def _n_splits(search: Any, y: Any) -> int:
    from sklearn.base import is_classifier
    from sklearn.model_selection import check_cv

    if hasattr(search.cv, "__next__"):  # a generator can be read once, by the search
        return 0
    return check_cv(search.cv, y, classifier=is_classifier(search.estimator)).get_n_splits()


def _plain_params(network: Any) -> dict[str, Any]:
    """Parameters whose values are small and can be sent from any worker."""
    kinds = (str, Number, bool, type(None), tuple)
    return {k: v for k, v in network.get_params(deep=False).items() if isinstance(v, kinds)}


def _results(search: Any, run: str) -> SearchEnded:
    results = search.cv_results_
    scores = {
        name: [float(value) for value in values]
        for name, values in results.items()
        if name.startswith(("mean_", "std_", "rank_"))
    }
    iterations = results.get("iter")
    return SearchEnded(
        run,
        search.n_splits_,
        list(results["params"]),
        None if iterations is None else [int(i) for i in iterations],
        getattr(search, "best_index_", None),
        scores,
    )

"""Following every network of a search: what LearningCurves and TensorBoard share."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
import warnings
import weakref
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from numbers import Number
from typing import Any

from skhp.callback.fit_place import (
    Place,
    enter_candidate,
    is_candidate,
    is_candidate_of_search,
    leave_candidate,
    path_to,
    place_of,
)
from skhp.callback.guard import guarded
from skhp.callback.held_out import Folds, HeldOutRows
from skhp.callback.recorder import Recorder, attach, detach
from skhp.callback.records import Epoch, Failure, SearchBegun, SplitsCounted
from skhp.callback.search_reading import count_splits, results_record
from skhp.candidates.searches import is_search
from skhp.candidates.space import space_of
from skhp.compat.sklearn import passes_callbacks_on
from skhp.compat.sklearn_callback import can_reuse_listener, forget_listener, open_listener, send
from skhp.fitting.fit_task import EpochEnd, epoch_end

ON = ("train", "test_fold")


@dataclass
class _Search:
    """What workers need to know about a running search."""

    names: list[str]
    n_splits: int
    passes_callbacks_on: bool
    folds: Folds | None


@dataclass
class Candidate:
    """A candidate that is being fitted, and the rows that score it, if these are known."""

    params: dict[str, Any]
    rows: HeldOutRows | None
    n_monitors: int = 0  # how many still follow it


@dataclass
class _Fit:
    """One training of a network, and what measures it on held-out rows."""

    fit_id: str
    measure: Any = None
    measuring: float = 0.0  # seconds


# By contexts of this process, which are not sent to other processes during their fit.
_candidates: weakref.WeakKeyDictionary[Any, Candidate] = weakref.WeakKeyDictionary()
_fits: weakref.WeakKeyDictionary[Any, _Fit] = weakref.WeakKeyDictionary()


class SearchMonitor:
    """A scikit-learn callback that sends a record of each epoch of each network to a sink.

    Parameters
    ----------
    sink : Sink
        Takes records in the process that made the monitor, from any thread.
    on : {"train", "test_fold"}
        Whether the rows that score a candidate are measured too.
    """

    # scikit-learn refuses a callback with this attribute on an estimator within a search.
    # 0: the monitor is not passed on. Its recorders are set on the estimators within.
    max_propagation_depth: int | None = 0

    # Without it, training need not stop after each epoch to call back.
    follows_epochs = True

    def __init__(self, sink: Any, on: str) -> None:
        if on not in ON:
            raise ValueError(f"on must be one of {', '.join(map(repr, ON))}. Got {on!r}.")
        self.on = on
        self._sink = sink
        self._searches: dict[str, _Search] = {}
        self._recorders: dict[str, Recorder] = {}
        self._listen()

    def _listen(self) -> None:
        self._listener = open_listener(self._sink.receive, owner=self)
        self._home = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        # Workers send the records of a running search, and do not need old ones.
        sink = self._sink.empty() if self._searches else self._sink
        kept = {"_sink": sink, "_searches": dict(self._searches), "_recorders": {}}
        return {**self.__dict__, **kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._home != os.getpid():
            # A forked process has copies of its parent's listeners, which do not work there.
            forget_listener(self._listener)
        if not can_reuse_listener(self._listener):
            self._searches = {}
            self._listen()

    @property
    def address(self) -> Any:
        """Where the records go: the same for all copies of a monitor in workers."""
        return self._listener.address

    def names_candidates(self, run: str) -> bool:
        """Whether the search of a run passes its callbacks on to its candidates."""
        return run in self._searches and self._searches[run].passes_callbacks_on

    def failed(self, error: Exception) -> None:
        """Report an error, which a warning shows when the search has ended."""
        with contextlib.suppress(Exception):  # sending may be what does not work
            self._send(Failure(f"{type(error).__name__}: {error}"))

    def _send(self, record: Any) -> None:
        send(self._listener, record)

    @guarded
    def setup(self, estimator: Any, context: Any) -> None:
        """Before the outermost fit."""
        recorder = Recorder(self, context.root_uuid.hex)
        self._recorders[recorder.run] = recorder
        attach(estimator, recorder)

    def teardown(self, estimator: Any, context: Any) -> None:
        """After the outermost fit, whether it ended well or not."""
        self._stop_following(estimator, context)
        self.say_failures()

    @guarded
    def _stop_following(self, estimator: Any, context: Any) -> None:
        leave_candidate()
        run = context.root_uuid.hex
        self._searches.pop(run, None)
        recorder = self._recorders.pop(run, None)
        if recorder is not None:
            detach(estimator, recorder)

    def say_failures(self) -> None:
        """Warn of the failures since the last warning."""
        messages = self._sink.new_failures()
        if messages:
            warnings.warn(
                f"{type(self).__name__} could not follow all of this fit. The fit itself is not "
                f"affected. {'; '.join(messages)}.",
                RuntimeWarning,
                stacklevel=3,
            )

    @guarded
    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None
    ) -> None:
        """At the start of a task: note it if it is a search or a candidate."""
        if not is_search(estimator):
            if is_candidate(context):
                self._candidate_begins(estimator, context, X, y)
        elif is_candidate_of_search(context):
            enter_candidate(context)
        elif not place_of(context).is_unknown:
            return  # a search within a candidate of another search
        elif context.task_name == "fit":
            self._search_begins(estimator, context, X, y)
        else:
            self._count_splits(estimator, context)

    @guarded
    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """At the end of a task: send the logs of an epoch, or the results of a search."""
        self.task_ends(estimator, context, place_of(context))

    @guarded
    def task_ends(self, estimator: Any, context: Any, place: Place) -> None:
        """Follow the end of a task whose place is known.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        place : Place
        """
        end = epoch_end(context)
        if end is not None:
            self._epoch_ends(estimator, context, end, place)
        elif is_search(estimator):
            if is_candidate_of_search(context):
                leave_candidate()
            elif context.task_name == "fit" and place.is_unknown:
                self._send(results_record(estimator, context.root_uuid.hex))
        # scikit-learn keeps contexts until the whole search ends, which would keep the rows too.
        _fits.pop(context, None)
        if is_candidate(context):
            self._leave(context)

    def _search_begins(self, search: Any, context: Any, X: Any, y: Any) -> None:
        run, space = context.root_uuid.hex, space_of(search)
        names = list(dict.fromkeys(name for part in space for name in part))
        resource = getattr(search, "resource", "n_samples")
        names += [resource] if resource != "n_samples" else []
        known = _Search(names, count_splits(search, X, y), passes_callbacks_on(search), None)
        self._searches[run] = known
        self._send(SearchBegun(run, known.n_splits, space, known.passes_callbacks_on))
        if self.on == "test_fold":
            known.folds = Folds(search, X, y)

    def _candidate_of(self, context: Any) -> Candidate | None:
        """The candidate that is being fitted in a context; None if there is none."""
        return _candidates.get(context)

    def _leave(self, context: Any) -> None:
        """Forget a candidate when the last of its monitors leaves it."""
        candidate = self._candidate_of(context)
        if candidate is not None:
            candidate.n_monitors -= 1
            if candidate.n_monitors <= 0:
                del _candidates[context]

    def _count_splits(self, search: Any, context: Any) -> None:
        run = context.root_uuid.hex
        known = self._searches.get(run)
        if known is not None and known.n_splits != search.n_splits_:
            known.n_splits = search.n_splits_
            self._send(SplitsCounted(run, known.n_splits))

    def _candidate_begins(self, candidate: Any, context: Any, X: Any, y: Any) -> None:
        search = self._searches[context.root_uuid.hex]
        place = place_of(context)
        values = candidate.get_params()
        params = {name: values[name] for name in search.names if name in values}
        # Several monitors may follow one candidate, and must not replace each other's rows.
        known = _candidates.setdefault(context, Candidate(params, None))
        known.n_monitors += 1
        if search.folds is not None and place.fit is not None:
            split = place.fit % search.folds.n_splits
            known.rows = search.folds.held_out(split, candidate, X, y)

    def _epoch_ends(self, network: Any, context: Any, end: EpochEnd, place: Place) -> None:
        fit = context.parent
        candidate = next((_candidates[c] for c in path_to(fit) if c in _candidates), None)
        known = _fits.setdefault(fit, _Fit(uuid.uuid4().hex))
        params, n_parameters = None, None
        if context.task_id == 0:
            params = candidate.params if candidate else _plain_params(network)
            n_parameters = network.count_parameters()
        seconds = (datetime.now(UTC) - fit.init_time).total_seconds() - known.measuring
        began = time.perf_counter()
        measured = self._measured(network, fit, candidate, end)
        known.measuring += time.perf_counter() - began
        record = Epoch(
            place=replace(place, own=known.fit_id) if place.is_unknown else place,
            fit_id=known.fit_id,
            began=fit.init_time.timestamp(),
            number=context.task_id + 1,
            seconds=seconds,
            values={**end.logs, **measured},
            params=params,
            n_parameters=n_parameters,
        )
        self._send(record)

    def _measured(
        self, network: Any, fit: Any, candidate: Candidate | None, end: EpochEnd
    ) -> dict[str, float]:
        if self.on != "test_fold":
            return {}
        if candidate is None:
            self._report_not_measured(network, place_of(fit))
            return {}
        if candidate.rows is None:
            return {}
        try:
            known = _fits[fit]
            if known.measure is None:
                known.measure = network.evaluation(*candidate.rows.as_seen_by(network))
            values = known.measure(end.state())
        except Exception as error:
            candidate.rows = None  # the epoch is still reported, and the failure only once
            self.failed(error)
            return {}
        return {f"test_{name}": value for name, value in values.items()}

    def _report_not_measured(self, network: Any, place: Place) -> None:
        if not place.is_refit:
            self._send(
                Failure(
                    "on='test_fold' measured no held-out rows: which rows score this "
                    f"{type(network).__name__} is known only inside scikit-learn's own searches, "
                    "of the network itself or of a scikit-learn Pipeline that ends in it"
                )
            )


def _plain_params(network: Any) -> dict[str, Any]:
    """Parameters whose values are small and can be pickled."""
    kinds = (str, Number, bool, type(None), tuple)
    return {k: v for k, v in network.get_params(deep=False).items() if isinstance(v, kinds)}

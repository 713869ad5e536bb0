"""How a monitor follows the networks within a search or a pipeline."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from sklearn.pipeline import Pipeline

from skhp.callback.fit_place import Place, place_of, place_of_thread
from skhp.candidates.networks import is_network
from skhp.candidates.searches import is_search
from skhp.compat.sklearn_callback import own_callbacks

# One thread at a time reads and changes the callbacks of an estimator.
_changing = threading.Lock()


class Monitor(Protocol):
    """What a recorder needs from its monitor."""

    follows_epochs: bool

    @property
    def address(self) -> Any:
        """The same for all copies of a monitor in workers."""

    def names_candidates(self, run: str) -> bool:
        """Whether the search of a run passes its callbacks on to its candidates."""

    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None
    ) -> None:
        """Follow a task from its start."""

    def task_ends(self, estimator: Any, context: Any, place: Place) -> None:
        """Follow the end of a task whose place is known."""


class Recorder:
    """Calls a monitor at the fits of estimators within the one that the monitor is set on.

    scikit-learn can pass the monitor itself on to estimators within, but then warns at each
    fit of each transformer that takes no callbacks.

    Parameters
    ----------
    monitor : Monitor
    run : str
        The identifier of the fit that the monitor follows.
    """

    def __init__(self, monitor: Monitor, run: str) -> None:
        self.monitor: Monitor | None = monitor
        self.run = run
        self.follows_epochs = monitor.follows_epochs

    def setup(self, estimator: Any, context: Any) -> None:
        """Before the outermost fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """After the outermost fit."""

    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None
    ) -> None:
        """Call the monitor."""
        if self.monitor is not None and context.root_uuid.hex == self.run:
            if isinstance(estimator, Pipeline):
                attach(estimator, self)  # a search may have replaced a step
            self.monitor.on_fit_task_begin(estimator, context, X=X, y=y)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Call the monitor, if it follows this fit."""
        if self.monitor is None:
            return
        place = self._place(context, self.monitor)
        if place is not None:
            self.monitor.task_ends(estimator, context, place)

    def _place(self, context: Any, monitor: Monitor) -> Place | None:
        place = place_of(context)
        if not place.is_unknown:
            return place if place.run == self.run else None
        here = place_of_thread()
        if here is not None:
            return here if here.run == self.run else None
        # If a search passes callbacks on, a fit of an unknown candidate could be any of them.
        return None if monitor.names_candidates(self.run) else Place(self.run)


def attach(estimator: Any, recorder: Recorder) -> list[Any]:
    """Set a recorder on the parts of an estimator, not on the estimator itself.

    Parameters
    ----------
    estimator : estimator
    recorder : Recorder

    Returns
    -------
    list of estimator
        Those on which it was set.
    """
    chosen = []
    for part in _parts_of(estimator):
        with _changing:
            own = own_callbacks(part)
            if not any(isinstance(c, Recorder) and _serve_the_same(c, recorder) for c in own):
                part.set_callbacks(*own, recorder)
                chosen.append(part)
    return chosen


def detach(estimator: Any, recorder: Recorder) -> None:
    """Remove a recorder from an estimator and its parts; it then serves no monitor.

    Parameters
    ----------
    estimator : estimator
    recorder : Recorder
    """
    recorder.monitor = None
    for part in _all_in(estimator):
        with _changing:
            own = own_callbacks(part)
            kept = [c for c in own if c is not recorder]
            if len(kept) < len(own):
                part.set_callbacks(*kept)


def _serve_the_same(one: Recorder, other: Recorder) -> bool:
    monitors = one.monitor, other.monitor
    return one.run == other.run and len({m and m.address for m in monitors}) == 1


def _all_in(estimator: Any) -> list[Any]:
    """An estimator, its parts, and what searches among them have fitted."""
    found = [estimator, *estimator.get_params(deep=True).values()]
    fitted = [getattr(part, "best_estimator_", None) for part in found]
    return found + [part for one in fitted if one is not None for part in _all_in(one)]


def _parts_of(estimator: Any) -> list[Any]:
    """Networks of this library, pipelines and searches within an estimator."""
    parts = {id(part): part for part in estimator.get_params(deep=True).values()}
    return [part for part in parts.values() if part is not estimator and _takes_recorders(part)]


def _takes_recorders(part: Any) -> bool:
    if isinstance(part, type) or not hasattr(part, "set_callbacks"):
        return False
    return is_network(part) or isinstance(part, Pipeline) or is_search(part)


def has_network(estimator: Any) -> bool:
    """Whether an estimator is, or holds, a network of this library."""
    parts = estimator.get_params(deep=True).values()
    return is_network(estimator) or any(is_network(part) for part in parts)

"""Which candidate and split a fit belongs to, read from the tree of scikit-learn's contexts."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Names that scikit-learn's searches give their tasks.
_CANDIDATE = "candidate-split-evaluation"
_REFIT = "refit-with-best-params"
_ITERATION = "halving-iteration"


@dataclass(frozen=True)
class Place:
    """One fit of a network.

    Parameters
    ----------
    run : str
        The identifier of the outermost fit that it is part of.
    fit : int or None
        ``candidate * n_splits + split`` within its iteration. None if no search says
        which candidate it is.
    iteration : int or None
        The iteration of a halving search; None for other searches.
    is_refit : bool
        Whether a search fits its best candidate on all rows.
    own : str or None
        Different for any two fits, if no search says which candidate they are.
    """

    run: str
    fit: int | None = None
    iteration: int | None = None
    is_refit: bool = False
    own: str | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether no search says which candidate this is."""
        return self.fit is None and not self.is_refit


def path_to(context: Any) -> list[Any]:
    """Contexts from the outermost to this one.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
    """
    path = [context]
    while path[0].parent is not None:
        path.insert(0, path[0].parent)
    return path


def is_candidate(context: Any) -> bool:
    """Whether a task is the fit of a search's candidate, on one split or on all rows.

    The context is the candidate's own, which scikit-learn has merged with the search's.
    """
    return context.source_task_name in (_CANDIDATE, _REFIT)


def is_candidate_of_search(context: Any) -> bool:
    """Whether a task is the fit of a candidate, in the context of the search itself."""
    return context.task_name in (_CANDIDATE, _REFIT)


def place_of(context: Any) -> Place:
    """The place of a task.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The context of a network's fit, or of one of its epochs.
    """
    run = context.root_uuid.hex
    for task in path_to(context):
        names = (task.task_name, task.source_task_name)
        if _CANDIDATE in names:
            above = task.parent
            iteration = above.task_id if above.task_name == _ITERATION else None
            return Place(run, fit=task.task_id, iteration=iteration)
        if _REFIT in names:
            return Place(run, is_refit=True)
    return Place(run)


class _ThisThread(threading.local):
    place: Place | None = None


_this_thread = _ThisThread()


def enter_candidate(context: Any) -> None:
    """Note that this thread fits a candidate.

    Some estimators do not pass callbacks on to the network within them, which then does not
    know its candidate. The thread that fits it does.
    """
    _this_thread.place = place_of(context)


def leave_candidate() -> None:
    """Note that this thread no longer fits a candidate."""
    _this_thread.place = None


def place_of_thread() -> Place | None:
    """The candidate that this thread fits, or None."""
    return _this_thread.place


def expected_places(
    run: str, scored: Iterable[tuple[int, int]], n_splits: int, iterations: list[int] | None
) -> list[Place]:
    """The places of a search's fits.

    Parameters
    ----------
    run : str
    scored : iterable of (candidate, split)
        By the rows of ``cv_results_``.
    n_splits : int
    iterations : list of int or None
        ``cv_results_["iter"]`` of a halving search.
    """
    places = []
    for candidate, split in scored:
        iteration = None if iterations is None else iterations[candidate]
        before = 0 if iterations is None else sum(i < iterations[candidate] for i in iterations)
        places.append(Place(run, (candidate - before) * n_splits + split, iteration))
    return places

"""Where in a search a task stands, read from the tree of scikit-learn's contexts."""

from __future__ import annotations

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
        Of the outermost fit it is part of.
    fit : int or None
        ``candidate * n_splits + split`` within its iteration; None where no search
        evaluates a candidate.
    iteration : int or None
        Of a halving search; None elsewhere.
    is_refit : bool
        Whether a search fits its best candidate on all rows.
    """

    run: str
    fit: int | None = None
    iteration: int | None = None
    is_refit: bool = False

    @property
    def is_lone(self) -> bool:
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
    """Whether a task is the fit of a search's candidate, on one split or on all rows."""
    return context.source_task_name in (_CANDIDATE, _REFIT)


def place_of(context: Any) -> Place:
    """Where a task stands.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit of a network, or of one of its epochs.
    """
    run = context.root_uuid.hex
    for task in path_to(context):
        if task.source_task_name == _CANDIDATE:
            above = task.parent
            iteration = above.task_id if above.task_name == _ITERATION else None
            return Place(run, fit=task.task_id, iteration=iteration)
        if task.source_task_name == _REFIT:
            return Place(run, is_refit=True)
    return Place(run)

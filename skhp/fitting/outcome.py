"""What training leaves, as the attributes of a fitted estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from skhp.fitting.divergence import warn_diverged
from skhp.fitting.user_warning import warn_user

if TYPE_CHECKING:
    from skhp.engine.plan import Outcome

History = dict[str, list[float]]


def fitted_attributes(outcome: Outcome, history: History) -> dict[str, Any]:
    """The attributes that an estimator gets from its training.

    Parameters
    ----------
    outcome : Outcome
    history : dict of str to list of float
        With the epochs of earlier fits that this one continues.

    Returns
    -------
    dict of str to object
        ``history_``, ``n_epochs_``, ``engine_`` and ``engine_reason_``.
    """
    return {
        "history_": history,
        "n_epochs_": len(history.get("loss", ())),
        "engine_": outcome.engine,
        "engine_reason_": outcome.reason,
    }


def warn_if_diverged(outcome: Outcome, learning_rate: Any) -> None:
    """Warn if training stopped because the loss was no longer finite.

    Parameters
    ----------
    outcome : Outcome
    learning_rate : object
        As it was set.
    """
    if outcome.diverged_at is not None:
        warn_diverged(outcome.diverged_at, learning_rate)


def warn_if_cut(outcome: Outcome, max_seconds: Any) -> None:
    """Warn if training stopped because its time was over.

    Parameters
    ----------
    outcome : Outcome
    max_seconds : float or None
        As it was set.
    """
    if outcome.is_cut:
        warn_user(
            f"max_seconds={max_seconds!r} had passed after epoch {outcome.n_epochs}, so training "
            "stopped there. Raise max_seconds to train for all epochs.",
            ConvergenceWarning,
        )

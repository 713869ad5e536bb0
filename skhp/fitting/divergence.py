"""Warnings and errors for training whose loss or weights are not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skhp.fitting.user_warning import warn_user

if TYPE_CHECKING:
    from skhp.engine.plan import Outcome


_ADVICE = (
    "Lower the learning rate, scale X (and y of a regressor), or clip gradients with an "
    "optimizer such as keras.optimizers.Adam(clipnorm=1.0)."
)


def warn_diverged(epoch: int, learning_rate: Any) -> None:
    """Warn that training stopped because the loss was not finite. The weights are finite.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    learning_rate : object
        As it was set.
    """
    warn_user(
        f"The loss was no longer finite at epoch {epoch} with "
        f"learning_rate={learning_rate!r}; training stopped there. {_ADVICE}",
        ConvergenceWarning,
    )


def check_converged(outcome: Outcome, rate: Callable[[], Any]) -> None:
    """Raise ValueError if weights are not finite after training.

    Such a network cannot predict. scikit-learn's multilayer perceptrons also raise an error
    in ``fit``, so that a search counts the fit as failed.

    Parameters
    ----------
    outcome : Outcome
    rate : callable
        It returns the learning rate as it was set. Only called for the error.
    """
    if not outcome.state.is_finite():
        epoch = outcome.diverged_at or outcome.n_epochs
        raise ValueError(
            f"Training diverged: the loss or the weights were no longer finite at epoch {epoch} "
            f"with learning_rate={rate()!r}. {_ADVICE}"
        )


def check_can_predict(estimator: Any, is_finite: bool, rate: Callable[[], Any]) -> None:
    """Raise ValueError if the weights of a fitted estimator are not finite.

    Parameters
    ----------
    estimator : object
    is_finite : bool
    rate : callable
        It returns the learning rate as it was set. Only called for the error.
    """
    if not is_finite:
        raise ValueError(
            f"This {type(estimator).__name__} has weights that are not finite: its training "
            f"diverged (learning_rate={rate()!r}), so it cannot predict. Fit it again "
            "with a lower learning rate or scaled data."
        )


def rate_of(model: Any) -> float | None:
    """The learning rate of a compiled Keras model; None if its optimizer has none.

    Parameters
    ----------
    model : keras.Model
    """
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    if rate is None:
        return None
    return float(str(np.float32(rate)))  # as the user wrote it: 0.05, not 0.05000000074505806

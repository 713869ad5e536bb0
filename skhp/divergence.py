"""Training whose loss is no longer a finite number: said when it happens, and after."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning


def warn_diverged(epoch: int, learning_rate: Any) -> None:
    """Warn that training stopped for a loss that is not finite.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    learning_rate : object
        As it was set.
    """
    warnings.warn(
        f"The loss was no longer finite at epoch {epoch} with "
        f"learning_rate={learning_rate!r}; training stopped there. Lower the learning rate, "
        "scale X (and y of a regressor), or clip gradients with an optimizer such as "
        "keras.optimizers.Adam(clipnorm=1.0).",
        ConvergenceWarning,
        stacklevel=7,
    )


def check_can_predict(estimator: Any, is_finite: bool, learning_rate: Any) -> None:
    """Raise an error where the weights of a fitted estimator are not finite.

    Parameters
    ----------
    estimator : object
    is_finite : bool
    learning_rate : object
        As it was set.
    """
    if not is_finite:
        raise ValueError(
            f"This {type(estimator).__name__} has weights that are not finite: its training "
            f"diverged (learning_rate={learning_rate!r}), so it cannot predict. Fit it again "
            "with a lower learning rate or scaled data."
        )

"""Private names of scikit-learn's callbacks."""

from __future__ import annotations

from typing import Any

from sklearn.callback._transport import (  # how values come back from joblib's workers
    can_reuse_listener,
    open_listener,
    send,
)
from sklearn.callback._transport import close_listener as forget_listener  # of this process

__all__ = [
    "CALLBACKS_ATTRIBUTE",
    "FIT_ATTRIBUTES",
    "can_reuse_listener",
    "forget_listener",
    "has_callbacks",
    "open_listener",
    "own_callbacks",
    "send",
]


def has_callbacks(context: Any) -> bool:
    """Whether a `sklearn.callback.CallbackContext` has any callback to call.

    The context keeps them under a private name alone, and asking it is cheaper than
    going through the motions of every epoch for no one.
    """
    return bool(context._callbacks)


# ``set_callbacks`` keeps the callbacks in it, and no public name reads them.
CALLBACKS_ATTRIBUTE = "_skl_callbacks"


# What scikit-learn sets on an estimator while its fit goes on.
FIT_ATTRIBUTES = ("_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx")


def own_callbacks(estimator: Any) -> list[Any]:
    """The callbacks set on an estimator; ``set_callbacks`` replaces them, and none reads them."""
    return list(getattr(estimator, CALLBACKS_ATTRIBUTE, []))

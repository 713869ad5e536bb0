"""Private names of scikit-learn's callbacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from skhp.compat.missing_names import MissingPrivateName

# `set_callbacks` keeps the callbacks in it, and no public name reads them.
CALLBACKS_ATTRIBUTE = "_skl_callbacks"

# What scikit-learn sets on an estimator during its fit.
FIT_ATTRIBUTES = ("_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx")


def open_listener(message_consumer: Callable[[Any], None], owner: Any) -> Any:
    """Receive what `send` sends in this process and its workers, as long as the owner lives."""
    return _transport("open_listener")(message_consumer, owner=owner)


def can_reuse_listener(handle: Any) -> bool:
    """Whether messages can be sent to the listener of another process."""
    return bool(_transport("can_reuse_listener")(handle))


def send(handle: Any, message: Any) -> None:
    """Send a message to a listener, from any process."""
    _transport("send")(handle, message)


def forget_listener(handle: Any) -> None:
    """Close a listener of this process."""
    _transport("close_listener")(handle)


def _transport(name: str) -> Any:
    """A function by which values come back from joblib's workers."""
    try:
        from sklearn.callback import _transport as module
    except ImportError:
        module = None
    if not hasattr(module, name):
        raise MissingPrivateName(
            "scikit-learn",
            f"sklearn.callback._transport.{name}",
            "Following the networks of a search (LearningCurves, TensorBoard)",
        )
    return getattr(module, name)


def has_callbacks(context: Any) -> bool:
    """Whether a `sklearn.callback.CallbackContext` has a callback to call at each epoch.

    Without one, an epoch need not make a context of its own, which takes time. A callback with
    ``follows_epochs = False`` is not called at epochs. True where it is not known.
    """
    callbacks = getattr(context, "_callbacks", None)
    if callbacks is None:
        return True
    return any(getattr(callback, "follows_epochs", True) for callback in callbacks)


def own_callbacks(estimator: Any) -> list[Any]:
    """The callbacks that are set on an estimator.

    No public name reads them, and ``set_callbacks`` replaces them.
    """
    if not _keeps_callbacks_there():
        raise MissingPrivateName(
            "scikit-learn", CALLBACKS_ATTRIBUTE, "Reading the callbacks of an estimator"
        )
    return list(getattr(estimator, CALLBACKS_ATTRIBUTE, []))


@functools.cache
def _keeps_callbacks_there() -> bool:
    from sklearn.callback import CallbackSupportMixin

    return hasattr(CallbackSupportMixin().set_callbacks(_NoCallback()), CALLBACKS_ATTRIBUTE)


class _NoCallback:
    """A callback that does nothing."""

    def setup(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

"""A fit that waits after each epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from sklearn import config_context, get_config


class PausedFit:
    """A fit that waits after each epoch until it is told to go on.

    It runs in a thread of its own, and only while `advance` waits for it. So several such fits
    take turns, and never run at the same time.

    Parameters
    ----------
    fit : callable
        It takes a function ``pause(value)``, which it must call after each epoch. If that
        returns True, training must stop. What ``fit`` returns is the ``result``.

    Attributes
    ----------
    has_ended : bool
    result : object
        None before the end.

    Examples
    --------
    >>> def fit(pause):
    ...     epochs = 0
    ...     while epochs < 3 and not pause(epochs):
    ...         epochs += 1
    ...     return "fitted"
    >>> paused = PausedFit(fit)
    >>> paused.advance(), paused.advance(), paused.advance(), paused.advance()
    (0, 1, 2, None)
    >>> paused.result
    'fitted'
    """

    def __init__(self, fit: Callable[[Callable[[Any], bool]], Any]) -> None:
        self._fit, self._config = fit, get_config()
        self._orders: SimpleQueue[bool] = SimpleQueue()
        self._values: SimpleQueue[Any] = SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_stopped = False
        self.has_ended, self.result = False, None

    def advance(self) -> Any:
        """Train one epoch more.

        Returns
        -------
        object
            The value that ``fit`` passed to ``pause``; None if the fit ended instead.

        Raises
        ------
        BaseException
            The error that the fit ended with.
        """
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._orders.put(False)
        value = self._values.get()
        if self._error is not None:
            raise self._error
        return value

    def stop(self) -> None:
        """Stop the training, and wait until the fit has ended. Its errors are ignored."""
        if self._thread.ident is not None and not self.has_ended:
            self._orders.put(True)
            self._thread.join()
        self.has_ended = True

    def _run(self) -> None:
        try:
            with config_context(**self._config):  # scikit-learn's settings are a thread's own
                self.result = self._fit(self._pause)
        except BaseException as error:
            self._error = error
        self.has_ended = True
        self._values.put(None)

    def _pause(self, value: Any) -> bool:
        if not self._is_stopped:
            self._values.put(value)
            self._is_stopped = self._orders.get()
        return self._is_stopped

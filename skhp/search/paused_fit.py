"""A fit that waits after each epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from sklearn import config_context, get_config


class PausedFit:
    """A fit that waits after each epoch until it is told to go on.

    It runs in a thread of its own, and only while `advance` waits for it. So several such fits
    take turns, and never run at the same time.

    Parameters
    ----------
    fit : callable
        It takes a function ``pause()``, which it must call after each epoch. If that returns
        True, training must stop.

    Attributes
    ----------
    has_ended : bool

    Examples
    --------
    >>> def fit(pause):
    ...     for epoch in range(2):
    ...         print("epoch", epoch)
    ...         if pause():
    ...             break
    >>> paused = PausedFit(fit)
    >>> paused.advance()
    epoch 0
    >>> paused.advance()
    epoch 1
    >>> paused.advance(), paused.has_ended
    (None, True)
    """

    def __init__(self, fit: Callable[[Callable[[], bool]], None]) -> None:
        self._fit, self._config = fit, get_config()
        self._turns: SimpleQueue[bool] = SimpleQueue()  # each says whether to stop
        self._pauses: SimpleQueue[None] = SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_stopped = self.has_ended = False

    def advance(self) -> None:
        """Train one epoch more, or end the fit if there is none.

        Raises
        ------
        BaseException
            The error that the fit ended with.
        """
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._turns.put(False)
        self._pauses.get()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop the training, and wait until the fit has ended. Its errors are ignored."""
        if self._thread.ident is not None and not self.has_ended:
            self._turns.put(True)
            self._thread.join()
        self.has_ended = True

    def _run(self) -> None:
        try:
            with config_context(**self._config):  # scikit-learn's settings are a thread's own
                self._fit(self._pause)
        except BaseException as error:
            self._error = error
        self.has_ended = True
        self._pauses.put(None)

    def _pause(self) -> bool:
        if not self._is_stopped:
            self._pauses.put(None)
            self._is_stopped = self._turns.get()
        return self._is_stopped

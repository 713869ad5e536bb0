"""The time limit of a training."""

from __future__ import annotations

import time


class TimeLimit:
    """Counts seconds of wall-clock time, from when it is made.

    Parameters
    ----------
    seconds : float or None
        None for no limit.

    Examples
    --------
    >>> TimeLimit(3600).is_over(), TimeLimit(None).is_over()
    (False, False)
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = float("inf") if seconds is None else time.perf_counter() + seconds

    def is_over(self) -> bool:
        """Whether the time has passed."""
        return time.perf_counter() >= self._end

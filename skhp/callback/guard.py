"""A monitor that fails must not end the search that it follows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def guarded(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method report its errors, and not raise them.

    Parameters
    ----------
    hook : callable
        A method of an object that has a method ``failed(error)``.
    """

    @functools.wraps(hook)
    def safe(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return hook(self, *args, **kwargs)
        except Exception as error:
            self.failed(error)
            return None

    return safe

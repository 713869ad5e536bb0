"""Warnings that point at the user's own line."""

from __future__ import annotations

import inspect
import warnings

# Libraries between the user's call and ours.
_BETWEEN = frozenset({"skhp", "sklearn", "joblib"})


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the place of the user's call of ``fit`` or of the search.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    level, frame = 1, inspect.currentframe()
    while frame is not None and _package_of(frame.f_globals) in _BETWEEN:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _package_of(names: dict[str, object]) -> str:
    return str(names.get("__name__", "")).partition(".")[0]

"""Private names of scikit-learn; those of its callbacks are in `skhp.compat.sklearn_callback`."""

from __future__ import annotations

import inspect
from typing import Any

from skhp.compat.missing_names import MissingPrivateName

try:
    # The error that scikit-learn's own estimators raise.
    from sklearn.utils._param_validation import InvalidParameterError
except ImportError:

    class InvalidParameterError(ValueError, TypeError):  # type: ignore[no-redef]
        """A parameter has a value that it may not have."""


__all__ = ["InvalidParameterError", "passes_callbacks_on", "take_rows"]


def take_rows(rows: Any, indices: Any) -> Any:
    """Rows of an array, a data frame or a sparse matrix, as scikit-learn's searches take them.

    Parameters
    ----------
    rows : array-like, data frame or sparse matrix
    indices : ndarray of int
    """
    try:
        from sklearn.utils import _safe_indexing
    except ImportError:
        raise MissingPrivateName(
            "scikit-learn",
            "sklearn.utils._safe_indexing",
            "Scoring held-out rows (on='test_fold', or a scorer as monitor)",
        ) from None
    return _safe_indexing(rows, indices)


def passes_callbacks_on(search: Any) -> bool:
    """Whether a search passes its callbacks on to the candidates that it evaluates.

    One that overrides ``_run_search`` in the manner from before scikit-learn's
    callbacks (scikit-optimize's `BayesSearchCV`) does not.
    """
    method = getattr(search, "_run_search", None)
    if method is None or method.__module__.startswith("sklearn."):
        return True
    return "callback_ctx" in inspect.signature(method).parameters

"""Private names of scikit-learn, less those of its callbacks."""

from __future__ import annotations

import inspect
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing as take_rows  # of arrays, frames, sparse matrices
from sklearn.utils._param_validation import (  # the checks scikit-learn's estimators use
    HasMethods,
    InvalidParameterError,
    StrOptions,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.validation import _check_sample_weight

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "check_sample_weight",
    "hands_callbacks_on",
    "is_search",
    "take_rows",
]


class Interval(_Interval):
    """scikit-learn's range of numbers, for `fractions.Fraction` too, and not for bool."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether a value is a number of this range."""
        if isinstance(val, bool | np.bool_):
            return False
        if self.type is Real and isinstance(val, Real) and not isinstance(val, Integral):
            val = float(val)
        return super().is_satisfied_by(val)


def check_sample_weight(sample_weight: Any, X: Any, dtype: Any) -> Any:
    """One finite, non-negative weight a row; ones where none are given."""
    return _check_sample_weight(
        sample_weight, X, dtype=dtype, ensure_non_negative=True, allow_all_zero_weights=True
    )


def is_search(estimator: Any) -> bool:
    """Whether an estimator is one of scikit-learn's searches, or built on their base class."""
    from sklearn.model_selection._search import BaseSearchCV  # slow to import, and not for all

    return isinstance(estimator, BaseSearchCV)


def hands_callbacks_on(search: Any) -> bool:
    """Whether a search hands its callbacks on to the candidates that it evaluates.

    One that overrides ``_run_search`` in the manner from before scikit-learn's
    callbacks (scikit-optimize's `BayesSearchCV`) does not.
    """
    return "callback_ctx" in inspect.signature(search._run_search).parameters

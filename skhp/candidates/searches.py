"""Which estimators are searches of scikit-learn."""

from __future__ import annotations

import functools
from typing import Any


def is_search(estimator: Any) -> bool:
    """Whether an estimator is one of scikit-learn's searches, or built on their base class.

    Parameters
    ----------
    estimator : object

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> is_search(GridSearchCV(Ridge(), {"alpha": [1, 2]})), is_search(Ridge())
    (True, False)
    """
    return isinstance(estimator, _base_class())


@functools.cache
def _base_class() -> type:
    """The first class that grid search and randomized search have in common."""
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV  # slow to import

    return next(kind for kind in GridSearchCV.__mro__ if kind in RandomizedSearchCV.__mro__)

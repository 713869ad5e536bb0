"""The number of splits of a search, before it runs."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier
from sklearn.model_selection import check_cv


def planned_n_splits(search: Any, X: Any, y: Any) -> int | None:
    """The number of splits for which a search will fit each candidate.

    Parameters
    ----------
    search : search of scikit-learn
    X, y : array-like or None
        The data for ``fit``.

    Returns
    -------
    int or None
        None if only the search can know the number.

    Raises
    ------
    ValueError
        If ``cv`` of the search is not a splitter.
    """
    if hasattr(search.cv, "__next__"):
        return None  # a generator can be read once, by the search
    cv = check_cv(search.cv, y, classifier=is_classifier(search.estimator))
    try:
        return int(cv.get_n_splits(X, y))
    except (ValueError, TypeError):  # the splitter needs X, y or groups
        return None

"""What a monitor reads from a search: its splits, its results, and the fits of the results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone

from skhp.callback.fit_place import Place, expected_places
from skhp.callback.recorder import has_network
from skhp.callback.records import SearchEnded
from skhp.candidates.cv_results import params_of, results_of, split_scores, summary_columns
from skhp.candidates.planned_splits import planned_n_splits


def count_splits(search: Any, X: Any, y: Any) -> int:
    """The number of splits, 0 if only the search knows it."""
    try:
        return planned_n_splits(search, X, y) or 0
    except Exception:  # the search says what is wrong with its splitter
        return 0


def results_record(search: Any, run: str) -> SearchEnded:
    """What a search found, as a record.

    Parameters
    ----------
    search : fitted search
    run : str
    """
    iterations = results_of(search).get("iter")
    iterations = None if iterations is None else [int(i) for i in iterations]
    expected = expected_places(run, _scored(search), search.n_splits_, iterations)
    fitted = getattr(search, "best_estimator_", None)
    if fitted is not None and has_network(fitted):
        expected.append(Place(run, is_refit=True))
    return SearchEnded(
        run=run,
        n_splits=search.n_splits_,
        params=[dict(params) for params in params_of(search)],
        iterations=iterations,
        best=getattr(search, "best_index_", None),
        scores=summary_columns(search),
        expected=expected,
    )


def _scored(search: Any) -> Iterator[tuple[int, int]]:
    """Candidates and splits whose network was fitted, as their scores show."""
    for candidate, (params, splits) in enumerate(
        zip(params_of(search), split_scores(search), strict=True)
    ):
        if not _is_of_a_network(search, params):
            continue
        for split, scores in enumerate(splits):
            if not all(not np.isfinite(s) or s == search.error_score for s in scores):
                yield candidate, split


def _is_of_a_network(search: Any, params: Any) -> bool:
    replaced = {name: v for name, v in params.items() if hasattr(v, "fit") or _is_no_step(v)}
    if not replaced:
        return has_network(search.estimator)
    return has_network(clone(search.estimator).set_params(**clone(replaced, safe=False)))


def _is_no_step(value: Any) -> bool:
    return isinstance(value, str) and value == "passthrough"  # an array compares its elements

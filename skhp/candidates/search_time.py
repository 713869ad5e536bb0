"""How many fits a search ran, and how long they took."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.candidates.cv_results import results_of, split_scores


def fits_so_far(search: Any) -> np.ndarray:
    """The number of fits up to and including each candidate.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``

    Returns
    -------
    ndarray of shape (n_candidates,)
    """
    n_candidates, n_splits = split_scores(search).shape[:2]
    return np.arange(1, n_candidates + 1) * max(n_splits, 1)


def seconds_so_far(search: Any) -> np.ndarray:
    """The seconds of fitting and scoring up to and including each candidate.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``

    Returns
    -------
    ndarray of shape (n_candidates,)
        NaN if the results hold no times.
    """
    results = results_of(search)
    n_candidates, n_splits = split_scores(search).shape[:2]
    if "mean_fit_time" not in results:
        return np.full(n_candidates, np.nan)
    scoring = results.get("mean_score_time", np.zeros(n_candidates))
    seconds = np.asarray(results["mean_fit_time"], float) + np.asarray(scoring, float)
    return np.cumsum(np.nan_to_num(seconds)) * max(n_splits, 1)

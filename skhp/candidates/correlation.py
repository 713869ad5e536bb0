"""The correlation of each parameter with the score."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from skhp.candidates.cv_results import scores_of
from skhp.candidates.parameter_columns import is_numeric, parameter_columns
from skhp.candidates.values import unique_values


def correlations(search: Any, metric: str | None = None) -> Any:
    """Rank correlation of each parameter with the score.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    metric : str, optional
        The score to use: see `results`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``parameter``, strongest correlation first. The columns are Spearman's
        ``correlation`` in [-1, 1], its ``pvalue``, and ``n``, the number of candidates.
        Candidates that failed and parameters with a single value are left out. Parameters
        without an order, such as the activation, come last, with NaN; `importance` works for
        them too. True counts as 1, False as 0.

    Notes
    -----
    In a grid, each value of a parameter is combined with the same values of the others. In an
    adaptive search it is not, so a correlation may come from another parameter.
    """
    import pandas as pd

    scores = scores_of(search, metric)
    rows = []
    for name, values in parameter_columns(search).items():
        numbers = _as_numbers(values)
        known = np.isfinite(scores) & (True if numbers is None else np.isfinite(numbers))
        if known.sum() < 3 or len(np.unique(scores[known])) < 2:
            continue
        if numbers is None:
            if len(unique_values(itertools.compress(values, known))) > 1:
                rows.append((name, np.nan, np.nan, int(known.sum())))
        elif len(np.unique(numbers[known])) > 1:
            correlation, pvalue = spearmanr(numbers[known], scores[known])
            rows.append((name, float(correlation), float(pvalue), int(known.sum())))
    rows.sort(key=lambda row: (np.isnan(row[1]), -abs(row[1])))
    names = ["parameter", "correlation", "pvalue", "n"]
    return pd.DataFrame(rows, columns=names).set_index("parameter")


def _as_numbers(values: list[Any]) -> np.ndarray | None:
    """Numbers and bools as numbers. None if there are other values."""
    present = [value for value in values if value is not None]
    if is_numeric(present) or all(isinstance(value, bool | np.bool_) for value in present):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return None

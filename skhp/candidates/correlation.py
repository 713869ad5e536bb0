"""The correlation of each parameter with the score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import kruskal, spearmanr

from skhp.candidates.cv_results import scores_of
from skhp.candidates.parameter_columns import is_numeric, parameter_columns
from skhp.candidates.values import unique_values, value_key


def correlations(search: Any, metric: Any = None) -> Any:
    """How strongly the score changes with each parameter.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    metric : str, callable or array-like, optional
        The score to use: a name as in `results`, a function of ``cv_results_``, or one number
        for each candidate. Higher is better.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``parameter``, strongest first. The columns are:

        - ``correlation``: for numbers and bools, Spearman's rank correlation in [-1, 1] (True
          counts as 1). For parameters without an order, such as the activation, the
          correlation ratio (eta) of the ranks in [0, 1], which has no direction: 0 if the
          score is the same for all values, 1 if the value decides the score;
        - ``pvalue``, of Spearman's test, or of the Kruskal-Wallis test;
        - ``n``, the number of candidates;
        - ``method``, "spearman" or "eta".

        Candidates that failed and parameters with a single value are left out.

    Notes
    -----
    In a grid, each value of a parameter is combined with the same values of the others. In an
    adaptive search it is not, so a correlation may come from another parameter.

    The square of eta is the share of the variance of the ranks that lies between the values.
    It equals H / (n - 1), where H is the statistic of Kruskal and Wallis: Use of Ranks in
    One-Criterion Variance Analysis, Journal of the American Statistical Association, 1952.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp.search import correlations
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"C": [0.01, 0.1, 1.0], "fit_intercept": [False, True]}
    >>> search = GridSearchCV(LogisticRegression(max_iter=1000), grid).fit(X, y)
    >>> correlations(search).loc["C", "method"]
    'spearman'
    >>> correlations(search).index[0]
    'C'
    """
    import pandas as pd

    scores = scores_of(search, metric)
    rows = {}
    for name, values in parameter_columns(search).items():
        method, column = _as_column(values)
        known = np.isfinite(scores) & np.isfinite(column)
        few = known.sum() < 3 or len(np.unique(scores[known])) < 2
        if not few and len(np.unique(column[known])) > 1:
            found = _METHODS[method](column[known], scores[known])
            rows[name] = (*found, int(known.sum()), method)
    names = ["correlation", "pvalue", "n", "method"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("parameter")
    return table.sort_values("correlation", key=abs, ascending=False, kind="stable")


def _spearman(column: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    correlation, pvalue = spearmanr(column, scores)
    return float(correlation), float(pvalue)


def _eta(codes: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    statistic, pvalue = kruskal(*(scores[codes == code] for code in np.unique(codes)))
    return float(np.sqrt(max(statistic, 0.0) / (len(scores) - 1))), float(pvalue)


def _as_column(values: list[Any]) -> tuple[str, np.ndarray]:
    """How to compare a parameter with the score, and its values as numbers or as codes."""
    present = [value for value in values if value is not None]
    if is_numeric(present) or all(isinstance(value, bool | np.bool_) for value in present):
        column = np.array([np.nan if value is None else value for value in values], dtype=float)
        return "spearman", column
    codes = {value_key(value): code for code, value in enumerate(unique_values(values))}
    return "eta", np.array([codes[value_key(value)] for value in values], dtype=float)


_METHODS: dict[str, Callable[[np.ndarray, np.ndarray], tuple[float, float]]] = {
    "spearman": _spearman,
    "eta": _eta,
}

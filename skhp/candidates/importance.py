"""How much of the variation of the score each parameter explains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skhp.candidates.checks import check_choice
from skhp.candidates.cv_results import scores_of
from skhp.candidates.parameter_columns import coded_columns

# Number of trees of the forest that is fitted to the results.
_TREES = 200


def importance(
    search: Any, method: str = "forest", metric: Any = None, random_state: int | None = 0
) -> Any:
    """Importance of each parameter for the score.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    method : {"forest", "fanova"}, default="forest"
        "forest" fits scikit-learn's `RandomForestRegressor` to the results and computes the
        permutation importance of each parameter. "fanova" is Optuna's functional analysis of
        variance, and needs Optuna.
    metric : str, callable or array-like, optional
        The score to use: a name as in `results`, a function of ``cv_results_``, or one number
        for each candidate. Higher is better.
    random_state : int or None, default=0
        Seed of the forest and of the permutations.

    Returns
    -------
    pandas.Series
        Indexed by ``parameter``, largest first. The sum is 1, or 0 if all scores are equal.
        Candidates that failed and parameters with a single value are left out.

    Raises
    ------
    ValueError
        If the method is unknown, fewer than four candidates have a score, or no parameter
        has several values.
    ImportError
        If ``method="fanova"`` and Optuna is not installed.

    References
    ----------
    Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing Hyperparameter
    Importance. ICML 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp.search import importance
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"C": [0.01, 0.1, 1.0], "fit_intercept": [False, True]}
    >>> search = GridSearchCV(LogisticRegression(max_iter=1000), grid).fit(X, y)
    >>> importance(search).idxmax()
    'C'
    """
    import pandas as pd

    check_choice("method", method, tuple(_METHODS))
    scores, table = scores_of(search, metric), coded_columns(search)
    known = np.isfinite(scores)
    if known.sum() < 4 or not table:
        raise ValueError(
            f"Importance needs four candidates with a score, and a parameter that varies. This "
            f"search has {known.sum()} such candidates and {len(table)} such parameters."
        )
    values = np.column_stack(list(table.values()))[known]
    shares = np.clip(_METHODS[method](values, scores[known], random_state), 0, None)
    total = shares.sum()
    index = pd.Index(list(table), name="parameter")
    series = pd.Series(shares / total if total > 0 else shares, index=index, name="importance")
    return series.sort_values(ascending=False)


def _by_forest(values: np.ndarray, scores: np.ndarray, random_state: int | None) -> np.ndarray:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    forest = RandomForestRegressor(_TREES, random_state=random_state).fit(values, scores)
    found = permutation_importance(
        forest, values, scores, scoring="neg_mean_squared_error", random_state=random_state
    )
    return found.importances_mean


def _by_fanova(values: np.ndarray, scores: np.ndarray, random_state: int | None) -> np.ndarray:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            'importance(method="fanova") needs Optuna (pip install optuna). '
            'method="forest" needs only scikit-learn.'
        ) from error
    names = [str(column) for column in range(values.shape[1])]
    ranges: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(column.min(), column.max())
        for name, column in zip(names, values.T, strict=True)
    }
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        optuna.trial.create_trial(
            params=dict(zip(names, map(float, row), strict=True)),
            distributions=ranges,
            value=float(score),
        )
        for row, score in zip(values, scores, strict=True)
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=random_state)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return np.array([found[name] for name in names])


_METHODS: dict[str, Callable[..., np.ndarray]] = {"forest": _by_forest, "fanova": _by_fanova}

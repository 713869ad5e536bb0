"""How much training and held-out rows differ, for each candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import entropy

from skhp.candidates.curves import checked_curves, curves_set_on
from skhp.candidates.cv_results import metric_of, results_of
from skhp.candidates.parameter_columns import shown_columns


def overfitting(search: Any, curves: Any = None, metric: str | None = None) -> Any:
    """The gap between training and held-out rows, and how much their curves differ in shape.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    curves : LearningCurves or pandas.DataFrame, optional
        The `LearningCurves` that were set on the search before its fit, or their
        ``frame()``. By default those that are set on the search.
    metric : str, optional
        The score to read: see `results`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``candidate``. The columns are:

        - the parameters;
        - ``score_gap``, if the search has ``return_train_score=True``: the mean train score
          minus the mean test score;
        - ``loss_gap``, if there are curves: the held-out loss minus the training loss, after
          the last epoch. The held-out loss is ``test_loss``, or ``val_loss`` without it;
        - ``loss_kl``: the Kullback-Leibler divergence in nats of the held-out curve from the
          training curve. Each curve is scaled to a sum of 1 over the epochs. It is 0 for
          curves of the same shape.

        Each metric with such curves has two such columns: ``accuracy_gap``, ``accuracy_kl``.
        All gaps and divergences are means over the splits.

    Raises
    ------
    TypeError
        If ``search`` is not a search, or ``curves`` are not curves.
    ValueError
        If there are neither train scores nor held-out curves, or the curves are of another
        search.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp.search import overfitting
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"C": [0.01, 0.1, 1.0]}
    >>> search = GridSearchCV(
    ...     LogisticRegression(max_iter=1000), grid, return_train_score=True
    ... ).fit(X, y)
    >>> overfitting(search).columns.tolist()
    ['C', 'score_gap']
    """
    import pandas as pd

    results, name = results_of(search), metric_of(search, metric)
    n_candidates = len(results["params"])
    index = pd.RangeIndex(n_candidates, name="candidate")
    table = pd.DataFrame(shown_columns(search), index=index)
    found = {}
    if f"mean_train_{name}" in results:
        found["score_gap"] = results[f"mean_train_{name}"] - results[f"mean_test_{name}"]
    curves = curves if curves is not None else curves_set_on(search)
    if curves is not None:
        found |= _curve_gaps(checked_curves(search, curves), n_candidates)
    if not found:
        raise ValueError(
            "This search has neither train scores nor curves of held-out rows. Give it "
            "return_train_score=True, or set_callbacks(LearningCurves(on='test_fold')) before "
            "its fit."
        )
    return table.assign(**found)


def _curve_gaps(frame: Any, n_candidates: int) -> dict[str, np.ndarray]:
    metrics = set(frame["metric"])
    wide = frame.pivot_table(
        index=["candidate", "split", "epoch"], columns="metric", values="value"
    ).sort_index()
    found = {}
    for train in sorted(m for m in metrics if not m.startswith(("val_", "test_"))):
        held_out = next((f"{k}_{train}" for k in ("test", "val") if f"{k}_{train}" in metrics), "")
        if held_out:
            pair = wide[[train, held_out]].dropna().groupby(["candidate", "split"])
            last = pair.last()
            kl = pair.apply(lambda fit: divergence(fit.iloc[:, 0], fit.iloc[:, 1]))
            found[f"{train}_gap"] = _by_candidate(last[held_out] - last[train], n_candidates)
            found[f"{train}_kl"] = _by_candidate(kl, n_candidates)
    return found


def divergence(train: Any, held_out: Any) -> float:
    """Kullback-Leibler divergence of a held-out curve from the training curve.

    Parameters
    ----------
    train, held_out : array-like of shape (n_epochs,)
        Values that are not negative.

    Returns
    -------
    float
        In nats; NaN if a curve has negative values, or only zeros.

    Examples
    --------
    >>> divergence([2, 1], [4, 2])
    0.0
    >>> round(divergence([2, 1], [1, 2]), 3)
    0.231
    """
    train, held_out = np.asarray(train, float), np.asarray(held_out, float)
    if min(train.min(), held_out.min()) < 0 or not (train.sum() > 0 and held_out.sum() > 0):
        return float("nan")
    return float(entropy(held_out, train))


def _by_candidate(values: Any, n_candidates: int) -> np.ndarray:
    return values.groupby("candidate").mean().reindex(range(n_candidates)).to_numpy(dtype=float)

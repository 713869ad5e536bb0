"""Training curves, averaged over the folds."""

from __future__ import annotations

from typing import Any

import pandas as pd

from skhp.candidates.curves import checked_curves

# Prefix of a metric's name -> the rows on which it was measured.
_ROWS = {"val_": "validation", "test_": "test fold"}
TRAINING = "training"


def mean_curves(search: Any, curves: Any) -> pd.DataFrame:
    """Average the curves of each candidate over the folds, without the final fit on all rows.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    curves : skhp.callback.LearningCurves or pandas.DataFrame
        The `LearningCurves` that were set on the search, or their ``frame()``.

    Returns
    -------
    pandas.DataFrame
        As returned by `average_over_folds`.
    """
    return average_over_folds(checked_curves(search, curves))


def average_over_folds(tidy: pd.DataFrame) -> pd.DataFrame:
    """Average over the folds, and split the name of each metric into rows and metric.

    Parameters
    ----------
    tidy : pandas.DataFrame
        ``candidate``, ``split``, ``epoch``, ``metric`` ("loss", "val_loss", ...), ``value``.

    Returns
    -------
    pandas.DataFrame
        ``candidate``, ``metric`` ("loss"), ``rows`` ("training", "validation" or "test
        fold"), ``epoch``, ``mean``, ``std``, ``n_fits``.
    """
    prefixes = tidy["metric"].map(lambda name: next((p for p in _ROWS if name.startswith(p)), ""))
    tidy = tidy.assign(
        rows=prefixes.map(lambda prefix: _ROWS.get(prefix, TRAINING)),
        metric=[n[len(p) :] for n, p in zip(tidy["metric"], prefixes, strict=True)],
    )
    keys = ["candidate", "metric", "rows", "epoch"]
    grouped = tidy.groupby(keys, sort=False)["value"]
    frame = grouped.agg(mean="mean", std=lambda values: values.std(ddof=0), n_fits="count")
    # The loss comes first: it is the most important curve.
    order = (frame.index.get_level_values("metric") != "loss").argsort(kind="stable")
    return frame.iloc[order].reset_index()

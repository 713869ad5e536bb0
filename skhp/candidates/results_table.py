"""The results of a search as a data frame: one row for each candidate."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.candidates.checks import check_n
from skhp.candidates.curves import curves_set_on
from skhp.candidates.cv_results import best_first, metric_of, params_of, results_of
from skhp.candidates.networks import n_parameters_of, planned_epochs
from skhp.candidates.parameter_columns import shown_columns


def results(search: Any, metric: str | None = None) -> Any:
    """Parameters, scores, times, epochs and network size of each candidate.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
        `GridSearchCV`, `RandomizedSearchCV`, a halving search, `BayesSearchCV` or
        `OptunaSearchCV`, also after pickling. ``cv_results_`` may be a dict or a data
        frame; then ``n_epochs`` and ``n_parameters`` are missing.
    metric : str, optional
        The score to show: "accuracy", or "mean_test_accuracy". By default the one that
        ``refit`` names. A search with one scorer has "score".

    Returns
    -------
    pandas.DataFrame
        Indexed by ``candidate``, the row in ``cv_results_``. The columns are:

        - the parameters, without the names of their steps. One with the name of another
          column is called ``param_...``. Functions and objects are shown by their names;
          ``search.cv_results_["params"]`` has the objects;
        - ``iter``, for a halving search;
        - ``mean_test_score``, ``std_test_score`` and ``rank_test_score``;
        - ``mean_train_score``, if the search has ``return_train_score=True``;
        - ``mean_fit_time``, in seconds;
        - ``mean_train_time``, in seconds, if `LearningCurves` were set on the search;
        - ``n_epochs``, the mean over the splits. It is missing if a fit may stop early and
          no `LearningCurves` were set;
        - ``n_parameters``, the number of weights of the network. Without `LearningCurves`
          it is missing if ``refit=False``, or if the number of features differs between
          candidates.

        Do not compare candidates by ``mean_fit_time``: the first fit of each network
        structure includes compiling, and the first fit in a process includes importing
        TensorFlow. ``mean_train_time`` includes neither: see `LearningCurves.fits`.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.
    TypeError
        If ``search`` is neither a search nor its results.
    ValueError
        If the search has no such score.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.search import results
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(MLPClassifier(epochs=2), {"width": [8, 16]}, cv=2).fit(X, y)
    >>> results(search)[["width", "n_epochs", "n_parameters"]]
               width  n_epochs  n_parameters
    candidate
    0              8         2           139
    1             16         2           403
    """
    import pandas as pd

    columns, name = results_of(search), metric_of(search, metric)
    table: dict[str, Any] = dict(shown_columns(search))
    if "iter" in columns:
        table["iter"] = columns["iter"]
    for column in ("mean_test", "std_test", "rank_test", "mean_train"):
        if f"{column}_{name}" in columns:
            table[f"{column}_score"] = columns[f"{column}_{name}"]
    if "mean_fit_time" in columns:
        table["mean_fit_time"] = columns["mean_fit_time"]
    n_epochs, n_parameters, seconds = _of_fits(search)
    if seconds is not None:
        table["mean_train_time"] = seconds
    frame = pd.DataFrame(table, index=pd.RangeIndex(len(n_epochs), name="candidate"))
    frame["n_epochs"] = _whole(n_epochs)
    frame["n_parameters"] = _whole(n_parameters)
    return frame


def results_summary(search: Any, n: int = 10, metric: str | None = None) -> Any:
    """The first rows of `results`, best candidate first.

    Parameters
    ----------
    search : fitted search
    n : int, default=10
        The number of candidates to show.
    metric : str, optional
        The score to rank by: see `results`.

    Returns
    -------
    pandas.DataFrame
        The columns of `results`, without candidates that failed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp.search import results_summary
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"C": [0.01, 0.1, 1.0]}
    >>> search = GridSearchCV(LogisticRegression(max_iter=1000), grid).fit(X, y)
    >>> results_summary(search, n=2)["C"].tolist()
    [1.0, 0.1]
    """
    return results(search, metric).loc[best_first(search, metric)[: check_n("n", n)]]


def _of_fits(search: Any) -> tuple[list[Any], list[Any], list[Any] | None]:
    """Epochs, weights and seconds of each candidate: measured, or else as planned."""
    params = params_of(search)
    planned = [planned_epochs(search, candidate) for candidate in params]
    counted = [n_parameters_of(search, candidate) for candidate in params]
    curves = curves_set_on(search)
    if curves is None:
        return planned, counted, None
    fits = curves.fits(search)
    fits = fits[~fits["refit"]]
    means = fits.groupby("candidate")[["n_epochs", "train_seconds", "n_parameters"]].mean()
    n_epochs, seconds, seen = (
        [columns.get(number) for number in range(len(params))]
        for columns in means.astype(float).to_dict().values()
    )
    sizes = [a if a is not None else b for a, b in zip(counted, seen, strict=True)]
    return n_epochs, sizes, seconds


def _whole(values: list[Any]) -> Any:
    """A column of integers if all known values are whole numbers."""
    import pandas as pd

    column = np.array([np.nan if value is None else value for value in values], dtype=float)
    known = column[np.isfinite(column)]
    if len(known) and (known == np.round(known)).all():
        return column.astype(int) if len(known) == len(column) else pd.array(column, dtype="Int64")
    return column

"""LearningCurves: how every network of a search trained, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.exceptions import NotFittedError

from skhp.callback.curve_rows import curve_rows, fit_rows
from skhp.callback.monitor import SearchMonitor
from skhp.callback.records import Epoch
from skhp.callback.search_log import SearchLog, latest, log_of, outside_searches, run_of
from skhp.callback.sink import Sink
from skhp.candidates.cv_results import trials_of
from skhp.candidates.searches import is_search


class _Records(Sink):
    """Keeps records in their order of arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def __getstate__(self) -> dict[str, Any]:
        # A listener's thread may append to the lists while they are pickled, so pickle copies.
        return {"records": list(self.records), "failures": list(self.failures)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()
        self.__dict__.update(state)
        self._fit_at = {r.place: r.fit_id for r in self.records if isinstance(r, Epoch)}

    def _take(self, record: Any) -> None:
        self.records.append(record)

    def empty(self) -> _Records:
        """Records of nothing yet."""
        return _Records()

    def clear(self) -> None:
        """Forget all records."""
        self._forget()
        self.records = []


class LearningCurves(SearchMonitor):
    """Keep the loss and metrics of every epoch of every candidate of a search.

    Set it on a search, on a network (alone or inside `cross_validate`), or on a pipeline.
    It follows candidates in worker processes and survives pickling with the search.

    Parameters
    ----------
    on : {"train", "test_fold"}, default="train"
        With "test_fold", the rows that score the candidate are also measured after each epoch:
        "test_loss", "test_accuracy", .... The earlier steps of a pipeline transform them
        first. The network does not train on them. It works inside scikit-learn's own
        searches, if their splitter needs no groups. A halving search by ``n_samples`` scores a
        part of these rows, but all are measured. "test_loss" has the penalties (``l2``) of
        "loss", but not its ``class_weight``.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Scores each epoch on its training rows.
    skhp.callback.TensorBoard : The same values in TensorBoard.

    Notes
    -----
    If the callback fails, the fit continues, and one `RuntimeWarning` at its end says what
    failed. It also says how many fits have no curves: worker processes on another computer
    cannot send them.

    The curves of all searches are kept until `clear`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.callback import LearningCurves
    >>> X, y = load_iris(return_X_y=True)
    >>> curves = LearningCurves(on="test_fold")
    >>> search = GridSearchCV(MLPClassifier(epochs=2), {"learning_rate": [0.01, 0.1]}, cv=2)
    >>> _ = search.set_callbacks(curves).fit(X, y)
    >>> frame = curves.frame()
    >>> frame.columns.tolist()
    ['candidate', 'split', 'epoch', 'seconds', 'metric', 'value', 'refit', 'param_learning_rate']
    >>> sorted(frame["metric"].unique())
    ['loss', 'test_loss']
    >>> len(frame[(frame["metric"] == "test_loss")])  # 2 candidates x 2 splits x 2 epochs
    8
    >>> LearningCurves().frame()
    Traceback (most recent call last):
        ...
    sklearn.exceptions.NotFittedError: These LearningCurves hold no epoch yet. ...
    """

    def __init__(self, on: str = "train") -> None:
        super().__init__(_Records(), on)

    def __repr__(self) -> str:
        epochs = [record for record in self._sink.records if isinstance(record, Epoch)]
        n_fits = len({epoch.fit_id for epoch in epochs})
        held = f" with {len(epochs):,} epochs of {n_fits:,} fits" if epochs else " without epochs"
        return f"<LearningCurves(on={self.on!r}){held}>"

    def frame(self, search: Any = None) -> Any:
        """The curves of a search: by default the last search, or the fits after it.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``, optional
            The search whose curves to show. One `LearningCurves` may follow many searches,
            and finds each by its ``cv_results_``. For a search that takes no
            callbacks (Optuna's `OptunaSearchCV`, or a study, with the curves set on the
            estimator) the fits are matched with its candidates by their parameters.

        Returns
        -------
        pandas.DataFrame
            One row for each value: ``candidate`` (its row in ``cv_results_``), ``split``
            (missing for the refit), ``epoch`` (from 1), ``seconds`` (since the fit
            began), ``metric`` ("loss", "val_loss", "accuracy", ...), ``value``, ``refit``,
            ``iter`` (of halving searches), and the columns ``param_*`` of
            ``cv_results_``. Fits outside a search count as splits of one candidate if
            their parameters are equal, in the order of their first epochs.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If nothing was fitted yet.
        ValueError
            If there are no curves of this search.
        """
        import pandas as pd

        rows = self._read(search, curve_rows)
        return pd.DataFrame(rows).astype({"candidate": "Int64", "split": "Int64"})

    def fits(self, search: Any = None) -> Any:
        """One row for each fit: how long it trained, and how large its network was.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``, optional
            As in `frame`.

        Returns
        -------
        pandas.DataFrame
            ``candidate``, ``split``, ``refit``, ``n_epochs``, ``train_seconds`` and
            ``n_parameters``. ``train_seconds`` is the time from the end of the first epoch to
            the end of the last, times ``n_epochs / (n_epochs - 1)``. So it does not include
            compiling, which is part of the first epoch. It is missing for a fit of one epoch.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If nothing was fitted yet.
        ValueError
            If none of the curves is of this search.
        """
        import pandas as pd

        rows = self._read(search, fit_rows)
        types = {"candidate": "Int64", "split": "Int64", "n_parameters": "Int64"}
        return pd.DataFrame(rows).astype(types)

    def _read(self, search: Any, to_rows: Callable[..., list[Any]]) -> list[Any]:
        self.say_failures()
        records = list(self._sink.records)
        if not any(isinstance(record, Epoch) for record in records):
            raise NotFittedError(
                "These LearningCurves hold no epoch yet. Set them on a search or a network "
                "with set_callbacks, and fit it."
            )
        log = latest(records) if search is None else _log_of_search(records, search)
        rows = [] if log is None else to_rows(log, search)
        if not rows:
            which = "the last search" if search is None else "this search"
            raise ValueError(
                f"These LearningCurves hold no curves of {which}: they follow other fits. Set "
                "them on the search with set_callbacks before its fit."
            )
        return rows

    def follows(self, search: Any) -> bool:
        """Whether these are the curves of a search.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
        """
        return run_of(list(self._sink.records), search) is not None

    def clear(self) -> None:
        """Forget all curves."""
        self._sink.clear()


def _log_of_search(records: list[Any], search: Any) -> SearchLog | None:
    run = run_of(records, search)
    if run is not None:
        return log_of(records, run)
    takes_no_callbacks = hasattr(search, "estimator") or trials_of(search) is not None
    if is_search(search) or not takes_no_callbacks:
        return None  # it takes callbacks itself, and none of these is of it
    since, until = _time_of(search)
    return SearchLog([e for e in outside_searches(records) if since <= e.began <= until])


def _time_of(search: Any) -> tuple[float, float]:
    """When a search by Optuna began and ended, in seconds since 1970."""
    trials = [t for t in trials_of(search) or () if t.datetime_complete is not None]
    if not trials:
        return float("-inf"), float("inf")
    last = max(trial.datetime_complete.timestamp() for trial in trials)
    first = min(trial.datetime_start.timestamp() for trial in trials)
    return first, last + getattr(search, "refit_time_", 0.0)

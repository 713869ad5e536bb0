"""LearningCurves: how every network of a search trained, in one table."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError

from skhp.callback.curve_table import curve_rows, latest
from skhp.callback.monitor import SearchMonitor
from skhp.callback.records import Epoch, Failure


class _Records:
    """What was told, in the order it came."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.failures: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        # Pickling must not walk lists to which a listener's thread appends meanwhile.
        return {"told": list(self.told), "failures": list(self.failures)}

    def receive(self, record: Any) -> None:
        """Keep a record; list.append is safe from any thread."""
        if isinstance(record, Failure):
            self.failures.append(record.message)
        else:
            self.told.append(record)

    def empty(self) -> _Records:
        """Records of nothing yet."""
        return _Records()

    def new_failures(self) -> list[str]:
        """The first of the failures since the last call."""
        new, self.failures = self.failures[:1], []
        return new


class LearningCurves(SearchMonitor):
    """Keep the loss and metrics of every epoch of every candidate of a search.

    Set it on a search, on a network (alone or inside `cross_validate`), or on a pipeline.
    It follows candidates in worker processes and survives pickling with the search.

    Parameters
    ----------
    on : {"train", "test_fold"}, default="train"
        "test_fold" measures, after each epoch, also the rows that score the candidate,
        transformed by the pipeline's earlier steps: "test_loss", "test_accuracy", ....
        They take no part in training. It works inside scikit-learn's own searches, where
        the splitter can be asked ahead of the search: not where it needs groups. A
        halving search by ``n_samples`` scores on some of these rows, and all are
        measured.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Scores each epoch on its training rows.
    skhp.callback.TensorBoard : The same values in TensorBoard.

    Notes
    -----
    A search goes on if its monitor fails: what failed is told once, as a `RuntimeWarning`
    at the end of the fit.

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

    def frame(self, search: Any = None) -> Any:
        """The curves of the last search, or of the fits since.

        Parameters
        ----------
        search : fitted search, optional
            For a search that takes no callbacks (Optuna's `OptunaSearchCV`, with the
            curves set on its estimator): the fits are matched with its candidates by
            their parameters.

        Returns
        -------
        pandas.DataFrame
            One row a value: ``candidate`` (its row in ``cv_results_``), ``split``
            (missing for the refit), ``epoch`` (from 1), ``seconds`` (since the fit
            began), ``metric`` ("loss", "val_loss", "accuracy", ...), ``value``, ``refit``,
            ``iter`` (of halving searches), and the columns ``param_*`` of
            ``cv_results_``. Fits outside a search count as splits of one candidate where
            their parameters are equal, in the order in which they first reported.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If nothing was fitted yet.
        """
        import pandas as pd

        told = list(self._sink.told)
        if not any(isinstance(record, Epoch) for record in told):
            raise NotFittedError(
                "These LearningCurves hold no epoch yet. Set them on a search or a network "
                "with set_callbacks, and fit it."
            )
        frame = pd.DataFrame(curve_rows(told, search))
        return frame.astype({"candidate": "Int64", "split": "Int64"})

    def follows(self, search: Any) -> bool:
        """Whether `frame` shows the last fit of a search.

        Parameters
        ----------
        search : fitted search
        """
        ended = latest(list(self._sink.told)).ended
        return ended is not None and ended.params == list(search.cv_results_["params"])

    def clear(self) -> None:
        """Forget all curves."""
        self._sink.told.clear()

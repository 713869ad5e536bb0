"""SearchProgress: a line for each candidate while a search runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sklearn.metrics import check_scoring

from skhp.callback.candidate_lines import CandidateLines
from skhp.callback.fit_place import Place, is_candidate, is_candidate_of_search
from skhp.callback.guard import guarded
from skhp.callback.monitor import SearchMonitor
from skhp.callback.records import CandidateEnded, CandidateScored


class SearchProgress(SearchMonitor):
    """Print a line for each candidate of a search, with the best score so far.

    Set it on a search, alone or with other callbacks. A line is printed when all splits of a
    candidate have ended, also with ``n_jobs``. It says the candidate's number, its mean score
    and standard deviation over the splits, the best score so far and its candidate, the seconds
    of its fits, and its parameters. Lines are at most as wide as the terminal, or 100 columns.

    See Also
    --------
    sklearn.callback.ProgressBar : A bar with the remaining time. In a terminal it can be set
        together with this one. ``ProgressBar(max_propagation_depth=0)`` draws no bar for each fit.
    LearningCurves : Every epoch of every candidate, in a table.

    Notes
    -----
    scikit-learn does not tell callbacks the score of a candidate. So each candidate is scored
    twice, with the ``scoring`` of the search and, for several scores, the one that ``refit``
    names. Training does not become slower: nothing is done after an epoch.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.callback import SearchProgress
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(n_layers=1, epochs=2, random_state=0)
    >>> search = GridSearchCV(network, {"learning_rate": [0.001, 0.01]}, cv=2)
    >>> _ = search.set_callbacks(SearchProgress()).fit(X, y)  # doctest: +ELLIPSIS
    candidate  score          best so far   seconds  learning_rate
          0/2  ...
          1/2  ...
    """

    follows_epochs = False

    def __init__(self) -> None:
        super().__init__(CandidateLines(), on="test_fold")
        self._scoring: dict[str, tuple[Any, Any]] = {}

    def _search_begins(self, search: Any, context: Any, X: Any, y: Any) -> None:
        self._scoring[context.root_uuid.hex] = (search.scoring, search.refit)
        super()._search_begins(search, context, X, y)

    @guarded
    def task_ends(self, estimator: Any, context: Any, place: Place) -> None:
        """Score a candidate whose fit ends.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        place : Place
        """
        candidate = self._candidate_of(context)
        if is_candidate(context) and candidate is not None and candidate.rows is not None:
            seconds = (datetime.now(UTC) - context.init_time).total_seconds()
            scoring, refit = self._scoring[place.run]
            rows = candidate.rows
            score = check_scoring(estimator, scoring)(estimator, rows.X, rows.y)
            if isinstance(score, dict):
                score = score[refit if refit in score else next(iter(score))]
            self._send(CandidateScored(place, candidate.params, float(score), seconds))
        if is_candidate_of_search(context):
            self._send(CandidateEnded(place, context.parent.max_subtasks))
        super().task_ends(estimator, context, place)

    def _epoch_ends(self, network: Any, context: Any, end: Any, place: Place) -> None:
        """Nothing: only whole candidates count."""

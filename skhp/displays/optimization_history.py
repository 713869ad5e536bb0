"""OptimizationHistoryDisplay: how the best score rises while a search runs."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.checks import check_choice
from skhp.candidates.plot_data import plot_data_of
from skhp.candidates.search_time import fits_so_far, seconds_so_far
from skhp.displays import palette, panels

_X = {"fits": fits_so_far, "seconds": seconds_so_far}
_LABELS = {
    "fits": "fits",
    "seconds": "seconds of fitting and scoring, added up",
}


class OptimizationHistoryDisplay:
    """The score of each candidate and the best score so far, in the order of the candidates.

    A flat end of the line means that more candidates of the same kind would help little. Two
    searches can be drawn on one Axes.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each candidate, in order: ``candidate``, ``fits`` and ``seconds`` up to and
        including this candidate, ``score`` and ``best`` (so far). Candidates that failed have
        no row, but their fits and seconds count.
    score_name : str
        The name of the score.
    x : {"fits", "seconds"}, default="fits"
        The horizontal axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    See Also
    --------
    skhp.displays.ScoreDistributionDisplay : Scores of several rounds, in a row for each.

    Examples
    --------
    >>> import numpy as np
    >>> from skhp.displays import OptimizationHistoryDisplay
    >>> results = {
    ...     "params": [{"width": 8}, {"width": 16}, {"width": 32}],
    ...     "mean_test_score": np.array([0.7, 0.6, 0.9]),
    ... }
    >>> OptimizationHistoryDisplay.from_search(results).frame["best"].tolist()
    [0.7, 0.7, 0.9]
    """

    def __init__(self, frame: pd.DataFrame, *, score_name: str, x: str = "fits") -> None:
        self.frame = frame
        self.score_name = score_name
        self.x = x

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        x: str = "fits",
        metric: str | None = None,
        label: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted search in the order of its candidates.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        x : {"fits", "seconds"}, default="fits"
            The horizontal axis: the number of fits, or the seconds that they took, added up.
            With ``n_jobs`` fits run side by side, so a search takes less time than this sum.
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        label : str, default=None
            The name of the line of best scores in the legend. By default "best so far".
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        OptimizationHistoryDisplay

        Raises
        ------
        ValueError
            If ``x`` has another value, the search has no such score, or no candidate has a
            score; or if ``x="seconds"`` and the results hold no times.
        """
        check_choice("x", x, tuple(_X))
        candidates = plot_data_of(search, metric)
        scored = candidates.scored.sort_index()
        columns = {name: so_far(search) for name, so_far in _X.items()}
        if x == "seconds" and np.isnan(columns[x]).all():
            raise ValueError("x='seconds' needs mean_fit_time in cv_results_. Use x='fits'.")
        frame = pd.DataFrame(columns).loc[scored.index]
        frame.insert(0, "candidate", scored["candidate"])
        frame = frame.assign(score=scored["score"], best=scored["score"].cummax())
        frame = frame.reset_index(drop=True)
        return cls(frame, score_name=candidates.score_name, x=x).plot(ax, label=label)

    def plot(self, ax: Any = None, *, label: str | None = None) -> Self:
        """Draw the points and the line.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.
        label : str, default=None
            The name of the line of best scores in the legend. By default "best so far".

        Returns
        -------
        OptimizationHistoryDisplay
        """
        panels.check_matplotlib("OptimizationHistoryDisplay.plot")
        self.ax_ = ax = panels.one_panel(ax, (7.2, 4.0))
        self.figure_ = ax.figure
        x, scores = self.frame[self.x], self.frame["score"]
        (line,) = ax.step(x, self.frame["best"], where="post", lw=2, label=label or "best so far")
        alpha = float(np.clip(8 / np.sqrt(len(scores)), 0.3, 0.9))
        ax.scatter(x, scores, color=palette.GREY, s=16, alpha=alpha, lw=0)
        found = self.frame[scores == self.frame["best"]].drop_duplicates("best")
        ax.plot(found[self.x], found["score"], "o", color=line.get_color(), ms=5)
        if self.x == "fits":
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel=_LABELS[self.x], ylabel=self.score_name)
        ax.legend(frameon=False, loc="lower right")
        return self

"""SliceDisplay: the score of each candidate against each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.plot_data import PlotData, plot_data_of
from skhp.candidates.scales import Scale
from skhp.displays import palette, panels


class SliceDisplay:
    """The score against each parameter: a panel for each, with one point for each candidate.

    Later candidates have lighter colours. With a search that learns from its results, they show
    where it went.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each candidate: ``candidate``, its parameters, ``score``.
    params : list of str
        The parameters, in the order of the panels.
    candidates : PlotData
        The scales of the parameters and the name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture. If there are several panels, the Axes that contains them.
    axes_ : ndarray of matplotlib Axes
        A panel for each parameter. None if the grid has a place without a panel.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    See Also
    --------
    skhp.displays.ScoreDistributionDisplay : The distribution of the score for each value.

    Examples
    --------
    >>> import numpy as np
    >>> from skhp.displays import SliceDisplay
    >>> results = {
    ...     "params": [{"width": w, "l2": l2} for w in (8, 16) for l2 in (0.0, 0.1)],
    ...     "mean_test_score": np.array([0.7, 0.6, 0.9, 0.8]),
    ... }
    >>> SliceDisplay.from_search(results).params
    ['width', 'l2']
    """

    def __init__(self, frame: pd.DataFrame, *, params: Sequence[str], candidates: PlotData) -> None:
        self.frame = frame
        self.params = list(params)
        self.candidates = candidates

    @classmethod
    def from_search(
        cls,
        search: Any,
        params: Sequence[str] | str | None = None,
        *,
        metric: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted search against its parameters.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        params : str or list of str, default=None
            The parameters, with one panel each. By default those with several values.
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        SliceDisplay

        Raises
        ------
        ValueError
            If the search does not have this parameter or score.
        """
        candidates = plot_data_of(search, metric)
        names = candidates.check_params(params)
        frame = candidates.scored[["candidate", *names, "score"]].sort_values("candidate")
        return cls(frame, params=names, candidates=candidates).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. If there are several panels, it is divided. By default a new
            figure.

        Returns
        -------
        SliceDisplay
        """
        panels.check_matplotlib("SliceDisplay.plot")
        from matplotlib.ticker import MaxNLocator

        self.ax_, self.axes_ = panels.one_or_more(
            ax, len(self.params), 3, each=(2.8, 2.6), sharey=True
        )
        self.figure_ = self.ax_.figure
        for panel, name in zip(self.axes_.flat, self.params, strict=False):
            points = self._draw_panel(panel, name)
        for row in self.axes_:
            row[0].set_ylabel(self.candidates.score_name)
        drawn = [panel for panel in self.axes_.flat if panel is not None]
        numbers = MaxNLocator(6, integer=True, min_n_ticks=1)
        self.figure_.colorbar(points, ax=drawn, label="candidate", ticks=numbers)
        return self

    def _draw_panel(self, panel: Any, name: str) -> Any:
        scale = self.candidates.scales[name]
        points = panel.scatter(
            _positions(self.frame[name], scale),
            self.frame["score"],
            c=self.frame["candidate"],
            cmap=palette.SEQUENTIAL,
            s=18,
            alpha=float(np.clip(10 / np.sqrt(len(self.frame)), 0.4, 0.9)),
            lw=0,
        )
        places, labels = scale.ticks(5)
        upright = sum(map(len, labels)) > 30
        panel.set_xticks(places, labels, rotation=90 if upright else 0)
        panel.set(xlabel=name, xlim=(-0.1, 1.1))
        return points


def _positions(values: Any, scale: Scale) -> np.ndarray:
    """Places of the values. Points of a value are spread a little, so that none hides another."""
    places = scale.place(values)
    if not scale.discrete:
        return places
    room = 0.5 / max(len(scale.levels), 4)
    spread = np.random.default_rng(0).uniform(-0.5, 0.5, len(places))
    return places + room * spread

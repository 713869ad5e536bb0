"""ImportanceDisplay: how much each parameter changes the score, and in which direction."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.displays import palette, panels


class ImportanceDisplay:
    """The importance of each parameter of a search, and its correlation with the score.

    A bar to the right means that the score rises with the parameter, a bar to the left that it
    falls. A grey bar is of a parameter without an order, such as the activation: it says how
    much the score differs between the values, from 0 to 1.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each parameter, most important first: ``param``, ``importance``,
        ``correlation`` and ``method`` ("spearman", or "eta" for a parameter without an order),
        as in `skhp.search.correlations`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes that contains the two panels.
    axes_ : ndarray of matplotlib Axes, of shape (1, 2)
        The panels: importance and correlation.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    See Also
    --------
    skhp.displays.ScoreDistributionDisplay : The scores behind these numbers.
    skhp.search.importance : Only the importance.
    skhp.search.correlations : Only the correlation.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.displays import ImportanceDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MLPClassifier(n_layers=1, epochs=2, random_state=0),
    ...     {"activation": ["relu", "tanh"], "learning_rate": [1e-3, 1e-2]},
    ...     cv=2,
    ... ).fit(X, y)
    >>> frame = ImportanceDisplay.from_search(search).frame
    >>> sorted(frame["param"])
    ['activation', 'learning_rate']
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        method: str = "forest",
        metric: str | None = None,
        random_state: int | None = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the importance of a fitted search's parameters.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        method : {"forest", "fanova"}, default="forest"
            How to compute the importance: see `skhp.search.importance`.
        metric : str, default=None
            The score to explain: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        random_state : int or None, default=0
            Seed of the method.
        ax : matplotlib Axes, default=None
            The Axes to divide into two panels. By default a new figure.

        Returns
        -------
        ImportanceDisplay

        Raises
        ------
        ValueError
            If fewer than four candidates have a score, or no parameter varies.
        """
        from skhp.candidates.correlation import correlations
        from skhp.candidates.importance import importance

        found = importance(search, method, metric=metric, random_state=random_state)
        table = correlations(search, metric=metric)[["correlation", "method"]]
        frame = found.rename_axis("param").to_frame().join(table).reset_index()
        return cls(frame).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to divide into two panels. By default a new figure.

        Returns
        -------
        ImportanceDisplay
        """
        panels.check_matplotlib("ImportanceDisplay.plot")
        height = min(max(0.36 * len(self.frame) + 1.2, 2.4), 9)
        self.ax_, self.axes_ = panels.divide(ax, (1, 2), None, (4.2, height), sharey=True)
        self.figure_ = self.ax_.figure
        rows = np.arange(len(self.frame))
        left, right = self.axes_[0]
        left.barh(rows, self.frame["importance"], color=palette.BLUE, height=0.62)
        left.set_yticks(rows, self.frame["param"])
        left.invert_yaxis()
        left.set_xlabel("importance")
        _draw_correlation(right, rows, self.frame)
        for panel in (left, right):
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(axis="y", length=0)
        return self


def _draw_correlation(panel: Any, rows: np.ndarray, frame: pd.DataFrame) -> None:
    correlation = frame["correlation"].to_numpy(float)
    signed = np.where(correlation < 0, palette.VERMILLION, palette.GREEN)
    colours = np.where(frame["method"] == "spearman", signed, palette.GREY)
    panel.barh(rows, np.nan_to_num(correlation), color=colours.tolist(), height=0.62)
    panel.axvline(0, color="black", lw=0.8)
    panel.set(xlim=(-1.05, 1.05), xlabel="correlation with the score (grey: no direction)")

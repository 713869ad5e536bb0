"""ParallelCoordinatesDisplay: each candidate is a line through its parameters and its score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.plot_data import PlotData, plot_data_of
from skhp.candidates.scales import Scale, scale_of
from skhp.displays import palette, panels


class ParallelCoordinatesDisplay:
    """Parameters and score of all candidates, side by side.

    Each candidate is a line from axis to axis, coloured by its score. The best candidate is a
    thick line, drawn last. An axis is logarithmic if the space of its parameter is.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each candidate, worst first: ``candidate``, its parameters, ``score``.
    params : list of str
        The parameters, in the order of the axes.
    candidates : PlotData
        The scales of the parameters and the name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture.
    figure_ : matplotlib Figure
        The figure of ``ax_``.
    lines_ : matplotlib LineCollection
        One line for each row of ``frame``, in the same order.

    See Also
    --------
    skhp.displays.SearchHeatmapDisplay : Two to five parameters, as a grid of colours.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.displays import ParallelCoordinatesDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MLPClassifier(n_layers=1, epochs=2, random_state=0),
    ...     {"width": [8, 16], "learning_rate": [1e-3, 1e-2]},
    ...     cv=2,
    ... ).fit(X, y)
    >>> display = ParallelCoordinatesDisplay.from_search(search)
    >>> display.frame.columns.tolist()
    ['candidate', 'learning_rate', 'width', 'score']
    """

    def __init__(self, frame: pd.DataFrame, *, params: Sequence[str], candidates: PlotData) -> None:
        self.frame = frame
        self.params = list(params)
        self.candidates = candidates

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        params: Sequence[str] | str | None = None,
        metric: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the candidates of a fitted search.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        params : str or list of str, default=None
            The parameters to draw, in this order. By default those with several values.
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        ParallelCoordinatesDisplay

        Raises
        ------
        ValueError
            If the search does not have this parameter or score.
        """
        candidates = plot_data_of(search, metric)
        names = candidates.check_params(params)
        frame = candidates.scored[["candidate", *names, "score"]].reset_index(drop=True)
        return cls(frame, params=names, candidates=candidates).plot(ax)

    def plot(self, ax: Any = None, *, cmap: str = palette.SEQUENTIAL) -> Self:
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.
        cmap : str, default="viridis"
            The colours of the score, from low to high.

        Returns
        -------
        ParallelCoordinatesDisplay
        """
        panels.check_matplotlib("ParallelCoordinatesDisplay.plot")
        from matplotlib.collections import LineCollection

        n_axes = len(self.params) + 1
        self.ax_ = panels.one_panel(ax, (min(max(1.5 * n_axes, 5), 18), 4.6))
        self.figure_ = self.ax_.figure
        scores = self.frame["score"].to_numpy()
        score_scale = scale_of(scores, log=False)
        scales = [self.candidates.scales[name] for name in self.params]
        heights = [_spread(self.frame[n], s) for n, s in zip(self.params, scales, strict=True)]
        heights.append(score_scale.place(scores))
        points = np.stack(
            [np.broadcast_to(np.arange(n_axes), (len(scores), n_axes)), np.array(heights).T], -1
        )
        faint = float(np.clip(4 / np.sqrt(max(len(scores), 1)), 0.15, 0.9))
        self.lines_ = LineCollection(
            list(points), cmap=_without_pale_end(cmap), norm=_norm(scores), array=scores
        )
        self.lines_.set_alpha([faint] * (len(scores) - 1) + [1.0])
        self.lines_.set_linewidth([1.0] * (len(scores) - 1) + [3.0])
        self.ax_.add_collection(self.lines_)
        for x, scale in enumerate([*scales, score_scale]):
            _draw_axis(self.ax_, x, scale)
        names = [_wrapped(name) for name in [*self.params, self.candidates.score_name]]
        self.ax_.set_xticks(range(n_axes), names)
        self.ax_.tick_params(axis="x", length=0, pad=8)
        self.ax_.set(xlim=(-0.25, n_axes - 0.45), ylim=(-0.06, 1.06), yticks=[])
        self.ax_.spines[:].set_visible(False)
        return self


def _spread(values: Any, scale: Scale) -> np.ndarray:
    """Place values. Equal values are moved apart a little, so that no line hides another."""
    places = scale.place(values)
    if not scale.discrete or len(values) <= 1:
        return places
    room = 0.35 / max(len(scale.levels), 5)
    for place in np.unique(places[np.isfinite(places)]):
        same = np.flatnonzero(places == place)
        if len(same) > 1:
            places[same] += room * np.linspace(-0.5, 0.5, len(same))
    return places


def _norm(scores: np.ndarray) -> Any:
    """Use most colours for the better scores, even if a few scores are very low."""
    from matplotlib.colors import Normalize

    return Normalize(np.quantile(scores, 0.1), scores.max(), clip=True)


def _without_pale_end(cmap: str) -> Any:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[cmap](np.linspace(0, 0.93, 256)))


def _draw_axis(ax: Any, x: int, scale: Scale) -> None:
    ax.axvline(x, color="black", lw=0.8, zorder=3, ymin=0.03, ymax=0.97)
    for height, text in zip(*scale.ticks(), strict=True):
        ax.plot([x - 0.02, x], [height, height], color="black", lw=0.8, zorder=3)
        ax.text(
            x - 0.04,
            height,
            text,
            ha="right",
            va="center",
            fontsize=8,
            zorder=4,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
        )


def _wrapped(name: str) -> str:
    """Break a long name after an underscore or a space."""
    lines = [""]
    for word in re.findall(r"[^_ ]*[_ ]?", name):
        if lines[-1] and len(lines[-1]) + len(word) > 12:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)

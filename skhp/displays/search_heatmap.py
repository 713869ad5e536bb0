"""SearchHeatmapDisplay: the score over two parameters, and over up to five at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.checks import check_choice, check_n
from skhp.candidates.plot_data import PlotData, plot_data_of
from skhp.displays import palette, panels

# Panels with more cells show no numbers, because these would overlap.
_MOST_WRITTEN = 48


class SearchHeatmapDisplay:
    """The score for two parameters, as colours, and for up to three more parameters.

    Each cell shows the mean, or another aggregate, of its candidates, and below it the standard
    deviation over the folds. Ranges of numbers are cut into bins. ``hue`` divides each cell into
    strips, and ``columns`` and ``rows`` repeat the picture in several panels.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each cell: the parameters, as labels, ``score``, ``n_candidates`` and, if known,
        ``score_std``, the mean standard deviation over the folds of its candidates.
    roles : dict of str to str
        The parameter of each role: "x", "y", "hue", "columns", "rows".
    labels : dict of str to list of str
        The labels of each parameter, in order.
    score_name : str
        The name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture. If there are several panels, the Axes that contains them.
    axes_ : ndarray of matplotlib Axes
        The panels.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    See Also
    --------
    skhp.displays.ParallelCoordinatesDisplay : Any number of parameters, as lines.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.displays import SearchHeatmapDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MLPClassifier(n_layers=1, epochs=2, random_state=0),
    ...     {"width": [8, 16], "learning_rate": [1e-3, 1e-2]},
    ...     cv=2,
    ... ).fit(X, y)
    >>> display = SearchHeatmapDisplay.from_search(search, "learning_rate", "width")
    >>> display.frame[["learning_rate", "width", "n_candidates"]].to_numpy().tolist()
    [['0.001', '8', 1], ['0.01', '8', 1], ['0.001', '16', 1], ['0.01', '16', 1]]
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        roles: Mapping[str, str],
        labels: Mapping[str, list[str]],
        score_name: str,
    ) -> None:
        self.frame = frame
        self.roles = dict(roles)
        self.labels = dict(labels)
        self.score_name = score_name

    @classmethod
    def from_search(
        cls,
        search: Any,
        x: str | None = None,
        y: str | None = None,
        *,
        rows: str | None = None,
        columns: str | None = None,
        hue: str | None = None,
        metric: str | None = None,
        aggregate: str = "mean",
        n_bins: int = 6,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        x, y : str, default=None
            The parameters of the two axes. By default the most important ones, as in
            `skhp.search.importance`.
        rows, columns, hue : str, default=None
            More parameters: rows and columns of panels, and strips in each cell.
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        aggregate : {"mean", "median", "max", "min"}, default="mean"
            How a cell combines the scores of its candidates.
        n_bins : int, default=6
            The number of bins for a range of numbers.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        SearchHeatmapDisplay

        Raises
        ------
        ValueError
            If the search does not have these parameters or this score, a parameter is used
            twice, fewer than two parameters vary, or ``aggregate`` has another value.
        """
        check_choice("aggregate", aggregate, ("mean", "median", "max", "min"))
        check_n("n_bins", n_bins)
        candidates = plot_data_of(search, metric)
        asked = {"x": x, "y": y, "hue": hue, "columns": columns, "rows": rows}
        roles = {r: candidates.check_param(r, p) for r, p in asked.items() if p is not None}
        for role in ("x", "y"):
            if role not in roles:
                roles[role] = _most_important(search, candidates, set(roles.values()), metric)
        if len(set(roles.values())) < len(roles):
            raise ValueError(f"Each parameter can be used once. Got {roles}.")
        frame, labels = _cells(candidates, list(roles.values()), aggregate, n_bins)
        display = cls(frame, roles=roles, labels=labels, score_name=candidates.score_name)
        return display.plot(ax)

    def plot(self, ax: Any = None, *, cmap: str = palette.SEQUENTIAL) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. If there are several panels, it is divided. By default a new
            figure.
        cmap : str, default="viridis"
            The colours of the score, from low to high.

        Returns
        -------
        SearchHeatmapDisplay
        """
        panels.check_matplotlib("SearchHeatmapDisplay.plot")
        from matplotlib.colors import Normalize

        scores = self.frame["score"]
        self._norm = Normalize(scores.min(), scores.max())
        shape = (self._n("rows"), self._n("columns"))
        n_x = self._n("x") * self._n("hue")
        size = (max(2.2, min(0.62 * n_x, 5)) + 0.9, max(1.2, min(0.45 * self._n("y"), 4)) + 0.9)
        if shape == (1, 1):
            self.ax_ = panels.one_panel(ax, (max(size[0] + 1.6, 4.8), max(size[1] + 0.6, 3.4)))
            self.axes_ = np.array([[self.ax_]], dtype=object)
        else:
            self.ax_, self.axes_ = panels.divide(ax, shape, None, size, sharex=True, sharey=True)
        for (row, column), panel in np.ndenumerate(self.axes_):
            image = self._draw_panel(panel, row, column, cmap)
        self.figure_ = self.ax_.figure
        self.figure_.colorbar(image, ax=list(self.axes_.flat), label=self.score_name)
        return self

    def _n(self, role: str) -> int:
        return len(self.labels[self.roles[role]]) if role in self.roles else 1

    def _draw_panel(self, panel: Any, row: int, column: int, cmap: str) -> Any:
        values, deviations = self._values(row, column)
        panel.set_facecolor("#EEEEEE")
        image = panel.pcolormesh(np.ma.masked_invalid(values), cmap=cmap, norm=self._norm)
        n_hue = self._n("hue")
        for edge in range(0, values.shape[1] + 1, n_hue):
            panel.axvline(edge, color="white", lw=4 if n_hue > 1 else 1)
        for edge in range(values.shape[0] + 1):
            panel.axhline(edge, color="white", lw=1)
        if values.size <= _MOST_WRITTEN and self.axes_.size <= 6:
            _write_values(panel, values, deviations, self._norm)
        self._label_panel(panel, row, column)
        panel.spines[:].set_visible(False)
        return image

    def _values(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Scores and their deviations: a row for each y, a column for each pair of x and hue."""
        cells = self.frame
        for role, number in (("rows", row), ("columns", column)):
            if role in self.roles:
                name = self.roles[role]
                cells = cells[cells[name] == self.labels[name][number]]
        across = [self.roles[role] for role in ("x", "hue") if role in self.roles]
        whole: Any = pd.MultiIndex.from_product([self.labels[a] for a in across], names=across)
        if len(across) == 1:
            whole = whole.get_level_values(0)
        cells = cells.set_index([self.roles["y"], *across]).assign(nothing=np.nan)
        shown = ["score", "score_std" if "score_std" in cells else "nothing"]
        scores, deviations = (
            cells[column]
            .unstack(across)
            .reindex(index=self.labels[self.roles["y"]], columns=whole)
            .to_numpy(float)
            for column in shown
        )
        return scores, deviations

    def _label_panel(self, panel: Any, row: int, column: int) -> None:
        n_hue, x, y = self._n("hue"), self.roles["x"], self.roles["y"]
        n_rows = self.axes_.shape[0]
        long = max(map(len, self.labels[x])) * self._n("x") > 34 * max(1, n_hue / 2)
        x_ticks = np.arange(self._n("x")) * n_hue + n_hue / 2
        panel.set_xticks(x_ticks, self.labels[x], rotation=90 if long else 0)
        panel.set_yticks(np.arange(self._n("y")) + 0.5, self.labels[y])
        panel.tick_params(length=0, labelsize=8)
        panel.tick_params(axis="x", which="minor", length=0)
        if n_hue > 1 and row == n_rows - 1:
            names = self.labels[self.roles["hue"]] * self._n("x")
            panel.set_xticks(np.arange(len(names)) + 0.5, names, minor=True, rotation=90)
            panel.tick_params(axis="x", which="minor", length=0, labelsize=7, pad=2)
            pad = 8 + 4.2 * max(map(len, names))
            panel.tick_params(axis="x", which="major", pad=pad)
        if row == n_rows - 1:
            within = f"{self.roles['hue']} within " if n_hue > 1 else ""
            panel.set_xlabel(within + x)
        if column == 0:
            panel.set_ylabel(y)
        panel.set_title(self._panel_title(row, column), fontsize=9)

    def _panel_title(self, row: int, column: int) -> str:
        parts = [
            f"{self.roles[role]} = {self.labels[self.roles[role]][number]}"
            for role, number in (("rows", row), ("columns", column))
            if role in self.roles
        ]
        return "\n".join(parts)


def _most_important(search: Any, candidates: PlotData, taken: set[str], metric: str | None) -> str:
    """The most important parameter that has no role yet."""
    from skhp.candidates.importance import importance

    free = [name for name in candidates.searched() if name not in taken]
    if not free:
        raise ValueError(
            f"A heatmap needs two parameters that vary. This search has {list(candidates.params)}."
        )
    try:
        ranked = importance(search, metric=metric).index
    except ValueError:  # there are too few candidates
        ranked = free
    return next(name for name in ranked if name in free)


def _cells(
    candidates: PlotData, params: list[str], aggregate: str, n_bins: int
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Aggregate candidates over the groups of the parameters, in the order of the groups."""
    scored = candidates.scored
    labels, columns = {}, {}
    for name in params:
        codes, labels[name] = candidates.scales[name].group(scored[name], n_bins)
        columns[name] = codes
    scores = scored.filter(["score", "score_std"]).reset_index(drop=True)
    frame = pd.DataFrame(columns).join(scores)
    frame = frame[(frame[params] >= 0).all(axis=1)]
    order = params[1::-1] + params[2:]
    summaries = {"score": ("score", aggregate), "n_candidates": ("score", "count")}
    if "score_std" in frame:
        summaries["score_std"] = ("score_std", "mean")
    grouped = frame.groupby(order).agg(**summaries).reset_index()
    for name in params:
        grouped[name] = [labels[name][code] for code in grouped[name]]
    return grouped, labels


def _write_values(panel: Any, values: np.ndarray, deviations: np.ndarray, norm: Any) -> None:
    size = 8 if values.shape[1] <= 8 else 6
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            ink = "black" if norm(value) > 0.6 else "white"
            deviation = float(deviations[row, column])
            text = _short(value) + (f"\n±{_short(deviation)}" if np.isfinite(deviation) else "")
            place = (column + 0.5, row + 0.5)
            panel.text(*place, text, ha="center", va="center", color=ink, fontsize=size)


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"

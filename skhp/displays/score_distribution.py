"""ScoreDistributionDisplay: the distribution of the score for each value of a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.checks import check_n
from skhp.candidates.plot_data import plot_data_of
from skhp.displays import palette, panels

# With fewer different scores, a density is not drawn: the marks of the candidates are enough.
_FEWEST_FOR_DENSITY = 5


class ScoreDistributionDisplay:
    """The distribution of the score for each value of a parameter, or for each round of a search.

    Each value has its own row. It shows a mark for each candidate, the density of their scores
    (Gaussian kernel, Scott's bandwidth) and the median. Ranges of numbers are cut into bins.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each candidate and parameter: ``param``, ``value`` (a label), ``score``.
    labels : dict of str to list of str
        The labels of each parameter, in order.
    score_name : str
        The label of the horizontal axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture. If there are several panels, the Axes that contains them.
    axes_ : ndarray of matplotlib Axes
        A panel for each parameter.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    See Also
    --------
    skhp.displays.ImportanceDisplay : One number for each parameter.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.displays import ScoreDistributionDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MLPClassifier(n_layers=1, epochs=2, random_state=0),
    ...     {"width": [8, 16], "learning_rate": [1e-3, 1e-2]},
    ...     cv=2,
    ... ).fit(X, y)
    >>> display = ScoreDistributionDisplay.from_search(search, ["width"])
    >>> display.frame.groupby("value")["score"].count().to_dict()
    {'16': 2, '8': 2}
    """

    def __init__(
        self, frame: pd.DataFrame, *, labels: Mapping[str, list[str]], score_name: str
    ) -> None:
        self.frame = frame
        self.labels = dict(labels)
        self.score_name = score_name

    @classmethod
    def from_search(
        cls,
        search: Any,
        params: Sequence[str] | str | None = None,
        *,
        metric: str | None = None,
        n_bins: int = 4,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted search by the values of its parameters.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        params : str or list of str, default=None
            The parameters, with one panel each. By default those with several values.
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        n_bins : int, default=4
            The number of bins for a range of numbers.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        ScoreDistributionDisplay

        Raises
        ------
        ValueError
            If the search does not have this parameter or score.
        """
        candidates = plot_data_of(search, metric)
        names = candidates.check_params(params)
        check_n("n_bins", n_bins)
        scored, labels, parts = candidates.scored, {}, []
        for name in names:
            codes, labels[name] = candidates.scales[name].group(scored[name], n_bins)
            values = [labels[name][code] if code >= 0 else None for code in codes]
            parts.append(pd.DataFrame({"param": name, "value": values, "score": scored["score"]}))
        frame = pd.concat(parts, ignore_index=True).dropna(subset="value")
        return cls(frame, labels=labels, score_name=candidates.score_name).plot(ax)

    @classmethod
    def from_rounds(
        cls,
        searches: Mapping[str, Any] | Sequence[Any],
        *,
        metric: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of several searches, one row for each search.

        Parameters
        ----------
        searches : list of fitted searches, or dict of str to fitted search
            The rounds in order. If this is a list, their names are "round 1", "round 2", ...
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        ScoreDistributionDisplay

        Raises
        ------
        ValueError
            If there are no searches, or one of them does not have this score.
        """
        if not isinstance(searches, Mapping | list | tuple) or not searches:
            raise ValueError(
                "searches must be a list of fitted searches, or a dict of names and searches, "
                f"not empty. Got {searches!r}."
            )
        if not isinstance(searches, Mapping):
            searches = {f"round {i}": one for i, one in enumerate(searches, start=1)}
        read = {str(name): plot_data_of(one, metric) for name, one in searches.items()}
        parts = [
            pd.DataFrame({"param": "round", "value": name, "score": one.scored["score"]})
            for name, one in read.items()
        ]
        frame = pd.concat(parts, ignore_index=True)
        title = next(iter(read.values())).score_name
        return cls(frame, labels={"round": list(read)}, score_name=title).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the densities.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. If there are several panels, it is divided. By default a new
            figure.

        Returns
        -------
        ScoreDistributionDisplay
        """
        panels.check_matplotlib("ScoreDistributionDisplay.plot")
        names = list(self.labels)
        most = max(map(len, self.labels.values()))
        height = min(max(0.42 * most + 0.9, 2.0), 5)
        self.ax_, self.axes_ = panels.one_or_more(
            ax, len(names), 2, single=(6.4, height + 0.8), each=(3.8, height), sharex=True
        )
        self.figure_ = self.ax_.figure
        limits = _limits(self.frame["score"])
        for panel, name in zip(self.axes_.flat, names, strict=False):
            scores = self.frame[self.frame["param"] == name].groupby("value")["score"]
            by_value = {str(v): g.to_numpy() for v, g in scores}
            _draw_ridges(panel, by_value, self.labels[name], limits)
            panel.set_ylabel(name)
        for panel in panels.lowest(self.axes_):
            panel.set_xlabel(self.score_name)
        return self


def _limits(scores: Any) -> tuple[float, float]:
    low, high = float(np.min(scores)), float(np.max(scores))
    room = 0.05 * (high - low) or 0.05
    return low - room, high + room


def _draw_ridges(
    panel: Any, by_value: Mapping[str, np.ndarray], labels: list[str], limits: tuple[float, float]
) -> None:
    at = np.linspace(*limits, 200)
    densities = {value: _density(scores, at) for value, scores in by_value.items()}
    highest = max((d.max() for d in densities.values() if d is not None), default=1.0)
    for row, value in enumerate(labels):
        panel.axhline(row, color="#DDDDDD", lw=0.8, zorder=0)
        scores = by_value.get(value)
        if scores is None:
            continue
        density = densities[value]
        if density is not None:
            top = row + 0.75 * density / highest
            panel.fill_between(at, row, top, color=palette.BLUE, alpha=0.35, lw=0)
            panel.plot(at, top, color=palette.BLUE, lw=1)
        alpha = float(np.clip(3 / np.sqrt(len(scores)), 0.15, 0.9))
        marks = np.full(len(scores), row - 0.09)
        panel.plot(scores, marks, "|", color="black", ms=5, alpha=alpha)
        panel.plot([np.median(scores)], [row], "D", color=palette.VERMILLION, ms=4.5)
    panel.set_yticks(range(len(labels)), labels)
    panel.tick_params(axis="y", length=0)
    panel.set(xlim=limits, ylim=(-0.35, len(labels) - 0.1))
    panel.spines[["top", "right", "left"]].set_visible(False)


def _density(scores: np.ndarray, at: np.ndarray) -> np.ndarray | None:
    from scipy.stats import gaussian_kde

    if len(np.unique(scores)) < _FEWEST_FOR_DENSITY:
        return None
    return np.asarray(gaussian_kde(scores)(at))

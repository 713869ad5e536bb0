"""TradeoffDisplay: the score against training time or size, with the Pareto front."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.cv_results import results_of
from skhp.candidates.plot_data import PlotData, plot_data_of
from skhp.displays import palette, panels
from skhp.displays.text_lines import lines_of

# With more candidates, only those on the front have bars: others would cover the picture.
_MOST_BARS = 40

# Candidates of the front that the picture names.
_MOST_LISTED = 6

# Share of an axis that a name needs.
_ROOM = 0.04

_AXIS_LABELS = {
    "fit_seconds": "mean fit time in seconds, compiling included",
    "train_seconds": "mean training time in seconds",
    "n_parameters": "parameters of the network",
}


class TradeoffDisplay:
    """Score against cost, with the Pareto front.

    The cost is the training time, the size of the network or another number. A candidate is on
    the Pareto front if no other candidate has both a better score and a lower cost. Bars show
    the standard deviation over the folds: for the front only, if there are many candidates.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each candidate: ``candidate``, its parameters, ``score``, ``score_std``
        (over the folds, if known), ``cost``, ``pareto``.
    candidates : PlotData
        The scales of the parameters and the name of the score.
    cost_name : str
        The label of the horizontal axis.
    hue : str, default=None
        The parameter that colours the candidates.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.displays import TradeoffDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MLPClassifier(n_layers=1, epochs=2, random_state=0), {"width": [8, 16]}, cv=2
    ... ).fit(X, y)
    >>> bool(TradeoffDisplay.from_search(search).frame["pareto"].any())
    True
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        candidates: PlotData,
        cost_name: str,
        hue: str | None = None,
    ) -> None:
        self.frame = frame
        self.candidates = candidates
        self.cost_name = cost_name
        self.hue = hue

    @classmethod
    def from_search(
        cls,
        search: Any,
        cost: Any = None,
        *,
        hue: str | None = None,
        metric: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the candidates of a fitted search.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        cost : str or array-like of shape (n_candidates,), default=None
            One of:

            - "train_seconds": the mean training time, without compiling. `LearningCurves` must
              have been set on the search;
            - "n_parameters": the size of the network, as in `skhp.search.results`;
            - "fit_seconds": the mean fit time. The first fit of each network structure includes
              compiling;
            - the name of a column of ``cv_results_``;
            - the name of a searched parameter that is a number;
            - one number for each candidate.

            None uses the first of these that all candidates with a score have.
        hue : str, default=None
            The parameter that colours the candidates.
        metric : str, default=None
            The score to show: "accuracy", or "mean_test_accuracy". By default the one that
            ``refit`` names.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        TradeoffDisplay

        Raises
        ------
        ValueError
            If the search does not have this parameter, score or cost, or no candidate has both
            a score and a cost.
        """
        candidates = plot_data_of(search, metric)
        hue = candidates.check_param("hue", hue) if hue is not None else None
        costs, name = _costs(search, candidates, cost)
        shown = ["candidate", *candidates.params, "score", "score_std"]
        frame = candidates.scored.filter(shown).sort_index()
        frame = frame.assign(cost=costs[frame.index])
        frame = frame[np.isfinite(frame["cost"])]
        if frame.empty:
            raise ValueError(
                f"No candidate has both a score and a cost ({name}). Training times are known if "
                "LearningCurves were set on the search before its fit. Sizes are known in that "
                "case too, or if the search has refit=True."
            )
        frame = frame.assign(pareto=_on_pareto_front(frame["cost"], frame["score"]))
        return cls(frame, candidates=candidates, cost_name=name, hue=hue).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the candidates and the front.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.

        Returns
        -------
        TradeoffDisplay
        """
        panels.check_matplotlib("TradeoffDisplay.plot")
        self.ax_ = ax = panels.one_panel(ax, (7.2, 5.2))
        self.figure_ = ax.figure
        frame, front = self.frame, self.frame[self.frame["pareto"]].sort_values("cost")
        if self.hue is None:
            colours: Any = palette.GREY
        else:
            shades = palette.colours_for(frame[self.hue], self.candidates.scales[self.hue])
            colours = shades.of_values
        alpha = float(np.clip(8 / np.sqrt(len(frame)), 0.3, 0.9))
        ax.scatter(frame["cost"], frame["score"], c=colours, s=22, alpha=alpha, lw=0)
        _draw_bars(ax, frame if len(frame) <= _MOST_BARS else front)
        costs = frame["cost"]
        if costs.min() > 0 and costs.max() / costs.min() >= 10:
            ax.set_xscale("log")
        ax.margins(0.08)
        _draw_front(ax, front, self.candidates)
        ax.set(xlabel=self.cost_name, ylabel=self.candidates.score_name)
        if self.hue is not None:
            shades.explain(ax, self.hue)
        return self


def _draw_bars(ax: Any, frame: pd.DataFrame) -> None:
    if "score_std" in frame:
        style = {"fmt": "none", "ecolor": palette.GREY, "elinewidth": 0.8, "alpha": 0.6}
        ax.errorbar(frame["cost"], frame["score"], frame["score_std"], zorder=0, **style)


def _draw_front(ax: Any, front: pd.DataFrame, candidates: PlotData) -> None:
    """Draw the front, and a list of its candidates below the picture, best first."""
    style = {"drawstyle": "steps-post", "marker": "o", "mfc": "none", "ms": 9}
    ax.plot(front["cost"], front["score"], color=palette.VERMILLION, label="front", **style)
    named = _apart(ax, front[::-1])[:_MOST_LISTED]
    lines = ["Pareto front"]
    for letter, (_, row) in zip(ascii_uppercase, front.loc[named].iterrows(), strict=False):
        ax.annotate(
            letter,
            (row["cost"], row["score"]),
            xytext=(0, 8),
            textcoords="offset points",
            fontsize=8,
            ha="center",
            color=palette.VERMILLION,
        )
        settings = lines_of(candidates.settings(row), 80, at_most=1)[0]
        lines.append(f"{letter}: candidate {row['candidate']}, {row['score']:.3f}: {settings}")
    ax.text(0, -0.16, "\n".join(lines), transform=ax.transAxes, va="top", fontsize=8)


def _apart(ax: Any, front: pd.DataFrame) -> list[Any]:
    """The rows whose names have room next to their points, if those before them have names."""
    ax.autoscale_view()
    to_axes = ax.transScale + ax.transLimits
    points = to_axes.transform(front[["cost", "score"]].to_numpy(float))
    chosen: list[int] = []
    for i, point in enumerate(points):
        if all(np.abs(point - points[other]).max() > _ROOM for other in chosen):
            chosen.append(i)
    return [front.index[i] for i in chosen]


# Costs that are columns of skhp.search.results.
_TABLE = {"train_seconds": "mean_train_time", "n_parameters": "n_parameters"}


def _costs(search: Any, candidates: PlotData, cost: Any) -> tuple[np.ndarray, str]:
    if cost is None:
        return _default_costs(search, candidates)
    if not isinstance(cost, str):
        return _given_costs(cost, len(candidates.frame))
    if cost in _TABLE:
        return _table_costs(search, cost, len(candidates.frame)), _AXIS_LABELS[cost]
    for source in (candidates.frame, results_of(search)):
        if cost in source and np.asarray(source[cost]).dtype.kind in "iuf":
            return np.asarray(source[cost], dtype=float), _AXIS_LABELS.get(cost, cost)
    numeric = [p for p in candidates.params if candidates.scales[p].numeric]
    raise ValueError(
        f"cost={cost!r} is not a column of numbers. Use 'train_seconds', 'n_parameters', "
        f"'fit_seconds', a column of cv_results_, one of the parameters {numeric}, or an array."
    )


def _default_costs(search: Any, candidates: PlotData) -> tuple[np.ndarray, str]:
    """The first cost that all candidates have, preferring costs without the time to compile."""
    scored = candidates.scored.index
    for cost in _TABLE:
        costs = _table_costs(search, cost, len(candidates.frame))
        if np.isfinite(costs[scored]).all():
            return costs, _AXIS_LABELS[cost]
    return _costs(search, candidates, "fit_seconds")


def _table_costs(search: Any, cost: str, n: int) -> np.ndarray:
    from skhp.candidates.results_table import results as table

    found = table(search)
    column = _TABLE[cost]
    return found[column].to_numpy(float, na_value=np.nan) if column in found else np.full(n, np.nan)


def _given_costs(cost: Any, n: int) -> tuple[np.ndarray, str]:
    name = str(getattr(cost, "name", None) or "cost")
    try:
        costs = np.asarray(cost, dtype=float)
    except (TypeError, ValueError):
        costs = np.empty(0)
    if costs.shape != (n,):
        raise ValueError(
            f"cost must be one number for each of the {n} candidates, or a name. Got {cost!r}."
        )
    return costs, _AXIS_LABELS.get(name, name)


def _on_pareto_front(costs: pd.Series, scores: pd.Series) -> np.ndarray:
    """Whether each score is higher than the scores of all candidates of lower cost."""
    order = np.lexsort((-scores.to_numpy(), costs.to_numpy()))
    ranked = scores.to_numpy()[order]
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], ranked[:-1]]))
    unbeaten = np.empty(len(order), dtype=bool)
    unbeaten[order] = ranked > best_before
    return unbeaten

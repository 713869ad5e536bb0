"""TrainingCurvesDisplay: loss and metrics, epoch by epoch, of one network or of a search's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from skhp.candidates.checks import check_choice, check_n
from skhp.candidates.mean_curves import average_over_folds, mean_curves
from skhp.candidates.plot_data import PlotData, plot_data_of
from skhp.displays import panels
from skhp.displays.curve_lines import draw_all, draw_rows
from skhp.displays.text_lines import lines_of

_YSCALES = ("auto", "linear", "log")


class TrainingCurvesDisplay:
    """Loss and metrics by epoch, on training and on validation rows.

    Make one with `from_estimator` or `from_search`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each candidate, metric, kind of rows and epoch: ``candidate``,
        ``metric``, ``rows`` ("training", "validation" or "test fold"), ``epoch`` (from 1),
        ``mean`` and ``std`` over the folds, ``n_fits``; for a search also the parameters,
        ``score`` and ``place`` (1 for the best).
    kind : {"metrics", "best", "all"}, default="metrics"
        "metrics" makes a panel for each metric, "best" a panel for each of the best candidates,
        and "all" draws all candidates in one panel.
    hue : str, default=None
        For ``kind="all"``: the parameter that colours the curves. By default the score.
    candidates : PlotData, default=None
        The search's parameters and their scales.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The Axes of the picture. If there are several panels, the Axes that contains them.
    axes_ : ndarray of matplotlib Axes
        The panels. None if the grid has a place without a panel.
    figure_ : matplotlib Figure
        The figure of ``ax_``.

    See Also
    --------
    skhp.displays.ScoreDistributionDisplay : Scores by parameter, without the curves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skhp import MLPClassifier
    >>> from skhp.displays import TrainingCurvesDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(n_layers=1, epochs=3, random_state=0).fit(X, y)
    >>> display = TrainingCurvesDisplay.from_estimator(network)
    >>> display.frame[["metric", "rows", "epoch"]].to_numpy().tolist()
    [['loss', 'training', 1], ['loss', 'training', 2], ['loss', 'training', 3]]
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        kind: str = "metrics",
        hue: str | None = None,
        candidates: PlotData | None = None,
    ) -> None:
        self.frame = frame
        self.kind = kind
        self.hue = hue
        self.candidates = candidates

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metrics: Sequence[str] | str | None = None,
        ax: Any = None,
        ylim: tuple[float, float] | None = None,
        yscale: str = "auto",
    ) -> Self:
        """Draw how a fitted network trained.

        Parameters
        ----------
        estimator : fitted estimator, pipeline or search
            An estimator with ``history_``, a pipeline whose last step has it, or a search whose
            ``best_estimator_`` has it.
        metrics : str or list of str, default=None
            The metrics to draw, with one panel each. By default all.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.
        ylim : tuple of float, default=None
            Limits of the vertical axes.
        yscale : {"auto", "linear", "log"}, default="auto"
            Scale of the vertical axes. "auto" is logarithmic for losses that are all positive,
            and linear for everything else.

        Returns
        -------
        TrainingCurvesDisplay

        Raises
        ------
        ValueError
            If nothing in ``estimator`` has a ``history_``, or it does not have this metric.
        """
        history = _history(estimator)
        tidy = pd.DataFrame(
            [
                {"candidate": 0, "split": 0, "epoch": epoch, "metric": name, "value": value}
                for name, values in history.items()
                for epoch, value in enumerate(values, start=1)
            ]
        )
        frame = average_over_folds(tidy)
        if metrics is not None:
            frame = frame[
                frame["metric"].isin([_known(frame, name, "metrics") for name in _listed(metrics)])
            ]
        return cls(frame, kind="metrics").plot(ax, ylim=ylim, yscale=yscale)

    @classmethod
    def from_search(
        cls,
        search: Any,
        curves: Any,
        *,
        kind: str = "best",
        n_best: int = 6,
        curve: str = "loss",
        hue: str | None = None,
        metric: str | None = None,
        ax: Any = None,
        ylim: tuple[float, float] | None = None,
        yscale: str = "auto",
    ) -> Self:
        """Draw how the networks of a search trained.

        Parameters
        ----------
        search : fitted search, or its ``cv_results_``
            ``cv_results_`` may be a dict or a data frame.
        curves : skhp.callback.LearningCurves or pandas.DataFrame
            The `LearningCurves` that were set on the search before ``fit``, or their
            ``frame()``.
        kind : {"best", "all"}, default="best"
            A panel for each of the best candidates, or all candidates in one panel. With many
            candidates, "all" draws thin lines for one kind of rows, and a thick line for the
            median of each colour.
        n_best : int, default=6
            The number of candidates, for ``kind="best"``.
        curve : str, default="loss"
            The loss or metric to draw: "loss", "accuracy", ...
        hue : str, default=None
            For ``kind="all"``: the parameter that colours the curves. By default the score.
        metric : str, default=None
            The score that ranks the candidates: "accuracy", or "mean_test_accuracy". By
            default the one that ``refit`` names.
        ax : matplotlib Axes, default=None
            The Axes to draw on. By default a new figure.
        ylim : tuple of float, default=None
            Limits of the vertical axes.
        yscale : {"auto", "linear", "log"}, default="auto"
            Scale of the vertical axes. "auto" is logarithmic for losses that are all positive,
            and linear for everything else.

        Returns
        -------
        TrainingCurvesDisplay

        Raises
        ------
        TypeError
            If ``curves`` is neither `LearningCurves` nor a data frame.
        ValueError
            If this curve does not exist, the curves are of another search, or the search does
            not have this parameter or score.
        """
        if kind not in ("best", "all"):
            raise ValueError(f"kind must be 'best' or 'all'; got {kind!r}.")
        check_n("n_best", n_best)
        candidates = plot_data_of(search, metric)
        hue = candidates.check_param("hue", hue) if hue is not None else None
        frame = mean_curves(search, curves)
        frame = frame[frame["metric"] == _known(frame, curve, "curve")]
        scored = candidates.scored[::-1].assign(place=np.arange(len(candidates.scored)) + 1)
        columns = scored[["candidate", *candidates.params, "score", "place"]]
        frame = frame.merge(columns, on="candidate").sort_values(
            ["place", "rows", "epoch"], kind="stable", ignore_index=True
        )
        if kind == "best":
            frame = frame[frame["place"] <= n_best]
        display = cls(frame, kind=kind, hue=hue, candidates=candidates)
        return display.plot(ax, ylim=ylim, yscale=yscale)

    def plot(
        self,
        ax: Any = None,
        *,
        ylim: tuple[float, float] | None = None,
        yscale: str = "auto",
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. If there are several panels, it is divided. By default a new
            figure.
        ylim : tuple of float, default=None
            Limits of the vertical axes.
        yscale : {"auto", "linear", "log"}, default="auto"
            Scale of the vertical axes. "auto" is logarithmic for losses that are all positive,
            and linear for everything else.

        Returns
        -------
        TrainingCurvesDisplay
        """
        panels.check_matplotlib("TrainingCurvesDisplay.plot")
        from matplotlib.ticker import MaxNLocator

        check_choice("yscale", yscale, _YSCALES)
        self.ax_, self.axes_ = _KINDS[self.kind](self, ax)
        for panel in self.axes_.flat:
            if panel is not None:
                panel.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
                panel.set_yscale(self._scale_for(panel.get_label(), yscale))
                panel.set_ylim(ylim)
                _set_yticks(panel)
        self.figure_ = self.ax_.figure
        return self

    def _scale_for(self, metric: str, yscale: str) -> str:
        if yscale != "auto":
            return yscale
        values = self.frame.loc[self.frame["metric"] == metric, "mean"]
        return "log" if "loss" in metric and (values > 0).all() else "linear"


def _set_yticks(panel: Any) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    if panel.get_yscale() == "log":
        low, high = panel.get_ylim()
        if high < 8 * low:
            locator: Any = MaxNLocator(5)
        else:
            locator = LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,))
        panel.yaxis.set_major_locator(locator)
        panel.yaxis.set_major_formatter("{x:g}")  # 0.5 reads better than 5 x 10^-1
        panel.yaxis.set_minor_locator(NullLocator())


def _history(estimator: Any) -> Mapping[str, Sequence[float]]:
    """The history_ of an estimator, of a pipeline's last step, or of a search's best estimator."""
    seen = estimator
    while seen is not None:
        if getattr(seen, "history_", None):
            history: Mapping[str, Sequence[float]] = seen.history_
            return history
        steps = getattr(seen, "steps", None)
        inner = (getattr(seen, name, None) for name in ("best_estimator_", "regressor_"))
        seen = steps[-1][1] if steps else next((one for one in inner if one is not None), None)
    raise ValueError(
        f"{type(estimator).__name__} has no history_, and neither has its last step. Pass a "
        "fitted skhp estimator, or a pipeline that ends in one."
    )


def _listed(metrics: Any) -> list[Any]:
    listed = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(listed, Iterable) or not (listed := list(listed)):
        raise ValueError(f"metrics must be a name or a list of names. Got {metrics!r}.")
    return listed


def _known(frame: pd.DataFrame, name: str, role: str) -> str:
    known = frame["metric"].unique().tolist()
    if name not in known:
        raise ValueError(
            f"{role}={name!r} was not recorded; there are {known}. Give the estimator "
            f"metrics=[...] to record more."
        )
    return name


def _draw_metrics(display: TrainingCurvesDisplay, ax: Any) -> tuple[Any, np.ndarray]:
    # The history is in Keras's order, which is alphabetical.
    metrics = sorted(display.frame["metric"].unique(), key=lambda name: name != "loss")
    ax, axes = panels.one_or_more(ax, len(metrics), 4, each=(4, 3.4))
    for panel, metric in zip(axes.flat, metrics, strict=False):
        draw_rows(panel, display.frame[display.frame["metric"] == metric])
        panel.set(xlabel="epoch", ylabel=metric, label=metric)
    axes.flat[0].legend(frameon=False)
    return ax, axes


def _draw_best(display: TrainingCurvesDisplay, ax: Any) -> tuple[Any, np.ndarray]:
    places = display.frame["place"].unique()
    shape = panels.near_square(max(len(places), 1), 3)
    size = (3.2, 2.6)
    ax, axes = panels.divide(ax, shape, len(places), size, sharex=True, sharey=True)
    metric = display.frame["metric"].iloc[0]
    for panel, place in zip(axes.flat, places, strict=False):
        curves = display.frame[display.frame["place"] == place]
        draw_rows(panel, curves)
        panel.set_label(metric)
        panel.set_title(_best_title(display.candidates, curves.iloc[0]), fontsize=8, loc="left")
    for row in range(shape[0]):
        axes[row, 0].set_ylabel(metric)
    for panel in panels.lowest(axes):
        panel.set_xlabel("epoch")
    axes.flat[0].legend(frameon=False, fontsize=8)
    return ax, axes


def _best_title(candidates: PlotData | None, row: Any) -> str:
    first = f"{row['place']}. candidate {row['candidate']}: {row['score']:.3f}"
    if candidates is None:
        return first
    return "\n".join([first, *lines_of(candidates.settings(row), 42, at_most=3)])


def _draw_all(display: TrainingCurvesDisplay, ax: Any) -> tuple[Any, np.ndarray]:
    ax = panels.one_panel(ax, (7.2, 4.4))
    draw_all(ax, display.frame, display.hue, display.candidates)
    ax.set_label(display.frame["metric"].iloc[0])
    return ax, np.array([[ax]], dtype=object)


_KINDS: dict[str, Callable[[TrainingCurvesDisplay, Any], tuple[Any, np.ndarray]]] = {
    "metrics": _draw_metrics,
    "best": _draw_best,
    "all": _draw_all,
}

"""Training curves as lines on one Axes: of one network, or of all candidates."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from skhp.candidates.mean_curves import TRAINING
from skhp.candidates.plot_data import PlotData
from skhp.candidates.scales import Scale, scale_of
from skhp.displays import palette

# With more candidates, single lines are hard to distinguish: medians are drawn on top of them.
_MOST_LINES = 20

STYLES = {
    TRAINING: ("--", palette.BLUE),
    "validation": ("-", palette.VERMILLION),
    "test fold": ("-", palette.GREEN),
}
_WORDS = {"--": "dashed", "-": "solid"}


def draw_rows(panel: Any, curves: pd.DataFrame) -> None:
    """Draw the lines of one metric: training dashed, validation solid, a band over folds."""
    for rows, (line, colour) in STYLES.items():
        curve = curves[curves["rows"] == rows].sort_values("epoch")
        if curve.empty:
            continue
        marker = "o" if len(curve) == 1 else None
        panel.plot(
            curve["epoch"], curve["mean"], line, color=colour, lw=1.5, label=rows, marker=marker
        )
        if (curve["n_fits"] > 1).any():
            low, high = curve["mean"] - curve["std"], curve["mean"] + curve["std"]
            panel.fill_between(curve["epoch"], low, high, color=colour, alpha=0.2, lw=0)


def draw_all(ax: Any, frame: pd.DataFrame, hue: str | None, candidates: PlotData | None) -> None:
    """Draw the curves of all candidates, coloured by a parameter or by the score."""
    by = hue or "score"
    frame = frame.sort_values("place", ascending=False, kind="stable")
    firsts = frame.drop_duplicates("candidate")
    scale = (
        candidates.scales[by]
        if candidates and by != "score"
        else scale_of(firsts["score"], log=False)
    )
    present = [rows for rows in STYLES if rows in set(frame["rows"])]
    if len(firsts) > _MOST_LINES:
        present = present[-1:]
        frame = frame[frame["rows"] == present[0]]
        colours = _draw_groups(ax, frame, firsts, by, scale)
        title = f"{present[0]}; a thick line is the median of its colour"
    else:
        colours = palette.colours_for(firsts[by], scale)
        of_candidate = dict(zip(firsts["candidate"], colours.of_values, strict=True))
        _draw_lines(ax, frame, of_candidate, alpha=0.8, width=1.0)
        title = " and ".join(f"{rows} {_WORDS[STYLES[rows][0]]}" for rows in present)
    colours.explain(ax, by if hue or not candidates else candidates.score_name)
    ax.set_title(title, size=10)
    ax.set(xlabel="epoch", ylabel=frame["metric"].iloc[0])


def _draw_groups(
    ax: Any, frame: pd.DataFrame, firsts: pd.DataFrame, by: str, scale: Scale
) -> palette.Colours:
    """Thin lines for the candidates, and a thick line for the median of each group of values."""
    from matplotlib import patheffects

    colours, groups = palette.colours_for_groups(firsts[by], scale)
    group_of = dict(zip(firsts["candidate"], groups, strict=True))
    of_candidate = dict(zip(firsts["candidate"], colours.of_values, strict=True))
    _draw_lines(ax, frame, of_candidate, alpha=0.15, width=0.6)
    outline = [patheffects.withStroke(linewidth=4.5, foreground="white")]
    medians = frame.assign(group=frame["candidate"].map(group_of)).groupby(["group", "epoch"])
    for code, median in medians["mean"].median().groupby(level="group"):
        colour = colours.of_values[np.flatnonzero(groups == code)[0]]
        epochs = median.index.get_level_values("epoch")
        ax.plot(epochs, median, color=colour, lw=2.5, path_effects=outline, zorder=3)
    return colours


def _draw_lines(
    ax: Any, frame: pd.DataFrame, of_candidate: dict[int, Any], alpha: float, width: float
) -> None:
    for key, curve in frame.groupby(["candidate", "rows"], sort=False):
        candidate, rows = cast(tuple[int, str], key)
        line, colour = STYLES[rows][0], of_candidate[candidate]
        ax.plot(curve["epoch"], curve["mean"], line, color=colour, alpha=alpha, lw=width)

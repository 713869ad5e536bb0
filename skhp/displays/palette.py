"""Colours that people with any type of colour blindness can distinguish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.candidates.scales import Scale

# M. Okabe and K. Ito, "Color Universal Design" (2008), without yellow, which is too pale
# for lines on white.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
BLUE, VERMILLION, GREEN = OKABE_ITO[:3]
GREY = "#7F7F7F"

# Ten colours for lines on white: P. Tol, "Colour Schemes" (2021), the muted scheme with black
# in place of its grey.
TEN = (
    "#332288",
    "#CC6677",
    "#117733",
    "#88CCEE",
    "#882255",
    "#DDCC77",
    "#44AA99",
    "#AA4499",
    "#999933",
    "#000000",
)

SEQUENTIAL = "viridis"


@dataclass(frozen=True)
class Colours:
    """A colour for each value, and the legend or colour bar that explains them."""

    of_values: np.ndarray  # (n, 4) RGBA
    groups: tuple[tuple[str, Any], ...]  # label and colour; empty for a range of numbers
    mappable: Any  # for a colour bar; None if there is a legend

    def explain(self, ax: Any, name: str) -> None:
        """Add the legend, or the colour bar, next to ``ax``."""
        if self.mappable is not None:
            ax.figure.colorbar(self.mappable, ax=ax, label=name)
            return
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=c, marker="o", lw=1.5, label=t) for t, c in self.groups]
        ax.legend(
            handles=handles,
            title=name,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0,
            frameon=False,
        )


def colours_for(values: Iterable[Any], scale: Scale) -> Colours:
    """Choose colours: a hue for each category, dark to light for numbers."""
    values = list(values)
    return colours_for_groups(values, scale)[0] if scale.discrete else _for_range(values, scale)


def colours_for_groups(values: Iterable[Any], scale: Scale) -> tuple[Colours, np.ndarray]:
    """Choose one colour for each group of values, and give the group of each value."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgba

    codes, labels = scale.group(values)
    if scale.numeric or len(labels) > len(OKABE_ITO):
        table = colormaps[SEQUENTIAL](np.linspace(0, 0.9, len(labels)))
    else:
        table = np.array([to_rgba(colour) for colour in OKABE_ITO[: len(labels)]])
    # The code -1 means that a candidate does not have this parameter: its colour is grey.
    table = np.vstack([table.reshape(-1, 4), to_rgba(GREY)])
    return Colours(table[codes], tuple(zip(labels, table, strict=False)), None), codes


def _for_range(values: list[Any], scale: Scale) -> Colours:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    norm = (LogNorm if scale.kind == "log" else Normalize)(scale.levels[0], scale.levels[-1])
    colours = colormaps[SEQUENTIAL](scale.place(values))
    return Colours(colours, (), ScalarMappable(norm, SEQUENTIAL))

"""Axes to draw in: new ones, the caller's, or the caller's divided into panels."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_matplotlib(caller: str) -> None:
    """Raise ImportError, with the way out, where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: pip install 'skhp[plots]'.") from error


def check_ax(ax: Any) -> None:
    """Raise TypeError where ``ax`` is neither an Axes nor None."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes, or None for a new figure. Got {ax!r}.")


def one_panel(ax: Any, size: tuple[float, float] = (6.4, 4.4)) -> Any:
    """Give ``ax`` back, or the Axes of a new figure where it is None."""
    check_ax(ax)
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def divide(
    ax: Any,
    shape: tuple[int, int],
    n_used: int | None = None,
    size: tuple[float, float] = (2.6, 2.2),
    **subplots: Any,
) -> tuple[Any, np.ndarray]:
    """Divide an Axes into a grid of panels.

    Parameters
    ----------
    ax : matplotlib Axes or None
        What to divide; None makes a figure that is large enough.
    shape : tuple of int
        Rows and columns.
    n_used : int, optional
        Panels that are needed; those after them are left out.
    size : tuple of float
        Inches of a panel, where the figure is made.
    **subplots
        ``sharex``, ``sharey``, ``width_ratios`` and so on.

    Returns
    -------
    ax : matplotlib Axes
        The Axes around the panels, which itself shows a title at most.
    panels : ndarray of matplotlib Axes, of the given shape
        None stands where there is no panel.

    Raises
    ------
    ValueError
        If ``ax`` does not stand in a grid of subplots and so cannot be divided.
    """
    check_ax(ax)
    if ax is None:
        width, height = shape[1] * size[0], shape[0] * size[1]
        ax = one_panel(None, (min(max(width, 4.5), 16), min(max(height, 3.4), 22)))
    if ax.get_subplotspec() is None:
        raise ValueError(
            "ax cannot be divided into panels: it was placed by hand. Pass an Axes made by "
            "plt.subplots or Figure.add_subplot, or ax=None for a new figure."
        )
    ax.set_axis_off()
    figure, inner = ax.figure, ax.get_subplotspec().subgridspec
    ratios = {k: subplots.pop(k) for k in ("width_ratios", "height_ratios") if k in subplots}
    panels = inner(*shape, **ratios).subplots(squeeze=False, **subplots)
    for panel in panels.flat[n_used or panels.size :]:
        _leave_out(panel, panels, figure)
    panels.flat[n_used or panels.size :] = None
    return ax, panels


def _leave_out(panel: Any, panels: np.ndarray, figure: Any) -> None:
    row, column = next(zip(*np.nonzero(panels == panel), strict=True))
    figure.delaxes(panel)
    if row > 0:  # the panel above is now the lowest of its column
        panels[row - 1, column].tick_params(labelbottom=True)


def near_square(n: int, most_columns: int = 5) -> tuple[int, int]:
    """Give rows and columns for ``n`` panels, at most ``most_columns`` wide."""
    columns = min(n, most_columns, max(1, int(np.ceil(np.sqrt(n * 1.25)))))
    return int(np.ceil(n / columns)), columns

"""Axes to draw on: new ones, or those of the caller, divided into panels if needed."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_matplotlib(caller: str) -> None:
    """Raise ImportError if matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: pip install 'skhp[plots]'.") from error


def check_ax(ax: Any) -> None:
    """Raise TypeError if ``ax`` is neither an Axes nor None."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes, or None for a new figure. Got {ax!r}.")


def one_panel(ax: Any, size: tuple[float, float] = (6.4, 4.4)) -> Any:
    """Return ``ax``, or the Axes of a new figure if it is None."""
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
        The Axes to divide. None makes a new figure.
    shape : tuple of int
        The number of rows and columns.
    n_used : int, optional
        The number of panels that are needed. The others are removed.
    size : tuple of float
        Width and height of a panel in inches, for a new figure.
    **subplots
        ``sharex``, ``sharey``, ``width_ratios`` and so on.

    Returns
    -------
    ax : matplotlib Axes
        The Axes that contains the panels. Only its title is visible.
    panels : ndarray of matplotlib Axes, of the given shape
        None if a panel was removed.

    Raises
    ------
    ValueError
        If ``ax`` is not part of a grid of subplots: only these can be divided.
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
        _remove_panel(panel, panels, figure)
    panels.flat[n_used or panels.size :] = None
    return ax, panels


def one_or_more(
    ax: Any,
    n: int,
    most_columns: int,
    *,
    single: tuple[float, float] = (6.4, 4.4),
    each: tuple[float, float],
    **subplots: Any,
) -> tuple[Any, np.ndarray]:
    """Return one panel, or divide an Axes into ``n`` panels, nearly as many rows as columns.

    Parameters
    ----------
    ax : matplotlib Axes or None
        The Axes to draw on or to divide. None makes a new figure.
    n : int
        The number of panels.
    most_columns : int
        The largest number of columns.
    single, each : tuple of float
        Width and height in inches, for a new figure: of a picture with one panel, and of each of
        several panels.
    **subplots
        ``sharex`` and ``sharey``.

    Returns
    -------
    ax : matplotlib Axes
        The panel, or the Axes that contains the panels.
    panels : ndarray of matplotlib Axes
        None if the grid has a place without a panel.
    """
    if n == 1:
        ax = one_panel(ax, single)
        return ax, np.array([[ax]], dtype=object)
    return divide(ax, near_square(n, most_columns), n, each, **subplots)


def lowest(panels: np.ndarray) -> list[Any]:
    """Return the lowest panel of each column."""
    return [[panel for panel in column if panel is not None][-1] for column in panels.T]


def _remove_panel(panel: Any, panels: np.ndarray, figure: Any) -> None:
    row, column = next(zip(*np.nonzero(panels == panel), strict=True))
    figure.delaxes(panel)
    if row > 0:  # the panel above is now the lowest of its column
        panels[row - 1, column].tick_params(labelbottom=True)


def near_square(n: int, most_columns: int = 5) -> tuple[int, int]:
    """Choose rows and columns for ``n`` panels, with at most ``most_columns`` columns."""
    columns = min(n, most_columns, max(1, int(np.ceil(np.sqrt(n * 1.25)))))
    return int(np.ceil(n / columns)), columns

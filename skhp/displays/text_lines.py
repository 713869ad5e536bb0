"""Parameters of candidates as text, for titles and legends."""

from __future__ import annotations

from collections.abc import Sequence


def lines_of(parts: Sequence[str], width: int, at_most: int) -> list[str]:
    """Join texts with commas, in lines of limited width. No text is divided.

    Parameters
    ----------
    parts : sequence of str
        "width=64", ...
    width : int
        The largest number of characters in a line.
    at_most : int
        The largest number of lines. "..." replaces what does not fit.

    Examples
    --------
    >>> lines_of(["n_layers=2", "width=64", "dropout=0.1"], 22, at_most=2)
    ['n_layers=2, width=64,', 'dropout=0.1']
    >>> lines_of(["n_layers=2", "width=64", "dropout=0.1"], 22, at_most=1)
    ['n_layers=2, width=64, ...']
    """
    lines: list[str] = []
    for i, part in enumerate(parts):
        text = part if i == len(parts) - 1 else f"{part},"
        if lines and len(lines[-1]) + len(text) < width:
            lines[-1] += f" {text}"
        elif len(lines) < at_most:
            lines.append(text)
        else:
            lines[-1] += " ..."
            break
    return lines

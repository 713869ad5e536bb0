"""Widths that shrink from layer to layer, as values to search."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any


def funnel_widths(
    first: Iterable[int],
    n_layers: Iterable[int] = (1, 2, 3),
    shrink: Iterable[float] = (0.5, 1.0),
    least: int = 2,
) -> list[tuple[int, ...]]:
    """List the widths of networks whose layers shrink by a constant factor.

    Parameters
    ----------
    first : iterable of int
        Widths of the first hidden layer.
    n_layers : iterable of int, default=(1, 2, 3)
        Numbers of hidden layers.
    shrink : iterable of float, default=(0.5, 1.0)
        The width of each layer divided by the width of the layer before it. 1 keeps the width,
        and a factor above 1 makes layers wider.
    least : int, default=2
        No layer is narrower than this.

    Returns
    -------
    list of tuple of int
        Values for ``width``, each different. They decide the number of layers too, so leave
        ``n_layers`` out of the space.

    Raises
    ------
    ValueError
        If a width or a number of layers is not a positive int, or a factor is not a positive
        number.

    Examples
    --------
    >>> from skhp.search import funnel_widths
    >>> funnel_widths([64, 128], n_layers=[1, 3], shrink=[0.5])
    [(64,), (64, 32, 16), (128,), (128, 64, 32)]
    >>> space = {"width": funnel_widths([64, 128]), "learning_rate": [1e-3, 1e-2]}
    """
    factors = [_checked(one, Real, "shrink", "positive numbers") for one in shrink]
    depths = [_checked(one, Integral, "n_layers", "positive ints") for one in n_layers]
    starts = [_checked(one, Integral, "first", "positive ints") for one in first]
    _checked(least, Integral, "least", "a positive int")
    return list(
        dict.fromkeys(
            tuple(max(least, round(start * factor**layer)) for layer in range(depth))
            for start in starts
            for depth in depths
            for factor in factors
        )
    )


def _checked(value: Any, kind: Any, name: str, words: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool) or not value > 0:
        raise ValueError(f"{name} must be {words}. Got {value!r}.")
    return value

"""Where the values of a parameter stand on an axis: in order, evenly, or by their logarithm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Number
from typing import Any

import numpy as np

# More different numbers than this are a range, not a list of values.
MOST_LEVELS = 12

# Below this ratio of the largest to the smallest value, a logarithm changes little.
_LOG_RATIO = 10


@dataclass(frozen=True)
class Scale:
    """How the values of one parameter are ordered, placed and written."""

    kind: str  # "category", "linear" or "log"
    levels: tuple[Any, ...]  # different values in order: numbers, or the labels of categories

    @property
    def discrete(self) -> bool:
        """Whether the parameter took a few values rather than a range."""
        return self.kind == "category" or len(self.levels) <= MOST_LEVELS

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind != "category"

    def place(self, values: Iterable[Any]) -> np.ndarray:
        """Give positions from 0 to 1; NaN where a candidate has no value."""
        if self.kind == "category":
            index = {level: i for i, level in enumerate(self.levels)}
            numbers = np.array([index.get(label(v), np.nan) for v in values], dtype=float)
            low, high = 0.0, len(self.levels) - 1.0
        else:
            numbers = np.array([np.nan if is_missing(v) else v for v in values], dtype=float)
            low, high = float(self.levels[0]), float(self.levels[-1])
            if self.kind == "log":
                numbers, low, high = np.log(numbers), np.log(low), np.log(high)
        return (numbers - low) / (high - low) if high > low else numbers * 0 + 0.5

    def ticks(self, at_most: int = 8) -> tuple[np.ndarray, list[str]]:
        """Give positions from 0 to 1 and their labels."""
        if self.kind == "category" or len(self.levels) <= at_most:
            values = list(self.levels)
        else:
            values = list(_round_numbers(self.levels[0], self.levels[-1], self.kind, at_most))
        return self.place(values), [label(value) for value in values]

    def group(self, values: Iterable[Any], n_bins: int = 6) -> tuple[np.ndarray, list[str]]:
        """Sort values into the levels, or into bins where there are too many levels.

        Returns the number of each value's group, -1 for none, and the groups' labels.
        """
        if self.discrete:
            key = float if self.numeric else label
            index = {key(level): i for i, level in enumerate(self.levels)}
            known = [-1 if is_missing(value) else index[key(value)] for value in values]
            return np.array(known, dtype=int), [label(level) for level in self.levels]
        edges = self._edges(n_bins)
        numbers = np.array([np.nan if is_missing(v) else v for v in values], dtype=float)
        codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, n_bins - 1)
        labels = [f"{a:.2g} – {b:.2g}" for a, b in pairwise(edges)]
        return np.where(np.isnan(numbers), -1, codes), labels

    def _edges(self, n_bins: int) -> np.ndarray:
        space = np.geomspace if self.kind == "log" else np.linspace
        return space(self.levels[0], self.levels[-1], n_bins + 1)


def scale_of(values: Iterable[Any], log: bool | None = None) -> Scale:
    """Find the scale that values ask for.

    Parameters
    ----------
    values : iterable
        What the parameter was in each candidate; NaN where it had no part.
    log : bool, optional
        Whether the space is logarithmic, where that is known. Otherwise positive numbers
        over a decade or more whose median is nearer the middle in logarithms are.

    Returns
    -------
    Scale

    Examples
    --------
    >>> scale_of([0.001, 0.01, 0.1]).kind
    'log'
    >>> scale_of([16, 32, 48]).kind
    'linear'
    >>> scale_of(["relu", "tanh"]).levels
    ('relu', 'tanh')
    """
    present = [value for value in values if not is_missing(value)]
    if not present or not all(_is_number(value) for value in present):
        return Scale("category", tuple(dict.fromkeys(_in_order(present))))
    levels = tuple(np.unique(np.array(present)).tolist())
    if levels[0] > 0 and (log or (log is None and _looks_logarithmic(levels))):
        return Scale("log", levels)
    return Scale("linear", levels)


def label(value: Any) -> str:
    """Write a parameter's value shortly."""
    if isinstance(value, str):
        return value
    if _is_number(value):
        return f"{value:.3g}" if isinstance(value, float | np.floating) else f"{value}"
    if isinstance(value, type) or callable(value):
        return getattr(value, "__name__", type(value).__name__)
    text = str(value)
    return text if len(text) <= 24 and "object at 0x" not in text else type(value).__name__


def is_missing(value: Any) -> bool:
    """Whether a candidate has no value for a parameter (another grid of the list has)."""
    return value is np.ma.masked or (isinstance(value, float | np.floating) and np.isnan(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool | np.bool_)


def _in_order(values: list[Any]) -> list[str]:
    """Label values: numbers first and ascending, the rest as they first came."""
    numbers = sorted(value for value in values if _is_number(value))
    return [label(value) for value in [*numbers, *(v for v in values if not _is_number(v))]]


def _looks_logarithmic(levels: tuple[Any, ...]) -> bool:
    low, median, high = levels[0], float(np.median(levels)), levels[-1]
    if high / low < _LOG_RATIO:
        return False
    linear = abs((median - low) / (high - low) - 0.5)
    logarithmic = abs(np.log(median / low) / np.log(high / low) - 0.5)
    return bool(len(levels) == 2 or logarithmic < linear)


def _round_numbers(low: float, high: float, kind: str, at_most: int) -> np.ndarray:
    if kind == "linear":
        step = 10 ** np.floor(np.log10((high - low) / at_most))
        step *= next(m for m in (1, 2, 5, 10, 20) if (high - low) / (step * m) <= at_most)
        return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    decades = np.arange(np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9) + 1)
    if len(decades) < 2:
        return np.geomspace(low, high, 4)
    return 10.0 ** decades[:: int(np.ceil(len(decades) / at_most))]

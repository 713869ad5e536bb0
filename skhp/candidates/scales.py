"""Positions and labels of a parameter's values on an axis: categories, linear or logarithmic."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from skhp.candidates.labels import axis_label, distinct_labels
from skhp.candidates.values import is_number, unique_values, value_key

# A parameter with more different numbers is shown as a range, not as single values.
MOST_LEVELS = 12

# If the largest value is not this many times the smallest, a logarithm changes little.
_LOG_RATIO = 10


@dataclass(frozen=True)
class Scale:
    """The order, the positions and the labels of one parameter's values."""

    kind: str  # "category", "linear" or "log"
    levels: tuple[Any, ...]  # the different values, in order

    @property
    def discrete(self) -> bool:
        """Whether the parameter has a few values, not a range."""
        return self.kind == "category" or len(self.levels) <= MOST_LEVELS

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind != "category"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A label for each level, all of them different."""
        return tuple(distinct_labels(self.levels, axis_label))

    @cached_property
    def _index(self) -> dict[Hashable, int]:
        return {value_key(level): i for i, level in enumerate(self.levels)}

    def label_of(self, value: Any) -> str:
        """Give the label of a value, different from those of the other levels."""
        i = self._index.get(value_key(value))
        return axis_label(value) if i is None else self.labels[i]

    def place(self, values: Iterable[Any]) -> np.ndarray:
        """Give positions from 0 to 1; NaN for a missing value."""
        if self.kind == "category":
            found = [self._index.get(value_key(v), np.nan) for v in values]
            numbers = np.array(found, dtype=float)
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
            return self.place(self.levels), list(self.labels)
        values = list(_round_numbers(self.levels[0], self.levels[-1], self.kind, at_most))
        return self.place(values), distinct_labels(values, axis_label)

    def group(self, values: Iterable[Any], n_bins: int = 6) -> tuple[np.ndarray, list[str]]:
        """Assign each value to a level, or to a bin if there are too many levels.

        Returns the number of each value's group (-1 for a missing value) and the labels of the
        groups.
        """
        if self.discrete:
            known = [-1 if is_missing(v) else self._index[value_key(v)] for v in values]
            return np.array(known, dtype=int), list(self.labels)
        edges = self._edges(n_bins)
        numbers = np.array([np.nan if is_missing(v) else v for v in values], dtype=float)
        codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, n_bins - 1)
        ends = distinct_labels(edges.tolist(), "{:.2g}".format)
        return np.where(np.isnan(numbers), -1, codes), [f"{a} – {b}" for a, b in pairwise(ends)]

    def _edges(self, n_bins: int) -> np.ndarray:
        space = np.geomspace if self.kind == "log" else np.linspace
        return space(self.levels[0], self.levels[-1], n_bins + 1)


def scale_of(values: Iterable[Any], log: bool | None = None) -> Scale:
    """Choose the scale for the values of a parameter.

    Parameters
    ----------
    values : iterable
        The value in each candidate. NaN if the candidate does not set the parameter.
    log : bool, optional
        Whether the space of the parameter is logarithmic. By default it is derived from the
        values: they must be positive and cover a factor of 10 or more, and on a logarithmic
        scale their median must be closer to the middle than on a linear scale.

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
    if not present or not all(is_number(value) for value in present):
        return Scale("category", tuple(_in_order(unique_values(present))))
    levels = tuple(np.unique(np.array(present)).tolist())
    if levels[0] > 0 and (log or (log is None and _looks_logarithmic(levels))):
        return Scale("log", levels)
    return Scale("linear", levels)


def is_missing(value: Any) -> bool:
    """Whether a value is missing: the candidate does not set the parameter."""
    return value is np.ma.masked or (isinstance(value, float | np.floating) and np.isnan(value))


def _in_order(values: list[Any]) -> list[Any]:
    """Numbers first, ascending, then the other values in the order of the candidates."""
    numbers = sorted(value for value in values if is_number(value))
    return [*numbers, *(value for value in values if not is_number(value))]


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

"""The values of one hyperparameter, as a build function defines and a search takes them.

Sampling rules are keras-tuner's (https://keras.io/keras_tuner/api/hyperparameters/).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy import stats
from sklearn.utils import check_random_state


class SpaceError(ValueError):
    """What a build function registers is not a valid search space."""


# Finite sets up to this size become lists, which GridSearchCV takes too.
_LISTED = 100

# How many values of an interval a grid has: as many as in keras-tuner's GridSearch.
_GRID_POINTS = 10


# Sampling -> the value between low and high for a probability in [0, 1).
_PROJECTIONS = {
    "linear": lambda p, low, high: low + p * (high - low),
    "log": lambda p, low, high: low * (high / low) ** p,
    "reverse_log": lambda p, low, high: high + low - low * (high / low) ** (1 - p),
}

# Sampling -> the value after i steps. Logarithmic steps are factors.
_STEPS = {
    "linear": lambda i, low, high, step: low + i * step,
    "log": lambda i, low, high, step: low * step**i,
    "reverse_log": lambda i, low, high, step: high + low - low * step**i,
}

# Sampling -> how many steps fit between low and high.
_SPANS = {
    "linear": lambda low, high, step: (high - low) / step,
    "log": lambda low, high, step: math.log(high / low, step),
    "reverse_log": lambda low, high, step: math.log(high / low, step),
}


@dataclass(frozen=True)
class Choice:
    """One of a few values. ``Boolean`` and ``Fixed`` are choices too.

    Parameters
    ----------
    name : str
        Name, including its name scopes.
    values : tuple
        Allowed values, all equally likely.
    default : object
        The value if no other is wanted.
    kind : {"Choice", "Boolean", "Fixed"}, default="Choice"
        The method of `hp` that registered it.
    """

    name: str
    values: tuple[Any, ...]
    default: Any
    kind: str = "Choice"

    def __post_init__(self) -> None:
        if not self.values:
            raise SpaceError(f"{self} has no values to choose from. List at least one.")
        if self.default not in self.values:
            raise SpaceError(f"default={self.default!r} is not among the values of {self}.")

    def __str__(self) -> str:
        return f"hp.{self.kind}({self.name!r}, {list(self.values)!r})"

    def check(self, value: Any) -> Any:
        """The allowed value that equals a value, such as a NumPy number, or ValueError."""
        for allowed in self.values:
            if type(allowed) is type(value) and allowed == value:
                return allowed
        for allowed in self.values:
            if np.isscalar(value) and allowed == value:
                return allowed
        raise ValueError(
            f"{self.name}={value!r} is out of range of {self}. Use one of {list(self.values)!r}."
        )

    def at(self, probability: float) -> Any:
        """The value at a probability in [0, 1)."""
        return self.values[int(probability * len(self.values))]

    def distribution(self) -> list[Any]:
        """The values, as a scikit-learn search takes them."""
        return list(self.values)

    def grid(self) -> list[Any]:
        """The values, as GridSearchCV takes them."""
        return list(self.values)

    def spread(self, most: int) -> list[Any]:
        """At most this many of its values, in their order."""
        return list(self.values[:: -(-len(self.values) // most)])

    def extremes(self) -> list[Any]:
        """Values that may change what a build registers: of numbers, the first and the last."""
        numbers = all(isinstance(v, Real) and not isinstance(v, bool) for v in self.values)
        return [self.values[-1], self.values[0]] if numbers else list(self.values)


@dataclass(frozen=True)
class Number:
    """A number from a range, both ends included: ``Int`` and ``Float``.

    Parameters
    ----------
    name : str
        Name, including its name scopes.
    min_value, max_value : int or float
        Ends of the range.
    step : int, float or None
        Distance between values; with logarithmic sampling, the ratio of values. None for
        any value of the range.
    sampling : {"linear", "log", "reverse_log"}
        How values are distributed over the range.
    default : int or float
        The value if no other is wanted.
    kind : {"Int", "Float"}
        The method of `hp` that registered it.
    """

    name: str
    min_value: Any
    max_value: Any
    step: Any
    sampling: str
    default: Any
    kind: str

    def __post_init__(self) -> None:
        for wrong, why in _WRONG_RANGES:
            if wrong(self):
                raise SpaceError(f"{self}: {why}")

    def __str__(self) -> str:
        step = "" if self.step is None else f", step={self.step!r}"
        return (
            f"hp.{self.kind}({self.name!r}, {self.min_value!r}, {self.max_value!r}{step}, "
            f"sampling={self.sampling!r})"
        )

    def check(self, value: Any) -> Any:
        """The value as a Python int or float; ValueError if it is not in the range."""
        number = self._plain(value)
        slack = 1e-9 * max(abs(self.min_value), abs(self.max_value))  # samplers may round
        if number is None or not self.min_value - slack <= number <= self.max_value + slack:
            what = "an integer" if self.kind == "Int" else "a number"
            raise ValueError(
                f"{self.name}={value!r} is out of range of {self}. Use {what} from "
                f"{self.min_value!r} to {self.max_value!r}, or widen the range in the build "
                "function."
            )
        return min(max(number, self.min_value), self.max_value)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            return None
        number = float(value)
        if self.kind == "Float":
            return number if math.isfinite(number) else None
        return int(number) if number.is_integer() else None

    def count(self) -> int | None:
        """How many equally likely values there are; None if there is no such number."""
        if self.min_value == self.max_value:
            return 1
        if self.step is None:
            return None
        # Without 1e-8, rounding would lose the last value of Float(0, 1, step=0.2).
        return int(_SPANS[self.sampling](self.min_value, self.max_value, self.step) + 1e-8) + 1

    def at(self, probability: float) -> Any:
        """The value at a probability in [0, 1)."""
        low, high, count = self.min_value, self.max_value, self.count()
        if count == 1:
            return low
        if count is not None:
            value = _STEPS[self.sampling](int(probability * count), low, high, self.step)
        elif self.kind == "Int":
            value = _PROJECTIONS[self.sampling](probability, low, high + 1)
        else:
            value = _PROJECTIONS[self.sampling](probability, low, high)
        return int(value) if self.kind == "Int" else min(float(value), high)

    def distribution(self) -> Any:
        """A list or a distribution for a scikit-learn search."""
        count = self.count()
        if count is not None and count <= _LISTED:
            return self.grid()
        if self.kind == "Int" and self.sampling == "linear" and self.step == 1:
            return stats.randint(self.min_value, self.max_value + 1)
        if self.step is None and self.kind == "Float" and self.sampling == "linear":
            return stats.uniform(self.min_value, self.max_value - self.min_value)
        if self.step is None and self.kind == "Float" and self.sampling == "log":
            return stats.loguniform(self.min_value, self.max_value)
        return Draws(self)

    def grid(self) -> list[Any]:
        """All values, or ten that follow the sampling, as in keras-tuner's GridSearch."""
        return self.spread(self.count() or _GRID_POINTS)

    def spread(self, most: int) -> list[Any]:
        """At most this many values that follow the sampling, in ascending order."""
        points = min(self.count() or most, most)
        return sorted({self.at((i + 0.5) / points) for i in range(points)})

    def extremes(self) -> list[Any]:
        """Values that may change what a build registers: the ends, the upper one first."""
        return sorted({self.at(0), self.at(1 - 1e-9)}, reverse=True)


Definition = Choice | Number

_WRONG_RANGES: list[tuple[Any, str]] = [
    (
        lambda n: n.sampling not in _PROJECTIONS,
        'sampling must be "linear", "log" or "reverse_log".',
    ),
    (lambda n: not n.min_value <= n.max_value, "min_value is above max_value. Swap them."),
    (
        lambda n: n.sampling != "linear" and n.min_value <= 0,
        'logarithmic sampling needs min_value above 0. Raise it, or use sampling="linear".',
    ),
    (
        lambda n: n.step is not None and n.step <= (0 if n.sampling == "linear" else 1),
        "step must be above 0, and above 1 with logarithmic sampling, where it is a factor.",
    ),
    (
        lambda n: not n.min_value <= n.default <= n.max_value,
        "default is outside of the range. Change it, or widen the range.",
    ),
]


@dataclass(frozen=True)
class Draws:
    """A distribution that scipy does not have: with steps, or logarithmic over integers.

    Parameters
    ----------
    definition : Number
        What to draw.
    """

    definition: Number

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Draw values.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result. One number by default.
        random_state : int, RandomState, Generator or None, default=None
            Source of the random numbers.

        Returns
        -------
        int, float or ndarray
        """
        own = isinstance(random_state, np.random.Generator)
        rng = random_state if own else check_random_state(random_state)
        if size is None:
            return self.definition.at(rng.uniform())
        drawn = [self.definition.at(p) for p in rng.uniform(size=size).ravel()]
        return np.array(drawn).reshape(size)

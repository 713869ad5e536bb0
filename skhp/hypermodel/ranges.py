"""What one hyperparameter may be, and what a scikit-learn search takes for it.

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
    """What a build function asks of `hp` makes no search space."""


# Finite sets up to this size are handed out as lists, which GridSearchCV takes too.
_LISTED = 100

# Values that stand for an interval in a grid: as many as keras-tuner's GridSearch takes.
_GRID_POINTS = 10


# Sampling -> where a probability in [0, 1) lands between low and high.
_PROJECTIONS = {
    "linear": lambda p, low, high: low + p * (high - low),
    "log": lambda p, low, high: low * (high / low) ** p,
    "reverse_log": lambda p, low, high: high + low - low * (high / low) ** (1 - p),
}

# Sampling -> the i-th of the values that lie a step apart; logarithmic steps are factors.
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
    """One of a few values; ``Boolean`` and ``Fixed`` are choices too.

    Parameters
    ----------
    name : str
        Name, with its name scopes.
    values : tuple
        Allowed values, each as likely as the others.
    default : object
        The value where none is asked for.
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
        """The allowed value that equals this one (a NumPy number, say); else ValueError."""
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
        """What a scikit-learn search takes for it."""
        return list(self.values)

    def grid(self) -> list[Any]:
        """What GridSearchCV takes for it."""
        return list(self.values)

    def spread(self, most: int) -> list[Any]:
        """Up to so many of its values, in their order."""
        return list(self.values[:: -(-len(self.values) // most)])

    def extremes(self) -> list[Any]:
        """Values likely to change what a build registers: the first and last of numbers."""
        numbers = all(isinstance(v, Real) and not isinstance(v, bool) for v in self.values)
        return [self.values[-1], self.values[0]] if numbers else list(self.values)


@dataclass(frozen=True)
class Number:
    """A number from a range, ends included: ``Int`` and ``Float``.

    Parameters
    ----------
    name : str
        Name, with its name scopes.
    min_value, max_value : int or float
        Ends of the range.
    step : int, float or None
        Distance of neighbouring values, their ratio under logarithmic sampling; None
        for any value of the range.
    sampling : {"linear", "log", "reverse_log"}
        How values are spread over the range.
    default : int or float
        The value where none is asked for.
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
        """The value as a plain int or float; ValueError where it is not in the range."""
        number = self._plain(value)
        slack = 1e-9 * max(abs(self.min_value), abs(self.max_value))  # samplers round
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
        """How many equally likely values there are; None where they are not countable so."""
        if self.min_value == self.max_value:
            return 1
        if self.step is None:
            return None
        # The slack keeps the last value of Float(0, 1, step=0.2), which rounding would lose.
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
        """What a scikit-learn search takes for it: a list, or a distribution."""
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
        """All its values, or ten spread as it is sampled, as keras-tuner's GridSearch has."""
        return self.spread(self.count() or _GRID_POINTS)

    def spread(self, most: int) -> list[Any]:
        """Up to so many of its values, spread as it is sampled, in ascending order."""
        points = min(self.count() or most, most)
        return sorted({self.at((i + 0.5) / points) for i in range(points)})

    def extremes(self) -> list[Any]:
        """Values likely to change what a build registers: the ends, the upper one first."""
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
        "step must be above 0; under logarithmic sampling it is a factor, and above 1.",
    ),
    (
        lambda n: not n.min_value <= n.default <= n.max_value,
        "default lies outside the range. Move it inside, or widen the range.",
    ),
]


@dataclass(frozen=True)
class Draws:
    """A distribution that scipy has no name for: stepped, or logarithmic over integers.

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
            Shape of the result; one number by default.
        random_state : int, RandomState, Generator or None, default=None
            Where to draw from.

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

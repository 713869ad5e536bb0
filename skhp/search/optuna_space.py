"""How a trial of Optuna draws from the entries of a space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def suggested(trial: Any, name: str, values: Any) -> Any:
    """Let a trial choose the value of a parameter.

    Parameters
    ----------
    trial : optuna.Trial
    name : str
        The parameter.
    values : list or distribution
        A distribution of Optuna, one of SciPy (``uniform``, ``loguniform``, ``randint``), or one
        that `skhp.from_hypermodel` made.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if isinstance(values, list | tuple):
        return trial.suggest_categorical(name, values)
    suggest = _SUGGEST.get(_kind_of(values))
    if suggest is None:
        raise ValueError(
            f"{name!r} must have a list of values, a distribution of optuna.distributions, or "
            f"uniform, loguniform or randint of scipy.stats. Got {values!r}."
        )
    return suggest(trial, name, values)


def _kind_of(values: Any) -> str:
    """A name for the kind of a distribution. No library is imported to find it."""
    of_scipy = getattr(getattr(values, "dist", None), "name", None)
    if of_scipy in ("loguniform", "reciprocal"):
        low, high = values.support()
        is_shifted = not np.isclose(values.median(), np.sqrt(low * high))
        return "shifted" if is_shifted else "loguniform"
    if of_scipy is not None:
        return str(of_scipy)
    definition = getattr(values, "definition", None)  # of keras-tuner's hyperparameter
    return type(values).__name__ if definition is None else f"{definition.sampling} steps"


def _float(trial: Any, name: str, d: Any) -> float:
    return trial.suggest_float(name, d.low, d.high, step=d.step, log=d.log)


def _int(trial: Any, name: str, d: Any) -> int:
    return trial.suggest_int(name, d.low, d.high, step=d.step, log=d.log)


def _between(trial: Any, name: str, d: Any) -> float:
    low, high = d.support()
    return trial.suggest_float(name, float(low), float(high), log=d.dist.name != "uniform")


def _integer_between(trial: Any, name: str, d: Any) -> int:
    low, high = d.support()
    return trial.suggest_int(name, int(low), int(high))


def _linear_steps(trial: Any, name: str, d: Any) -> Any:
    number = d.definition
    last = number.at(1 - 1e-9)  # the last step may not reach the end of the range
    suggest = trial.suggest_int if number.kind == "Int" else trial.suggest_float
    return suggest(name, number.min_value, last, step=number.step)


def _logarithmic(trial: Any, name: str, d: Any) -> Any:
    number = d.definition
    suggest = trial.suggest_int if number.kind == "Int" else trial.suggest_float
    return suggest(name, number.min_value, number.max_value, log=True)


# Kind of a distribution -> how a trial draws from it. Optuna itself is imported later.
_SUGGEST: dict[str, Callable[[Any, str, Any], Any]] = {
    "FloatDistribution": _float,
    "IntDistribution": _int,
    "CategoricalDistribution": lambda trial, name, d: trial.suggest_categorical(name, d.choices),
    "uniform": _between,
    "loguniform": _between,
    "randint": _integer_between,
    "linear steps": _linear_steps,
    "log steps": _logarithmic,
}

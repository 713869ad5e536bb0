"""What a search would do, before it does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from skhp.candidates.cv_results import is_results
from skhp.candidates.labels import distinct_labels, value_label
from skhp.candidates.names import short_names
from skhp.candidates.planned_splits import planned_n_splits
from skhp.candidates.space import choices_of, interval_of, space_of
from skhp.candidates.values import unique_values
from skhp.search.spread import spread_candidates
from skhp.search.structures import n_structures
from skhp.search.timed_fits import timed_fits

# Values of a parameter that a summary lists before it says how many more there are.
_MOST_LISTED = 8


@dataclass(frozen=True)
class SpaceSummary:
    """What `space_summary` found.

    Parameters
    ----------
    parameters : list of dict
        ``parameter``, ``values`` (in words), ``n_values`` (None for a range).
    n_combinations : int or None
        None if a parameter is a range.
    n_candidates, n_fits : int or None
        How many candidates the search would try, and how many fits it would run, with the
        last fit on all rows. None if that is not known, or if no search was given.
    at_most : bool
        Whether these two numbers are upper bounds, as for halving searches.
    n_structures : int or None
        How many network structures the search compiles at most. Each is compiled once in each
        worker process.
    seconds_per_fit : float or None
        The mean time of a fit in this space without compiling, estimated from the timed fits
        and from the sizes of the networks.
    seconds : float or None
        The time of the whole search with its ``n_jobs``, with compiling.
    seconds_to_compile : float or None
        How much longer the first fit of a network structure takes, because it is compiled. 0
        if the timed fits compiled nothing, because this process had compiled their structures.
    """

    parameters: list[dict[str, Any]]
    n_combinations: int | None
    n_candidates: int | None = None
    n_fits: int | None = None
    at_most: bool = False
    n_structures: int | None = None
    seconds_per_fit: float | None = None
    seconds: float | None = None
    seconds_to_compile: float | None = None

    def frame(self) -> Any:
        """The parameters as a pandas.DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.parameters)

    def __str__(self) -> str:
        width = max((len(row["parameter"]) for row in self.parameters), default=0)
        lines = [f"{row['parameter']:<{width}}  {row['values']}" for row in self.parameters]
        return "\n".join([*lines, *self._totals()])

    def _repr_html_(self) -> str:
        totals = "".join(f"<p>{escape(line)}</p>" for line in self._totals())
        return self.frame()[["parameter", "values"]].to_html(index=False) + totals

    def _totals(self) -> list[str]:
        """The lines below the parameters: how many fits, and how long they take."""
        most = "at most " if self.at_most else ""
        numbers = "infinitely many" if self.n_combinations is None else f"{self.n_combinations:,}"
        lines = [f"{numbers} combinations"]
        if self.n_candidates is not None:
            lines[-1] += f", {most}{self.n_candidates:,} candidates"
        if self.n_fits is not None:
            lines[-1] += f", {most}{self.n_fits:,} fits"
        if self.seconds_per_fit is not None:
            total = "" if self.seconds is None else f"about {self.seconds:.3g} s: "
            n = "many" if self.n_structures is None else f"at most {self.n_structures:,}"
            lines.append(
                f"{total}{self.seconds_per_fit:.3g} s per fit, and {self.seconds_to_compile:.3g} s "
                f"to compile each network structure ({n})"
            )
        return lines


def space_summary(search: Any, X: Any = None, y: Any = None) -> SpaceSummary:
    """Describe what a search would try, in how many fits, and how long it would take.

    Parameters
    ----------
    search : search, or space
        Fitted or not; or a dict of parameter -> values or distribution, or a list of
        those.
    X, y : array-like, optional
        With rows, four candidates are fitted twice each. They are spread over the values of
        each parameter. The second fit says how long a fit takes, and the first how much longer
        it takes with compiling. Fits of other candidates count as longer or shorter by the
        weights of their networks and their epochs. The estimate is rough: it is from four
        candidates only, and the search fits fewer rows.

    Returns
    -------
    SpaceSummary
        Print it to read it. Its numbers are attributes, and ``frame()`` has the parameters.

    Raises
    ------
    TypeError
        If it is neither a search nor a space.
    ValueError
        If a parameter has neither values nor a distribution, the search's estimator has no
        such parameter, or ``y`` is given without ``X``.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.search import space_summary
    >>> grid = {"width": [16, 32], "activation": ["relu", "tanh"]}
    >>> print(space_summary(GridSearchCV(MLPClassifier(), grid, cv=5)))
    width       16, 32
    activation  relu, tanh
    4 combinations, 4 candidates, 21 fits
    """
    if is_results(search):
        raise TypeError("Expected a search or a space. Got cv_results_, which hold no space.")
    space = space_of(search)
    parameters, combinations = _parameters(space), _combinations(space)
    if not hasattr(search, "estimator"):
        return SpaceSummary(parameters, combinations)
    _check_names(search, space)
    if X is None and y is not None:
        raise ValueError("y was given without X. A timed fit needs both.")
    rounds, at_most = _rounds(search, combinations)
    candidates = None if rounds is None else sum(rounds)
    splits = planned_n_splits(search, X, y)
    fits = None
    if candidates is not None and splits is not None:
        fits = candidates * splits + bool(search.refit)
    known = [n for n in (n_structures(space, search.estimator), candidates) if n is not None]
    structures = min(known, default=None)
    summary = SpaceSummary(
        parameters,
        combinations,
        n_candidates=candidates,
        n_fits=fits,
        at_most=at_most,
        n_structures=structures,
    )
    return summary if X is None else _with_times(summary, search, space, X, y)


def _with_times(
    summary: SpaceSummary, search: Any, space: list[Mapping[str, Any]], X: Any, y: Any
) -> SpaceSummary:
    each, compiling = timed_fits(search, space, X, y)
    seconds = None
    if summary.n_fits is not None and summary.n_structures is not None:
        seconds = each * summary.n_fits / _jobs(search) + compiling * summary.n_structures
    return replace(summary, seconds_per_fit=each, seconds=seconds, seconds_to_compile=compiling)


def _parameters(space: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    short = short_names(dict.fromkeys(name for part in space for name in part))
    rows = []
    for part in space:
        for name, values in part.items():
            choices = choices_of(values)
            if not choices and interval_of(values) is None and not hasattr(values, "rvs"):
                raise ValueError(
                    f"{name!r} must have a list of values or a distribution. Got {values!r}."
                )
            row = {
                "parameter": short[name],
                "values": _in_words(values),
                "n_values": None if choices is None else len(choices),
            }
            rows += [row] if row not in rows else []
    return rows


def _check_names(search: Any, space: list[Mapping[str, Any]]) -> None:
    """Raise ValueError, as scikit-learn's search will, if there is no such parameter."""
    from sklearn.base import clone

    for part in space:
        clone(search.estimator).set_params(**spread_candidates([part], 1)[0])


def _in_words(values: Any) -> str:
    choices, interval = choices_of(values), interval_of(values)
    if choices is not None:
        more = f", ... ({len(choices)})" if len(choices) > _MOST_LISTED else ""
        shown = distinct_labels(unique_values(choices[:_MOST_LISTED]), value_label)
        return ", ".join(shown) + more
    name = getattr(getattr(values, "dist", None), "name", type(values).__name__)
    if interval is None:
        return name
    return f"{name} from {value_label(interval[0])} to {value_label(interval[1])}"


def _combinations(space: list[Mapping[str, Any]]) -> int | None:
    total = 0
    for part in space:
        sizes = [choices_of(values) for values in part.values()]
        if any(size is None for size in sizes):
            return None
        total += math.prod(len(size) for size in sizes if size is not None)
    return total


def _jobs(search: Any) -> int:
    from joblib import effective_n_jobs

    return effective_n_jobs(getattr(search, "n_jobs", None))


def _rounds(search: Any, combinations: int | None) -> tuple[list[int] | None, bool]:
    """Candidates of each round, and whether they are upper bounds."""
    for attribute, count in _COUNTS.items():
        if hasattr(search, attribute):
            return count(search, combinations)
    return (None if combinations is None else [combinations]), False


def _of_halving(search: Any, combinations: int | None) -> tuple[list[int] | None, bool]:
    n = getattr(search, "n_candidates", None)
    n = n if isinstance(n, int) else combinations
    if n is None:
        return None, False
    rounds = [n]
    while rounds[-1] > search.factor - 1 and rounds[-1] > 1:
        rounds.append(math.ceil(rounds[-1] / search.factor))
    return rounds, True


def _of_draws(search: Any, combinations: int | None) -> tuple[list[int] | None, bool]:
    spaces = getattr(search, "search_spaces", None)
    if spaces is not None:  # scikit-optimize draws n_iter from each of its spaces
        parts = spaces if isinstance(spaces, list) else [spaces]
        return [part[1] if isinstance(part, tuple) else search.n_iter for part in parts], False
    return [search.n_iter if combinations is None else min(search.n_iter, combinations)], False


def _of_trials(search: Any, combinations: int | None) -> tuple[list[int] | None, bool]:
    return (None if search.n_trials is None else [search.n_trials]), False


# What a search of each kind has -> how many candidates it tries.
_COUNTS: dict[str, Callable[..., tuple[list[int] | None, bool]]] = {
    "factor": _of_halving,
    "n_iter": _of_draws,
    "n_trials": _of_trials,
}

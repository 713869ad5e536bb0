"""What the pictures of a search draw: candidates, scores and a scale for each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skhp.candidates.cv_results import metric_of, results_of
from skhp.candidates.parameter_columns import parameter_columns, searched_names
from skhp.candidates.scales import Scale, is_missing, scale_of
from skhp.candidates.space import is_logarithmic, space_of


@dataclass(frozen=True)
class PlotData:
    """The candidates of a search, their scores, and the scales of their parameters."""

    frame: pd.DataFrame  # candidate, the parameters, score, score_std, rank, fit_seconds
    params: tuple[str, ...]  # short names, in the order of the space
    scales: Mapping[str, Scale]
    score_name: str

    @property
    def scored(self) -> pd.DataFrame:
        """The candidates that have a finite score, worst first.

        Raises ValueError if there are none.
        """
        finite = self.frame[np.isfinite(self.frame["score"])]
        if finite.empty:
            raise ValueError("No candidate has a finite score: every fit failed.")
        return finite.sort_values("score", kind="stable")

    def searched(self) -> tuple[str, ...]:
        """Name the parameters with more than one value, or all if there are none."""
        varied = tuple(p for p in self.params if len(self.scales[p].levels) > 1)
        return varied or self.params

    def check_params(self, names: Any) -> list[str]:
        """Give the short names of parameters; for None, of those with several values."""
        if names is None:
            return list(self.searched())
        listed = [names] if isinstance(names, str) else names
        if not isinstance(listed, Iterable) or not (listed := list(listed)):
            raise ValueError(
                f"params must be a list of parameters, some of {list(self.params)}. Got {names!r}."
            )
        return [self.check_param("params", name) for name in listed]

    def settings(self, row: Any, params: Sequence[str] | None = None) -> list[str]:
        """Write a candidate's parameters; by default those with several values."""
        return [
            f"{name}={self.scales[name].label_of(row[name])}"
            for name in (self.searched() if params is None else params)
            if not is_missing(row[name])
        ]

    def check_param(self, role: str, name: Any) -> str:
        """Give a parameter's short name. Raise ValueError if the search does not have it."""
        last = name.rsplit("__", 1)[-1] if isinstance(name, str) else name
        for column in (name, last, f"param_{last}"):
            if column in self.params:
                return column
        raise ValueError(
            f"{role}={name!r} is not a parameter of this search, which has {list(self.params)}."
        )


def plot_data_of(search: Any, metric: str | None = None) -> PlotData:
    """Read what the pictures of a search draw.

    Parameters
    ----------
    search : fitted search, dict or pandas.DataFrame
        A search, or its ``cv_results_``.
    metric : str, optional
        The score to use: see `skhp.search.results`.

    Returns
    -------
    PlotData

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search was not fitted.
    TypeError
        If ``search`` is neither a search nor its results.
    ValueError
        If the search has no such score, or no candidates.
    """
    results, scorer = results_of(search), metric_of(search, metric)
    names = searched_names(search)
    columns = {
        short: pd.Series(values, dtype=object)
        for short, values in parameter_columns(search, missing=np.nan).items()
    }
    spaces = _logarithmic(search)
    scales = {short: scale_of(columns[short], spaces.get(name)) for name, short in names.items()}
    for short, scale in scales.items():
        if scale.numeric:
            columns[short] = pd.Series(pd.to_numeric(columns[short]))
    frame = pd.DataFrame({"candidate": np.arange(len(results["params"])), **columns})
    frame["score"] = np.asarray(results[f"mean_test_{scorer}"], dtype=float)
    for column, source in (
        ("score_std", f"std_test_{scorer}"),
        ("rank", f"rank_test_{scorer}"),
        ("fit_seconds", "mean_fit_time"),
    ):
        if source in results:
            frame[column] = np.asarray(results[source])
    if f"split0_test_{scorer}" in results and f"split1_test_{scorer}" not in results:
        frame = frame.drop(columns="score_std", errors="ignore")  # one split has no deviation
    return PlotData(frame, tuple(names.values()), scales, _score_title(search, scorer))


def _score_title(search: Any, suffix: str) -> str:
    scoring = getattr(search, "scoring", None)
    name = scoring if suffix == "score" and isinstance(scoring, str) else suffix
    return f"mean {name.replace('_', ' ')}"


def _logarithmic(search: Any) -> dict[str, bool]:
    """Whether each parameter with a distribution is log-uniform, by its name."""
    known: dict[str, bool] = {}
    try:
        space = space_of(search)
    except TypeError:  # cv_results_ only, or a search with another attribute for its space
        return known
    for part in space:
        for name, values in part.items():
            if _is_distribution(values):
                known[name] = is_logarithmic(values)
    return known


def _is_distribution(values: Any) -> bool:
    return any(hasattr(values, name) for name in ("rvs", "prior", "log"))

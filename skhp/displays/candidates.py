"""What a search found: one row a candidate, read from ``cv_results_``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from skhp.displays.scales import Scale, is_missing, label, scale_of
from skhp.search.names import short_names
from skhp.search.results_of import results_of
from skhp.search.space import space_of


@dataclass(frozen=True)
class Candidates:
    """The candidates of a search, their scores, and the scales of their parameters."""

    frame: pd.DataFrame  # candidate, the parameters, score, score_std, rank, fit_seconds
    params: tuple[str, ...]  # short names, in the order of the space
    scales: Mapping[str, Scale]
    score_name: str

    @property
    def scored(self) -> pd.DataFrame:
        """The candidates that have a finite score, worst first."""
        finite = self.frame[np.isfinite(self.frame["score"])]
        return finite.sort_values("score", kind="stable")

    def searched(self) -> tuple[str, ...]:
        """Name the parameters that took more than one value, or all where none did."""
        varied = tuple(p for p in self.params if len(self.scales[p].levels) > 1)
        return varied or self.params

    def check_param(self, role: str, name: str) -> str:
        """Give a parameter's short name, or raise ValueError where the search has none such."""
        short = name if name in self.params else name.rsplit("__", 1)[-1]
        if short not in self.params:
            raise ValueError(
                f"{role}={name!r} is no parameter of this search, which has {list(self.params)}."
            )
        return short


def candidates_of(search: Any, score: str | None = None) -> Candidates:
    """Read the candidates of a fitted search.

    Parameters
    ----------
    search : fitted search, dict or pandas.DataFrame
        Something with ``cv_results_``, or the ``cv_results_`` themselves.
    score : str, optional
        The score to read: "accuracy" stands for ``mean_test_accuracy``. By default the one
        that the search refits by.

    Returns
    -------
    Candidates

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search was not fitted.
    TypeError
        If ``search`` is neither a search nor its results.
    ValueError
        If the search has no such score, or no candidates.
    """
    results = _cv_results(search)
    suffix = _score_suffix(results, score, getattr(search, "refit", None))
    settings = list(results["params"])
    names = short_names(dict.fromkeys(name for one in settings for name in one))
    columns = {
        short: pd.Series([one.get(name, np.nan) for one in settings], dtype=object)
        for name, short in names.items()
    }
    spaces = _logarithmic(search)
    scales = {short: scale_of(columns[short], spaces.get(name)) for name, short in names.items()}
    for short, scale in scales.items():
        if scale.numeric:
            columns[short] = pd.Series(pd.to_numeric(columns[short]))
    frame = pd.DataFrame({"candidate": np.arange(len(settings)), **columns})
    frame["score"] = np.asarray(results[f"mean_test_{suffix}"], dtype=float)
    for column, source in (
        ("score_std", f"std_test_{suffix}"),
        ("rank", f"rank_test_{suffix}"),
        ("fit_seconds", "mean_fit_time"),
    ):
        if source in results:
            frame[column] = np.asarray(results[source])
    return Candidates(frame, tuple(names.values()), scales, _score_title(search, suffix))


def _cv_results(search: Any) -> Mapping[str, Any]:
    if isinstance(search, pd.DataFrame):
        search = {name: search[name].tolist() for name in search.columns}
    if isinstance(search, Mapping):
        results: Mapping[str, Any] = search
    elif hasattr(search, "study_"):  # Optuna keeps its results with its trials
        results = results_of(search)
    elif hasattr(search, "cv_results_"):
        results = search.cv_results_
    elif hasattr(search, "fit"):
        raise NotFittedError(
            f"This {type(search).__name__} has no cv_results_: call fit first, and give the "
            "search itself, not its best_estimator_."
        )
    else:
        raise TypeError(
            f"search must be a fitted search such as GridSearchCV, or its cv_results_ as a dict "
            f"or data frame; got {type(search).__name__}."
        )
    if "params" not in results or len(results["params"]) == 0:
        raise ValueError("cv_results_ has no candidates under 'params': nothing to show.")
    return results


def _score_suffix(results: Mapping[str, Any], score: str | None, refit: Any) -> str:
    start = "mean_test_"
    known = [name.removeprefix(start) for name in results if name.startswith(start)]
    wanted = score.removeprefix(start) if score is not None else None
    for choice in (wanted,) if wanted is not None else (refit, "score", *known):
        if isinstance(choice, str) and choice in known:
            return choice
    raise ValueError(f"score={score!r} is not in cv_results_, which has the scores {known}.")


def _score_title(search: Any, suffix: str) -> str:
    scoring = getattr(search, "scoring", None)
    name = scoring if suffix == "score" and isinstance(scoring, str) else suffix
    return f"mean {name.replace('_', ' ')}"


def _logarithmic(search: Any) -> dict[str, bool]:
    """Tell of each parameter drawn from a distribution whether it is log-uniform."""
    known: dict[str, bool] = {}
    try:
        space = space_of(search)
    except TypeError:  # bare results, or a search that keeps its space elsewhere
        return known
    for part in space:
        for name, values in part.items():
            if _is_distribution(values):
                known[name] = _is_log_distribution(values)
    return known


def _is_distribution(values: Any) -> bool:
    return any(hasattr(values, name) for name in ("rvs", "prior", "log"))


def _is_log_distribution(values: Any) -> bool:
    scipy_name = getattr(getattr(values, "dist", None), "name", "")
    return (
        scipy_name in ("loguniform", "reciprocal")
        or getattr(values, "prior", None) == "log-uniform"
        or getattr(values, "log", False) is True
    )


def settings_text(row: Any, params: Sequence[str], at_most: int | None = None) -> str:
    """Write a candidate's parameters, as many as fit."""
    parts = [f"{name}={label(row[name])}" for name in params if not is_missing(row[name])]
    if at_most is not None and len(parts) > at_most:
        parts = [*parts[:at_most], "..."]
    return ", ".join(parts)

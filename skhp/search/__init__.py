"""Before and after a search: spaces, tables and analysis."""

from typing import Any

from skhp.candidates.best_candidates import best_estimators, best_params
from skhp.candidates.correlation import correlations
from skhp.candidates.importance import importance
from skhp.candidates.results_table import results, results_summary
from skhp.fitting.store import FitStore
from skhp.search.default_spaces import default_space
from skhp.search.funnels import funnel_widths
from skhp.search.learning_rates import learning_rate_grid
from skhp.search.narrowing import narrow
from skhp.search.optuna_objective import optuna_objective
from skhp.search.sampling import sample
from skhp.search.summary import SpaceSummary, space_summary
from skhp.search.train_test_gap import overfitting

__all__ = [
    "sample",
    "default_space",
    "funnel_widths",
    "learning_rate_grid",
    "optuna_objective",
    "space_summary",
    "SpaceSummary",
    "results",
    "results_summary",
    "best_params",
    "best_estimators",
    "correlations",
    "importance",
    "overfitting",
    "narrow",
    "report",
    "FitStore",
]


def __getattr__(name: str) -> Any:
    # It loads pandas when it is imported, which no search needs.
    if name == "report":
        from skhp.search.html_report import report

        return report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

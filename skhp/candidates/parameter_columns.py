"""The candidates' parameters as columns with short names."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.candidates.cv_results import params_of
from skhp.candidates.labels import named_objects
from skhp.candidates.names import short_names
from skhp.candidates.values import is_number, unique_values, value_key

# Columns that tables and displays have beside the parameters.
_OF_RESULTS = (
    *("candidate", "iter", "mean_test_score", "std_test_score", "rank_test_score"),
    *("mean_train_score", "mean_fit_time", "mean_train_time", "n_epochs", "n_parameters"),
)
_OF_DISPLAYS = (
    *("score", "score_std", "rank", "fit_seconds", "cost", "pareto", "n_candidates"),
    *("place", "metric", "rows", "epoch", "mean", "std", "n_fits"),
)
_TAKEN = frozenset((*_OF_RESULTS, *_OF_DISPLAYS))


def searched_names(search: Any) -> dict[str, str]:
    """Parameters that any candidate sets, and their short names.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``

    Returns
    -------
    dict of str to str
        Name -> short name. A parameter with the name of another column, such as "rank", is
        called "param_rank", as in ``cv_results_``.

    Examples
    --------
    >>> searched_names({"params": [{"net__width": 8, "rank": 2}], "mean_test_score": [0.5]})
    {'net__width': 'width', 'rank': 'param_rank'}
    """
    short = short_names(dict.fromkeys(name for params in params_of(search) for name in params))
    return {name: f"param_{one}" if one in _TAKEN else one for name, one in short.items()}


def parameter_columns(search: Any, missing: Any = None) -> dict[str, list[Any]]:
    """The values of each parameter.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    missing : object, default=None
        The value for candidates that do not set the parameter.

    Returns
    -------
    dict of str to list
        Short name -> one value for each candidate.
    """
    candidates = params_of(search)
    return {
        short: [params.get(name, missing) for params in candidates]
        for name, short in searched_names(search).items()
    }


def shown_columns(search: Any) -> dict[str, list[Any]]:
    """`parameter_columns` for a table that is read: functions and objects by their names.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    """
    return {name: _as_column(named_objects(v)) for name, v in parameter_columns(search).items()}


def _as_column(values: list[Any]) -> Any:
    """Values for a data frame. pandas would write NaN for a None among text."""
    import pandas as pd

    is_text = [isinstance(value, str) for value in values]
    is_none = [value is None for value in values]
    return pd.Series(values, dtype=object) if any(is_text) and any(is_none) else values


def is_numeric(values: list[Any]) -> bool:
    """Whether every value is a number and not a bool.

    Parameters
    ----------
    values : list
    """
    return all(is_number(value) for value in values)


def coded_columns(search: Any) -> dict[str, np.ndarray]:
    """The parameters that vary, as numbers.

    Numbers stay as they are. Other values get the codes 0, 1, 2, ... in the order of the
    candidates.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    """
    coded = {}
    for name, values in parameter_columns(search).items():
        if is_numeric(values):
            column = np.array(values, dtype=float)
        else:
            codes = {value_key(value): i for i, value in enumerate(unique_values(values))}
            column = np.array([codes[value_key(value)] for value in values], dtype=float)
        if len(np.unique(column)) > 1:
            coded[name] = column
    return coded

"""The training curves of a search. Curves of another search raise an error."""

from __future__ import annotations

from typing import Any

from skhp.candidates.cv_results import results_of
from skhp.candidates.values import is_opaque, same_value
from skhp.compat.sklearn_callback import own_callbacks

_COLUMNS = {"candidate", "split", "epoch", "metric", "value"}


def checked_curves(search: Any, curves: Any) -> Any:
    """The curves of a search's candidates, without the final fit on all rows.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    curves : skhp.callback.LearningCurves or pandas.DataFrame
        The `LearningCurves` that were set on the search, or their ``frame()``.

    Returns
    -------
    pandas.DataFrame
        As returned by `LearningCurves.frame`.

    Raises
    ------
    TypeError
        If ``curves`` is neither of these.
    ValueError
        If a column is missing, or the curves are of another search.
    """
    import pandas as pd

    if hasattr(curves, "follows"):
        frame = curves.frame(search)
    elif isinstance(curves, pd.DataFrame):
        frame = _checked(curves, results_of(search)["params"])
    else:
        raise TypeError(
            "curves must be the LearningCurves that were set on the search before its fit, or "
            f"their frame(). Got {curves!r}."
        )
    if "refit" in frame:
        frame = frame[~frame["refit"].astype(bool)]
    return frame.astype({"candidate": int})


def curves_set_on(search: Any) -> Any:
    """The `LearningCurves` that are set on a search and followed it, or None.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
    """
    return next((c for c in own_callbacks(search) if _follows(c, search)), None)


def _follows(callback: Any, search: Any) -> bool:
    return hasattr(callback, "follows") and callback.follows(search)


def _checked(frame: Any, params: list[Any]) -> Any:
    missing = _COLUMNS - set(frame.columns)
    if missing:
        raise ValueError(f"curves lacks the columns {sorted(missing)} of LearningCurves.frame().")
    names = [name for name in frame.columns if name.startswith("param_")]
    for _, row in frame.drop_duplicates("candidate").iterrows():
        number = int(row["candidate"])
        own = params[number] if number < len(params) else None
        if own is None or not all(_agree(row[name], own, name) for name in names):
            raise ValueError(
                f"curves are of another search: its candidate {number} is not candidate "
                f"{number} of this search. Give the curves of the search that is shown."
            )
    return frame


def _agree(value: Any, params: Any, column: str) -> bool:
    name = column.removeprefix("param_")
    is_missing = value is None or value != value  # a data frame has NaN for None
    if name not in params or params[name] is None:
        return is_missing or value is params.get(name)
    own = params[name]
    # A function loaded from a pickle is another object: only its type can be compared.
    return same_value(value, own) or (is_opaque(own) and type(value) is type(own))

"""Rows of the tables of `LearningCurves`, which line up with a search's ``cv_results_``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skhp.callback.candidate_splits import CandidateSplit, candidate_splits
from skhp.callback.fit_place import Place
from skhp.callback.records import Epoch
from skhp.callback.search_log import SearchLog
from skhp.candidates.cv_results import params_of, split_scores


def curve_rows(log: SearchLog, search: Any = None) -> list[dict[str, Any]]:
    """Rows of the table, as dicts.

    Parameters
    ----------
    log : SearchLog
    search : fitted search, optional
        The search that the fits belong to, if the log does not say so.
    """
    split_of = _candidate_splits_of(log, search)
    iterations = log.ended.iterations if log.ended else None
    epochs = [epoch for epoch in log.epochs if epoch.place in split_of]
    epochs.sort(key=lambda epoch: _order(split_of[epoch.place], epoch))
    return [row for e in epochs for row in _rows(e, split_of[e.place], iterations)]


def fit_rows(log: SearchLog, search: Any = None) -> list[dict[str, Any]]:
    """One row for each fit, as dicts.

    Parameters
    ----------
    log : SearchLog
    search : fitted search, optional
        The search that the fits belong to, if the log does not say so.
    """
    split_of = _candidate_splits_of(log, search)
    fits: dict[Place, list[Epoch]] = {}
    for epoch in log.epochs:
        fits.setdefault(epoch.place, []).append(epoch)
    found = [(split_of[place], epochs) for place, epochs in fits.items() if place in split_of]
    found.sort(key=lambda fit: _order(fit[0], fit[1][0]))
    return [
        {
            "candidate": known.candidate,
            "split": known.split,
            "refit": _is_refit(epochs[0], known),
            "n_epochs": max(epoch.number for epoch in epochs),
            "train_seconds": _train_seconds(epochs),
            "n_parameters": next((e.n_parameters for e in epochs if e.n_parameters), None),
        }
        for known, epochs in found
    ]


def _train_seconds(epochs: list[Epoch]) -> float:
    first, last = min(epochs, key=_number), max(epochs, key=_number)
    later = last.number - first.number
    if first.number != 1 or not later:
        return float("nan")
    return (last.seconds - first.seconds) * last.number / later


def _number(epoch: Epoch) -> int:
    return epoch.number


def _candidate_splits_of(log: SearchLog, search: Any) -> dict[Place, CandidateSplit]:
    params: Sequence[Mapping[str, Any]] = []
    n_splits = max(log.n_splits, 1)
    if log.ended is not None:
        params = log.ended.params
    elif search is not None:
        params, n_splits = params_of(search), max(1, split_scores(search).shape[1])
    return candidate_splits(log, params, n_splits)


def _order(known: CandidateSplit, epoch: Epoch) -> tuple[float, ...]:
    unknown = float("inf")
    candidate = unknown if known.candidate is None else known.candidate
    split = unknown if known.split is None else known.split
    return (split == unknown, candidate, split, epoch.number)


def _is_refit(epoch: Epoch, known: CandidateSplit) -> bool:
    return epoch.place.is_refit or (known.split is None and epoch.place.is_unknown)


def _rows(
    epoch: Epoch, known: CandidateSplit, iterations: Sequence[int] | None
) -> Iterator[dict[str, Any]]:
    numbers = {"candidate": known.candidate, "split": known.split}
    extra = {}
    if iterations is not None and known.candidate is not None:
        extra["iter"] = iterations[known.candidate]
    params = {f"param_{name}": value for name, value in known.params.items()}
    for metric, value in epoch.values.items():
        yield {
            **numbers,
            "epoch": epoch.number,
            "seconds": epoch.seconds,
            "metric": metric,
            "value": value,
            "refit": _is_refit(epoch, known),
            **extra,
            **params,
        }

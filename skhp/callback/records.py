"""The records that a monitor sends: small values, which are pickled in worker processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skhp.callback.fit_place import Place


@dataclass(frozen=True)
class Epoch:
    """One epoch of one fit.

    Parameters
    ----------
    place : Place
    fit_id : str
        Different for any two fits.
    began : float
        When the fit began, in seconds since 1970.
    number : int
        From 1.
    seconds : float
        From the start of the fit to the end of the epoch, without the measuring of
        held-out rows.
    values : mapping of str to float
        "loss", metrics, "val_loss", "test_loss", ...
    params : mapping or None
        At a fit's first epoch: the searched parameters of the candidate, or, if
        the candidate is not known, the parameters of the network.
    n_parameters : int or None
        At a fit's first epoch: weights of the network.
    """

    place: Place
    fit_id: str
    began: float
    number: int
    seconds: float
    values: Mapping[str, float]
    params: Mapping[str, Any] | None
    n_parameters: int | None = None


@dataclass(frozen=True)
class SearchBegun:
    """A search that begins.

    Parameters
    ----------
    run : str
    n_splits : int
        0 if it is not known yet.
    space : list of mapping
        Parameter -> values or distribution.
    passes_callbacks_on : bool
        Whether it passes callbacks on to its candidates, as scikit-learn's searches do.
    """

    run: str
    n_splits: int
    space: list[Mapping[str, Any]]
    passes_callbacks_on: bool


@dataclass(frozen=True)
class SplitsCounted:
    """The number of splits of a search, once the search knows it.

    Parameters
    ----------
    run : str
    n_splits : int
    """

    run: str
    n_splits: int


@dataclass(frozen=True)
class SearchEnded:
    """A search that has its results.

    Parameters
    ----------
    run : str
    n_splits : int
    params : list of dict
        ``cv_results_["params"]``.
    iterations : list of int or None
        ``cv_results_["iter"]`` of a halving search.
    best : int or None
        Candidate that was refitted.
    scores : mapping of str to list of float
        Numeric columns of ``cv_results_``: scores and times.
    expected : list of Place
        The places of the fits that were scored, and of the refit.
    """

    run: str
    n_splits: int
    params: list[dict[str, Any]]
    iterations: list[int] | None
    best: int | None
    scores: Mapping[str, list[float]]
    expected: list[Place]


@dataclass(frozen=True)
class CandidateScored:
    """The score of a candidate on one split.

    Parameters
    ----------
    place : Place
    params : mapping
    score : float
    seconds : float
        The time of its fit.
    """

    place: Place
    params: Mapping[str, Any]
    score: float
    seconds: float


@dataclass(frozen=True)
class CandidateEnded:
    """A candidate whose fit on one split has ended, well or not.

    Parameters
    ----------
    place : Place
    n_fits : int or None
        The number of fits of the search, or of its iteration.
    """

    place: Place
    n_fits: int | None


@dataclass(frozen=True)
class Failure:
    """Something that went wrong in a monitor.

    Parameters
    ----------
    message : str
    """

    message: str

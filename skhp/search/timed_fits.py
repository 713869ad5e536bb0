"""How long a fit of a search takes, and a compilation: measured on a few candidates."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import nnls
from sklearn.base import clone

from skhp import runtime
from skhp.candidates.networks import candidate_network, n_parameters_of, network_in
from skhp.search.spread import spread_candidates

# Candidates that are fitted, and candidates whose networks are only measured.
_N_TIMED, _N_MEASURED = 4, 40


def timed_fits(search: Any, space: list[Mapping[str, Any]], X: Any, y: Any) -> tuple[float, float]:
    """Fit some candidates twice each, on all rows.

    Parameters
    ----------
    search : search
    space : list of mapping
    X, y : array-like

    Returns
    -------
    each : float
        Seconds of a fit whose program is compiled, the mean over the space.
    compiling : float
        Seconds of compiling a program.
    """
    runtime.start()  # importing Keras is not part of a fit
    from skhp.engine import compile_count

    n_compiled, timed, error = compile_count(), [], None
    for params in spread_candidates(space, _N_TIMED):
        try:
            timed.append((params, *_timed_twice(search, params, X, y)))
        except Exception as failure:  # a candidate may diverge, or be one that cannot be fitted
            error = failure
    if not timed and error is not None:
        raise error
    n_compiled = compile_count() - n_compiled
    candidates, fitted, first, again = zip(*timed, strict=True)
    compiling = max(0.0, sum(first) - sum(again)) / n_compiled if n_compiled else 0.0
    network = network_in(fitted[0])
    works, every = (
        [_work(search, params, network) for params in some]
        for some in (candidates, spread_candidates(space, _N_MEASURED))
    )
    return mean_seconds(again, works, every), compiling


def _timed_twice(search: Any, params: dict[str, Any], X: Any, y: Any) -> tuple[Any, float, float]:
    estimator = clone(search.estimator).set_params(**clone(params, safe=False))
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        estimator.fit(X, y)
        seconds.append(time.perf_counter() - began)
    return (estimator, *seconds)


def _work(search: Any, params: Mapping[str, Any], fitted: Any) -> float | None:
    """Weights times epochs, with which the time of a fit grows; None if not known."""
    n_parameters = n_parameters_of(search, params, fitted)
    if n_parameters is None:
        return None
    return n_parameters * candidate_network(search, params).get_params(deep=False)["epochs"]


def mean_seconds(
    seconds: Sequence[float], works: Sequence[float | None], every: Sequence[float | None]
) -> float:
    """The mean time of fits of which only some were timed.

    The time is a constant and a part that grows with the work, neither of them negative.

    Parameters
    ----------
    seconds : sequence of float
        The times of the timed fits.
    works, every : sequence of float or None
        The work of the timed fits, and of a sample of all fits.

    Examples
    --------
    >>> round(mean_seconds([1.1, 1.2], [100, 200], [100, 200, 1200]), 6)
    1.5
    >>> mean_seconds([1.0, 2.0], [None, None], [None])
    1.5
    """
    if None in works or None in every:
        return float(np.mean(seconds))
    scale = float(np.mean(works))  # type: ignore[arg-type]
    sides = [np.c_[np.ones(len(some)), np.array(some) / scale] for some in (works, every)]
    constant_and_slope, _ = nnls(sides[0], np.array(seconds))
    return float(np.mean(sides[1] @ constant_and_slope))

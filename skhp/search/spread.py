"""Candidates and values that are spread evenly over a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skhp.candidates.space import choices_of, interval_of, is_logarithmic


def spread_candidates(space: list[Mapping[str, Any]], n: int) -> list[dict[str, Any]]:
    """Candidates that cover the values of each parameter evenly (a Latin hypercube).

    Parameters
    ----------
    space : list of mapping
    n : int

    Examples
    --------
    >>> drawn = spread_candidates([{"width": [8, 16, 32, 64], "l2": [0, 0.1]}], 4)
    >>> sorted(d["width"] for d in drawn), sorted(d["l2"] for d in drawn)
    ([8, 16, 32, 64], [0, 0, 0.1, 0.1])
    """
    rng = np.random.RandomState(0)
    parts = rng.permutation(len(space))
    names = dict.fromkeys(name for part in space for name in part)
    shares = {name: (rng.permutation(n) + 0.5) / n for name in names}
    chosen = [space[parts[i % len(parts)]] for i in range(n)]
    return [
        {name: value_at(shares[name][i], values) for name, values in part.items()}
        for i, part in enumerate(chosen)
    ]


def value_at(share: float, values: Any) -> Any:
    """The value below which a share of a list or of a distribution lies.

    Parameters
    ----------
    share : float
        From 0 to 1.
    values : sequence or distribution

    Examples
    --------
    >>> from scipy.stats import loguniform, randint
    >>> value_at(0.5, ["a", "b", "c"]), value_at(0.5, randint(1, 4))
    ('b', 2)
    >>> round(value_at(0.5, loguniform(0.01, 1)), 3)
    0.1
    """
    choices, interval = choices_of(values), interval_of(values)
    if choices is not None:
        return choices[int(share * len(choices))]
    if hasattr(values, "ppf"):
        value = values.ppf(share)
    elif interval is None:  # a distribution that can only draw
        return values.rvs(random_state=round(share * 1000))
    elif is_logarithmic(values):
        value = np.exp(np.interp(share, (0, 1), np.log(interval)))
    else:
        value = np.interp(share, (0, 1), interval)
    is_whole = interval is not None and isinstance(interval[0], int)
    return round(float(value)) if is_whole else float(value)

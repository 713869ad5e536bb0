"""How the score goes with each numeric parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from skhp.search.columns import numeric_columns
from skhp.search.results_of import scores_of


def correlations(search: Any, metric: str | None = None) -> Any:
    """Rank correlation of each numeric parameter with the score.

    Parameters
    ----------
    search : fitted search
    metric : str, optional
        Of several scorers.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``parameter``, strongest first: Spearman's ``correlation`` in [-1, 1],
        its ``pvalue``, and ``n``, the candidates it is of. Parameters of one value, and
        candidates that failed, are left out.

    Notes
    -----
    In a grid the other parameters are balanced. In what an adaptive search chose they are
    not, and a correlation may be theirs.
    """
    import pandas as pd

    scores = scores_of(search, metric)
    rows = []
    for name, values in numeric_columns(search).items():
        known = np.isfinite(scores) & np.isfinite(values)
        varies = len(np.unique(values[known])) > 1 and len(np.unique(scores[known])) > 1
        if known.sum() > 2 and varies:
            correlation, pvalue = spearmanr(values[known], scores[known])
            rows.append((name, float(correlation), float(pvalue), int(known.sum())))
    rows.sort(key=lambda row: -abs(row[1]))
    names = ["parameter", "correlation", "pvalue", "n"]
    return pd.DataFrame(rows, columns=names).set_index("parameter")

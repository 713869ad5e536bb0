"""Short names of parameters: without the steps that they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Parameter names without their steps, if the short name is still unique.

    Parameters
    ----------
    names : iterable of str
        "mlpclassifier__width", ...

    Returns
    -------
    dict of str to str
        Name -> short name, in the same order.

    Examples
    --------
    >>> short_names(["mlp__width", "mlp__l2", "pca__whiten"])
    {'mlp__width': 'width', 'mlp__l2': 'l2', 'pca__whiten': 'whiten'}
    >>> short_names(["a__width", "b__width"])
    {'a__width': 'a__width', 'b__width': 'b__width'}
    """
    names = list(names)
    count = Counter(_last(name) for name in names)
    return {name: _last(name) if count[_last(name)] == 1 else name for name in names}


def _last(name: str) -> str:
    return name.split("__")[-1]

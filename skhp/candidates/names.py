"""Short names of parameters and values, for columns, labels and directories."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

# Directory names longer than this are cut; most file systems end at 255 bytes.
_LONGEST = 200


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Parameter names without the steps they belong to, where that leaves them apart.

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


def value_label(value: Any) -> str:
    """A parameter's value in a few characters.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> [value_label(v) for v in (0.001, 64, True, "relu", None, (64, 32), max)]
    ['0.001', '64', 'True', 'relu', 'None', '64-32', 'max']
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return "-".join(value_label(item) for item in value)
    if value is None or isinstance(value, str | bool):
        return str(value)
    return getattr(value, "__name__", type(value).__name__)


def candidate_label(params: Mapping[str, Any]) -> str:
    """A candidate's parameters as a directory may be called.

    Parameters
    ----------
    params : mapping

    Examples
    --------
    >>> candidate_label({"mlp__n_layers": 2, "mlp__width": 64})
    'n_layers=2,width=64'
    """
    short = short_names(params)
    parts = [f"{short[name]}={value_label(value)}" for name, value in params.items()]
    return re.sub(r"[^\w=,.+\-]", "_", ",".join(parts))[:_LONGEST]

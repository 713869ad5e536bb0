"""Rows in blocks for prediction, in which a row's outputs depend on no row beside it.

Processors work on vectors of numbers. What is left of a matrix past its last full vector,
and a matrix of one row, are worked on otherwise, and rounded otherwise, than the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

# Numbers in the longest vectors that processors know (AVX-512, float32).
_VECTOR = 16


def row_blocks(X: Any, size: int) -> Iterator[Any]:
    """Up to ``size`` rows at a time, filled up to full vectors with copies of the last row.

    Parameters
    ----------
    X : ndarray, or list or dict of ndarray
    size : int

    Yields
    ------
    as X

    Examples
    --------
    >>> import numpy as np
    >>> [block.shape for block in row_blocks(np.zeros((70, 3)), 64)]
    [(64, 3), (16, 3)]
    """
    n = len(keras.tree.flatten(X)[0])
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        yield keras.tree.map_structure(lambda array: _filled(array[rows]), X)  # noqa: B023


def _filled(block: np.ndarray) -> np.ndarray:
    missing = -len(block) % _VECTOR
    return np.concatenate([block, np.repeat(block[-1:], missing, axis=0)]) if missing else block

"""Rows in blocks for prediction, in which a row is rounded as it would be among others.

Processors work on vectors of numbers, and matrix products on some rows at once. What is left
past the last full set of rows, and a matrix of one row, are worked on otherwise, and rounded
otherwise, than the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

# A multiple of the float32 numbers in the longest vectors that processors know, 16, and of
# the rows that products take at once: 4, 6, 8, 12 or 16, as the processor has registers.
_FULL_SET = 48


def row_blocks(X: Any, size: int) -> Iterator[Any]:
    """About ``size`` rows at a time, the last of them filled up with copies of its last row.

    Parameters
    ----------
    X : ndarray, or list or dict of ndarray
    size : int
        Rounded up to full sets.

    Yields
    ------
    as X

    Examples
    --------
    >>> import numpy as np
    >>> [block.shape for block in row_blocks(np.zeros((70, 3)), 64)]
    [(96, 3)]
    """
    n = len(keras.tree.flatten(X)[0])
    size += -size % _FULL_SET
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        yield keras.tree.map_structure(lambda array: _filled(array[rows]), X)  # noqa: B023


def _filled(block: np.ndarray) -> np.ndarray:
    missing = -len(block) % _FULL_SET
    return np.concatenate([block, np.repeat(block[-1:], missing, axis=0)]) if missing else block

"""Rows in blocks for prediction, so that a row gets the same rounding in every batch.

A processor computes several rows of a matrix product at once. It computes the last rows, which
do not fill such a set, in another way, with other rounding. The same holds for a single row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

# A multiple of 16, the most float32 numbers in a vector of a processor, and of the rows that
# matrix products take at once: 4, 6, 8, 12 or 16, depending on the processor.
_FULL_SET = 48


def row_blocks(X: Any, size: int) -> Iterator[Any]:
    """Yield blocks of about ``size`` rows. Copies of the last row fill up the last block.

    Parameters
    ----------
    X : ndarray or LargeTable, or list or dict of these
    size : int
        Rounded up to a multiple of 48.

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

"""Memory for large blocks of rows, which goes back to the system when it is released."""

from __future__ import annotations

import itertools
import mmap

import numpy as np


def new_memory(n_bytes: int) -> np.ndarray:
    """Memory of zeros, aligned to a page.

    NumPy would take it from the heap, which may keep it after its release.

    Parameters
    ----------
    n_bytes : int

    Returns
    -------
    ndarray of shape (n_bytes,), of uint8
    """
    return np.frombuffer(mmap.mmap(-1, n_bytes), np.uint8)


class ReusedMemory:
    """Memory of two blocks that take turns: one is in use while the other one is filled.

    New memory for each block would take more time: the system fills it with zeros.

    Examples
    --------
    >>> memory = ReusedMemory()
    >>> memory.next_block()
    >>> first = memory(8)
    >>> memory.next_block()
    >>> second = memory(8)
    >>> memory.next_block()
    >>> memory(8) is first, first is second
    (True, False)
    """

    def __init__(self) -> None:
        # The key is a place in the block, and a number of bytes.
        self._blocks: list[dict[tuple[int, int], np.ndarray]] = [{}, {}]
        self._turns = itertools.cycle(self._blocks)
        self._block, self._place = self._blocks[0], 0

    def next_block(self) -> None:
        """Give memory for another block from now on. It overwrites the last but one."""
        self._block, self._place = next(self._turns), 0

    def __call__(self, n_bytes: int) -> np.ndarray:
        """Memory for the next array of the block, with any values in it."""
        key = (self._place, n_bytes)
        self._place += 1
        if key not in self._block:
            self._block[key] = new_memory(n_bytes)
        return self._block[key]

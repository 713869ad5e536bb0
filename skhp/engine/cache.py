"""The programs of this process: found again, counted, and bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

# Programs kept at once, of about 1 MB each in Python. (TensorFlow keeps the compiled code
# of some 9 MB for good, whoever lets go of it, so that a program that is pushed out and
# comes back costs that much again: https://github.com/tensorflow/tensorflow/issues/64170.)
MAX_PROGRAMS = 256

# A program of more rows than a fit has serves it too; of far more it wastes memory.
_MOST_SPARE = 4


class ProgramCache:
    """The least recently used programs go first.

    Parameters
    ----------
    max_programs : int
    """

    def __init__(self, max_programs: int) -> None:
        self.max_programs = max_programs
        self.compile_count = 0
        self._lock = threading.Lock()
        self._programs: OrderedDict[Any, Any] = OrderedDict()

    def get(
        self,
        structure: Any,
        rows: tuple[int, int],
        make: Callable[[tuple[int, int]], Any],
    ) -> Any:
        """Find the program of a structure for so many rows, or make it.

        Parameters
        ----------
        structure : Structure
        rows : tuple of int
            Training and validation rows.
        make : callable
            Makes a program of the capacity it is given.
        """
        with self._lock:
            fitting = [key for key in self._programs if _serves(key, structure, rows)]
            if fitting:
                key = min(fitting, key=lambda key: key[1])
                self._programs.move_to_end(key)
                return self._programs[key]
            capacity = tuple(_with_room(n, structure.batch_size) for n in rows)
            program = self._programs[structure, capacity] = make(capacity)  # type: ignore[arg-type]
            while len(self._programs) > self.max_programs:
                self._programs.popitem(last=False)
            return program

    def count_compile(self) -> None:
        """Note that a program was compiled."""
        with self._lock:
            self.compile_count += 1


def _serves(key: Any, structure: Any, rows: tuple[int, int]) -> bool:
    same, capacity = key
    return same == structure and all(
        n <= most <= _MOST_SPARE * _with_room(n, structure.batch_size)
        for n, most in zip(rows, capacity, strict=True)
    )


def _with_room(n: int, batch_size: int) -> int:
    # Folds of one search differ by a few rows, and its refit takes them all.
    return -(-(n + n // 2) // batch_size) * batch_size if n else 0


programs = ProgramCache(MAX_PROGRAMS)

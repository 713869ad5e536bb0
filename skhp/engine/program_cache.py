"""The programs of this process: a cache with a limit, and a count."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from numbers import Real
from typing import Any

# Memory that each compiled program adds to a process. 15 MB (a Keras model of three dense
# layers) to 21 MB (a perceptron of three) were measured. TensorFlow keeps all but 1 MB of it
# until the process ends, even if nothing uses the program. So a program that is dropped and
# made again needs the memory a second time:
# https://github.com/tensorflow/tensorflow/issues/64170.
PROGRAM_MB = 20

_DEFAULT_LIMIT_MB = 5120

# Worker processes read the limit from here, too.
LIMIT_VARIABLE = "SKHP_CACHE_LIMIT_MB"

# A program for more rows can train a fit with fewer. If it is for many more, it wastes memory.
_MOST_SPARE = 4


def checked_limit(megabytes: Any, name: str) -> float:
    """A limit in megabytes that holds at least one program.

    Parameters
    ----------
    megabytes : float
    name : str
        Its name in error messages.

    Raises
    ------
    ValueError
        If it is not a number, or too small for one program.
    """
    is_number = isinstance(megabytes, Real) and not isinstance(megabytes, bool)
    if not is_number or not float(megabytes) >= PROGRAM_MB:
        raise ValueError(
            f"{name} must be a number of megabytes, at least {PROGRAM_MB}, which is what one "
            f"program takes. Got {megabytes!r}."
        )
    return float(megabytes)


def _limit_at_start() -> float:
    given = os.environ.get(LIMIT_VARIABLE)
    if given is None:
        return _DEFAULT_LIMIT_MB
    name = f"The environment variable {LIMIT_VARIABLE}"
    try:
        return checked_limit(float(given), name)
    except ValueError:
        return checked_limit(given, name)  # the error shows what the variable holds


class ProgramCache:
    """Programs by structure; the least recently used are dropped first.

    Parameters
    ----------
    limit_mb : float
        Megabytes for all programs. Each counts as `PROGRAM_MB`.
    """

    def __init__(self, limit_mb: float) -> None:
        self.limit_mb = limit_mb
        self.compile_count = 0
        self._lock = threading.Lock()
        self._programs: OrderedDict[Any, Any] = OrderedDict()

    def set_limit(self, limit_mb: float) -> None:
        """Set another limit, and drop programs that are above it."""
        with self._lock:
            self.limit_mb = limit_mb
            self._drop_the_oldest()

    def get(
        self,
        structure: Any,
        rows: tuple[int, int],
        make: Callable[[tuple[int, int]], Any],
    ) -> Any:
        """Find the program of a structure for a number of rows, or make it.

        Parameters
        ----------
        structure : Structure
        rows : tuple of int
            Training and validation rows.
        make : callable
            Makes a program of a given capacity.
        """
        with self._lock:
            fitting = [key for key in self._programs if _serves(key, structure, rows)]
            if fitting:
                key = min(fitting, key=lambda key: key[1])
                self._programs.move_to_end(key)
                return self._programs[key]
            capacity = structure.blocks or tuple(_with_room(n, structure.batch_size) for n in rows)
            program = self._programs[structure, capacity] = make(capacity)  # type: ignore[arg-type]
            self._drop_the_oldest()
            return program

    def _drop_the_oldest(self) -> None:
        while len(self._programs) * PROGRAM_MB > self.limit_mb and len(self._programs) > 1:
            self._programs.popitem(last=False)

    def count_compile(self) -> None:
        """Count one more compiled program."""
        with self._lock:
            self.compile_count += 1


def _serves(key: Any, structure: Any, rows: tuple[int, int]) -> bool:
    same, capacity = key
    return same == structure and all(
        n <= most <= _MOST_SPARE * _with_room(n, structure.batch_size)
        for n, most in zip(rows, capacity, strict=True)
    )


def _with_room(n: int, batch_size: int) -> int:
    # Folds of one search differ by a few rows, and its refit takes all of them.
    return -(-(n + n // 2) // batch_size) * batch_size if n else 0


programs = ProgramCache(_limit_at_start())

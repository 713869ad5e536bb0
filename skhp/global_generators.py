"""Python's and NumPy's global generators, from which Keras draws seeds of its own."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator

import numpy as np

# One at a time may stand on them.
_global_generators = threading.RLock()


@contextlib.contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Let Keras draw its seeds from this one; the global generators are put back after.

    Parameters
    ----------
    seed : int or None
        None to leave the generators as they are.
    """
    with _global_generators:
        if seed is None:
            yield
            return
        before = random.getstate(), np.random.get_state()  # noqa: NPY002 (Keras draws from it)
        try:
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002

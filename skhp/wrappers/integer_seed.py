"""An integer seed for Keras, from a random state as scikit-learn takes it."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


def integer_seed(random_state: Any) -> int | None:
    """An integer seed from a random state.

    A generator is copied, not advanced, so it gives the same seed again.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None

    Returns
    -------
    int or None
    """
    if random_state is None:
        return None
    if isinstance(random_state, np.random.Generator):
        copied = np.random.Generator(type(random_state.bit_generator)())
        copied.bit_generator.state = random_state.bit_generator.state
        return int(copied.integers(1, 2**31 - 1))
    if isinstance(random_state, np.random.RandomState):
        copied_state = np.random.RandomState()
        copied_state.set_state(random_state.get_state())
        return int(copied_state.randint(1, 2**31 - 1))
    return operator.index(random_state)

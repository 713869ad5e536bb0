"""TensorFlow's eager kernels: it keeps one for each variable name that a process ever used.

A layer's variables are named after the layer, and Keras numbers layers through, so that
each model built leaves 36 kB for each of its variables.
"""

from __future__ import annotations

import itertools

from skhp.compat.tensorflow import clear_eager_kernels

# Clearing costs the next few operations their kernels, well under a millisecond each.
_MODELS_BETWEEN = 64

_made = itertools.count(1)


def note_model_built() -> None:
    """Let go of kernels now and then, so that memory does not grow with models built."""
    if next(_made) % _MODELS_BETWEEN == 0:
        clear_eager_kernels()

"""TensorFlow's eager kernels: it keeps one for each variable name that a process ever used.

A variable is named after its layer and its model, and Keras gives each new model a new name.
So each model that is built and trained leaves 26 kB for each variable of the model and its
optimizer: 0.7 MB for three dense layers with Adam. Fixed names would avoid this, but two
models of one name cannot be parts of one Keras model, and the names in a model that a user's
function builds are the user's. `skhp.compat.tensorflow.shared_variable_kernels` avoids it when
a wrapper builds a model. Other models, such as those that are loaded, still leave kernels.
"""

from __future__ import annotations

import itertools

from skhp.compat.tensorflow import clear_eager_kernels

# TensorFlow makes the kernels again that the next operations need, each in under a millisecond.
_MODELS_BETWEEN = 64

_made = itertools.count(1)


def note_model_built() -> None:
    """Clear the kernels after some models, so that memory does not grow with their number."""
    if next(_made) % _MODELS_BETWEEN == 0:
        clear_eager_kernels()

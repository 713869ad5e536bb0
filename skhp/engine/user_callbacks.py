"""The user's Keras callbacks: training runs with these objects, and then lets them go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

# They hold open files, which can be neither copied nor pickled, and have nothing to tell.
_FILE_WRITERS = (keras.callbacks.CSVLogger, keras.callbacks.TensorBoard)


@contextlib.contextmanager
def lent(callbacks: Sequence[Any]) -> Iterator[None]:
    """Run with the user's callbacks, and leave in them what they learned and no more.

    The estimator that has them as a parameter must stay one that can be cloned and
    pickled: no callback keeps the model, or an open file.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
    """
    writers = [callback for callback in callbacks if type(callback) in _FILE_WRITERS]
    before = [dict(vars(writer)) for writer in writers]
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping):
            callback.best = None  # Keras before 3.15 keeps the best value of an earlier fit
    try:
        yield
    finally:
        for writer, attributes in zip(writers, before, strict=True):
            vars(writer).clear()
            vars(writer).update(attributes)
        for callback in callbacks:
            # Not the callback's own method, which may want a model.
            keras.callbacks.Callback.set_model(callback, None)

"""The user's Keras callbacks: training uses these objects, and then removes what it added."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

# They hold open files, which cannot be copied or pickled, and no results.
_FILE_WRITERS = (keras.callbacks.CSVLogger, keras.callbacks.TensorBoard)


@contextlib.contextmanager
def released_afterwards(callbacks: Sequence[Any]) -> Iterator[None]:
    """Use the user's callbacks. Afterwards they keep their results, but no model and no file.

    The callbacks are a parameter of an estimator. It can be cloned and pickled only if they
    hold no model and no open file.

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
            # Not the callback's own method, which may need a model.
            keras.callbacks.Callback.set_model(callback, None)

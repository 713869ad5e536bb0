"""Which Keras callbacks a stored fit may have, and what of them its key holds.

What these callbacks of Keras do follows from their settings, the number of an epoch and its logs.
So a fit that continues calls them with the earlier epochs, and they are then in the same state as
before. Only the best weights of `EarlyStopping` do not follow from logs: they are stored with the
fit. Other callbacks may keep weights or files, or change the training in another way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from skhp.keras_objects.fingerprint import FingerprintReader, established

# Callback -> its settings.
_SETTINGS = {
    keras.callbacks.EarlyStopping: (
        "monitor", "min_delta", "patience", "mode", "baseline", "restore_best_weights",
        "start_from_epoch",
    ),
    keras.callbacks.LearningRateScheduler: ("schedule",),
    keras.callbacks.ReduceLROnPlateau: (
        "monitor", "factor", "patience", "mode", "min_delta", "cooldown", "min_lr",
    ),
    keras.callbacks.TerminateOnNaN: (),
}  # fmt: skip


def not_storable(callbacks: Iterable[Any]) -> list[str]:
    """The names of the callbacks with which a fit cannot be stored.

    Parameters
    ----------
    callbacks : iterable of keras.callbacks.Callback

    Examples
    --------
    >>> not_storable([keras.callbacks.TerminateOnNaN(), keras.callbacks.CSVLogger("log.csv")])
    ['CSVLogger']
    """
    return sorted({type(c).__name__ for c in callbacks if not _is_known(c)})


def _is_known(callback: Any) -> bool:
    kind = type(callback)
    # A method that was set on the object itself is the user's.
    return kind in _SETTINGS and not any(callable(getattr(kind, n, None)) for n in vars(callback))


def callback_key(callback: Any) -> tuple[Any, ...]:
    """What a callback does, as nested tuples of plain values.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        One that can be stored.

    Raises
    ------
    skhp.keras_objects.fingerprint.NotEstablished
        If the code of a schedule cannot be compared.
    """
    kind = type(callback)
    settings = {name: getattr(callback, name) for name in _SETTINGS[kind]}
    if "min_delta" in settings:  # training changes its sign
        settings["min_delta"] = abs(settings["min_delta"])
    reader = FingerprintReader()
    return (kind.__name__, [established(reader.read, value) for value in settings.values()])

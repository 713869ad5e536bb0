"""A model's metrics outside Keras's ``fit``: built from one row, and read after training."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from skhp.engine.plan import History, Rows


def build_metrics(model: keras.Model, rows: Rows) -> None:
    """Build the metrics of a compiled model. Keras does it at the first batch.

    Callbacks ask a metric whether higher values are better.

    Parameters
    ----------
    model : keras.Model
    rows : Rows
        Rows with the shapes and types of the training rows.
    """
    x, y = keras.tree.map_structure(lambda array: array[:1], (rows.X, rows.y))
    model.compute_metrics(x, y, model(x, training=False), rows.weight[:1])
    model.reset_metrics()


def leave_results(model: keras.Model, history: History) -> None:
    """Let a model return the same ``get_metrics_result`` and ``history`` as after Keras's ``fit``.

    It does so until it is trained or evaluated again.

    Parameters
    ----------
    model : keras.Model
    history : dict of str to list of float
        The history of the training.
    """
    results = last_results(history)

    def get_metrics_result() -> dict[str, Any]:
        return {name: ops.convert_to_tensor(value) for name, value in results.items()}

    def forget_then(name: str) -> Any:
        def method(*args: Any, **kwargs: Any) -> Any:
            forget_results(model)
            return getattr(model, name)(*args, **kwargs)

        return method

    methods = {name: forget_then(name) for name in _THAT_CHANGE_METRICS}
    for name, method in {"get_metrics_result": get_metrics_result, **methods}.items():
        _left_by_training.add(method)
        setattr(model, name, method)
    record = keras.callbacks.History()
    record.history = {name: list(values) for name, values in history.items()}
    record.epoch = list(range(len(history.get("loss", ()))))
    model.history = record


_left_by_training: weakref.WeakSet[Any] = weakref.WeakSet()


def is_left_by_training(method: Any) -> bool:
    """Whether `leave_results` added this method to a model. It does not change training."""
    return method in _left_by_training


# Methods of `keras.Model`. Each training and each evaluation starts with one of them.
_THAT_CHANGE_METRICS = ("reset_metrics", "compute_metrics")


def forget_results(model: keras.Model) -> None:
    """Undo `leave_results`. Call it before the model is trained again."""
    for name in ("get_metrics_result", *_THAT_CHANGE_METRICS):
        if name in vars(model):
            delattr(model, name)


def last_results(history: Mapping[str, list[float]]) -> dict[str, float]:
    """The values of Keras's metrics after ``fit``: on validation rows, if there were any."""
    validated = {n.removeprefix("val_"): v[-1] for n, v in history.items() if n[:4] == "val_"}
    # Callbacks add the learning rate to the history.
    trained = {n: v[-1] for n, v in history.items() if v and n[:13] != "learning_rate"}
    return validated or trained

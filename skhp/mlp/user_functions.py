"""The user's own activation, loss and metrics, called once on two rows before training.

If one fails, the error says which and why. Otherwise it would fail deep inside Keras.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from skhp.engine.losses import as_loss, fresh_metric
from skhp.fitting.keras_message import keras_message
from skhp.keras_objects.catalogue import KerasObject
from skhp.keras_objects.origins import is_keras_own
from skhp.mlp.activations import ACTIVATIONS
from skhp.mlp.target_coding import TargetCoding

import keras  # isort: skip
from keras import ops  # isort: skip

_N_ROWS = 2


def check_activation(activation: KerasObject) -> None:
    """Refuse an activation that cannot be used in training.

    Parameters
    ----------
    activation : KerasObject

    Raises
    ------
    ValueError
        If it fails, returns something other than a tensor of the same shape, or has
        weights.
    """
    if activation.name not in ACTIVATIONS:  # the user's own, or one of Keras's that may not suit
        _once(_try_activation, activation)(activation)


@functools.lru_cache(maxsize=32)
def _try_activation(activation: KerasObject) -> None:
    value = activation.value
    if isinstance(value, keras.layers.Layer):
        value = type(value).from_config(value.get_config())  # a call creates a layer's weights
    x = ops.zeros((_N_ROWS, 3), keras.config.floatx())
    result = _called("activation", value, x)
    if getattr(value, "variables", None):
        raise ValueError(
            f"activation={_name(value)} has weights or draws random numbers, which "
            "MLPClassifier and MLPRegressor do not support. Use another activation, or build the "
            "network as a Keras model for KerasClassifier or KerasRegressor."
        )
    if not ops.is_tensor(result) or tuple(result.shape) != tuple(x.shape):
        raise ValueError(
            f"activation={_name(value)} must return a tensor of the same shape as its input. For "
            f"an input of shape {tuple(x.shape)} it returned {_described(result)}."
        )


def loss_has_rows(coding: TargetCoding) -> bool:
    """Whether a loss returns a value for each row, not one for the whole batch.

    Parameters
    ----------
    coding : TargetCoding
        It has the loss, and the shapes of its arguments.

    Raises
    ------
    ValueError
        If the loss fails on ``(y_true, y_pred)``, or does not return a tensor with one
        number, or with one value per row.
    """
    return not _is_users(coding.loss.value) or _once(_try_loss, coding.loss)(coding)


@functools.lru_cache(maxsize=32)
def _try_loss(coding: TargetCoding) -> bool:
    y_true, y_pred = _two_rows(coding)
    loss = as_loss(coding.loss)
    dtype = keras.config.floatx()
    result = _called(
        "loss", loss.call, ops.convert_to_tensor(y_true, dtype), y_pred, of=coding.loss.value
    )
    _check_result("loss", coding.loss.value, result)
    return len(result.shape) > 0


def check_weights_count(coding: TargetCoding, weight: np.ndarray) -> None:
    """Refuse row weights if the loss has no value for each row.

    Parameters
    ----------
    coding : TargetCoding
    weight : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If the weights differ and the loss returns one number for a whole batch.
    """
    if loss_has_rows(coding) or (weight == weight[0]).all():
        return
    raise ValueError(
        f"loss={_name(coding.loss.value)} returns one number for a whole batch, so it cannot use "
        "sample_weight or class_weight. Return one value per row, such as "
        "keras.ops.mean(..., axis=-1), or fit without weights."
    )


def check_metrics(
    metrics: Mapping[str, KerasObject], coding: TargetCoding, monitored: str | None = None
) -> None:
    """Refuse metrics that fail on two rows, and several values where one is needed.

    Parameters
    ----------
    metrics : mapping of str to KerasObject
        By their names in the history.
    coding : TargetCoding
    monitored : str, optional
        What early stopping watches.

    Raises
    ------
    ValueError
        As for a loss; or if the watched metric has one value for each class.
    """
    for name, metric in metrics.items():
        if inspect.isfunction(metric.value):
            if _is_users(metric.value):
                _once(_try_metric, metric)(metric, coding)
        elif _once(_shape_of_metric, metric)(name, metric, coding) and monitored == f"val_{name}":
            raise ValueError(
                f"monitor={monitored!r} needs one number, but this metric has one for each class. "
                "Give it an average, as in keras.metrics.F1Score(average='macro'), or watch a "
                "scorer of scikit-learn, as in monitor='f1_macro'."
            )


@functools.lru_cache(maxsize=32)
def _try_metric(metric: KerasObject, coding: TargetCoding) -> None:
    y_true, y_pred = map(ops.convert_to_tensor, _two_rows(coding))
    _check_result("metrics", metric.value, _called("metrics", metric.value, y_true, y_pred))


@functools.lru_cache(maxsize=32)
def _shape_of_metric(name: str, metric: KerasObject, coding: TargetCoding) -> tuple[int, ...]:
    """The shape of the result of a metric object: empty for one number."""
    made = fresh_metric(name, metric)
    _check_f_score(made, coding)
    y_true, y_pred = map(ops.convert_to_tensor, _two_rows(coding))
    try:
        made.update_state(y_true, y_pred)
        return tuple(np.shape(made.result()))
    except Exception as error:
        numbers = "" if coding.coding != "sparse" else _CLASS_NUMBERS
        raise ValueError(
            f"metrics={name!r} failed on targets of shape {tuple(y_true.shape)} and outputs of "
            f"shape {tuple(y_pred.shape)}: {' '.join(keras_message(error).split())}{numbers}"
        ) from error


def _check_f_score(metric: Any, coding: TargetCoding) -> None:
    is_f_score = isinstance(metric, keras.metrics.FBetaScore)
    if is_f_score and coding.coding == "one" and metric.threshold is None:
        kind = type(metric).__name__
        raise ValueError(
            f"metrics has {kind}(threshold=None), which counts the largest output of each row as "
            f"positive. This network has one output, so all rows would count. Give it a threshold, "
            f"as in keras.metrics.{kind}(threshold=0.5, average='micro')."
        )


_CLASS_NUMBERS = (
    " The targets are class numbers. With loss='categorical_crossentropy' they have one column "
    "for each class. Or watch a scorer of scikit-learn, as in monitor='f1_macro'."
)


def _once(cached: Any, subject: KerasObject) -> Any:
    """A cached function; without its cache for an object that cannot be compared."""
    return cached if subject.why_unknown is None else cached.__wrapped__


def _is_users(value: Any) -> bool:
    return not is_keras_own(value if inspect.isfunction(value) else type(value))


def _two_rows(coding: TargetCoding) -> tuple[np.ndarray, Any]:
    columns = (coding.n_units,) if coding.coding == "columns" else ()
    dtype = keras.config.floatx()
    y_true = coding.encode(np.zeros((_N_ROWS, *columns), int), dtype)
    return y_true, ops.full((_N_ROWS, coding.n_units), 0.5, dtype)


def _called(kind: str, function: Any, *arguments: Any, of: Any = None) -> Any:
    shapes = " and ".join(str(tuple(argument.shape)) for argument in arguments)
    try:
        return function(*arguments)
    except Exception as error:
        message = " ".join(keras_message(error).split()).rstrip(".")
        raise ValueError(
            f"{kind}={_name(function if of is None else of)} failed on tensors of shape "
            f"{shapes}: {type(error).__name__}: {message}. {_FORM[kind]}"
        ) from error


_PAIR = "must be a function of (y_true, y_pred) that returns a tensor with one value per row"
_FORM = {
    "activation": "An activation takes one tensor and returns one of the same shape.",
    "loss": f"A loss {_PAIR}.",
    "metrics": f"A metric {_PAIR}.",
}


def _check_result(kind: str, value: Any, result: Any) -> None:
    if ops.is_tensor(result) and (len(result.shape) == 0 or result.shape[0] == _N_ROWS):
        return
    computed = isinstance(result, np.ndarray | np.generic | float | int)
    hint = " Compute with keras.ops: gradients cannot pass through NumPy." if computed else ""
    raise ValueError(
        f"{kind}={_name(value)} returned {_described(result)} for {_N_ROWS} rows. "
        f"{_FORM[kind]}{hint}"
    )


def _described(result: Any) -> str:
    if ops.is_tensor(result):
        return f"a tensor of shape {tuple(result.shape)}"
    return repr(result)


def _name(value: Any) -> str:
    return getattr(value, "__name__", None) or type(value).__name__

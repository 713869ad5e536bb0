"""Targets as a network takes and gives them, and the loss that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from skhp.keras_objects.catalogue import (
    KerasObject,
    history_names,
    known_names,
    look_up,
    snake_case,
)

import keras  # isort: skip

# Losses that take class numbers, or one column a class, from one output unit a class.
_SPARSE = frozenset({"sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"})
_ONE_HOT = frozenset(
    {"categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"}
)

# Losses of a margin: the outputs are scores, without a final activation.
_MARGIN = frozenset({"hinge", "squared_hinge", "categorical_hinge"})

_CLASSES_ONLY = _SPARSE | _ONE_HOT | _MARGIN | {"binary_crossentropy", "binary_focal_crossentropy"}

_AUTO_LOSS = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "multilabel": "binary_crossentropy",
    "regression": "mean_squared_error",
}

_AUTO_ACCURACY = {
    "one": "binary_accuracy",
    "sparse": "sparse_categorical_accuracy",
    "one-hot": "categorical_accuracy",
    "columns": "binary_accuracy",
}


@dataclass(frozen=True)
class TargetCoding:
    """How targets become what a loss takes, and outputs become predictions.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    coding : {"one", "sparse", "one-hot", "columns"}
        One column of 0 and 1; class numbers; a column of 0 and 1 for each class; the
        columns of y as they are.
    n_units : int
        Output units.
    activation : str
        Keras's name of the output activation.
    loss : KerasObject
    """

    task: str
    coding: str
    n_units: int
    activation: str
    loss: KerasObject

    def encode(self, y: np.ndarray, dtype: str) -> np.ndarray:
        """Class numbers, label columns or values as the loss takes them."""
        if self.coding == "sparse":
            return y.astype("int32")
        if self.coding == "one-hot":
            return np.eye(self.n_units, dtype=dtype)[y]
        if self.activation == "exponential" and (y < 0).any():
            raise ValueError(
                f"loss='poisson' needs y >= 0. Got a smallest value of {y.min()}. Use "
                "loss='auto', or leave the negative rows out."
            )
        return np.ascontiguousarray(y.reshape(len(y), self.n_units), dtype=dtype)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """One column a class (or label) from a classifier's outputs."""
        if self.activation == "linear":
            link = expit if self.coding in ("one", "columns") else _softmax_rows
            outputs = link(outputs)
        if self.coding == "one":
            return np.hstack([1 - outputs, outputs])
        return outputs


def _softmax_rows(outputs: np.ndarray) -> np.ndarray:
    return softmax(outputs, axis=1)


def choose_coding(task: str, n_classes_or_columns: int, loss: Any) -> TargetCoding:
    """Choose output units, final activation and coding for a task and a loss.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    n_classes_or_columns : int
        Classes of a binary or multiclass task, columns of y otherwise.
    loss : "auto", str, callable or keras.losses.Loss

    Returns
    -------
    TargetCoding

    Raises
    ------
    ValueError
        If the loss is unknown, or does not suit the task.
    """
    automatic = isinstance(loss, str) and loss == "auto"
    found = look_up("loss", _AUTO_LOSS[task] if automatic else loss)
    name = _loss_name(found)
    _check_suits(task, name)
    scores = name in _MARGIN or getattr(found.value, "from_logits", False)
    coding, units = _coding_and_units(task, name, n_classes_or_columns)
    return TargetCoding(task, coding, units, _activation(task, coding, name, scores), found)


def _coding_and_units(task: str, loss: str, n: int) -> tuple[str, int]:
    if task in ("regression", "multilabel"):
        return "columns", n
    if loss in _SPARSE:
        return "sparse", n
    if task == "binary" and loss not in _ONE_HOT:
        return "one", 1
    return "one-hot", n


def _activation(task: str, coding: str, loss: str, scores: bool) -> str:
    if task == "regression":
        return "exponential" if loss == "poisson" else "linear"
    if scores:
        return "linear"
    return "sigmoid" if coding in ("one", "columns") else "softmax"


def _check_suits(task: str, loss: str) -> None:
    if task == "regression" and loss in _CLASSES_ONLY:
        allowed = sorted(set(known_names("loss")) - _CLASSES_ONLY)
        raise ValueError(
            f"loss={loss!r} is for classes, and this is a regressor. Use 'auto' or one "
            f"of {', '.join(allowed)}, or fit an MLPClassifier."
        )
    if task == "multilabel" and loss in _SPARSE | _ONE_HOT:
        raise ValueError(
            f"loss={loss!r} is for one class a row, and y has several labels a row (or none). "
            "Use 'auto' or 'binary_crossentropy'."
        )


def is_for_one_class(loss: Any) -> bool:
    """Whether a loss takes one class a row, and no several labels.

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss
    """
    return loss != "auto" and _loss_name(look_up("loss", loss)) in _SPARSE | _ONE_HOT


def _loss_name(loss: KerasObject) -> str:
    if loss.name is not None:
        return loss.name
    return snake_case(type(loss.value).__name__)


def look_up_metrics(metrics: Any, coding: TargetCoding) -> Mapping[str, KerasObject]:
    """Look metrics up, under their names in the history.

    Parameters
    ----------
    metrics : list of (str, callable or keras.metrics.Metric) or None
        "accuracy" means the accuracy that suits the coding, as in Keras.
    coding : TargetCoding

    Returns
    -------
    dict of str to KerasObject
    """
    found: dict[str, KerasObject] = {}
    looked_up = [look_up("metrics", _identifier(metric, coding)) for metric in metrics or ()]
    names = _metric_names([value.value for value in looked_up])
    for metric, value, own_name in zip(metrics or (), looked_up, names, strict=True):
        name = metric if isinstance(metric, str) else own_name
        if name in found:
            raise ValueError(
                f"metrics names {name!r} twice. Give each metric a name of its own, as "
                "in keras.metrics.AUC(name='auc_pr')."
            )
        found[name] = _with_threshold(value, coding) if name is metric else value
    return found


def _identifier(metric: Any, coding: TargetCoding) -> Any:
    is_auto = metric in ("accuracy", "acc") and coding.task != "regression"
    return _AUTO_ACCURACY[coding.coding] if is_auto else metric


def _metric_names(metrics: Sequence[Any]) -> list[str]:
    objects = [metric for metric in metrics if isinstance(metric, keras.metrics.Metric)]
    by_id = dict(zip(map(id, objects), history_names(objects), strict=True))
    return [by_id.get(id(metric)) or metric.__name__ for metric in metrics]


def _with_threshold(metric: KerasObject, coding: TargetCoding) -> KerasObject:
    # Scores without a final activation change sides at 0, probabilities at 0.5.
    if coding.activation != "linear" or not isinstance(metric.value, keras.metrics.BinaryAccuracy):
        return metric
    return KerasObject(("binary_accuracy", 0.0), keras.metrics.BinaryAccuracy(threshold=0.0))

"""Which output units, last activation and loss suit a task, and which metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skhp.keras_objects.catalogue import (
    KerasObject,
    history_names,
    known_names,
    look_up,
    snake_case,
)
from skhp.mlp.target_coding import TargetCoding

import keras  # isort: skip

# Losses with one output unit per class. They take class numbers, or one column per class.
_SPARSE = frozenset({"sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"})
_ONE_HOT = frozenset(
    {"categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"}
)

# Margin losses: the outputs are scores, so the last layer has no activation.
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


def choose_coding(task: str, n_classes_or_columns: int, loss: Any) -> TargetCoding:
    """Choose output units, last activation and coding for a task and a loss.

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
        If the loss is unknown, or is not for this task.
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
            f"loss={loss!r} is for classes, but this is a regressor. Use 'auto' or one "
            f"of {', '.join(allowed)}, or fit an MLPClassifier."
        )
    if task == "multilabel" and loss in _SPARSE | _ONE_HOT:
        raise ValueError(
            f"loss={loss!r} is for one class per row, but y is multilabel: a row may have several "
            "labels or none. Use 'auto' or 'binary_crossentropy'."
        )


def is_for_one_class(loss: Any) -> bool:
    """Whether a loss is for one class per row, not for multilabel targets.

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
    metrics : str, callable, keras.metrics.Metric, list of these, or None
        "accuracy" means the kind of accuracy that fits the targets, as in Keras.
    coding : TargetCoding

    Returns
    -------
    dict of str to KerasObject
    """
    found: dict[str, KerasObject] = {}
    given = _as_list(metrics)
    looked_up = [look_up("metrics", _identifier(metric, coding)) for metric in given]
    names = _metric_names([value.value for value in looked_up])
    for metric, value, own_name in zip(given, looked_up, names, strict=True):
        name = metric if isinstance(metric, str) else own_name
        _check_name(name)
        if name in found:
            raise ValueError(
                f"metrics has two metrics named {name!r}. Give each metric another name, as in "
                "keras.metrics.AUC(name='auc_pr')."
            )
        found[name] = _with_threshold(value, coding) if name is metric else value
    return found


def _check_name(name: str) -> None:
    """Refuse a name under which ``history_`` has the loss, or values on validation rows."""
    if name == "loss" or name.startswith("val_"):
        raise ValueError(
            f"metrics has a metric named {name!r}, but history_ uses 'loss' and names that begin "
            "with 'val_' for its own values. Give the metric another name, as in "
            "keras.metrics.AUC(name='auc_pr'), or rename the function."
        )


def _as_list(metrics: Any) -> Sequence[Any]:
    if metrics is None:
        return []
    return [metrics] if isinstance(metrics, str) or callable(metrics) else metrics


def _identifier(metric: Any, coding: TargetCoding) -> Any:
    is_auto = metric in ("accuracy", "acc") and coding.task != "regression"
    return _AUTO_ACCURACY[coding.coding] if is_auto else metric


def _metric_names(metrics: Sequence[Any]) -> list[str]:
    objects = [metric for metric in metrics if isinstance(metric, keras.metrics.Metric)]
    by_id = dict(zip(map(id, objects), history_names(objects), strict=True))
    return [by_id.get(id(metric)) or metric.__name__ for metric in metrics]


def _with_threshold(metric: KerasObject, coding: TargetCoding) -> KerasObject:
    """A metric given by name, with the settings that suit the outputs."""
    value, has_scores = metric.value, coding.activation == "linear"
    if has_scores and isinstance(value, keras.metrics.BinaryAccuracy):
        return KerasObject(("binary_accuracy", 0.0), keras.metrics.BinaryAccuracy(threshold=0.0))
    if coding.task == "regression" or coding.coding not in ("one", "columns"):
        return metric
    changes = _OF_SCORES.get(type(value), {}) if has_scores else {}
    if isinstance(value, keras.metrics.FBetaScore):
        # Without a threshold, Keras counts the largest output of each row as positive.
        average = "micro" if coding.coding == "one" else value.average
        changes = {"threshold": _ABOVE_ZERO if has_scores else 0.5, "average": average}
    return look_up("metrics", _changed(value, changes)) if changes else metric


# The threshold of scores is 0, that of probabilities is 0.5. Some metrics refuse 0.
_ABOVE_ZERO = float(np.finfo("float32").tiny)

_COUNTS = (
    *(keras.metrics.Precision, keras.metrics.Recall),
    *(keras.metrics.TruePositives, keras.metrics.TrueNegatives),
    *(keras.metrics.FalsePositives, keras.metrics.FalseNegatives),
)

# Metric of probabilities -> what makes it a metric of scores.
_OF_SCORES: dict[type, dict[str, Any]] = {
    keras.metrics.AUC: {"from_logits": True},
    keras.metrics.BinaryIoU: {"threshold": _ABOVE_ZERO},
    **{kind: {"thresholds": _ABOVE_ZERO} for kind in _COUNTS},
}


def _changed(metric: Any, changes: Mapping[str, Any]) -> Any:
    return type(metric).from_config({**metric.get_config(), **changes})

"""The targets of a classifier: one class for each row, or several labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skhp.fitting.string_labels import refuse_string_dtype
from skhp.fitting.user_warning import warn_user
from skhp.mlp.parameter_checks import check_class_weight
from skhp.mlp.target_checks import is_one_hot


def checked_classes(estimator: Any, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
    """The targets as numbers: those of classes, or 0 and 1 for labels.

    Parameters
    ----------
    estimator : MLPClassifier
    y : ndarray or sparse matrix
        As scikit-learn has checked it.
    reset : bool
        Whether to learn the classes. If not, y must have those that the estimator knows.
    classes : array-like, optional
        ``classes`` of ``partial_fit``.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_labels)

    Raises
    ------
    ValueError
        If y is not classes, or has a class that the estimator does not know.
    """
    refuse_string_dtype(classes, "classes")
    matrix = _is_multilabel(y)
    y = _dense_labels(y) if matrix else _one_class_a_row(y)
    if matrix:
        classes = None  # the columns are the labels, so every call has all of them
    if reset:
        estimator._one_hot = matrix and _means_classes(estimator, y)
        multilabel = matrix and not estimator._one_hot
        _learn_classes(estimator, y if classes is None else np.unique(classes), matrix, multilabel)
    elif classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
        raise ValueError(
            f"classes={np.unique(classes).tolist()} differ from those of the first call to "
            f"partial_fit, {estimator.classes_.tolist()}. Pass the same, or fit a new estimator."
        )
    _check_task(estimator, y, matrix)
    if matrix and estimator._one_hot:
        return _numbers_of_one_hot(y)
    return y if matrix else _class_numbers(estimator, y)


def _means_classes(estimator: Any, y: np.ndarray) -> bool:
    """Whether a matrix of 0 and 1 is one-hot; warn if it only looks so."""
    if not is_one_hot(y):
        return False
    from skhp.mlp.targets import is_for_one_class

    if is_for_one_class(estimator.loss):
        return True
    warn_user(
        f"Each row of y has exactly one 1, so y looks one-hot. It is read as {y.shape[1]} "
        "labels, and each label is predicted separately. If each row has one class, pass "
        "the class numbers, y.argmax(axis=1), or "
        "loss='categorical_crossentropy'."
    )
    return False


def _learn_classes(estimator: Any, y: np.ndarray, matrix: bool, multilabel: bool) -> None:
    estimator.classes_ = np.arange(y.shape[1]) if matrix else np.unique(y)
    n = len(estimator.classes_)
    if n < 2 and not multilabel:
        raise ValueError(
            f"{type(estimator).__name__} needs at least two classes, but y has only one class: "
            f"{estimator.classes_.tolist()[0]!r}. Give rows of another class too."
        )
    estimator._task = "multilabel" if multilabel else "binary" if n == 2 else "multiclass"
    estimator.n_outputs_ = n


def _check_task(estimator: Any, y: np.ndarray, matrix: bool) -> None:
    fitted_matrix = estimator._task == "multilabel" or estimator._one_hot
    columns = y.shape[1] if matrix else None
    if matrix != fitted_matrix or (matrix and columns != estimator.n_outputs_):
        expected = f"{estimator.n_outputs_} label columns" if fitted_matrix else "one class per row"
        raise ValueError(
            f"y has shape {y.shape}, but this network was fitted with {expected}. "
            "Fit a new estimator to other targets."
        )


def _class_numbers(estimator: Any, y: np.ndarray) -> np.ndarray:
    numbers = np.minimum(np.searchsorted(estimator.classes_, y), len(estimator.classes_) - 1)
    unknown = estimator.classes_[numbers] != y
    if unknown.any():
        raise ValueError(
            f"y holds {np.unique(y[unknown]).tolist()}, which are not among the classes of "
            f"this network: {estimator.classes_.tolist()}. Leave these rows out, or fit a new "
            "estimator to rows of all classes. For partial_fit, pass all classes to its first "
            "call: classes=[...]."
        )
    return numbers


def weights_of_classes(estimator: Any, labels: np.ndarray) -> np.ndarray:
    """What ``class_weight`` says of each row.

    Parameters
    ----------
    estimator : MLPClassifier
    labels : ndarray
        The labels from `checked_classes`.
    """
    check_class_weight(estimator.class_weight, estimator._task == "multilabel")
    if estimator.class_weight is None:
        return np.ones(len(labels))
    if estimator._task == "multilabel":
        return compute_sample_weight(estimator.class_weight, labels)
    if isinstance(estimator.class_weight, dict):
        # The dict may name classes that these rows do not have, or lack some.
        weights = compute_class_weight(
            estimator.class_weight, classes=estimator.classes_, y=estimator.classes_
        )
        return weights[labels]
    return compute_sample_weight(estimator.class_weight, estimator.classes_[labels])


def _is_multilabel(y: Any) -> bool:
    if np.ndim(y) == 1 and y.dtype.kind in "biuU":  # scikit-learn would check y twice more
        return False
    kind = type_of_target(y)
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)  # raises scikit-learn's own error
    return kind == "multilabel-indicator"


def _one_class_a_row(y: Any) -> np.ndarray:
    if np.ndim(y) > 1 and np.shape(y)[1] > 1:
        raise ValueError(
            f"y should be a 1d array of classes, or an indicator matrix of 0 and 1 for several "
            f"labels per row. Got shape {np.shape(y)}. For several columns of classes use "
            "sklearn.multioutput.MultiOutputClassifier."
        )
    return y if y.ndim == 1 else column_or_1d(y, warn=True)


def _dense_labels(y: Any) -> np.ndarray:
    return np.asarray(y.toarray() if hasattr(y, "toarray") else y)


def _numbers_of_one_hot(y: np.ndarray) -> np.ndarray:
    if not is_one_hot(y):
        raise ValueError(
            "Some rows of y do not have exactly one 1, but this network was fitted with one-hot "
            "rows. Fit a new estimator to multilabel targets."
        )
    return y.argmax(axis=1)

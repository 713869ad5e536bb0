"""Encoders of X and y. Those of y come from scikeras; the encoder of classes is changed."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import sklearn
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.multiclass import type_of_target

from skhp import runtime
from skhp.compat.scikeras import import_scikeras

runtime.start()

import keras  # noqa: E402

from skhp.wrappers.output_link import is_one_hot  # noqa: E402

_of_scikeras: Any = import_scikeras("scikeras.utils.transformers")

RegressorTargetEncoder: Any = _of_scikeras.RegressorTargetEncoder

# Kinds of targets, as `type_of_target` names them, that the encoder of classes knows.
_KINDS = ("binary", "multiclass", "multilabel-indicator")


class ClassifierLabelEncoder(  # type: ignore[call-arg, misc, name-defined]
    _of_scikeras.ClassifierLabelEncoder,
    auto_wrap_output_keys=None,  # no data frames, even with set_config(transform_output="pandas")
):
    """Encode classes as numbers for a network, and its outputs as classes again.

    Parameters
    ----------
    loss : str, keras.losses.Loss, callable or None, default=None
        Classes are one-hot encoded if the loss needs it, such as categorical
        cross-entropy.
    categories : "auto" or list of ndarray, default="auto"
        All classes, in their order. "auto" takes those of y.
    """

    def fit(self, y: np.ndarray, target_type: str | None = None) -> Self:
        """Learn the classes.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, n_labels)
        target_type : str, optional
            The kind of y, if it is known already.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If y is not classes in one column, or labels in several.
        """
        self._kind = self._kind_of(y) if target_type is None else target_type
        if self._kind not in _KINDS:
            raise ValueError(
                f"Unknown label type: {self._kind}. y must be one column of classes, or columns "
                "of 0 and 1. For other targets, override target_encoder in a subclass of "
                "KerasClassifier."
            )
        if self._kind == "multilabel-indicator":
            self.classes_ = np.arange(y.shape[1])
            if y.min() == 0 and (y.sum(axis=1) == 1).all():
                self._kind = "one-hot"
        elif isinstance(self.categories, str):
            self.classes_ = np.unique(y)
        else:
            text = y.dtype.kind == "U"
            self.classes_ = np.array(self.categories[0], dtype=object if text else y.dtype)
        self.n_classes_ = len(self.classes_)
        self.n_outputs_ = self.n_outputs_expected_ = 1
        self._row_shape = y.shape[1:]
        return self

    def _kind_of(self, y: np.ndarray) -> str:
        found, known = type_of_target(y), self.categories
        # With two classes in y, the given categories may still be more.
        return found if found != "binary" or isinstance(known, str) else type_of_target(known[0])

    def transform(self, y: np.ndarray) -> np.ndarray:
        """Classes as numbers from 0, or one-hot encoded; labels in columns as they are.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, n_labels)

        Returns
        -------
        ndarray of shape (n, 1), (n, n_classes) or (n, n_labels)

        Raises
        ------
        ValueError
            If y has classes that were not in the y of ``fit``.
        """
        if self._kind in ("multilabel-indicator", "one-hot"):
            return y
        codes, dtype = self._codes(y.ravel()), keras.config.floatx()
        if self._kind == "multiclass" and is_one_hot(self.loss):
            return np.eye(self.n_classes_, dtype=dtype)[codes]
        return codes.astype(dtype)[:, None]

    def _codes(self, labels: np.ndarray) -> np.ndarray:
        order = np.argsort(self.classes_, kind="stable")
        places = np.searchsorted(self.classes_, labels, sorter=order)
        codes = order[np.minimum(places, self.n_classes_ - 1)]
        unknown = self.classes_[codes] != labels
        if unknown.any():
            raise ValueError(
                f"y has the classes {np.unique(labels[unknown]).tolist()}, which are not among "
                f"the known classes {self.classes_.tolist()}."
            )
        return codes

    def inverse_transform(self, y: np.ndarray, return_proba: bool = False) -> Any:
        """Compute classes or probabilities from a network's outputs.

        Parameters
        ----------
        y : ndarray of shape (n, n_outputs)
        return_proba : bool, default=False

        Returns
        -------
        ndarray of shape (n,), (n, n_classes) or (n, n_labels)
        """
        y = np.asarray(y)
        if self._kind == "binary":
            y = self._of_both_classes(y)
        if return_proba:
            return y
        return self._decided(y).reshape(-1, *self._row_shape)

    def _of_both_classes(self, y: np.ndarray) -> np.ndarray:
        if self.n_classes_ == 1:
            return np.ones((len(y), 1))
        if y.ndim == 1 or y.shape[1] == 1:
            y = y.reshape(-1, 1)
            return np.hstack([1 - y, y])
        return y

    def _decided(self, y: np.ndarray) -> np.ndarray:
        if self._kind == "multilabel-indicator":
            return np.around(y).astype(int, copy=False)
        best = np.argmax(y, axis=-1)
        if self._kind == "one-hot":
            return np.eye(y.shape[1], dtype=int)[best]
        return self.classes_[best]


def fit_encoder(encoder: Any, values: Any, **known: Any) -> Any:
    """Fit a transformer of X or y.

    Parameters
    ----------
    encoder : transformer
    values : array
    **known : object
        Further arguments for the ``fit`` of a `ClassifierLabelEncoder`.

    Returns
    -------
    transformer
        Fitted.
    """
    if isinstance(encoder, ClassifierLabelEncoder):
        return encoder.fit(values, **known)
    if is_identity(encoder):
        return encoder
    with sklearn.config_context(transform_output="default"):
        return encoder.fit(values)


def encode(encoder: Any, values: Any) -> Any:
    """Transform X or y into arrays, even if scikit-learn is set to return data frames.

    Parameters
    ----------
    encoder : transformer
        Fitted by `fit_encoder`.
    values : array

    Returns
    -------
    array, or list or dict of arrays
    """
    if isinstance(encoder, ClassifierLabelEncoder) or type(encoder) is RegressorTargetEncoder:
        return encoder.transform(values)
    if is_identity(encoder):
        return values
    with sklearn.config_context(transform_output="default"):
        return encoder.transform(values)


def is_identity(encoder: Any) -> bool:
    """Whether a transformer changes nothing, and has nothing to learn.

    Parameters
    ----------
    encoder : transformer
    """
    return type(encoder) is FunctionTransformer and encoder.func is None and not encoder.validate

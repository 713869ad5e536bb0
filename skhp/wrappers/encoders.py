"""Encoders of X and y: scikeras's, with every row of a prediction kept a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn

from skhp import runtime
from skhp.compat.scikeras import import_scikeras

runtime.start()
import_scikeras()

from scikeras.utils import metric_name  # noqa: E402
from scikeras.utils.transformers import (  # noqa: E402
    ClassifierLabelEncoder as _ScikerasLabelEncoder,
)
from scikeras.utils.transformers import RegressorTargetEncoder  # noqa: E402

__all__ = [
    "ClassifierLabelEncoder",
    "RegressorTargetEncoder",
    "encode",
    "fit_encoder",
    "metric_name",
]


class ClassifierLabelEncoder(_ScikerasLabelEncoder):  # type: ignore[misc]
    """Classes as a network takes them, and its outputs as classes again.

    Parameters
    ----------
    loss : str, keras.losses.Loss, callable or None, default=None
        Targets are one-hot encoded for categorical cross-entropy.
    categories : "auto" or list of ndarray, default="auto"
        All classes, in their order.
    """

    def inverse_transform(self, y: np.ndarray, return_proba: bool = False) -> Any:
        """Classes, or probabilities, from a network's outputs.

        Parameters
        ----------
        y : ndarray of shape (n, n_outputs)
        return_proba : bool, default=False

        Returns
        -------
        ndarray of shape (n,), (n, n_classes) or (n, n_labels)
        """
        y = np.asarray(y)
        if self.n_classes_ == 1 and self._target_type == "binary":
            return np.ones((len(y), 1)) if return_proba else np.full(len(y), self.classes_[0])
        if not return_proba:
            return super().inverse_transform(y)
        if self._target_type == "binary" and (y.ndim == 1 or y.shape[1] == 1):
            y = y.reshape(-1, 1)
            return np.hstack([1 - y, y])
        return y


def fit_encoder(encoder: Any, values: Any) -> Any:
    """Fit a transformer of X or y, whatever containers scikit-learn is set to give."""
    with sklearn.config_context(transform_output="default"):
        return encoder.fit(values)


def encode(encoder: Any, values: Any) -> Any:
    """Transform X or y, whatever containers scikit-learn is set to give."""
    with sklearn.config_context(transform_output="default"):
        return encoder.transform(values)

"""Count the weights of a wrapper's network."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from skhp.wrappers.building import build_weights


def count_parameters(estimator: Any, fitted: Any) -> int:
    """The number of weights of a wrapper's network, on the data of a fitted wrapper.

    Parameters
    ----------
    estimator : BaseWrapper
        If it is not fitted, its model is built.
    fitted : BaseWrapper
    """
    if fitted is estimator:
        return estimator._similar_model().count_params()
    estimator = clone(estimator)
    learned = {n: v for n, v in vars(fitted).items() if n[0] != "_" and n[-1] == "_"}
    estimator.__dict__.update(learned, _random_state=0)
    estimator.model_ = model = estimator._build_keras_model()
    empty = "" if estimator.X_dtype_.kind == "O" else 0
    row = np.full((1, *estimator.X_shape_[1:]), empty, estimator.X_dtype_)
    build_weights(model, row, estimator.feature_encoder_, 0, estimator._label())
    return model.count_params()

"""What callbacks need of a wrapper while it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skhp.keras_objects.storage import copy_model
from skhp.wrappers.callbacks import only_for_predict
from skhp.wrappers.history import KerasHistory
from skhp.wrappers.rows import encoded_rows
from skhp.wrappers.training import load_state, measure_model

# What an estimator learned from the data and needs to predict, in addition to the model.
_LEARNED = (
    "target_encoder_", "feature_encoder_", "X_shape_", "X_dtype_", "n_features_in_",
    "feature_names_in_", "classes_", "target_type_", "y_ndim_", "y_dtype_", "y_shape_",
)  # fmt: skip


def attributes_at(estimator: Any, run: Any, history: Mapping[str, list[float]]) -> dict[str, Any]:
    """The attributes that a wrapper would have if its training had stopped now.

    Parameters
    ----------
    estimator : BaseWrapper
        It is being trained.
    run : object
        The engine's run. Its ``state()`` has the weights.
    history : mapping of str to list of float
        The history of this training so far.
    """
    model, state = copy_model(estimator._similar_model()), run.state()
    load_state(model, state)
    return {
        **{name: getattr(estimator, name) for name in _LEARNED if hasattr(estimator, name)},
        "model_": model,
        "history_": KerasHistory(history),
        "_predict_callbacks": only_for_predict(estimator),
        "_is_finite": state.is_finite(),
    }


def evaluation(estimator: Any, X: Any, y: Any) -> Any:
    """The loss and metrics on some rows, as a function of a `TrainingState`.

    Parameters
    ----------
    estimator : BaseWrapper
        It is being trained.
    X, y : array-like
    """
    X, y = estimator._validate_data(X, y)
    return measure_model(estimator.model_, encoded_rows(estimator, X, y))

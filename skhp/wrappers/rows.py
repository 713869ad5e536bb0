"""Rows for a wrapper's model: checked, weighted and encoded in one way, for whatever use."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_array, validate_data

from skhp.fitting.features import as_dense
from skhp.fitting.sample_weight import checked_sample_weight
from skhp.wrappers.building import WrapperBuilding, shape_of_outputs
from skhp.wrappers.encoders import encode
from skhp.wrappers.inputs import (
    as_text,
    check_is_numeric,
    check_is_table,
    check_labels,
    check_validation_data,
    check_values,
    inputs_by_name,
)


class WrapperRows(WrapperBuilding):
    """Checks and encodes the rows of training, validation, scoring and prediction alike."""

    _y_numeric = False

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        if y is not None:
            y = self._validated_y(y, reset)
        if X is not None:
            X = self._validated_X(X, y, reset)
        return X, y

    def _validated_X(self, X: Any, y: Any, reset: bool) -> np.ndarray:
        checks: dict[str, Any] = {"allow_nd": True, "accept_sparse": True, "reset": reset}
        text = as_text(X)
        if text is not None:
            X, checks["dtype"] = text, None
        if isinstance(X, np.ndarray):
            check_values(X, type(self).__name__)
        try:
            if y is None:
                X = validate_data(self, X, **checks)
            else:
                X, _ = validate_data(self, X, y, multi_output=True, **checks)
        except ValueError as error:
            if "could not convert string" not in str(error):
                raise
            raise ValueError(
                f"X holds text beside numbers: {error}. Encode categories with "
                "sklearn.preprocessing.OneHotEncoder in a ColumnTransformer, or give a data frame "
                "to a model with an input for each column."
            ) from error
        check_values(X, type(self).__name__)
        X = self._in_floatx(as_dense(X), "X")
        if reset:
            self.X_dtype_, self.X_shape_ = X.dtype, X.shape
        elif X.shape[1:] != self.X_shape_[1:]:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} was fitted with "
                f"rows of shape {self.X_shape_[1:]}."
            )
        return X

    def _validated_y(self, y: Any, reset: bool) -> np.ndarray:
        if self._y_numeric:
            check_is_numeric(y, type(self).__name__)
        y = check_array(
            y,
            ensure_2d=False,
            allow_nd=False,
            dtype="numeric" if self._y_numeric else None,
            input_name="y",
            estimator=self,
        )
        if self._y_numeric:
            y = self._in_floatx(y, "y")
        check_labels(y)
        y = self._column(y)
        self._check_targets(y)
        if reset:
            self.target_type_ = self._type_of_target(y)
            self.y_dtype_, self.y_ndim_, self.y_shape_ = y.dtype, y.ndim, y.shape
        elif y.ndim != self.y_ndim_:
            raise ValueError(
                f"y has {y.ndim} dimensions, but {type(self).__name__} was fitted with a y of "
                f"{self.y_ndim_}."
            )
        return y

    def _in_floatx(self, values: np.ndarray, name: str) -> np.ndarray:
        """Floats in Keras's float type, in which a large float64 may be infinite."""
        if values.dtype.kind != "f" or values.dtype == keras.config.floatx():
            return values
        with np.errstate(over="ignore", invalid="ignore"):
            values = values.astype(keras.config.floatx())
            assert_all_finite(values, input_name=name, estimator_name=type(self).__name__)
        return values

    def _class_weight(self, arguments: dict[str, Any], y: np.ndarray) -> Any:
        """Weights of classes for `_weights`, taken out of the arguments of ``fit``."""
        return None

    def _column(self, y: np.ndarray) -> np.ndarray:
        return y

    def _check_targets(self, y: np.ndarray) -> None:
        """Raise an error where targets are not what the estimator is for."""

    def _weights(
        self, y: np.ndarray, sample_weight: Any, class_weight: Any = None
    ) -> np.ndarray | None:
        """The weight of each row; those of classes are the classifier's."""
        if sample_weight is None:
            return None
        try:
            weight = checked_sample_weight(sample_weight, len(y), np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(f"sample_weight must be one number a row: {error}") from error
        if not weight.sum() > 0:
            raise ValueError(
                "sample_weight adds up to zero: there is nothing to learn from. Give at least "
                "one row a positive weight."
            )
        return weight

    def _encoded_rows(self, X: Any, y: Any, weight: np.ndarray | None) -> tuple[Any, Any, Any]:
        """Checked rows as the model takes them, without those of weight 0."""
        X, y, weight = _rows_that_count(X, y, weight)
        return self._encoded_X(X), self._encoded_y(y), weight

    def _encoded_X(self, X: Any) -> Any:
        encoded = encode(self.feature_encoder_, X)
        names = getattr(self, "feature_names_in_", None)
        return inputs_by_name(self._unpacked_model(), encoded, names, self._label())

    def _encoded_y(self, y: Any) -> Any:
        return _in_columns(encode(self.target_encoder_, y), self._unpacked_model())

    def _validation_rows(
        self, given: Any, class_weight: Any
    ) -> tuple[Any, Any] | tuple[Any, Any, Any]:
        """Rows to validate on, checked, weighted and encoded like those to train on."""
        X, y, sample_weight = check_validation_data(given)
        try:
            check_is_table(X, type(self).__name__)
            X, y = self._validate_data(X, y)
            rows = self._encoded_rows(X, y, self._weights(y, sample_weight, class_weight))
        except (TypeError, ValueError) as error:
            raise type(error)(f"validation_data cannot be used: {error}") from error
        return rows if rows[2] is not None else rows[:2]


def check_split(n: int, split: Any) -> None:
    """Raise an error where ``validation_split`` leaves a part without rows.

    Parameters
    ----------
    n : int
        Rows there are.
    split : float or None
    """
    kept = int(n * (1 - split)) if split else n
    if split and not 0 < kept < n:
        raise ValueError(
            f"validation_split={split} of {n} rows leaves {kept} to train on and {n - kept} to "
            "validate on; each needs one at least. Give more rows, or another validation_split."
        )


def _in_columns(y: Any, model: Any) -> Any:
    """Encoded targets, in two dimensions where the outputs have one column.

    A metric or loss of the user's own would else compare shapes (n,) and (n, 1).
    """
    outputs = getattr(model, "outputs", None)
    shapes = [tuple(o.shape) for o in outputs] if outputs else [shape_of_outputs(model)]
    if isinstance(y, dict):
        names = getattr(model, "output_names", ())
        named = dict(zip(names, shapes, strict=False))
        return {name: _in_column(value, named.get(name)) for name, value in y.items()}
    if isinstance(y, list | tuple) and len(y) == len(shapes):
        return type(y)(map(_in_column, y, shapes))
    return _in_column(y, shapes[0]) if len(shapes) == 1 else y


def _in_column(y: Any, shape: tuple[int | None, ...] | None) -> Any:
    is_column = shape is not None and len(shape) == 2 and shape[1] == 1
    return y[:, None] if is_column and np.ndim(y) == 1 else y


def _rows_that_count(X: Any, y: Any, weight: np.ndarray | None) -> tuple[Any, Any, Any]:
    """The rows that count: one of weight 0 would still count in the mean over a batch."""
    if weight is None or weight.all():
        return X, y, weight
    counts = weight != 0
    return X[counts], y[counts], weight[counts]

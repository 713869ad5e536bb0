"""Predict with a Keras model of any kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from skhp.engine.block_outputs import joined, outputs_in_blocks, rows_at_once, rows_in_cache
from skhp.engine.large_table import LargeTable, as_arrays
from skhp.engine.text import text_as_tensors
from skhp.engine.user_callbacks import released_afterwards
from skhp.fitting.divergence import check_can_predict, rate_of
from skhp.wrappers.callbacks import flat_callbacks
from skhp.wrappers.held_model import HeldModel
from skhp.wrappers.inputs import check_is_table
from skhp.wrappers.model_structure import predicts_rows_alone
from skhp.wrappers.parameter_checks import check_arguments
from skhp.wrappers.routing import route_params
from skhp.wrappers.rows import encoded_X, n_rows

# Rows predicted at once.
_PREDICT_ROWS = 1024

# With more batches, Keras's own `predict` is faster, although it compiles first.
_MOST_EAGER_BATCHES = 32


def predict_rows(estimator: Any, X: Any, arguments: Mapping[str, Any]) -> Any:
    """Check and encode the X of a fitted wrapper, and compute the network's outputs.

    Parameters
    ----------
    estimator : BaseWrapper
    X : array-like
        As the user gave it.
    arguments : mapping of str to object
        Arguments of ``keras.Model.predict`` for this call.

    Returns
    -------
    ndarray, or list or dict of ndarray
    """
    name = type(estimator).__name__
    check_is_table(X, name)
    X, _ = estimator._validate_data(X)
    held = estimator._held()
    model = held.similar
    check_can_predict(estimator, vars(estimator).get("_is_finite", True), lambda: rate_of(model))
    X = encoded_X(estimator, X)
    own = route_params(estimator._params(), "predict", also=estimator._predict_kwargs, nested=False)
    own = {n: v for n, v in own.items() if not n.startswith("callbacks")}
    every = {**own, **arguments}
    check_arguments("predict", every, name)
    given = flat_callbacks(every.pop("callbacks", None))
    return predict_held(held, X, every, [*estimator._predict_callbacks, *given])


def predict_held(
    held: HeldModel, X: Any, arguments: dict[str, Any], callbacks: Sequence[Any]
) -> np.ndarray | list[Any] | dict[str, Any]:
    """Compute a model's outputs for rows of X.

    Parameters
    ----------
    held : HeldModel
    X : array, or list or dict of arrays
    arguments : dict
        Arguments of ``keras.Model.predict``. A batch size of -1 is all rows.
    callbacks : sequence of keras.callbacks.Callback

    Returns
    -------
    ndarray, or list or dict of ndarray
    """
    n, (model, weights) = n_rows(X), held.similar_and_arrays()
    if arguments.get("batch_size") == -1:
        arguments = {**arguments, "batch_size": n}
    if callbacks or "steps" in arguments or _has_own_predict(model):
        with released_afterwards(callbacks):
            arguments = {**arguments, "callbacks": list(callbacks)}
            return _predict_with_keras(held.model(), X, arguments)
    if not (_holds_arrays(X) and predicts_rows_alone(model)):
        return _predict_in_batches_of_keras(held.model(), X, arguments)
    size = arguments.get("batch_size") or _PREDICT_ROWS
    if n > size:  # a few large blocks take less time than many small ones
        size = max(size, rows_at_once(model, X) if _is_large(X) else rows_in_cache(model))
    return outputs_in_blocks(model, X, size, weights)


def _holds_arrays(X: Any) -> bool:
    return all(isinstance(leaf, np.ndarray | LargeTable) for leaf in keras.tree.flatten(X))


def _is_large(X: Any) -> bool:
    return any(isinstance(leaf, LargeTable) for leaf in keras.tree.flatten(X))


class _Batches(keras.utils.PyDataset):
    """Batches of X for Keras, which would need a dense copy of a large table.

    Parameters
    ----------
    X : ndarray or LargeTable, or list or dict of these
    size : int
        Rows of a batch.
    """

    def __init__(self, X: Any, size: int) -> None:
        super().__init__()
        self._X, self._size = X, size

    def __len__(self) -> int:
        return -(-n_rows(self._X) // self._size)

    def __getitem__(self, index: int) -> tuple[Any]:
        rows = slice(index * self._size, (index + 1) * self._size)
        return (keras.tree.map_structure(lambda array: array[rows], self._X),)


def _predict_with_keras(model: Any, X: Any, arguments: dict[str, Any]) -> Any:
    """Predict with the model's own ``predict``."""
    if not _is_large(X):
        X = text_as_tensors(X)
    elif type(model).predict is keras.Model.predict:
        X = _Batches(X, arguments.get("batch_size") or 32)
    else:  # a predict of the user's class expects arrays
        X = as_arrays(X)
    return model.predict(X, **{"verbose": 0, **arguments})


def _has_own_predict(model: Any) -> bool:
    return any(
        getattr(type(model), name) is not getattr(keras.Model, name)
        for name in ("predict_step", "predict")
    )


def _predict_in_batches_of_keras(model: Any, X: Any, arguments: dict[str, Any]) -> Any:
    """Predict in the batches of Keras, because other rows of a batch may change a prediction."""
    n, size = n_rows(X), arguments.get("batch_size") or 32
    if n > _MOST_EAGER_BATCHES * size:
        return _predict_with_keras(model, X, arguments)
    starts = range(0, n, size)
    blocks = [keras.tree.map_structure(lambda a: a[i : i + size], X) for i in starts]  # noqa: B023
    pieces = [model(text_as_tensors(block), training=False) for block in blocks]
    return keras.tree.map_structure(lambda *outputs: joined(outputs, n), *pieces)

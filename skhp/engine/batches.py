"""Rows as a program holds them, and the batches that it takes from them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from skhp.engine.backends import tensorflow as backend


def batch_of(arrays: Any, n: Any, order: Any, start: Any, size: int, most: Any = None) -> Any:
    """One batch: X, y, weights, which rows are real (None for all), and how many are.

    Parameters
    ----------
    arrays : tuple
        X, y and weights. With an order, y and weights are already in that order.
    n : tensor
        Number of real rows.
    order : callable or None
        The epoch's order: takes where a slice starts and its length, and returns which rows of
        X these are. None to take the rows as they are.
    start : tensor
        Where the batch starts.
    size : int
    most : tensor or None
        The most real rows of the batch: the rows behind them are padding, as are rows beyond
        ``n``. None if all rows are real.
    """
    X, *others = arrays
    x = slice_rows(X, start, size) if order is None else take_rows(X, order(start, size))
    y, weight = slice_rows(others, start, size)
    if most is None:
        return x, y, weight, None, ops.convert_to_tensor(size, weight.dtype)
    n_real = ops.minimum(n - start, most)
    real = ops.cast(ops.arange(size, dtype="int32") < n_real, weight.dtype)
    return x, y, weight, real, ops.cast(n_real, weight.dtype)


def take_rows(arrays: Any, index: Any) -> Any:
    """Rows of each array, by their positions."""
    return keras.tree.map_structure(lambda array: backend.take_rows(array, index), arrays)


def slice_rows(arrays: Any, start: Any, size: int) -> Any:
    """Consecutive rows of each array."""

    def cut(array: Any) -> Any:
        return ops.slice(array, [start] + [0] * (len(array.shape) - 1), [size, *array.shape[1:]])

    return keras.tree.map_structure(cut, arrays)

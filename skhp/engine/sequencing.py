"""The order in which a program's operations run.

On a CPU, XLA starts an operation as soon as its inputs are ready. Operations that are ready at
the same time may run in other threads. In a small network, moving an operation to another thread
costs more than the operation, and takes a core from other threads that train. Only a data
dependency gives operations an order. XLA ignores control dependencies and barriers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops


def after_dependency(value: Any, other: Any) -> Any:
    """The same value, but computed only after another one.

    Parameters
    ----------
    value : tensor
    other : floating tensor with one element
    """
    never = other > float("inf")  # False for NaN too
    return ops.where(never, ops.zeros((), value.dtype), value)


def transposed_after(matrix: Any, other: Any) -> Any:
    """A transposed copy of a matrix, made only after another value is computed.

    XLA makes a transpose part of the product that reads it. But then it computes the product
    with Eigen, which takes up to a third longer. It does not move a transpose past a choice
    that differs from element to element, so the choice below keeps the copy.

    Parameters
    ----------
    matrix : tensor of shape (n, m)
    other : floating tensor with one element

    Returns
    -------
    tensor of shape (m, n)
    """
    n, m = matrix.shape
    is_first = np.zeros((m, n), bool)
    is_first[0, 0] = True
    never = ops.logical_and(is_first, other > float("inf"))
    return ops.where(never, ops.zeros((), matrix.dtype), ops.transpose(matrix))

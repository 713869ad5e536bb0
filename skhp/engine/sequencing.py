"""The order in which a program's operations run.

On a CPU, XLA starts an operation as soon as its inputs are ready. Operations that are ready at
the same time may run in other threads. In a small network, moving an operation to another thread
costs more than the operation, and takes a core from other threads that train. Only a data
dependency gives operations an order. XLA ignores control dependencies and barriers.
"""

from __future__ import annotations

from typing import Any

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

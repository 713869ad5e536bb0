"""The order in which a program's operations run.

XLA's runtime on a CPU starts an operation as soon as its inputs are there, and hands some of
what could run at the same time to other threads. In a small network a handover costs more
than the operation, and takes a core from other threads that train. Only data orders
operations: a control dependency or a barrier the runtime does not see.
"""

from __future__ import annotations

from typing import Any

from keras import ops


def after_dependency(value: Any, other: Any) -> Any:
    """A value that is there only once another is; its bits are the same.

    Parameters
    ----------
    value : tensor
    other : tensor of shape (), floating
    """
    never = other > float("inf")  # not even NaN is
    return ops.where(never, ops.zeros_like(value), value)

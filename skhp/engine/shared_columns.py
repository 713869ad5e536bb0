"""X for a program: with columns of zeros, so that tables of similar widths share a program.

Steps of a pipeline change the number of columns: a selection of features, the encoding of
categories that not every fold has. Each number would need a program of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skhp.engine import optimizer_settings as optimizers
from skhp.engine.large_table import LargeTable
from skhp.engine.plan import Rows, TrainingPlan


@dataclass(frozen=True, eq=False)
class WiderTable(LargeTable):
    """The rows of a large table, with columns of zeros at the right.

    Parameters
    ----------
    table, dtype, chosen
        As in `LargeTable`.
    width : int
        The number of columns that it has.

    Examples
    --------
    >>> import numpy as np
    >>> WiderTable(np.ones((2, 3)), np.dtype("float32"), width=4)[:]
    array([[1., 1., 1., 0.],
           [1., 1., 1., 0.]], dtype=float32)
    """

    width: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows and of columns."""
        return (len(self), self.width)

    def _is_in_memory(self) -> bool:
        return False

    def _copy_step(self, out: np.ndarray, numbers: np.ndarray) -> None:
        given = np.empty((len(numbers), self.table.shape[1]), self.dtype)
        super()._copy_step(given, numbers)
        out[:, : given.shape[1]] = given
        out[:, given.shape[1] :] = 0


def with_shared_columns(plan: TrainingPlan, rows: Rows) -> Rows:
    """The rows with as many columns of X as the plan's program takes.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    """
    X = rows.X
    if not optimizers.is_elementwise(plan.optimizer.value) or not hasattr(X, "shape"):
        return rows
    given = X.shape[-1]
    width = plan.network.program_columns(given)
    if width == given:
        return rows
    if isinstance(X, LargeTable):
        return replace(rows, X=WiderTable(X.table, X.dtype, X.chosen, width))
    wider = np.zeros((len(X), width), X.dtype)
    wider[:, :given] = X
    return replace(rows, X=wider)

"""Rows of a sparse table for a program, as the entries of each row.

A network whose first product takes such rows needs time for the entries that are stored, and
none for the zeros. It rounds sums in another order than the product of a dense matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skhp.engine.check import has_own_code
from skhp.engine.large_table import CELLS_OF_AN_ENTRY, LargeTable
from skhp.engine.plan import Rows, TrainingPlan

# The most numbers in the products of a batch's entries, which the program holds at once.
_MOST_PRODUCTS = 2**24


@dataclass(frozen=True, eq=False)
class EntriesOfRows(LargeTable):
    """The column numbers or the values of the entries in rows of a CSR matrix.

    Shorter rows are padded with zeros, which change no product.

    Parameters
    ----------
    table : CSR matrix of shape (n, n_features)
    dtype : dtype
    chosen : ndarray of int, optional
        Which rows of the table these are; None for all.
    attribute : {"indices", "data"}
        What it gives: column numbers, or values.
    width : int
        The number of entries that a row is padded to.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> table = sparse.csr_array([[0, 5, 0], [1, 0, 2]])
    >>> EntriesOfRows(table, np.dtype("int32"), attribute="indices", width=2)[:]
    array([[1, 0],
           [0, 2]], dtype=int32)
    >>> EntriesOfRows(table, np.dtype("float32"), attribute="data", width=2)[:]
    array([[5., 0.],
           [1., 2.]], dtype=float32)
    """

    attribute: str = "data"
    width: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and the number of entries of each."""
        return (len(self), self.width)

    def _copy_step(self, out: np.ndarray, numbers: np.ndarray) -> None:
        rows = self.table[numbers]
        n_entries = np.diff(rows.indptr)
        row = np.repeat(np.arange(len(numbers)), n_entries)
        place = np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], n_entries)
        out[...] = 0
        out[row, place] = getattr(rows, self.attribute)


def with_entries(plan: TrainingPlan, rows: Rows) -> Rows:
    """The rows as a program takes them: with the entries of a sparse X, if that is faster.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows

    Returns
    -------
    Rows
        Its X is ``(column numbers, values)`` or, if that is not faster, as it was.
    """
    X = rows.X
    if not (isinstance(X, LargeTable) and X.has_few_entries()):
        return rows
    width = _padded_width(X.table)
    n_products = plan.batch_size * width * plan.network.units_of_first_product()
    is_faster = width * CELLS_OF_AN_ENTRY <= X.shape[1] and 0 < n_products <= _MOST_PRODUCTS
    if not is_faster or has_own_code(plan):  # the check of own code compares dense rows
        return rows

    def entries(attribute: str, dtype: Any) -> EntriesOfRows:
        return EntriesOfRows(X.table, np.dtype(dtype), X.chosen, attribute, width)

    return replace(rows, X=(entries("indices", "int32"), entries("data", X.dtype)))


def _padded_width(table: Any) -> int:
    """The most entries of a row, rounded up to one of few widths, so that folds share programs."""
    most = max(1, int(np.diff(table.indptr).max(initial=0)))
    step = 2 ** max(0, most.bit_length() - 3)
    return -(-most // step) * step

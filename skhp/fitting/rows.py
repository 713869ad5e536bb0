"""Rows on their way from the checks of an estimator to training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skhp.engine.large_table import LargeTable, part_of


@dataclass(frozen=True)
class CheckedRows:
    """Rows that an estimator has checked. Nothing checks them again.

    Parameters
    ----------
    X : ndarray or LargeTable of shape (n, ...)
    y : ndarray of shape (n,) or (n, n_columns)
        Class numbers, label columns or values.
    weight : ndarray of shape (n,)
        How much each row counts.

    Examples
    --------
    >>> import numpy as np
    >>> rows = CheckedRows(np.eye(3), np.arange(3), np.array([1.0, 0.0, 2.0]))
    >>> len(rows), rows.part(np.array([0, 2])).weight
    (3, array([1., 2.]))
    """

    X: np.ndarray | LargeTable
    y: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.X)

    def part(self, which: np.ndarray) -> CheckedRows:
        """Some of the rows.

        Parameters
        ----------
        which : ndarray
            Row numbers, or one bool per row.
        """
        return CheckedRows(part_of(self.X, which), self.y[which], self.weight[which])

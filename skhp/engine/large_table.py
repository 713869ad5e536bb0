"""Tables that are too large to copy: their rows are taken in blocks.

A table of up to two blocks is held as a dense array of Keras's float type. A larger table is not
copied as a whole: its rows become dense, and get that type, block by block.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

# Bytes of a block. Training holds two of them: one that trains, and the next one. A larger
# block does not fit in a processor's cache.
BLOCK_BYTES = 2**24

# Bytes that are copied at once. Sparse rows and rows of another type need a second copy.
_STEP_BYTES = 2**22

# In a product, an entry of a sparse row takes as long as this number of cells of a dense row.
CELLS_OF_AN_ENTRY = 32

# Bytes of a file that a process maps before it gives the pages back. Pages that stay mapped
# count as memory of the process. Reading a row maps up to 2 MB around it, too.
_MAPPED_BYTES, _BYTES_AROUND = 2**29, 2**21


@dataclass(frozen=True, eq=False)
class LargeTable:
    """The rows of a large table. Indexing it gives a dense array.

    Parameters
    ----------
    table : ndarray of shape (n, ...), or CSR matrix of shape (n, n_features)
    dtype : dtype
        The type of the rows that it returns.
    chosen : ndarray of int, optional
        Which rows of the table these are; None for all.

    Examples
    --------
    >>> import numpy as np
    >>> rows = LargeTable(np.arange(6.0).reshape(3, 2), np.dtype("float32"))
    >>> rows.part(np.array([0, 2]))[1:]
    array([[4., 5.]], dtype=float32)
    """

    table: Any
    dtype: np.dtype
    chosen: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and the shape of a row."""
        return (len(self), *self.table.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.table.ndim

    def __len__(self) -> int:
        return self.table.shape[0] if self.chosen is None else len(self.chosen)

    def part(self, which: Any) -> LargeTable:
        """Some of the rows, which are not copied.

        Parameters
        ----------
        which : slice, or ndarray of int or bool
        """
        return replace(self, chosen=self._numbers(which))

    def _numbers(self, which: Any) -> np.ndarray:
        """Row numbers of the table."""
        if isinstance(which, slice):
            which = np.arange(*which.indices(len(self)))
        elif which.dtype == bool:
            which = np.flatnonzero(which)
        return which if self.chosen is None else self.chosen[which]

    def has_few_entries(self) -> bool:
        """Whether products with the entries of a sparse table take less time than dense ones."""
        n_cells = math.prod(self.table.shape)
        return sparse.issparse(self.table) and self.table.nnz * CELLS_OF_AN_ENTRY <= n_cells

    def column(self, number: int) -> LargeTable:
        """One column of an array, as a table that is not copied."""
        return replace(self, table=self.table[:, number : number + 1])

    def __getitem__(self, which: Any) -> np.ndarray:
        if isinstance(which, slice) and self.chosen is None and self._is_in_memory():
            return self.table[which]
        numbers = self._numbers(which)
        out = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        self._copy(numbers, out)
        return out

    def _is_in_memory(self) -> bool:
        """Whether the rows need no conversion, and are not mapped from a large file."""
        is_array = isinstance(self.table, np.ndarray) and self.table.dtype == self.dtype
        return is_array and _large_file(self.table) is None

    def copy_rows(self, which: Any, out: np.ndarray) -> None:
        """As the function `copy_rows`."""
        self._copy(self._numbers(which), out)

    def _copy(self, numbers: np.ndarray, out: np.ndarray) -> None:
        file = _large_file(self.table)
        size = bytes_of_a_row(self)
        step = max(1, _STEP_BYTES // max(1, size))
        if file is not None:
            step = max(1, min(step, _MAPPED_BYTES // (size + _BYTES_AROUND)))
        for start in range(0, len(numbers), step):
            some = numbers[start : start + step]
            self._copy_step(out[start : start + len(some)], some)
            if file is not None:  # its pages are read again when they are needed
                file.madvise(mmap.MADV_DONTNEED)

    def _copy_step(self, out: np.ndarray, numbers: np.ndarray) -> None:
        _copier(self)(out, self.table, numbers)


def large_table(X: Any, dtype: Any) -> LargeTable:
    """A large array or sparse matrix as a `LargeTable`.

    Parameters
    ----------
    X : ndarray or sparse matrix
        A mapped file in Fortran order is copied: to read some of its rows, the system would
        read the whole file.
    dtype : dtype
    """
    if sparse.issparse(X):
        X = X.tocsr().astype(dtype, copy=False)
    elif X.flags.fnc and _large_file(X) is not None:
        X = np.ascontiguousarray(X, dtype)
    return LargeTable(X, np.dtype(dtype))


def is_large(X: Any, dtype: Any) -> bool:
    """Whether an array or sparse matrix takes more than two blocks as a dense array.

    Parameters
    ----------
    X : object
        Any other object is not large.
    dtype : dtype
        Of the dense array.
    """
    is_table = isinstance(X, np.ndarray) or sparse.issparse(X)
    return is_table and is_large_shape(X.shape, X.dtype, dtype)


def is_large_shape(shape: tuple[int, ...], stored: np.dtype, dtype: Any) -> bool:
    """Whether numbers take more than two blocks as a dense array.

    Parameters
    ----------
    shape : tuple of int
    stored : dtype
        In which they are stored. Only numbers can be large.
    dtype : dtype
        Of the dense array.
    """
    return stored.kind in "fiub" and (math.prod(shape) * np.dtype(dtype).itemsize > 2 * BLOCK_BYTES)


def part_of(array: Any, which: Any) -> Any:
    """Some rows of an array, or of a `LargeTable`, which is not copied.

    Parameters
    ----------
    array : ndarray or LargeTable
    which : slice, or ndarray of int or bool
    """
    return array.part(which) if isinstance(array, LargeTable) else array[which]


def as_arrays(tables: Any) -> Any:
    """Large tables as dense arrays, for code that does not take blocks.

    Parameters
    ----------
    tables : array, LargeTable or other object, or list, tuple or dict of these
    """
    if isinstance(tables, dict):
        return {name: as_arrays(table) for name, table in tables.items()}
    if isinstance(tables, list | tuple):
        return type(tables)(map(as_arrays, tables))
    return tables[:] if isinstance(tables, LargeTable) else tables


def copy_rows(rows: Any, which: Any, out: np.ndarray) -> None:
    """Copy some rows to the first rows of an array.

    Parameters
    ----------
    rows : ndarray or LargeTable
    which : slice, or ndarray of int or bool
    out : ndarray
        C-contiguous, of the type of the rows.
    """
    if isinstance(rows, LargeTable):
        rows.copy_rows(which, out)
        return
    some = rows[which]
    out[: len(some)] = some


def slices(table: Any) -> Iterator[slice]:
    """Yield slices of consecutive rows, each of about a block.

    Parameters
    ----------
    table : ndarray or LargeTable
    """
    size = max(1, BLOCK_BYTES // max(1, bytes_of_a_row(table)))
    for start in range(0, len(table), size):
        yield slice(start, min(start + size, len(table)))


def stored_bytes(array: np.ndarray) -> Iterator[memoryview]:
    """Yield the bytes of an array in parts of about a block, in the order of the memory.

    An array in C or Fortran order is not copied for it.

    Parameters
    ----------
    array : ndarray
        Numbers or text.
    """
    file = _large_file(array)
    stored = array.T if array.flags.fnc else np.atleast_1d(array)
    for some in slices(stored):
        yield np.ascontiguousarray(stored[some]).reshape(-1).view(np.uint8).data
        if file is not None:
            file.madvise(mmap.MADV_DONTNEED)


def bytes_of_a_row(table: Any) -> int:
    """Bytes of one dense row.

    Parameters
    ----------
    table : ndarray or LargeTable
    """
    return math.prod(table.shape[1:]) * table.dtype.itemsize


def rows_of_a_block(n_bytes: int, batch_size: int) -> int:
    """How many rows a block of training has: whole batches, at least two.

    Parameters
    ----------
    n_bytes : int
        Bytes of a row.
    batch_size : int
    """
    return max(2, BLOCK_BYTES // max(1, n_bytes * batch_size)) * batch_size


def _copier(rows: LargeTable) -> Callable[[np.ndarray, Any, np.ndarray], None]:
    if sparse.issparse(rows.table):
        return _copy_sparse
    is_plain = rows.table.flags.c_contiguous and rows.table.dtype == rows.dtype
    return _copy_plain if is_plain else _copy_converted


def _copy_sparse(out: np.ndarray, table: Any, numbers: np.ndarray) -> None:
    table[numbers].toarray(out=out)


def _copy_plain(out: np.ndarray, table: np.ndarray, numbers: np.ndarray) -> None:
    # With another mode, NumPy would fill a copy of `out` first.
    np.take(table, numbers, axis=0, out=out, mode="clip")


def _copy_converted(out: np.ndarray, table: np.ndarray, numbers: np.ndarray) -> None:
    with np.errstate(over="ignore"):  # an error names the numbers that are too large
        out[...] = table[numbers]


def _large_file(table: Any) -> mmap.mmap | None:
    """The file that an array is mapped to, if its pages should be given back."""
    while isinstance(table, np.ndarray):
        if isinstance(table.base, mmap.mmap):
            # In mode "c", pages hold changes that no file has.
            is_safe = isinstance(table, np.memmap) and table.mode != "c"
            is_large = table.nbytes > 2 * _MAPPED_BYTES and hasattr(mmap, "MADV_DONTNEED")
            return table.base if is_safe and is_large else None
        table = table.base
    return None

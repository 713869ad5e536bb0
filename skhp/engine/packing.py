"""Weights as a program holds them: filled up to its layout, the small ones end to end.

An optimizer that treats every number alike updates one vector in a few operations, and each
array apart in as many again; each operation costs a program a tenth of a microsecond a
step, and a hundredth of a second to compile. Taking a large array out of the vector at each
step, and its gradient back in, would cost more than that.

Layouts say what may join. An array whose gradient is a sum over the batch must not where
`are_large` holds: XLA works such a sum out within the operation that joins the gradients,
and may do so anew for each number of the vector, in thirty times the time of a step.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from skhp.engine.plan import Arrays

Shapes = list[tuple[int, ...]]

# The most numbers of an array that stands in the vector, and of those beside which sums do.
_SMALL, _BESIDE_SUMS = 2**14, 2**12


class Packing:
    """How arrays of a layout stand in a program.

    Parameters
    ----------
    shapes : list of tuple of int
        Of the layout.
    joinable : callable
        Whether an array of a shape may stand end to end with others, behind the rest.
    """

    def __init__(self, shapes: Shapes, joinable: Callable[[tuple[int, ...]], bool]) -> None:
        self.shapes = shapes
        sizes = [math.prod(shape) for shape in shapes]
        small = [i for i, size in enumerate(sizes) if size <= _SMALL and joinable(shapes[i])]
        self._small = small if len(small) > 1 else []
        self._large = [i for i in range(len(shapes)) if i not in self._small]
        self._ends = list(itertools.accumulate(sizes[i] for i in self._small))

    @property
    def packed_shapes(self) -> Shapes:
        """Shapes of what the program holds."""
        if not self._small:
            return self.shapes
        return [*_of(self._large, self.shapes), (self._ends[-1],)]

    def split(self, packed: list[Any], reshape: Any = ops.reshape) -> list[Any]:
        """Tensors of the layout's shapes from packed ones; arrays, with NumPy's reshape."""
        if not self._small:
            return list(packed)
        *large, joined = packed
        pieces: list[Any] = [None] * len(self.shapes)
        for place, tensor in zip(self._large, large, strict=True):
            pieces[place] = tensor
        start = 0
        for place, end in zip(self._small, self._ends, strict=True):
            pieces[place] = reshape(joined[start:end], self.shapes[place])
            start = end
        return pieces

    def join(self, tensors: list[Any]) -> list[Any]:
        """Packed tensors from tensors of the layout's shapes."""
        if not self._small:
            return list(tensors)
        vectors = [ops.reshape(tensor, (-1,)) for tensor in _of(self._small, tensors)]
        return [*_of(self._large, tensors), ops.concatenate(vectors)]

    def pack(self, arrays: Arrays, fill: Arrays) -> Arrays:
        """Packed arrays from smaller or equal ones; the rest as in ``fill``, packed too."""
        packed = [np.array(array) for array in fill]
        for piece, array in zip(self.split(packed, np.reshape), arrays, strict=True):
            piece[_corner_of(array.shape)] = array
        return packed

    def unpack(self, packed: Arrays, shapes: Shapes) -> Arrays:
        """Arrays of smaller or equal shapes from packed ones."""
        pairs = zip(self.split(packed, np.reshape), shapes, strict=True)
        return [corner(array, shape) for array, shape in pairs]


def are_large(shapes: Shapes) -> bool:
    """Whether sums over a batch had better not be joined with gradients of these shapes."""
    return any(math.prod(shape) > _BESIDE_SUMS for shape in shapes)


def none_joinable(shape: tuple[int, ...]) -> bool:
    """That no array may join."""
    return False


def _of(places: list[int], items: list[Any]) -> list[Any]:
    return [items[i] for i in places]


def into_corner(array: np.ndarray, around: np.ndarray) -> np.ndarray:
    """An array with another of the same dimensions around it."""
    large = np.array(around)
    large[_corner_of(np.shape(array))] = array
    return large


def corner(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The corner of an array that holds its first entries, of a shape."""
    return np.array(array[_corner_of(shape)])


def _corner_of(shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(0, n) for n in shape)

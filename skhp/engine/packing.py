"""Weights as a program holds them: padded to its layout, and the small ones in one vector.

An optimizer that treats all weights alike needs a few operations for each array. Each operation
takes a tenth of a microsecond in each step, and a hundredth of a second to compile. So small arrays
are packed into one vector, which needs a few operations in all. Large arrays are not packed: taking
them out of the vector at each step, and putting their gradients back, would take longer.

A layout says which arrays may be packed. If `are_large` is true and XLA compiles the program, an
array whose gradient is a sum over the batch must not be packed: XLA may compute that sum again for
each element of the vector, and a step then takes thirty times as long.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from skhp.engine.backends import tensorflow as backend
from skhp.engine.plan import Arrays

Shapes = list[tuple[int, ...]]

# The most elements of an array that is packed.
_SMALL = 2**14

# With an array of more elements, gradients that are sums over a batch must not be packed.
_MOST_BESIDE_SUMS = 2**12


class Packing:
    """How a program holds the arrays of a layout.

    Parameters
    ----------
    shapes : list of tuple of int
        The shapes of the layout.
    joinable : callable
        Whether an array of a shape may be part of the vector.
    """

    def __init__(self, shapes: Shapes, joinable: Callable[[tuple[int, ...]], bool]) -> None:
        self.shapes = shapes
        sizes = [math.prod(shape) for shape in shapes]
        small = [i for i, size in enumerate(sizes) if size <= _SMALL and joinable(shapes[i])]
        self._small = small if len(small) > 1 else []
        self._large = [i for i in range(len(shapes)) if i not in self._small]
        self._sizes = [sizes[i] for i in self._small]

    @property
    def packed_shapes(self) -> Shapes:
        """Shapes of what the program holds."""
        if not self._small:
            return self.shapes
        return [*_of(self._large, self.shapes), (sum(self._sizes),)]

    def split(self, packed: list[Any]) -> list[Any]:
        """Tensors of the layout's shapes from packed ones."""
        return self._unpacked(packed, backend.split, _reshaped)

    def _unpacked(
        self, packed: list[Any], split: Callable[..., list[Any]], reshape: Callable[..., Any]
    ) -> list[Any]:
        if not self._small:
            return list(packed)
        *large, joined = packed
        pieces: list[Any] = [None] * len(self.shapes)
        for place, tensor in zip(self._large, large, strict=True):
            pieces[place] = tensor
        for place, piece in zip(self._small, split(joined, self._sizes), strict=True):
            pieces[place] = reshape(piece, self.shapes[place])
        return pieces

    def join(self, tensors: list[Any]) -> list[Any]:
        """Packed tensors from tensors of the layout's shapes."""
        if not self._small:
            return list(tensors)
        vectors = [_reshaped(t, (math.prod(t.shape),)) for t in _of(self._small, tensors)]
        return [*_of(self._large, tensors), ops.concatenate(vectors)]

    def pack(self, arrays: Arrays, fill: Arrays) -> Arrays:
        """Packed arrays from arrays of the layout's shapes or smaller.

        The other elements are those of ``fill``, which is packed too.
        """
        packed = [np.array(array) for array in fill]
        for piece, array in zip(self._unpacked(packed, _parts, np.reshape), arrays, strict=True):
            piece[_corner_of(array.shape)] = array
        return packed

    def unpack(self, packed: Arrays, shapes: Shapes) -> Arrays:
        """Arrays of these shapes, which are at most the layout's, from packed ones."""
        pairs = zip(self._unpacked(packed, _parts, np.reshape), shapes, strict=True)
        return [corner(array, shape) for array, shape in pairs]


def are_large(shapes: Shapes) -> bool:
    """Whether sums over a batch must not be packed with gradients of these shapes."""
    return any(math.prod(shape) > _MOST_BESIDE_SUMS for shape in shapes)


def none_joinable(shape: tuple[int, ...]) -> bool:
    """Return False: no array may be packed."""
    return False


def _parts(vector: np.ndarray, sizes: list[int]) -> Arrays:
    """Parts of a vector, without a copy."""
    ends = itertools.accumulate(sizes)
    return [vector[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _reshaped(tensor: Any, shape: tuple[int, ...]) -> Any:
    # Each operation takes a third of a millisecond to trace.
    return tensor if tuple(tensor.shape) == shape else ops.reshape(tensor, shape)


def _of(places: list[int], items: list[Any]) -> list[Any]:
    return [items[i] for i in places]


def into_corner(array: np.ndarray, around: np.ndarray) -> np.ndarray:
    """A copy of ``around`` whose first entries in each dimension are those of an array."""
    large = np.array(around)
    large[_corner_of(np.shape(array))] = array
    return large


def corner(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The first entries of an array in each dimension, as many as a shape says."""
    return np.array(array[_corner_of(shape)])


def _corner_of(shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(0, n) for n in shape)

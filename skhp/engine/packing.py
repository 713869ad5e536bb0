"""Weights as a program holds them: filled up to its layout, the vectors end to end.

An optimizer that treats every number alike runs faster over one vector than over a
dozen biases, and compiles faster. (Kernels stay as they are: joining them up costs more
than it saves.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from skhp.engine.plan import Arrays

Shapes = list[tuple[int, ...]]


@dataclass(frozen=True)
class Packing:
    """How arrays of a layout stand in a program.

    Parameters
    ----------
    shapes : list of tuple of int
        Of the layout.
    joined : bool
        Whether those of one dimension stand end to end, behind the others.
    """

    shapes: Shapes
    joined: bool

    @property
    def packed_shapes(self) -> Shapes:
        """Shapes of what the program holds."""
        if not self._vectors():
            return self.shapes
        return [*self._of(self._others(), self.shapes), (sum(self._lengths()),)]

    def split(self, packed: list[Any]) -> list[Any]:
        """Tensors (or arrays) of the layout's shapes from packed ones."""
        if not self._vectors():
            return list(packed)
        *others, joined = packed
        ends = np.cumsum(self._lengths()).tolist()
        pieces = [
            joined[end - length : end] for length, end in zip(self._lengths(), ends, strict=True)
        ]
        places = [*self._others(), *self._vectors()]
        return [
            piece for _, piece in sorted(zip(places, [*others, *pieces], strict=True), key=_place)
        ]

    def join(self, tensors: list[Any]) -> list[Any]:
        """Packed tensors from tensors of the layout's shapes."""
        if not self._vectors():
            return list(tensors)
        vectors = ops.concatenate(self._of(self._vectors(), tensors))
        return [*self._of(self._others(), tensors), vectors]

    def pack(self, arrays: Arrays, fill: Arrays) -> Arrays:
        """Packed arrays from smaller or equal ones; the rest as in ``fill``, packed too."""
        pairs = zip(arrays, self.split(fill), strict=True)
        large = [into_corner(array, around) for array, around in pairs]
        if not self._vectors():
            return large
        vectors = np.concatenate(self._of(self._vectors(), large))
        return [*self._of(self._others(), large), vectors]

    def unpack(self, packed: Arrays, shapes: Shapes) -> Arrays:
        """Arrays of smaller or equal shapes from packed ones."""
        pairs = zip(self.split(packed), shapes, strict=True)
        return [corner(array, shape) for array, shape in pairs]

    def _vectors(self) -> list[int]:
        places = [i for i, shape in enumerate(self.shapes) if len(shape) == 1]
        return places if self.joined and len(places) > 1 else []

    def _others(self) -> list[int]:
        return [i for i in range(len(self.shapes)) if i not in self._vectors()]

    def _lengths(self) -> list[int]:
        return [self.shapes[i][0] for i in self._vectors()]

    @staticmethod
    def _of(places: list[int], items: list[Any]) -> list[Any]:
        return [items[i] for i in places]


def into_corner(array: np.ndarray, around: np.ndarray) -> np.ndarray:
    """An array with another of the same dimensions around it."""
    large = np.array(around)
    large[tuple(slice(0, n) for n in np.shape(array))] = array
    return large


def corner(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The corner of an array that holds its first entries, of a shape."""
    return np.array(array[tuple(slice(0, n) for n in shape)])


def _place(pair: tuple[int, Any]) -> int:
    return pair[0]

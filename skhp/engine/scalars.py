"""Scalars that are data to a program, packed in one vector for each type.

Each tensor that a call takes costs some twenty microseconds of Python. The fit of a small network
takes only a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from skhp.engine.plan import Arrays


class ScalarTable:
    """The position of each scalar in its vector.

    Parameters
    ----------
    examples : mapping of str to ndarray
        Scalars or small arrays, by their names.

    Examples
    --------
    >>> import numpy as np
    >>> table = ScalarTable({"rate": np.float32(0), "widths": np.zeros(2, "int32")})
    >>> table.pack({"rate": np.float32(0.5), "widths": np.array([3, 4], "int32")})
    [array([0.5], dtype=float32), array([3, 4], dtype=int32)]
    """

    def __init__(self, examples: Mapping[str, np.ndarray]) -> None:
        self._shapes = {name: np.shape(value) for name, value in examples.items()}
        self._groups: dict[str, list[str]] = {}
        for name, value in examples.items():
            self._groups.setdefault(np.asarray(value).dtype.name, []).append(name)

    def pack(self, scalars: Mapping[str, np.ndarray]) -> Arrays:
        """One vector for each type."""
        return [
            np.concatenate([np.ravel(scalars[name]) for name in names])
            for names in self._groups.values()
        ]

    def unpack(self, vectors: list[Any]) -> dict[str, Any]:
        """Tensors by their names, from vectors."""
        scalars = {}
        for vector, names in zip(vectors, self._groups.values(), strict=True):
            end = 0
            for name in names:
                start, end = end, end + int(np.prod(self._shapes[name]))
                scalars[name] = ops.reshape(vector[start:end], self._shapes[name])
        return scalars

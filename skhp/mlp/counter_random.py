"""Random numbers by counter: a hash of seed, step and place, cheap inside a compiled loop.

Dropout asks for a number for every unit of every row at every step. The generators that
the backends offer (Philox, ThreeFry) are loops to XLA's CPU compiler and took many times
as long as the network around them; a hash of the number's place is a few integer
operations that are fused with what uses it. It depends on nothing but its arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

# C. Wellons, "Prospecting for hash functions" (2018): lowbias32, a bijection of 32-bit
# integers in which each input bit changes each output bit about half of the time.
_SHIFTS_AND_FACTORS = ((16, 0x7FEB352D), (15, 0x846CA68B))
_LAST_SHIFT = 16

_GOLDEN_RATIO = 0x9E3779B9  # keeps step 0 away from the hash of 0, which is 0


def uniform(shape: tuple[int, ...], seed: Any, step: Any) -> Any:
    """Float32 numbers from 0 up to, not including, 1.

    Parameters
    ----------
    shape : tuple of int
    seed, step : int tensor
        The same two give the same numbers; another step gives numbers of its own.
    """
    place = ops.cast(ops.reshape(ops.arange(int(np.prod(shape)), dtype="int32"), shape), "uint32")
    key = _hash(ops.cast(step, "uint32") + _constant(_GOLDEN_RATIO))
    bits = _hash(place + _hash(ops.cast(seed, "uint32")))
    bits = _hash(ops.bitwise_xor(bits, key))
    # 24 bits are what a float32 holds exactly.
    return ops.cast(ops.right_shift(bits, _constant(8)), "float32") * np.float32(2.0**-24)


def _hash(x: Any) -> Any:
    for shift, factor in _SHIFTS_AND_FACTORS:
        x = ops.bitwise_xor(x, ops.right_shift(x, _constant(shift))) * _constant(factor)
    return ops.bitwise_xor(x, ops.right_shift(x, _constant(_LAST_SHIFT)))


def _constant(value: int) -> Any:
    return ops.convert_to_tensor(np.uint32(value))

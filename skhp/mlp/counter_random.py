"""Counter-based random numbers: a hash of seed, step and position, cheap in a compiled loop.

Dropout needs a number for every unit of every row at every step. XLA compiles the backends'
own generators (Philox, ThreeFry) to loops on a CPU, which took many times as long as the
network itself. A hash of the position is a few integer operations, which XLA fuses with the
code that uses them. The result depends only on the arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

# C. Wellons, "Prospecting for hash functions" (2018): lowbias32, a bijection of 32-bit
# integers in which each input bit changes each output bit about half of the time.
_SHIFTS_AND_FACTORS = (16, 0x7FEB352D, 15, 0x846CA68B)  # the last shift is the first one again

_GOLDEN_RATIO = 0x9E3779B9  # added to the step, because the hash of 0 is 0


def uniform(shape: tuple[int, ...], seed: Any, step: Any) -> Any:
    """Float32 numbers from 0 to 1, without 1.

    Parameters
    ----------
    shape : tuple of int
    seed, step : int tensor
        The same seed and step give the same numbers.
    """
    place = ops.cast(ops.reshape(ops.arange(int(np.prod(shape)), dtype="int32"), shape), "uint32")
    constants = [_constant(value) for value in _SHIFTS_AND_FACTORS]
    key = _hash(ops.cast(step, "uint32") + _constant(_GOLDEN_RATIO), constants)
    bits = _hash(place + _hash(ops.cast(seed, "uint32"), constants), constants)
    bits = _hash(ops.bitwise_xor(bits, key), constants)
    # A float32 holds 24 bits exactly.
    return ops.cast(ops.right_shift(bits, _constant(8)), "float32") * np.float32(2.0**-24)


def _hash(x: Any, constants: list[Any]) -> Any:
    first_shift, first_factor, second_shift, second_factor = constants
    x = ops.bitwise_xor(x, ops.right_shift(x, first_shift)) * first_factor
    x = ops.bitwise_xor(x, ops.right_shift(x, second_shift)) * second_factor
    return ops.bitwise_xor(x, ops.right_shift(x, first_shift))


def _constant(value: int) -> Any:
    return ops.convert_to_tensor(np.uint32(value))

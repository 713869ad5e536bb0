"""Sizes that programs are compiled for, so that near widths and batch sizes share a program."""

from __future__ import annotations

from collections.abc import Sequence

# Layers are compiled as wide as the least of these that holds them, and masked, so that the
# grid [40, 48, 64] is one program: a program costs about a second, a wider layer microseconds
# a step. Layers that are wider still are compiled as they are.
SHARED_WIDTHS = (32, 64, 128, 256)

# The numbers of hidden layers for which the smallest size pays. One layer costs little in a larger
# size. Networks of four layers are rarely so narrow, and a random search over depths and widths
# should not need more than about 12 programs.
_DEPTHS_WITH_SMALLEST = (2, 3)

# Small batches are filled up to these sizes with rows of weight 0.
SHARED_BATCH_SIZES = (4, 8, 16, 32)

# Tables of few columns are filled up to these with columns of zeros.
SHARED_COLUMNS = (8, 16, 32, 64, 128)


def shared_size(size: int, sizes: Sequence[int]) -> int:
    """The least of some sizes that holds a size; the size itself if none does.

    Parameters
    ----------
    size : int
    sizes : sequence of int
        In ascending order.

    Examples
    --------
    >>> shared_size(40, (32, 64)), shared_size(70, (32, 64))
    (64, 70)
    """
    return next((larger for larger in sizes if larger >= size), size)


def shared_widths(widths: Sequence[int]) -> tuple[int, ...]:
    """The widths that a network's layers are compiled with.

    Parameters
    ----------
    widths : sequence of int
        Of all hidden layers.

    Examples
    --------
    >>> shared_widths((16,)), shared_widths((16, 100)), shared_widths((300, 100, 16, 16))
    ((64,), (32, 128), (300, 128, 64, 64))
    """
    sizes = SHARED_WIDTHS if len(widths) in _DEPTHS_WITH_SMALLEST else SHARED_WIDTHS[1:]
    return tuple(shared_size(width, sizes) for width in widths)

"""Sizes that programs are compiled for, so that similar widths and batch sizes share a program."""

from __future__ import annotations

from collections.abc import Sequence

# A layer is compiled with the smallest of these sizes that is large enough, and its unused units
# are masked. So the grid [40, 48, 64] needs one program: a program takes about a second to make,
# and a wider layer takes microseconds more in each step. Larger layers keep their own size.
SHARED_WIDTHS = (32, 64, 128, 256)

# The most hidden layers for which the smallest size is used: it takes a third less time in a step
# than the next one. Networks of more layers are rarely so narrow, and a random search over depths
# and widths should not need more than about 12 programs.
_MOST_LAYERS_WITH_SMALLEST = 3

# Small batches are filled up to these sizes with rows of weight 0.
SHARED_BATCH_SIZES = (4, 8, 16, 32)

# Tables of few columns are filled up to these with columns of zeros.
SHARED_COLUMNS = (8, 16, 32, 64, 128)


def shared_size(size: int, sizes: Sequence[int]) -> int:
    """The smallest of some sizes that is large enough; the size itself if none is.

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
        The widths of all hidden layers.

    Examples
    --------
    >>> shared_widths((16,)), shared_widths((16, 100)), shared_widths((300, 100, 16, 16))
    ((32,), (32, 128), (300, 128, 64, 64))
    """
    has_few_layers = len(widths) <= _MOST_LAYERS_WITH_SMALLEST
    sizes = SHARED_WIDTHS if has_few_layers else SHARED_WIDTHS[1:]
    return tuple(shared_size(width, sizes) for width in widths)

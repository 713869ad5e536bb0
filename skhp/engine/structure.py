"""What a program is made for."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.engine.plan import Rows


@dataclass(frozen=True)
class Structure:
    """All that changes what a program computes; equal structures share programs.

    Parameters
    ----------
    engine : {"compiled", "graph"}
        How the program runs; see `skhp.engine.engine_choice`.
    is_parallel : bool
        Whether operations of a graph may run at the same time.
    layout : MLPLayout or ModelLayout
        The network's arrays.
    optimizer, loss, metrics : hashable
        Tokens of what they compute.
    batch_size : int
    rows, validation_rows : str or None
        Shapes and types of the training and validation rows (see `kind_of`); None for no
        validation.
    tails : tuple of int or None
        Sizes of the last partial batches of training and validation rows. None if the
        last batch is padded.
    floatx : str
    keras_settings : tuple
        Other settings of Keras that layers and losses read.
    weighted : bool
        Whether rows have weights. Padding rows have weight 0.
    blocks : tuple of int or None
        Rows in a block of training and of validation rows. None if the program holds all
        rows.
    """

    engine: str
    is_parallel: bool
    layout: Any
    optimizer: Hashable
    loss: Hashable
    metrics: Hashable
    batch_size: int
    rows: str
    validation_rows: str | None
    tails: tuple[int, int] | None
    floatx: str
    keras_settings: tuple[Any, ...]
    weighted: bool
    blocks: tuple[int, int] | None = None


def kind_of(rows: Rows) -> str:
    """The types and shapes of rows, without their number.

    Parameters
    ----------
    rows : Rows
    """

    def kind(array: np.ndarray) -> str:
        return f"{array.dtype}{array.shape[1:]}"

    return repr(rows.mapped(kind))


def name_of(structure: Structure, capacity: tuple[int, int]) -> str:
    """A name that is the same in every process. Two programs may have the same name.

    Parameters
    ----------
    structure : Structure
    capacity : tuple of int
        The most training and validation rows.
    """
    return re.sub(r" at 0x[0-9a-f]+", "", repr((structure, capacity)))

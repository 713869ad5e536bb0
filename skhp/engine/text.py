"""Text in rows: NumPy stores it as objects, and Keras's layers take string tensors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def holds_text(arrays: Any) -> bool:
    """Whether an array holds strings, which NumPy stores as objects.

    Parameters
    ----------
    arrays : array, or list or dict of arrays
    """
    if isinstance(arrays, np.ndarray):  # to flatten it takes longer
        return _is_text(arrays)
    return any(_is_text(array) for array in keras.tree.flatten(arrays))


def text_as_tensors(arrays: Any) -> Any:
    """The arrays as tensors if one of them holds text; the arrays themselves if not.

    Parameters
    ----------
    arrays : array, or list or dict of arrays
    """
    return keras.tree.map_structure(_as_tensor, arrays) if holds_text(arrays) else arrays


def _as_tensor(array: Any) -> Any:
    return keras.ops.convert_to_tensor(array, dtype="string" if _is_text(array) else None)


def _is_text(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind == "O"

"""Whether a value is an object or a class of Keras, asked without importing Keras."""

from __future__ import annotations

import inspect
import sys
from typing import Any


def is_keras(value: Any, kind: str) -> bool:
    """Whether a value is an instance of a class of Keras.

    If nothing has imported Keras yet, no value is.

    Parameters
    ----------
    value : object
    kind : str
        Name of the class in `keras`, such as "Model".
    """
    return isinstance(value, getattr(sys.modules.get("keras"), kind, ()))


def is_keras_class(value: Any, kind: str) -> bool:
    """Whether a value is a class of Keras, or a subclass of it.

    Parameters
    ----------
    value : object
    kind : str
        Name of the class in `keras`, such as "Model".
    """
    return inspect.isclass(value) and issubclass(value, getattr(sys.modules.get("keras"), kind, ()))

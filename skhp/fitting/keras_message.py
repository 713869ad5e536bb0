"""The text of Keras's errors, without its colour codes for a terminal."""

from __future__ import annotations

import re

_COLOUR = re.compile(r"\x1b\[\d+m")


def keras_message(error: Exception) -> str:
    r"""The message of an error, which may come from Keras.

    Parameters
    ----------
    error : Exception

    Examples
    --------
    >>> keras_message(ValueError("\x1b[1mInput 0 is incompatible.\x1b[0m"))
    'Input 0 is incompatible.'
    """
    return _COLOUR.sub("", str(error))

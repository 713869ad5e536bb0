"""The training engine: compiled programs where it can, Keras's own fit where it must."""

from skhp.engine.cache import programs

__all__ = ["compile_count"]


def compile_count() -> int:
    """Count the programs compiled so far in this process.

    Returns
    -------
    int

    Examples
    --------
    >>> import numpy as np
    >>> from skhp import MLPClassifier
    >>> from skhp.engine import compile_count
    >>> X, y = np.eye(8), np.arange(8) % 2
    >>> _ = MLPClassifier(epochs=1).fit(X, y)
    >>> before = compile_count()
    >>> _ = MLPClassifier(epochs=1, learning_rate=0.01).fit(X, y)
    >>> compile_count() - before
    0
    """
    return programs.compile_count

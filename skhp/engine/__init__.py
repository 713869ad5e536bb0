"""The training engine: programs if possible, Keras's own ``fit`` if not.

Where to find what, in the order of a fit:

- What the engine gets and returns: `plan`. The entry: `train`.
- Training with a program: `program_training` has the loop over epochs, `program_run` one fit
  between the calls of its program, `streamed_run` a fit on a large table.
- Finding the program: `program_lookup`, `structure`, `program_cache`, `graph_key`,
  `engine_choice`. A new program is compared with Keras: `check`.
- The program itself: `program`, `epochs` and `epoch_blocks` (what is traced), `batches`, `losses`,
  `pure_optimizer`, `packing`, `sequencing`, `backends`.
- What programs can do: `optimizer_settings`, `optimizer_support`, `rowwise`.
- Between epochs: `watchers`, `user_callbacks`, `model_settings`, `metrics`, `evaluation`,
  `time_limit`.
- Fits that continue: `checkpoint`, `replay`. Training with Keras: `keras_fit`.
- Rows: `large_table`, `block_memory`, `sparse_rows`, `shared_columns`, `text`.
- Prediction with a Keras model: `block_outputs`, `row_blocks`, `layer_calls`.
"""

from skhp.engine.program_cache import checked_limit, programs
from skhp.runtime.compile_cache import set_compile_cache

__all__ = ["compile_count", "set_cache_limit", "set_compile_cache"]


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


def set_cache_limit(megabytes: float) -> None:
    """Set how much memory the compiled programs of this process may take.

    A program counts as 20 MB. When the programs are above the limit, the least recently used
    ones are dropped, and are compiled again when they are needed. A low limit saves little
    memory, because TensorFlow keeps about 19 of the 20 MB until the process ends. So use
    worker processes for a search over very many structures: they give back all memory when
    they end.

    The environment variable ``SKHP_CACHE_LIMIT_MB`` sets the limit of a process and of its
    workers from their start.

    Parameters
    ----------
    megabytes : float
        At least 20. The limit is 5120 until it is set.

    Raises
    ------
    ValueError
        If it is no number, or below 20.

    Examples
    --------
    >>> from skhp.engine import set_cache_limit
    >>> set_cache_limit(1000)  # 50 programs
    >>> set_cache_limit(5)
    Traceback (most recent call last):
        ...
    ValueError: megabytes must be a number of megabytes, at least 20, ...
    >>> set_cache_limit(5120)
    """
    programs.set_limit(checked_limit(megabytes, "megabytes"))

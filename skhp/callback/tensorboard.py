"""TensorBoard: each network of a search is a run, and the search is in the HParams tab."""

from __future__ import annotations

import os
from typing import Any

from skhp.callback.event_files import EventFiles
from skhp.callback.monitor import SearchMonitor


class TensorBoard(SearchMonitor):
    """Write every candidate of a search for TensorBoard.

    Each candidate and split is a run, ``007-n_layers=2,width=64/split0``, with one scalar
    for each metric and epoch. A run begins with the number of its candidate, the row in
    ``cv_results_``. The fit on all rows is ``007-n_layers=2,width=64/refit``. Candidates of a
    halving search end in ``,iter=0`` and are numbered in each iteration. The HParams tab has
    one line for each candidate, with the domains of the search space and the scores of
    ``cv_results_``. Fits outside a search are ``fit0``, ``fit1``, ....

    Parameters
    ----------
    log_dir : path-like
        It is made if missing. Use another directory for each search.
    on : {"train", "test_fold"}, default="train"
        Whether to write the rows that score a candidate too, as "test_loss", ...: see
        `LearningCurves`.

    Raises
    ------
    ValueError
        If ``log_dir`` is not a path.
    ImportError
        If TensorBoard is not installed.
    OSError
        If the directory cannot be written.

    See Also
    --------
    LearningCurves : The same values in a data frame.
    keras.callbacks.TensorBoard : For one fit, in the estimator's ``callbacks``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.callback import TensorBoard
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(MLPClassifier(epochs=2), {"width": [8, 16]}, cv=2)
    >>> with tempfile.TemporaryDirectory() as log_dir:
    ...     _ = search.set_callbacks(TensorBoard(log_dir)).fit(X, y)
    ...     sorted(p.name for p in Path(log_dir, "000-width=8").iterdir() if p.is_dir())[-2:]
    ['split0', 'split1']
    """

    def __init__(self, log_dir: Any, on: str = "train") -> None:
        if not isinstance(log_dir, str | os.PathLike) or not str(log_dir):
            raise ValueError(
                f"log_dir must be the path of a directory, which is made if missing. Got "
                f"{log_dir!r}."
            )
        files = EventFiles(log_dir)
        files.check()
        super().__init__(files, on)

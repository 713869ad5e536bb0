"""A search with ``memory``, in a process that tests can kill."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV

from skhp import MLPClassifier
from skhp.fitting.store import FitStore

NET = {"n_layers": 1, "width": 16, "random_state": 0}
GRID = {"learning_rate": [0.003, 0.01, 0.03, 0.1]}
N_FITS = 8  # in two folds
# So many that a kill interrupts some fits: a checkpoint is written after every 32 of them.
EPOCHS = 3000
SCORES = "scores.json"


def run_search(directory, backend):
    """Search with the rows in a directory, and leave the scores there."""
    os.setsid()  # so that its workers can be killed with it
    # A shell may ignore Ctrl-C for what it runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    multiprocessing.set_start_method("fork", force=True)  # of workers that are not loky's
    rows = np.load(f"{directory}/rows.npz")
    net = MLPClassifier(**NET, epochs=EPOCHS, memory=FitStore(f"{directory}/fits", every=0))
    grid = GridSearchCV(net, GRID, cv=2, n_jobs=2, refit=False, scoring="neg_log_loss")
    try:
        with parallel_config(backend):
            grid.fit(rows["X"], rows["y"])
    finally:
        if backend == "loky":  # else the process would wait for its workers
            get_reusable_executor().shutdown(kill_workers=True)
    Path(directory, SCORES).write_text(json.dumps(grid.cv_results_["mean_test_score"].tolist()))

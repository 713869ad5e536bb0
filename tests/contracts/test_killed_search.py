"""Searches with ``memory`` that are killed and started again, and halving searches."""

import json
import os
import random
import re
import signal
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from skhp import MLPClassifier
from skhp.engine.program_run import ProgramRun
from skhp.search import FitStore
from tests.contracts.stored_search import EPOCHS, GRID, N_FITS, NET, SCORES, run_search
from tests.preloaded_process import started


def kill_all(process):
    """Kill a search and its workers at once."""
    os.killpg(process.pid, signal.SIGKILL)


def kill_a_worker(process):
    """Kill one worker, as the system does when memory is short."""
    children = psutil.Process(process.pid).children()
    next(child for child in children if "popen_loky" in " ".join(child.cmdline())).kill()


def interrupt(process):
    """Send what Ctrl-C sends: to the search and to its workers."""
    os.killpg(process.pid, signal.SIGINT)


# Ten times SIGKILL, and Ctrl-C. Each with the backend of the workers: joblib's "multiprocessing"
# starts them fast, but does not notice that one is lost.
KILLS = [
    *[(kill_all, "multiprocessing")] * 9,
    (kill_a_worker, "loky"),
    (interrupt, "multiprocessing"),
]


def killed_when(process, is_time, kill, timeout=120):
    """Kill a search, or a worker of it, as soon as something holds."""
    until = time.monotonic() + timeout
    while not is_time() and process.is_alive() and time.monotonic() < until:
        process.join(0.03)
    assert process.is_alive(), "it ended before it was killed"
    kill(process)
    process.join(timeout)
    assert process.exitcode  # None if it still runs


def n_trained(directory):
    """The epochs of all fits so far."""
    most = {}
    for entry in files(directory):
        if entry.name.endswith(".safetensors"):
            key = Path(entry.path).parent.name
            most[key] = max(most.get(key, 0), int(entry.name[:8]))
    return sum(most.values())


def finished(directory):
    """The finished fits by their keys; a file that is written again has another inode."""
    return {
        Path(entry.path).parent.name: entry.inode()
        for entry in files(directory)
        if re.fullmatch(r"\d{8}\.safetensors", entry.name)
    }


def checkpoints(directory):
    """The checkpoints of fits that are not finished."""
    return {e.path: e.inode() for e in files(directory) if e.name.endswith(".part.safetensors")}


def files(directory):
    for folder in Path(directory, "fits").glob("*/"):
        yield from os.scandir(folder)  # which knows inodes; the search may remove files meanwhile


@pytest.fixture
def rows(binary, tmp_path):
    X, y = binary
    np.savez(tmp_path / "rows.npz", X=X, y=y)
    return X, y


@pytest.fixture(scope="module")
def expected(binary):
    """The scores of a search that nothing happens to."""
    net = MLPClassifier(**NET, epochs=EPOCHS)
    search = GridSearchCV(net, GRID, cv=2, refit=False, scoring="neg_log_loss").fit(*binary)
    return search.cv_results_["mean_test_score"].tolist()


@pytest.mark.slow
def test_a_killed_search_ends_as_one_that_never_was(rows, expected, tmp_path):
    draw = random.Random(0)
    kills = draw.sample(KILLS, len(KILLS))
    # Epochs of the whole search after which it is killed. So few that it does not end before.
    moments = sorted(draw.sample(range(1, N_FITS * EPOCHS * 2 // 3), len(kills)))
    before, n_interrupted = {}, 0
    for (kill, backend), moment in zip(kills, moments, strict=True):
        least = max(moment, n_trained(tmp_path) + 1)
        killed_when(
            started(run_search, str(tmp_path), backend),
            lambda least=least: n_trained(tmp_path) >= least,
            kill,
        )
        assert before.items() <= finished(tmp_path).items()  # none was trained twice
        before = finished(tmp_path)
        n_interrupted += len(checkpoints(tmp_path))
        curves = FitStore(tmp_path / "fits").curves()  # of finished and of interrupted fits
        assert curves.groupby("fit")["epoch"].max().gt(EPOCHS - 1).sum() == len(before)
    assert 0 < len(before) < N_FITS and n_interrupted > len(kills) // 2
    process = started(run_search, str(tmp_path), "multiprocessing")
    process.join(200)
    assert process.exitcode == 0
    assert json.loads((tmp_path / SCORES).read_text()) == expected
    assert before.items() <= finished(tmp_path).items()
    assert len(finished(tmp_path)) == N_FITS and checkpoints(tmp_path) == {}
    assert FitStore(tmp_path / "fits").frame()["epochs"].tolist() == [EPOCHS] * N_FITS


def test_halving_trains_each_epoch_once(binary, tmp_path, monkeypatch):
    X, y = binary
    n_trained = []
    epochs = ProgramRun.epochs

    def counted(self, count):
        logs = epochs(self, count)
        n_trained.append(len(logs))
        return logs

    monkeypatch.setattr(ProgramRun, "epochs", counted)

    def search(memory):
        n_trained.clear()
        halving = HalvingGridSearchCV(
            MLPClassifier(**NET, memory=memory), GRID, scoring="neg_log_loss", cv=2, refit=False,
            resource="epochs", min_resources=3, max_resources=27, factor=3, random_state=0,
        )  # fmt: skip
        return halving.fit(X, y).cv_results_, sum(n_trained)

    (plain, in_all), (stored, through_store) = search(None), search(tmp_path)
    np.testing.assert_array_equal(stored["mean_test_score"], plain["mean_test_score"])
    # In two folds: 4 candidates for 3 epochs, then 2 for 9.
    assert in_all == 2 * (4 * 3 + 2 * 9)
    assert through_store == 2 * (4 * 3 + 2 * (9 - 3))
    assert search(tmp_path)[1] == 0

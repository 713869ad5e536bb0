"""Searches with ``memory`` that are killed and started again, and halving searches."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

import skhp
from skhp import MLPClassifier
from skhp.engine.program_run import ProgramRun
from skhp.search import FitStore

NET = {"n_layers": 1, "width": 16, "random_state": 0}
GRID = {"learning_rate": [0.003, 0.01, 0.03, 0.1]}
N_FITS = 8  # in two folds
# So many that a kill interrupts some fits: a checkpoint is written after every 32 of them.
EPOCHS = 3000

SEARCH = """
import json, sys
import numpy as np
from sklearn.model_selection import GridSearchCV
from skhp import MLPClassifier
from skhp.search import FitStore

directory, net, grid, epochs = json.loads(sys.argv[1])
data = np.load(directory + "/rows.npz")
store = FitStore(directory + "/fits", every=0)
net = MLPClassifier(**net, epochs=epochs, memory=store)
search = GridSearchCV(net, grid, cv=2, n_jobs=2, refit=False, scoring="neg_log_loss")
search.fit(data["X"], data["y"])
print(json.dumps(search.cv_results_["mean_test_score"].tolist()))
"""


ON_DASK = """
import json, os, sys, threading, time
import numpy as np
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from skhp import MLPClassifier
from skhp.search import FitStore

def inodes():
    return {fit.key: os.stat(fit.path).st_ino for fit in store.stored() if fit.is_finished}

def kill_a_worker():
    while not (inodes() and any(not fit.is_finished for fit in store.stored())):
        time.sleep(0.01)
    before.update(inodes())
    os.kill(workers[0], 9)

if __name__ == "__main__":
    directory, net, grid, epochs = json.loads(sys.argv[1])
    data = np.load(directory + "/rows.npz")
    store, before = FitStore(directory + "/fits", every=0), {}
    net = MLPClassifier(**net, epochs=epochs, memory=store)
    search = GridSearchCV(net, grid, cv=2, refit=False, scoring="neg_log_loss")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        workers = list(client.run(os.getpid).values())
        killer = threading.Thread(target=kill_a_worker)
        killer.start()
        with parallel_config("dask"):
            search.fit(data["X"], data["y"])
        killer.join()
    scores = search.cv_results_["mean_test_score"].tolist()
    print(json.dumps([scores, before, inodes()]))
"""


def started(directory, source=SEARCH):
    script = Path(directory) / "search.py"
    script.write_text(source)
    paths = [str(Path(skhp.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, str(script), json.dumps([str(directory), NET, GRID, EPOCHS])],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "DASK_TEMPORARY_DIRECTORY": str(directory),
        },
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its workers can be killed with it
    )


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


def killed_when(process, is_time, kill, timeout=120):
    """Kill a search, or a worker of it, as soon as something holds."""
    until = time.monotonic() + timeout
    while not is_time() and process.poll() is None and time.monotonic() < until:
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
    assert process.poll() is None, "it ended before it was killed"
    kill(process)
    process.communicate()
    assert process.returncode != 0


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


def scores(rows, memory=None):
    """The scores of the search in this process."""
    net = MLPClassifier(**NET, epochs=EPOCHS, memory=memory)
    search = GridSearchCV(net, GRID, cv=2, refit=False, scoring="neg_log_loss").fit(*rows)
    return search.cv_results_["mean_test_score"].tolist()


@pytest.fixture(scope="module")
def expected(binary):
    """The scores of a search that nothing happens to."""
    return scores(binary)


@pytest.mark.slow
def test_a_killed_search_ends_as_one_that_never_was(rows, expected, tmp_path):
    draw = random.Random(0)
    before = {}
    for kill in (kill_a_worker, interrupt, kill_all):
        process = started(tmp_path)
        more = len(before) + draw.randint(1, 2)
        # A checkpoint of its own beside the finished fits: it is killed while it trains.
        old = checkpoints(tmp_path)
        killed_when(
            process,
            lambda more=more, old=old: (
                len(finished(tmp_path)) >= more and checkpoints(tmp_path).items() - old.items()
            ),
            kill,
        )
        assert before.items() <= finished(tmp_path).items()  # none was trained twice
        before = finished(tmp_path)
        curves = FitStore(tmp_path / "fits").curves()  # of finished and of interrupted fits
        assert curves.groupby("fit")["epoch"].max().gt(EPOCHS - 1).sum() == len(before)
        assert curves["fit"].nunique() > len(before)
    assert 0 < len(before) < N_FITS
    # This process finishes it: its programs are made already.
    assert scores(rows, FitStore(tmp_path / "fits", every=0)) == expected
    assert before.items() <= finished(tmp_path).items()
    assert len(finished(tmp_path)) == N_FITS and checkpoints(tmp_path) == {}
    assert FitStore(tmp_path / "fits").frame()["epochs"].tolist() == [EPOCHS] * N_FITS


@pytest.mark.slow
def test_a_lost_worker_of_dask_costs_no_finished_fit(rows, expected, tmp_path):
    pytest.importorskip("distributed")
    output, _ = started(tmp_path, ON_DASK).communicate(timeout=200)
    scores, before, after = json.loads(output.splitlines()[-1])
    assert scores == expected
    assert 0 < len(before) < N_FITS == len(after)  # it was killed while it trained
    assert before.items() <= after.items()  # none was trained twice
    assert checkpoints(tmp_path) == {}


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

"""Searches on dask: a scheduler and two workers, each a process of its own."""

import pytest

from tests.fresh_process import run_script

pytestmark = pytest.mark.slow

SCRIPT = """
import json
import os
import sys
import threading
import time
import warnings

from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skhp import KerasClassifier, MLPClassifier
from skhp.search import FitStore


def search(net, grid):
    X, y = make_classification(60, 4, random_state=0)
    search = GridSearchCV(
        net, grid, cv=2, scoring="neg_log_loss", error_score="raise", refit=False
    )
    return [float(score).hex() for score in search.fit(X, y).cv_results_["mean_test_score"]]


def perceptrons(epochs=2, memory=None):
    net = MLPClassifier(1, 8, epochs=epochs, memory=memory, random_state=0)
    return search(net, {"learning_rate": [0.003, 0.01, 0.03, 0.1]})


def build(width):
    from keras import Input, Sequential, layers

    dense = layers.Dense(width, activation="relu")
    return Sequential(
        [Input((4,)), dense, layers.Dropout(0.2), layers.Dense(2, activation="softmax")]
    )


def models_of_a_builder():
    loss = "sparse_categorical_crossentropy"
    net = KerasClassifier(build, width=3, loss=loss, epochs=2, random_state=0)
    return search(net, {"width": [3, 5]})


def finished(store):
    # By their keys; a file that is written again has another inode.
    return {fit.key: os.stat(fit.path).st_ino for fit in store.stored() if fit.is_finished}


def kill_while_it_trains(worker, store, before):
    while not (finished(store) and any(not fit.is_finished for fit in store.stored())):
        time.sleep(0.01)
    before.update(finished(store))
    os.kill(worker, 9)


# So many that the kill interrupts a fit: a checkpoint is written after every 32 of them.
EPOCHS = 3000

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    here = {
        "perceptrons": perceptrons(),
        "builder": models_of_a_builder(),
        "killed": perceptrons(EPOCHS),
    }
    store, before, there = FitStore(sys.argv[0] + ".fits", every=0), {}, {}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        parallel_config("dask"),
    ):
        client.wait_for_workers(2)
        workers = list(client.run(os.getpid).values())
        there["perceptrons"] = perceptrons()
        there["builder"] = [models_of_a_builder() for _ in range(3)]
        arguments = (workers[0], store, before)
        killer = threading.Thread(target=kill_while_it_trains, args=arguments)
        killer.start()
        there["killed"] = perceptrons(EPOCHS, memory=store)
        killer.join()
    left = [fit.key for fit in store.stored() if not fit.is_finished]
    print(json.dumps([here, there, workers, before, finished(store), left]))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    names = ("here", "there", "workers", "before", "after", "left")
    values = run_script(
        folder / "on_dask.py", SCRIPT, timeout=280, DASK_TEMPORARY_DIRECTORY=str(folder)
    )
    return dict(zip(names, values, strict=True))


def test_scores_are_those_of_one_process(found):
    assert len(set(found["workers"])) == 2
    assert found["there"]["perceptrons"] == found["here"]["perceptrons"]
    # Threads of dask draw from the global generators of a worker.
    assert found["there"]["builder"] == [found["here"]["builder"]] * 3


def test_a_lost_worker_costs_no_finished_fit(found):
    before, after = found["before"], found["after"]
    assert found["there"]["killed"] == found["here"]["killed"]
    assert 0 < len(before) < len(after) == 8  # four candidates in two folds
    assert before.items() <= after.items()  # none was trained twice
    assert found["left"] == []

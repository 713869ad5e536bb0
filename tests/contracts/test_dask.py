"""Searches on dask: a scheduler and two workers, each a process of its own."""

import pytest

from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

SCRIPT = """
import json
import os
import warnings

from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skhp import KerasClassifier, MLPClassifier


def search(net, grid):
    X, y = make_classification(60, 4, random_state=0)
    search = GridSearchCV(
        net, grid, cv=2, scoring="neg_log_loss", error_score="raise", refit=False
    )
    return [float(score).hex() for score in search.fit(X, y).cv_results_["mean_test_score"]]


def perceptrons():
    net = MLPClassifier(1, 8, epochs=2, random_state=0)
    return search(net, {"learning_rate": [1e-3, 1e-2]})


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


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    here = {
        "perceptrons": perceptrons(),
        "builder": models_of_a_builder(),
    }
    there = {}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        parallel_config("dask"),
    ):
        client.wait_for_workers(2)
        workers = list(client.run(os.getpid).values())
        there["perceptrons"] = perceptrons()
        there["builder"] = [models_of_a_builder() for _ in range(3)]
    print(json.dumps([here, there, workers]))
"""


def test_scores_are_those_of_one_process(tmp_path):
    pytest.importorskip("distributed")
    script, folder = tmp_path / "on_dask.py", str(tmp_path)
    here, there, workers = run_script(script, SCRIPT, DASK_TEMPORARY_DIRECTORY=folder)
    assert len(set(workers)) == 2
    assert there["perceptrons"] == here["perceptrons"]
    # Threads of dask draw from the global generators of a worker.
    assert there["builder"] == [here["builder"]] * 3

"""Processes that joblib forks, spawns and hands work to."""

import pytest

from tests.fresh_process import run_script

pytestmark = pytest.mark.slow

SEARCH = """
import json
import warnings

import joblib
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skhp import KerasClassifier, MLPClassifier


def search(net=None, grid=None):
    X, y = make_classification(60, 4, random_state=0)
    net = net or MLPClassifier(1, 8, epochs=2, random_state=0)
    grid = grid or {"learning_rate": [1e-3, 1e-2]}
    return GridSearchCV(net, grid, cv=2, scoring="neg_log_loss", error_score="raise").fit(X, y)


def build(width):
    from keras import Input, Sequential, layers

    dense = layers.Dense(width, activation="relu")
    return Sequential(
        [Input((4,)), dense, layers.Dropout(0.2), layers.Dense(2, activation="softmax")]
    )


def search_of_a_builder():
    loss = "sparse_categorical_crossentropy"
    net = KerasClassifier(build, width=3, loss=loss, epochs=2, random_state=0)
    return search(net, {"width": [3, 5]})


def scores(search):
    return [float(score).hex() for score in search.cv_results_["mean_test_score"]]
"""

AFTER_TENSORFLOW = (
    SEARCH
    + """

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = {"sequential": scores(search())}
    try:
        with joblib.parallel_config("multiprocessing", n_jobs=2):
            found["multiprocessing"] = scores(search())
    except RuntimeError as error:
        found["error"] = str(error)
    found["afterwards"] = scores(search())
    print(json.dumps(found))
"""
)


def test_a_fork_of_a_process_that_runs_tensorflow_says_so(tmp_path):
    """It would hang, and with it the search."""
    found = run_script(tmp_path / "forked.py", AFTER_TENSORFLOW)
    assert "forked" in found["error"]
    assert "loky" in found["error"] and "JOBLIB_START_METHOD=forkserver" in found["error"]
    assert found["afterwards"] == found["sequential"]


def test_the_way_out_that_the_error_names(tmp_path):
    found = run_script(
        tmp_path / "forkserver.py", AFTER_TENSORFLOW, JOBLIB_START_METHOD="forkserver"
    )
    assert found["multiprocessing"] == found["sequential"]


DASK = (
    SEARCH
    + """

if __name__ == "__main__":
    from dask.distributed import Client, LocalCluster

    warnings.simplefilter("ignore")
    found = {"sequential": scores(search()), "builder": scores(search_of_a_builder())}
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        with joblib.parallel_config("dask"):
            found["dask"] = scores(search())
            found["builder, dask"] = [scores(search_of_a_builder()) for _ in range(3)]
        found["workers"] = len(client.scheduler_info()["workers"])
    print(json.dumps(found))
"""
)


def test_dask(tmp_path):
    """A scheduler and two workers, each a process of its own."""
    pytest.importorskip("distributed")
    found = run_script(
        tmp_path / "on_dask.py", DASK, timeout=280, DASK_TEMPORARY_DIRECTORY=str(tmp_path)
    )
    assert found["workers"] == 2
    assert found["dask"] == found["sequential"]
    # Threads of dask draw from the global generators of a worker.
    assert found["builder, dask"] == [found["builder"]] * 3

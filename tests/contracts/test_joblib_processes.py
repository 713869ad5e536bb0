"""Processes that joblib forks and spawns."""

import pytest

from tests.fresh_process import run_script
from tests.preloaded_process import run_script as run_preloaded

pytestmark = pytest.mark.slow

SEARCHES = """
import json
import warnings

import joblib
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from skhp import KerasClassifier, MLPClassifier, runtime

net = MLPClassifier(1, 8, epochs=2, random_state=0)


def scores(net, epochs=(2, 3), cv=2):
    X, y = make_classification(60, 4, random_state=0)
    grid = {"epochs": epochs}
    search = GridSearchCV(net, grid, cv=cv, scoring="neg_log_loss", error_score="raise").fit(X, y)
    return [float(score).hex() for score in search.cv_results_["mean_test_score"]]


def scores_of_processes(net, *arguments):
    with joblib.parallel_config("multiprocessing", n_jobs=2):
        return scores(net, *arguments)


def error(net):
    try:
        # A single fit: with several, joblib sometimes waits forever when it stops its workers
        # after an error.
        return scores_of_processes(net, [2], ShuffleSplit(1, random_state=0))
    except RuntimeError as error:
        return str(error)


def given_model():
    import keras

    layers = [keras.Input((4,)), keras.layers.Dense(1, "sigmoid")]
    return KerasClassifier(keras.Sequential(layers), loss="binary_crossentropy")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps([FOUND]))
"""


def test_a_fork_of_a_process_that_runs_tensorflow_says_so(tmp_path):
    """It would hang, and with it the search. A worker that cannot read a model must not die."""
    source = SEARCHES.replace("FOUND", "scores(net), error(net), error(given_model()), scores(net)")
    before, *errors, afterwards = run_preloaded(tmp_path / "forked.py", source)
    for error in errors:
        assert "forked" in error
        assert "loky" in error and "JOBLIB_START_METHOD=forkserver" in error
    assert before == afterwards


def test_a_fork_of_a_process_that_has_only_imported_tensorflow_trains(tmp_path):
    source = SEARCHES.replace("FOUND", "runtime.start(), scores_of_processes(net), scores(net)")
    _, forked, sequential = run_preloaded(tmp_path / "imported.py", source)
    assert forked == sequential


def test_the_way_out_that_the_error_names(tmp_path):
    source = SEARCHES.replace("FOUND", "scores(net), scores_of_processes(net)")
    path = tmp_path / "forkserver.py"
    sequential, spawned = run_script(path, source, JOBLIB_START_METHOD="forkserver")
    assert sequential == spawned

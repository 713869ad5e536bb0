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
from sklearn.model_selection import GridSearchCV

from skhp import MLPClassifier


def search():
    X, y = make_classification(60, 4, random_state=0)
    net = MLPClassifier(1, 8, epochs=2, random_state=0)
    grid = {"learning_rate": [1e-3, 1e-2]}
    return GridSearchCV(net, grid, cv=2, scoring="neg_log_loss", error_score="raise").fit(X, y)


def scores(search):
    return [float(score).hex() for score in search.cv_results_["mean_test_score"]]


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


def test_a_fork_of_a_process_that_runs_tensorflow_says_so(tmp_path):
    """It would hang, and with it the search."""
    found = run_preloaded(tmp_path / "forked.py", SEARCHES)
    assert "forked" in found["error"]
    assert "loky" in found["error"] and "JOBLIB_START_METHOD=forkserver" in found["error"]
    assert found["afterwards"] == found["sequential"]


def test_the_way_out_that_the_error_names(tmp_path):
    found = run_script(tmp_path / "forkserver.py", SEARCHES, JOBLIB_START_METHOD="forkserver")
    assert found["multiprocessing"] == found["sequential"]

"""The same scores bit for bit, whatever runs the fits and whatever ran before them.

The scores are log losses, in which a single bit of a single weight shows.
"""

import pytest

from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

SEARCHES = '''
import json
import warnings

import joblib
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score

from skhp import MLPClassifier
from skhp.callback import LearningCurves


def halved_tanh(x):
    """The user's own activation."""
    import keras

    return 0.5 * keras.ops.tanh(x)


def threads(estimator, X, y):
    """A score that tells how many threads the worker's TensorFlow has."""
    import tensorflow as tf

    return tf.config.threading.get_intra_op_parallelism_threads()


def scores(backend, n_jobs, curves=None, **settings):
    """All test scores of a search, as text that keeps every bit."""
    X, y = make_classification(150, 8, random_state=0)
    grid = {"learning_rate": [1e-3, 1e-2], "dropout": [0.0, 0.3]}
    net = MLPClassifier(2, 12, epochs=3, random_state=0, **settings)
    search = GridSearchCV(net, grid, cv=3, scoring="neg_log_loss", refit=False)
    if curves is not None:
        search.set_callbacks(curves)
    with joblib.parallel_config(backend, n_jobs=n_jobs):
        results = search.fit(X, y).cv_results_
    return [float(x).hex() for k in range(3) for x in results[f"split{k}_test_score"]]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = {}
    # Forked workers need a parent in which TensorFlow is not running, so they come first.
    curves = LearningCurves()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # it says that curves are missing
        found["multiprocessing"] = scores("multiprocessing", 2, curves)
    found["curves"] = curves.frame()[["candidate", "split", "epoch"]].values.tolist()
    found["loky"] = scores("loky", 2)
    found["own activation, loky"] = scores("loky", 2, activation=halved_tanh)
    X, y = make_classification(60, 8, random_state=0)
    with joblib.parallel_config("loky", n_jobs=2):
        found["threads"] = cross_val_score(
            MLPClassifier(2, 12, epochs=1), X, y, cv=2, scoring=threads
        ).tolist()
    found["cores"] = joblib.cpu_count()

    found["first in its process"] = scores("loky", 1)
    found["own activation"] = scores("loky", 1, activation=halved_tanh)

    # Other fits: global seeds, other structures, a program of the same one with more room.
    import keras

    keras.utils.set_random_seed(7)
    for n, n_layers, width in [(400, 2, 12), (50, 1, 5)]:
        X, y = make_classification(n, 8, random_state=1)
        MLPClassifier(n_layers, width, epochs=2, dropout=0.2).fit(X, y)
    found["last in its process"] = scores("loky", 1)
    found["threading"] = scores("threading", 2)

    class StopAtOnce(keras.callbacks.Callback):
        """The user's own callback, which changes the scores."""

        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    found["own callback"] = scores("loky", 1, callbacks=[StopAtOnce()])
    found["own callback, loky"] = scores("loky", 2, callbacks=[StopAtOnce()])
    print(json.dumps(found))
'''


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return run_script(tmp_path_factory.mktemp("search") / "searches.py", SEARCHES, timeout=280)


@pytest.mark.parametrize("how", ["multiprocessing", "loky", "threading", "last in its process"])
def test_scores_are_the_same_bit_for_bit(how, found):
    assert found[how] == found["first in its process"]


def test_forked_workers_report_their_curves(found):
    assert found["curves"] == [[c, s, e] for c in range(4) for s in range(3) for e in (1, 2, 3)]


def test_scores_differ_between_candidates(found):
    """The comparison means something."""
    assert len(set(found["loky"])) == 4 * 3


@pytest.mark.parametrize("what", ["own activation", "own callback"])
def test_what_main_defines_survives_loky(what, found):
    assert found[f"{what}, loky"] == found[what] != found["loky"]


def test_a_worker_uses_its_share_of_the_cores(found):
    assert found["threads"] == [max(1, found["cores"] // 2)] * 2

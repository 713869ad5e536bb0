"""Ctrl-C stops a search at once, and leaves the process as good as new."""

import pytest

from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

INTERRUPTED = """
import json
import os
import signal
import threading
import time
import warnings

import joblib
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skhp import MLPClassifier
from skhp.engine import compile_count


def fit():
    net = MLPClassifier(1, 8, epochs=3, random_state=0, dropout=0.2).fit(X, y)
    return [w.tobytes().hex() for w in net.model_.get_weights()]


def press_ctrl_c():
    while compile_count() == before:  # till a fit of the search is under way
        os.sched_yield()
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    # A shell starts what runs in the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.simplefilter("ignore")
    X, y = make_classification(60, 4, random_state=0)
    expected, pressed = fit(), []
    endless = MLPClassifier(2, 8, epochs=10**9, random_state=0)
    search = GridSearchCV(endless, {"learning_rate": [1e-3, 1e-2]}, cv=2)
    before = compile_count()
    threading.Thread(target=press_ctrl_c).start()
    found = {"stopped": False}
    try:
        search.fit(X, y)
    except KeyboardInterrupt:
        found["stopped"] = True
    found["seconds"] = time.monotonic() - pressed[0]
    found["right"] = fit() == expected
    endless.set_params(epochs=3)
    found["same structure"] = bool(np.isfinite(endless.fit(X, y).predict_proba(X)).all())
    print(json.dumps(found))
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'sched_yield')")
def test_ctrl_c(tmp_path):
    found = run_script(tmp_path / "interrupted.py", INTERRUPTED)
    assert found["stopped"]
    assert found["seconds"] < 5  # a call of the program takes a quarter of a second
    assert found["right"] and found["same structure"]

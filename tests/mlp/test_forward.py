"""A small network trains in the thread that called fit."""

from tests.preloaded_process import run_script

# A process of its own: threads of earlier tests may still wait for work in a loop.
FITS = """
import json, time
import numpy as np
from skhp import MLPClassifier

X = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
network = MLPClassifier(n_layers=4, width=64, batch_size=32, epochs=30, random_state=0)
network.fit(X, X[:, 0] > 0)  # it compiles
in_this_thread, in_all = time.thread_time(), time.process_time()
for _ in range(5):
    network.fit(X, X[:, 0] > 0)
print(json.dumps((time.thread_time() - in_this_thread) / (time.process_time() - in_all)))
"""


def test_the_steps_of_four_layers_are_not_handed_to_other_threads(tmp_path):
    assert run_script(tmp_path / "fits.py", FITS) > 0.8

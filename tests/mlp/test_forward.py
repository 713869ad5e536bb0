"""A small network trains in the thread that called fit."""

import time

import numpy as np

from skhp import MLPClassifier


def test_the_steps_of_four_layers_are_not_handed_to_other_threads():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(256, 8)).astype("float32")
    network = MLPClassifier(n_layers=4, width=64, batch_size=32, epochs=30, random_state=0)
    network.fit(X, X[:, 0] > 0)  # it compiles
    # Threads of earlier tests may still wait for work in a loop, so that one fit says little.
    assert max(share_of_this_thread(lambda: network.fit(X, X[:, 0] > 0)) for _ in range(10)) > 0.5


def share_of_this_thread(function):
    in_this_thread, in_all = time.thread_time(), time.process_time()
    function()
    return (time.thread_time() - in_this_thread) / (time.process_time() - in_all)

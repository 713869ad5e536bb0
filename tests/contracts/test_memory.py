"""Memory stays flat once the programs are made."""

import os

import pytest
from sklearn.datasets import load_breast_cancer

from skhp import MLPClassifier
from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

X, Y = load_breast_cancer(return_X_y=True)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads Linux's /proc")
def test_memory_is_flat_once_the_programs_are_made():
    def fit(seed):
        MLPClassifier(n_layers=seed % 3, epochs=1, random_state=seed, batch_size=48).fit(X, Y)

    for seed in range(30):
        fit(seed)
    before = resident_mb()
    for seed in range(30, 130):
        fit(seed)
    assert (resident_mb() - before) / 100 < 0.5  # scikeras: about 6 MB a fit


def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


KINDS = """
import gc
import json
import sys
import warnings

import keras
from sklearn.datasets import load_iris

from skhp import KerasClassifier, MLPClassifier

X, Y = load_iris(return_X_y=True)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.layer(x)

    def get_config(self):
        return {}


class PerBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None): ...


def perceptron(**settings):
    return MLPClassifier(1, 8, epochs=1, random_state=0, batch_size=150, **settings).fit(X, Y)


def own_model(**settings):
    loss = "sparse_categorical_crossentropy"
    return KerasClassifier(lambda: Net(), loss=loss, batch_size=150, **settings).fit(X, Y)


KINDS = {
    "model_": lambda: perceptron().model_,
    "callbacks": lambda: perceptron(callbacks=[keras.callbacks.TerminateOnNaN()]),
    "Keras": lambda: perceptron(callbacks=[PerBatch()]),
    "subclass": lambda: own_model(),
}


def objects():
    gc.collect()
    return len(gc.get_objects())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = {}
    for kind, fit in KINDS.items():
        for _ in range(2):
            fit()
        before = objects()
        for _ in range(3):
            fit()
        found[kind] = (objects() - before) / 3
    print(json.dumps(found))
"""


def test_no_kind_of_fit_leaves_objects_behind(tmp_path):
    """Python's objects are counted: each graph that TensorFlow keeps is some two thousand."""
    found = run_script(tmp_path / "kinds.py", KINDS, timeout=280)
    assert {kind: grown for kind, grown in found.items() if grown > 30} == {}

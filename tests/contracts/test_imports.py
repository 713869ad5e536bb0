"""What importing skhp costs, and what it prints, in processes of their own."""

import json
import pickle
import subprocess
import sys

import pytest

from skhp import KerasClassifier

pytestmark = pytest.mark.slow

HEAVY = {"tensorflow", "keras", "jax", "torch", "matplotlib", "pandas", "scikeras", "tensorboard"}

IMPORT_SKHP = """
import json, sys, time
began = time.process_time()
import sklearn.base, sklearn.callback, sklearn.model_selection, sklearn.utils.multiclass
between = time.process_time()
import skhp
seconds = time.process_time() - between
loaded = {"skhp": sorted(sys.modules)}

from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV
from skhp import BaseWrapper, KerasClassifier, KerasRegressor
def build(meta, width=8):
    raise AssertionError("fit alone builds")
net = KerasClassifier(build, loss="mse", optimizer__learning_rate=0.1).set_params(width=4)
assert is_classifier(net) and clone(net).get_params()["width"] == 4 and "width=4" in repr(net)
clone(GridSearchCV(KerasRegressor(build), {"width": [4, 8]})).get_params()
BaseWrapper(build).epochs = 3
loaded["a wrapper before fit"] = sorted(sys.modules)

# They need no import of their own.
names = [skhp.search.narrow, skhp.displays.TradeoffDisplay, skhp.callback.LearningCurves]
assert {"search", "displays", "callback"} <= set(dir(skhp))
import skhp.callback, skhp.displays, skhp.search
loaded["callback, displays, search"] = sorted(sys.modules)
print(json.dumps([loaded, seconds]))
"""

IMPORT_THE_REST = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def run(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def imports():
    """What is loaded after each step, and the seconds that importing skhp takes."""
    return json.loads(run(IMPORT_SKHP)[0])


@pytest.fixture(scope="module")
def of_scikit_learn(imports):
    """What scikit-learn alone loads; pandas, for example, where it is installed."""
    names = [name for name in imports[0]["skhp"] if name.startswith("sklearn")]
    public = [name for name in names if "._" not in name and "externals" not in name]
    return set(json.loads(run(IMPORT_THE_REST, *public)[0]))


STEPS = ["skhp", "a wrapper before fit", "callback, displays, search"]


@pytest.mark.parametrize("step", STEPS)
def test_nothing_heavy_is_loaded_beyond_what_scikit_learn_loads(step, imports, of_scikit_learn):
    own = {name.split(".")[0] for name in set(imports[0][step]) - of_scikit_learn}
    assert "skhp" in own
    assert not own & HEAVY


def test_importing_takes_less_than_a_second(imports):
    """Processor seconds, beyond the part of scikit-learn that anyone imports who searches."""
    assert imports[1] < 1


FIT = """
import gc
import numpy as np
from sklearn.model_selection import GridSearchCV
from skhp import MLPClassifier
X, y = np.eye(40), np.arange(40) % 2
net = MLPClassifier(1, epochs=1, early_stopping=True, validation_fraction=0.25, dropout=0.1)
GridSearchCV(net, {"learning_rate": [0.1]}, cv=2).fit(X, y).predict(X)
MLPClassifier(1, epochs=1).fit(X, y).model_.predict(X, verbose=0)
assert gc.isenabled()
"""


def test_a_fit_prints_nothing():
    assert run(FIT) == ("", "")


FIT_AFTER_KERAS = (
    """
import os
os.environ.pop("TF_XLA_FLAGS", None)  # the suite's programs on disk, which have notices too
import keras
os.write(2, b"Keras is imported\\n")
import numpy as np
from skhp import KerasClassifier
def plain_graph():  # compiles nothing, and so has no notices to hold back
    layers = [keras.Input((8,)), keras.layers.Dropout(0.5), keras.layers.Dense(2, "softmax")]
    return keras.Sequential(layers)
loss = "sparse_categorical_crossentropy"
graph = KerasClassifier(plain_graph, loss=loss, epochs=1).fit(np.eye(8), np.arange(8) % 2)
assert graph.engine_ == "graph"
"""
    + FIT
)


def test_a_fit_prints_nothing_after_keras_was_imported():
    out, err = run(FIT_AFTER_KERAS)
    assert out == "" and err.partition("Keras is imported\n")[2] == ""


ASK_WHILE_OTHERS_COMPLAIN = """
import os, sys
class Complain:
    def find_spec(self, name, path=None, target=None):
        if name == "keras":
            os.write(2, b"the disk is full\\n")
sys.meta_path.insert(0, Complain())
from skhp import KerasClassifier
assert not hasattr(KerasClassifier(print, loss="hinge"), "predict_proba")
"""


def test_a_question_that_needs_keras_prints_what_others_print_and_no_more():
    assert run(ASK_WHILE_OTHERS_COMPLAIN) == ("", "the disk is full\n")


READ = """
import gc, pickle, sys
seen = [0]
def note(phase, info):
    if phase == "start":
        seen.append(sum(len(gc.get_objects(generation=g)) for g in range(info["generation"] + 1)))
gc.callbacks.append(note)
pickle.loads(bytes.fromhex(sys.argv[1]))
kept = [[] for _ in range(9_000)]
print(max(seen))
"""


def test_a_worker_that_reads_a_function_imports_keras_as_a_fit_does():
    """Without notices, and without collections of garbage that see all imported objects."""
    import keras

    pickled = pickle.dumps(KerasClassifier(lambda: keras.Sequential())).hex()
    n_seen, errors = run(READ, pickled)
    assert errors == ""
    assert int(n_seen) < 200_000

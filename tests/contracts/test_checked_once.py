"""X and y are checked once, at the door: what a warm fit of each front calls, at most.

A warm fit is one whose program is compiled already, as most fits of a search are.
"""

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skhp import KerasClassifier, KerasRegressor, MLPClassifier, MLPRegressor
from tests.call_counts import counted_calls, peak_memory

SMALL = {"n_layers": 1, "width": 16, "epochs": 2, "random_state": 0}


def build(width=16):
    """A functional model: to read how its layers are connected is to read its config."""
    x = keras.Input((4,))
    hidden = keras.layers.Dense(width, activation="relu")(x)
    return keras.Model(x, keras.layers.Dense(1, activation="sigmoid")(hidden))


WRAPPED = {"model": build, "loss": "binary_crossentropy", "epochs": 2, "random_state": 0}

# front -> an estimator
FRONTS = {
    "MLPClassifier": lambda: MLPClassifier(**SMALL),
    "MLPClassifier, early stopping": lambda: MLPClassifier(**SMALL, early_stopping=True),
    "MLPRegressor": lambda: MLPRegressor(**SMALL),
    "KerasClassifier": lambda: KerasClassifier(**WRAPPED),
    "KerasRegressor": lambda: KerasRegressor(**WRAPPED),
}

# front -> the most calls in a warm fit
FIT = {
    # X and y need no conversion here.
    "MLPClassifier": {"check_array": 0, "get_config": 0, "get_params": 0, "type_of_target": 0},
    "MLPClassifier, early stopping": {
        # scikit-learn's splitter checks the classes twice.
        "check_array": 2, "get_config": 0, "get_params": 0, "type_of_target": 0,
    },
    "MLPRegressor": {"check_array": 0, "get_config": 0, "get_params": 0, "type_of_target": 0},
    # Two of check_array are within type_of_target. get_config is called by reading the config
    # of the model once, and that of its optimizer.
    "KerasClassifier": {"check_array": 4, "get_config": 18, "get_params": 1, "type_of_target": 1},
    "KerasRegressor": {"check_array": 4, "get_config": 18, "get_params": 1, "type_of_target": 1},
}  # fmt: skip

# A search fits a candidate several times. From the third fit on, no model is built.
LATER_FIT = {name: {**most, "get_config": min(3, most["get_config"])} for name, most in FIT.items()}

# front -> the most calls in a prediction
PREDICT = {
    name: {
        "check_array": int(name.startswith("Keras")), "get_config": 0,
        "get_params": int(name.startswith("Keras")), "type_of_target": 0,
    }
    for name in FRONTS
}  # fmt: skip


def too_many(counts, most):
    return {name: counts[name] for name in most if counts[name] > most[name]}


@pytest.mark.parametrize("front", FRONTS)
def test_calls_of_a_warm_fit_and_a_prediction(front, binary):
    X, y = binary
    net = FRONTS[front]()
    clone(net).fit(X, y)
    with counted_calls() as fit:
        net.fit(X, y)
    with counted_calls() as later_fit:
        net.fit(X, y)
    with counted_calls() as predict:
        net.predict(X)
    assert not too_many(fit, FIT[front])
    assert not too_many(later_fit, LATER_FIT[front])
    assert not too_many(predict, PREDICT[front])


@pytest.mark.parametrize("front", FRONTS)
def test_lists_are_checked_once(front, binary):
    X, y = (values.tolist() for values in binary)
    net = FRONTS[front]()
    clone(net).fit(X, y)
    with counted_calls() as fit:
        net.fit(X, y)
    with counted_calls() as predict:
        net.predict(X)
    assert 2 <= fit["check_array"] <= 4  # X and y, and two calls of others
    assert predict["check_array"] == 1


def test_memory_of_a_warm_fit():
    """X is padded by half of its rows, once, into memory that TensorFlow then uses itself.

    The order of rows in 32 epochs takes 8 MB beside it, whatever the size of X.
    """
    X = np.random.RandomState(0).normal(size=(50_000, 64)).astype(np.float32)
    y = np.arange(len(X)) % 2
    net = MLPClassifier(1, 16, batch_size=4096, epochs=1, random_state=0).fit(X, y)
    before, X_before, peaks = net.predict_proba(X[:10]), X.copy(), []
    with peak_memory(peaks):
        net.fit(X, y)
    assert peaks[0] - 8e6 < 2 * X.nbytes
    np.testing.assert_array_equal(net.predict_proba(X[:10]), before)
    np.testing.assert_array_equal(X, X_before)

"""X and y are checked once, at the door: what a warm fit of each front calls, at most.

A warm fit is one whose program is compiled already, as most fits of a search are.
"""

import pytest
from sklearn.base import clone

from skhp import MLPClassifier, MLPRegressor
from tests.call_counts import counted_calls

SMALL = {"n_layers": 1, "width": 16, "epochs": 2, "random_state": 0}

# front -> an estimator
FRONTS = {
    "MLPClassifier": lambda: MLPClassifier(**SMALL),
    "MLPClassifier, early stopping": lambda: MLPClassifier(**SMALL, early_stopping=True),
    "MLPRegressor": lambda: MLPRegressor(**SMALL),
}

# front -> the most calls in a warm fit
FIT = {
    "MLPClassifier": {"check_array": 5, "get_config": 25, "get_params": 3, "type_of_target": 1},
    "MLPClassifier, early stopping": {
        "check_array": 7, "get_config": 50, "get_params": 3, "type_of_target": 1,
    },
    "MLPRegressor": {"check_array": 2, "get_config": 14, "get_params": 3, "type_of_target": 0},
}  # fmt: skip

# front -> the most calls in a prediction
PREDICT = {
    name: {"check_array": 1, "get_config": 4, "get_params": 0, "type_of_target": 0}
    for name in FRONTS
}


def too_many(counts, most):
    return {name: counts[name] for name in most if counts[name] > most[name]}


@pytest.mark.parametrize("front", FRONTS)
def test_calls_of_a_warm_fit_and_a_prediction(front, binary):
    X, y = binary
    net = FRONTS[front]()
    clone(net).fit(X, y)
    with counted_calls() as fit:
        net.fit(X, y)
    with counted_calls() as predict:
        net.predict(X)
    assert not too_many(fit, FIT[front])
    assert not too_many(predict, PREDICT[front])
    assert fit["check_array"] > 0 and predict["check_array"] > 0  # the counter counts

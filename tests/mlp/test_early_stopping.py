"""Early stopping: what it looks at, and that both engines and Keras stop at the same epoch."""

import keras
import numpy as np
import pytest

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow


class Batches(keras.callbacks.Callback):
    """Looks at every batch, so that Keras's own fit trains."""

    def on_train_batch_end(self, batch, logs=None):
        pass


NET = {"n_layers": 1, "width": 16, "learning_rate": 0.03, "random_state": 0, "epochs": 60}
STOP = {"early_stopping": True, "patience": 4}
RULES = {
    "val_loss": {},
    "val_loss, min_delta": {"min_delta": 0.01},
    "accuracy": {
        "monitor": "val_accuracy", "metrics": ["accuracy"], "min_delta": 0.045,
    },
    "loss": {"monitor": "loss", "min_delta": 0.02},
    "metric object": {"monitor": "val_area", "metrics": [keras.metrics.AUC(name="area")]},
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(binary):
    X, y = binary
    noise = np.random.RandomState(1).permutation(len(y))[:10]
    noisy = y.copy()
    noisy[noise] = 1 - noisy[noise]  # so that values on validation rows get worse again
    return {"X": X[:40], "y": noisy[:40], "X_val": X[40:], "y_val": noisy[40:]}


def kerass(rule, rows):
    """Epochs of a `keras.callbacks.EarlyStopping` of this rule, and its best value."""
    callback = keras.callbacks.EarlyStopping(
        monitor=rule.get("monitor", "val_loss"),
        min_delta=rule.get("min_delta", 0),
        patience=STOP["patience"],
        mode="max" if rule.get("monitor") in ("val_accuracy", "val_area") else "min",
        restore_best_weights=True,
    )
    net = MLPClassifier(**NET, metrics=rule.get("metrics"), callbacks=[callback, Batches()])
    return net.fit(**rows)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_compiled_engine_stops_where_keras_stops(rule, rows):
    net = MLPClassifier(**NET, **STOP, **rule).fit(**rows)
    assert net.engine_ == "compiled"
    assert_same(net, kerass(rule, rows), rows)


def test_keras_own_fit_stops_where_keras_stops(rows):
    rule = RULES["accuracy"]
    net = MLPClassifier(**NET, **STOP, **rule, callbacks=[Batches()]).fit(**rows)
    assert net.engine_ == "keras"
    assert_same(net, kerass(rule, rows), rows)


def assert_same(net, expected, rows):
    assert net.n_epochs_ == expected.n_epochs_ < NET["epochs"]
    X = rows["X"]
    np.testing.assert_allclose(net.predict_proba(X), expected.predict_proba(X), atol=1e-4)


def test_the_weights_are_those_of_the_best_epoch(rows):
    net = MLPClassifier(**NET, **STOP, **RULES["accuracy"]).fit(**rows)
    score = net.score(rows["X_val"], rows["y_val"])
    np.testing.assert_allclose(score, max(net.history_["val_accuracy"]), rtol=1e-6)


def test_min_delta_ends_slow_progress(regression):
    X, y = regression
    slow = {**NET, "learning_rate": 1e-4, "epochs": 30}
    patient = MLPRegressor(**slow, early_stopping=True, patience=3).fit(X, y, X_val=X, y_val=y)
    hasty = MLPRegressor(**slow, early_stopping=True, patience=3, min_delta=1.0)
    assert patient.n_epochs_ == 30
    assert hasty.fit(X, y, X_val=X, y_val=y).n_epochs_ == 4


@pytest.mark.parametrize(
    "params, said",
    [
        ({"monitor": "val_accuracy"}, "Unknown monitor 'val_accuracy'.*val_loss, loss"),
        ({"monitor": "val_acc", "metrics": ["accuracy"]}, "val_loss, val_accuracy, loss, acc"),
        (
            {"monitor": "val_own", "metrics": [keras.metrics.Mean(name="own")]},
            "higher or a lower 'own'.*EarlyStopping",
        ),
        ({"monitor": 3}, "'monitor'.*Got 3"),
        ({"min_delta": -0.1}, r"'min_delta'.*Got -0.1"),
    ],
)
def test_what_cannot_be_monitored(params, said, binary):
    X, y = binary
    with pytest.raises(ValueError, match=said):
        MLPClassifier(**NET, early_stopping=True, **params).fit(X, y)

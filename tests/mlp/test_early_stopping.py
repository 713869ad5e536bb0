"""Early stopping: what it looks at, and that both engines and Keras stop at the same epoch."""

from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    make_scorer,
    mean_absolute_error,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor
from skhp.callback import LearningCurves

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


@pytest.fixture(scope="module")
def kerass(rows):
    """Networks that a `keras.callbacks.EarlyStopping` stopped, by the names of the rules."""
    return cache(lambda name: stopped_by_keras(RULES[name], rows))


def stopped_by_keras(rule, rows):
    callback = keras.callbacks.EarlyStopping(
        monitor=rule.get("monitor", "val_loss"),
        min_delta=rule.get("min_delta", 0),
        patience=STOP["patience"],
        mode="max" if rule.get("monitor") in ("val_accuracy", "val_area") else "min",
        restore_best_weights=True,
    )
    net = MLPClassifier(**NET, metrics=rule.get("metrics"), callbacks=[callback, Batches()])
    return net.fit(**rows)


@pytest.mark.parametrize("name", RULES)
def test_the_compiled_engine_stops_where_keras_stops(name, rows, kerass):
    net = MLPClassifier(**NET, **STOP, **RULES[name]).fit(**rows)
    assert net.engine_ == "compiled"
    assert_same(net, kerass(name), rows)


def test_keras_own_fit_stops_where_keras_stops(rows, kerass):
    net = MLPClassifier(**NET, **STOP, **RULES["accuracy"], callbacks=[Batches()]).fit(**rows)
    assert net.engine_ == "keras"
    assert_same(net, kerass("accuracy"), rows)


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
        ({"monitor": "val_acc", "metrics": ["accuracy"]}, "val_loss, val_accuracy, loss, or a"),
        ({"monitor": "balanced_acuracy"}, "Did you mean 'balanced_accuracy'.*get_scorer_names"),
        ({"monitor": accuracy_score}, "looks like it is a metric function.*make_scorer"),
        ({"monitor": lambda net, X, y: float("nan")}, "must return a finite number.*Got nan"),
        ({"monitor": lambda net, X, y: {"a": 1}}, "must return a finite number.*Got {'a': 1}"),
        (
            {"monitor": "val_own", "metrics": [keras.metrics.Mean(name="own")]},
            "higher or a lower 'own'.*EarlyStopping",
        ),
        (
            {"monitor": lambda net, X, y: 0.5, "metrics": [keras.metrics.Mean(name="score")]},
            "as 'val_score', and a metric has the same name",
        ),
        ({"monitor": 3}, "'monitor'.*Got 3"),
        ({"min_delta": -0.1}, r"'min_delta'.*Got -0.1"),
    ],
)
def test_what_cannot_be_monitored(params, said, binary):
    X, y = binary
    with pytest.raises(ValueError, match=said):
        MLPClassifier(**NET, early_stopping=True, **params).fit(X, y)


def scores_of_each_epoch(net, rows, score):
    """The score on the validation rows of networks trained for 1, 2, ... epochs."""
    nets = [net.__class__(**NET | {"epochs": n}) for n in range(1, 20)]
    return [score(rows["y_val"], one.fit(**rows).predict(rows["X_val"])) for one in nets]


@pytest.mark.parametrize("engine", ["compiled", "keras"])
def test_a_scorer_is_measured_after_each_epoch(engine, rows):
    callbacks = [Batches()] if engine == "keras" else None
    rule = {"monitor": "balanced_accuracy", "patience": 6, "callbacks": callbacks}
    net = MLPClassifier(**NET, early_stopping=True, **rule).fit(**rows)
    assert net.engine_ == engine
    scores = net.history_["val_balanced_accuracy"]
    expected = scores_of_each_epoch(net, rows, balanced_accuracy_score)[: net.n_epochs_]
    np.testing.assert_allclose(scores, expected)
    assert net.n_epochs_ == int(np.argmax(expected)) + 1 + rule["patience"]
    assert balanced_accuracy_score(rows["y_val"], net.predict(rows["X_val"])) == max(expected)


def test_a_scorer_of_a_regressor(regression):
    X, y = regression
    rows = {"X": X[:40], "y": y[:40], "X_val": X[40:], "y_val": y[40:]}
    rule = {"early_stopping": True, "monitor": "neg_mean_absolute_error"}
    net = MLPRegressor(**NET | {"epochs": 6}, **rule).fit(**rows)
    errors = scores_of_each_epoch(net, rows, mean_absolute_error)[:6]
    np.testing.assert_allclose(net.history_["val_neg_mean_absolute_error"], np.negative(errors))


def test_a_metric_of_keras_keeps_its_value_under_the_name_of_a_scorer(rows):
    named = [MLPClassifier(**NET, **STOP, metrics=["accuracy"], monitor=monitor).fit(**rows)
             for monitor in ("accuracy", "val_accuracy")]  # fmt: skip
    assert named[0].history_ == named[1].history_
    alone = MLPClassifier(**NET, **STOP, monitor="accuracy").fit(**rows)
    np.testing.assert_allclose(alone.history_["val_accuracy"], named[0].history_["val_accuracy"])


def test_a_scorer_gets_the_rows_of_the_user(binary):
    """Named columns, labels and weights, of the rows that training does not use."""
    X, y = binary
    X = pd.DataFrame(X, columns=list("abcd"), index=np.arange(len(y)) + 100)
    labels = pd.Series(np.where(y, "yes", "no"), index=X.index)
    weight = np.linspace(1, 2, len(y))
    calls = []

    def scorer(net, X, y, sample_weight=None):
        calls.append((X, y, sample_weight))
        return -log_loss(y, net.predict_proba(X), sample_weight=sample_weight)

    net = MLPClassifier(**NET | {"epochs": 3}, early_stopping=True, monitor=scorer)
    net.fit(X, labels, sample_weight=weight)
    held_out, y_held_out, weights = calls[0]
    assert len(calls) == len(net.history_["val_score"]) == 3
    assert len(held_out) == 6 and list(held_out.columns) == list("abcd")
    pd.testing.assert_series_equal(y_held_out, labels[held_out.index])
    np.testing.assert_array_equal(weights, weight[held_out.index - 100])
    net.fit(X, labels, X_val=X, y_val=labels, sample_weight_val=weight)
    assert calls[-1][0] is X and calls[-1][2] is weight
    weighted = -log_loss(labels, net.predict_proba(X), sample_weight=weight)
    np.testing.assert_allclose(max(net.history_["val_score"]), weighted)


def polars_frame(X):
    return pytest.importorskip("polars").DataFrame(X)


CONTAINERS = {
    "tensor": keras.ops.convert_to_tensor, "list": lambda X: X.tolist(), "coo": coo_array,
    "polars": polars_frame, "images": lambda X: X.reshape(-1, 2, 2),
}  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_a_scorer_in_whatever_fit_takes(container, binary):
    X, y = binary
    net = MLPClassifier(**NET | {"epochs": 3}, early_stopping=True, monitor="accuracy")
    expected = clone(net).fit(X, y).history_
    assert net.fit(container(X), y).history_ == expected
    assert net.fit(container(X), keras.ops.convert_to_tensor(y)).history_ == expected


def test_rows_to_score_pass_the_steps_before_the_network(rows):
    """As scikit-learn routes them: the scaler transforms X_val too."""
    with config_context(enable_metadata_routing=True):
        net = MLPClassifier(**NET, early_stopping=True, monitor="roc_auc")
        net.set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("net", net)]
        pipeline = Pipeline(steps, transform_input=["X_val"]).fit(**rows)
    scaler = StandardScaler().fit(rows["X"])
    scaled = {name: scaler.transform(rows[name]) for name in ("X", "X_val")}
    alone = MLPClassifier(**NET, early_stopping=True, monitor="roc_auc").fit(**rows | scaled)
    assert pipeline[-1].history_ == alone.history_


def test_a_scorer_in_a_search(binary):
    X, y = binary
    scorer = make_scorer(balanced_accuracy_score, adjusted=True)
    net = MLPClassifier(**NET | {"epochs": 3}, early_stopping=True, validation_fraction=0.2)
    curves = LearningCurves()
    search = GridSearchCV(net, {"monitor": ["roc_auc", scorer]}, cv=2, refit=False)
    frame = search.set_callbacks(curves).fit(X, y) and curves.frame()
    counts = frame.groupby(["candidate", "metric"])["value"].count()
    assert counts[0, "val_roc_auc"] == counts[1, "val_score"] == 6


def test_a_training_that_diverges_has_no_score(regression):
    X, y = regression
    wild = {**NET, "optimizer": "sgd", "learning_rate": 1e20, "monitor": "r2"}
    with pytest.raises(ValueError, match=r"Training diverged.*epoch 1"):
        MLPRegressor(**wild, early_stopping=True).fit(X, y)

"""Wrappers with ``memory``: loaded, continued or trained, always with the result of one go."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skhp import KerasClassifier, KerasRegressor
from skhp.callback import LearningCurves
from skhp.engine.keras_fit import train_with_keras
from skhp.engine.program_run import ProgramRun
from skhp.search import FitStore
from tests.preloaded_process import run_script

# Another process runs the same text.
BUILDER = """
import keras


def build(meta, width=8, rate=0.0, memory=4):
    layers = [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(width, "relu")]
    layers += [keras.layers.BatchNormalization()] + [keras.layers.Dropout(rate)] * (rate > 0)
    return keras.Sequential([*layers, keras.layers.Dense(1, "sigmoid")])
"""
exec(BUILDER)


@pytest.fixture(autouse=True)
def no_warning_was_given(monkeypatch):
    """Let each test see the warnings that a process gives once."""
    monkeypatch.setattr("skhp.fitting.warn_once._given", set())


@pytest.fixture
def trained(monkeypatch):
    """The numbers of epochs that programs have trained, one for each call."""
    counts = []
    epochs = ProgramRun.epochs

    def counted(self, count):
        logs = epochs(self, count)
        counts.append(len(logs))
        return logs

    monkeypatch.setattr(ProgramRun, "epochs", counted)
    return counts


def network(**params):
    params = {"loss": "binary_crossentropy", "optimizer": "adam", "random_state": 0, **params}
    return KerasClassifier(build, **params)  # noqa: F821


def assert_same(net, expected, X):
    assert net.history_ == expected.history_
    assert (net.n_epochs_, net.engine_) == (expected.n_epochs_, expected.engine_)
    np.testing.assert_array_equal(net.predict_proba(X), expected.predict_proba(X))
    weights = zip(net.model_.get_weights(), expected.model_.get_weights(), strict=True)
    optimizers = (net.model_.optimizer.variables, expected.model_.optimizer.variables)
    variables = [map(keras.ops.convert_to_numpy, own) for own in optimizers]
    for one, other in [*weights, *zip(*variables, strict=True)]:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rate, engine", [(0.0, "compiled"), (0.3, "graph")])
def test_3_then_9_then_27_epochs_are_27_at_once(
    rate, engine, binary, tmp_path, trained, small_models_compiled
):
    X, y = binary
    net = network(rate=rate, validation_split=0.2, metrics=["accuracy"], epochs=27)
    expected = clone(net).fit(X, y)
    assert expected.engine_ == engine
    trained.clear()
    for epochs in (3, 9, 27):
        net.set_params(memory=tmp_path, epochs=epochs).fit(X, y)
    assert_same(net, expected, X)
    assert sum(trained) == 27
    trained.clear()
    assert_same(clone(net).fit(X, y), expected, X)
    assert trained == []
    # A loaded network trains on like any other.
    assert_same(clone(net).fit(X, y).partial_fit(X, y), expected.partial_fit(X, y), X)
    assert FitStore(tmp_path).frame()["epochs"].tolist() == [3, 9, 27]


@pytest.mark.slow
def test_another_process_finds_the_fit(binary, tmp_path, trained):
    X, y = binary
    np.savez(tmp_path / "rows.npz", X=X, y=y)
    script = f"""{BUILDER}
import json, sys
import numpy as np
from skhp import KerasClassifier
rows = np.load({str(tmp_path / "rows.npz")!r})
for _ in range(3):  # the names that Keras gives layers count up
    keras.layers.Dense(3), keras.layers.Dropout(0.5)
net = KerasClassifier(build, loss="binary_crossentropy", optimizer="adam", random_state=0,
                      rate=0.3, epochs=4, memory={str(tmp_path / "fits")!r})
net.fit(rows["X"], rows["y"])
print(json.dumps(net.history_["loss"]))
"""
    losses = run_script(tmp_path / "script.py", script)
    net = network(rate=0.3, epochs=4, memory=tmp_path / "fits").fit(X, y)
    assert trained == []
    assert net.history_["loss"] == losses


@pytest.mark.slow
def test_a_longer_fit_that_xla_compiles_begins_anew(binary, tmp_path, trained):
    """A program continues only what a program of its kind began: the last bits differ."""
    X, y = binary
    net = network(batch_size=1, epochs=7)
    expected = clone(net).fit(X, y)
    assert net.set_params(memory=tmp_path, epochs=3).fit(X, y).engine_ == "graph"
    trained.clear()
    assert net.set_params(epochs=7).fit(X, y).engine_ == "compiled"
    assert sum(trained) == 7
    assert_same(net, expected, X)
    trained.clear()
    assert net.set_params(epochs=3).fit(X, y).engine_ == "graph" and trained == []


class StopsAfterTwo:
    """A callback of scikit-learn's kind that ends training after the second epoch."""

    def setup(self, estimator, context):
        pass

    on_fit_task_begin = teardown = setup

    def on_fit_task_end(self, estimator, context):
        return context.task_name == "epoch" and context.task_id == 1


@pytest.mark.slow
def test_a_hook_that_stops_within_a_stored_fit(binary, tmp_path):
    """Two epochs alone would run as a graph, but the fit that is stopped is compiled."""
    X, y = binary
    net = network(batch_size=1, epochs=7)
    expected = clone(net).set_callbacks(StopsAfterTwo()).fit(X, y)
    net.set_params(memory=tmp_path).fit(X, y)
    stopped = clone(net).set_callbacks(StopsAfterTwo()).fit(X, y)
    assert (stopped.engine_, stopped.n_epochs_) == ("compiled", 2)
    assert_same(stopped, expected, X)


@pytest.mark.slow
def test_whatever_changes_the_training_makes_another_fit(binary, tmp_path):
    X, y = binary
    fits = [
        ({}, {}),
        ({"width": 9}, {}),
        ({"random_state": 1}, {}),
        ({"optimizer__learning_rate": 0.01}, {}),
        ({"loss": keras.losses.BinaryCrossentropy(label_smoothing=0.1)}, {}),
        ({"batch_size": 8}, {}),
        ({"validation_split": 0.3}, {}),
        ({"class_weight": {0: 1.0, 1: 2.0}}, {}),
        ({}, {"sample_weight": np.linspace(1, 2, len(y))}),
    ]
    for n, (params, arguments) in enumerate(fits, 1):
        for _ in range(2):
            network(rate=0.3, **params, memory=tmp_path).fit(X, y, **arguments)
        assert FitStore(tmp_path).frame()["fit"].nunique() == n


def falls(epoch, rate):
    return rate * 0.9 if epoch % 5 == 4 else rate


def test_a_callback_that_sets_the_learning_rate_goes_on(binary, tmp_path, trained):
    X, y = binary
    schedule = keras.callbacks.LearningRateScheduler(falls)
    unfitted = network(rate=0.3, callbacks=[schedule], epochs=12)
    expected = clone(unfitted).fit(X, y)
    trained.clear()
    for epochs in (3, 12, 12):
        net = clone(unfitted).set_params(epochs=epochs, memory=tmp_path).fit(X, y)
    assert_same(net, expected, X)
    assert sum(trained) == 12


@pytest.mark.parametrize("on", ["train", "test_fold"])
def test_curves_show_earlier_epochs(on, binary, tmp_path):
    X, y = binary

    def curves(memory, epochs=5):
        followed = LearningCurves(on=on)
        search = GridSearchCV(network(epochs=epochs, memory=memory), {"rate": [0.3]}, cv=2)
        search.set_callbacks(followed).fit(X, y)
        return followed.frame().drop(columns="seconds")

    expected = curves(None)
    curves(tmp_path, epochs=2)
    for _ in ("continued", "loaded"):
        assert curves(tmp_path).equals(expected)


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


def own_step(meta):
    return OwnStep([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])


def test_a_class_of_the_users_is_not_stored(regression, tmp_path):
    X, y = regression
    net = KerasRegressor(own_step, loss="mse", random_state=0, memory=tmp_path)
    with pytest.warns(UserWarning, match="not stored: .*OwnStep is a class of its own"):
        net.fit(X, y)
    assert net.engine_ == "keras" and FitStore(tmp_path).frame().empty


def test_finished_fits_that_keras_trains_are_loaded(binary, tmp_path, monkeypatch):
    X, y = binary
    trained = []

    def counted(plan, *arguments):
        trained.append(plan.epochs)
        return train_with_keras(plan, *arguments)

    monkeypatch.setattr("skhp.engine.train.train_with_keras", counted)
    net = network(rate=0.3, run_eagerly=True, validation_split=0.2, epochs=3)
    expected = clone(net).fit(X, y)
    assert expected.engine_ == "keras"
    net.set_params(memory=tmp_path)
    for _ in range(2):
        assert_same(clone(net).fit(X, y), expected, X)
    assert trained == [3, 3]
    clone(net).set_params(epochs=2).fit(X, y)  # there is no checkpoint to go on from
    assert trained == [3, 3, 2]
    assert sorted(FitStore(tmp_path).frame()["epochs"]) == [2, 3]


@pytest.mark.parametrize("given", ["Keras callbacks", "steps_per_epoch"])
def test_fits_that_keras_trains_with_more_are_not_stored(given, binary, tmp_path):
    callbacks = [keras.callbacks.EarlyStopping("loss")] if given == "Keras callbacks" else None
    net = network(run_eagerly=True, callbacks=callbacks, memory=tmp_path)
    with pytest.warns(UserWarning, match=f"not stored: .*own fit trains it, with {given}"):
        net.fit(*binary, **({} if callbacks else {"steps_per_epoch": 1}))
    assert FitStore(tmp_path).frame().empty


def test_memory_of_the_builder_has_a_prefix(binary):
    X, y = binary
    net = network(model__memory=6).fit(X, y)
    assert net.n_epochs_ == 1
    with pytest.raises((TypeError, ValueError), match=r"'memory' parameter.*model__memory.*Got 6"):
        network(memory=6).fit(X, y)

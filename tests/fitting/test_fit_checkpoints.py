"""Fits with ``memory``: loaded, continued or trained, always with the result of one go."""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skhp import MLPClassifier, MLPRegressor
from skhp.callback import LearningCurves
from skhp.engine.program_run import ProgramRun
from skhp.search import FitStore

NET = {"n_layers": 1, "width": 16, "learning_rate": 0.03, "random_state": 0}
STOP = {"early_stopping": True, "patience": 4}


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


def assert_same(net, expected, X):
    assert net.history_ == expected.history_
    assert (net.n_epochs_, net.engine_) == (expected.n_epochs_, expected.engine_)
    for name in ("trainable", "state", "optimizer_variables"):
        pairs = zip(getattr(net._state, name), getattr(expected._state, name), strict=True)
        for array, other in pairs:
            assert array.dtype == other.dtype
            np.testing.assert_array_equal(array, other)
    np.testing.assert_array_equal(net.predict(X), expected.predict(X))
    # What a later partial_fit would draw.
    states = [one._random_state.get_state(legacy=False) for one in (net, expected)]
    np.testing.assert_equal(*states)


KINDS = {
    "dropout": {"dropout": 0.3, "metrics": ["accuracy"]},
    "early stopping": {**STOP, "dropout": 0.1},
    "a scorer": {**STOP, "monitor": "neg_brier_score", "min_delta": 1e-4},
    "no shuffling, momentum": {
        "optimizer": keras.optimizers.SGD(momentum=0.9), "shuffle": False,
    },
    "a schedule": {"learning_rate": keras.optimizers.schedules.CosineDecay(0.05, 40)},
    "moving statistics": {"batch_norm": True, "l2": 1e-3, "optimizer": "adagrad"},
}  # fmt: skip


@pytest.mark.parametrize("params", KINDS.values(), ids=KINDS)
def test_3_then_9_then_27_epochs_are_27_at_once(params, binary, tmp_path, trained):
    X, y = binary
    net = MLPClassifier(**{**NET, **params}, epochs=27)
    expected = clone(net).fit(X, y)
    in_one_go = sum(trained)
    trained.clear()
    net.set_params(memory=tmp_path)
    for epochs in (3, 9, 27):
        net.set_params(epochs=epochs).fit(X, y)
    assert_same(net, expected, X)
    assert sum(trained) == in_one_go
    trained.clear()
    assert_same(clone(net).fit(X, y), expected, X)
    assert trained == []


def test_early_stopping_ends_a_stored_fit_too(binary, tmp_path, trained):
    X, y = binary
    net = MLPClassifier(**NET, **STOP, epochs=200, min_delta=0.02, memory=tmp_path).fit(X, y)
    assert 5 < net.n_epochs_ < 200
    expected = clone(net).set_params(memory=None)
    trained.clear()
    assert_same(clone(net).set_params(epochs=300).fit(X, y), net, X)
    assert trained == []
    # Fewer epochs than were trained: no checkpoint of them is there.
    assert_same(
        clone(net).set_params(epochs=4).fit(X, y), expected.set_params(epochs=4).fit(X, y), X
    )


def test_a_random_state_is_left_as_training_leaves_it(regression, tmp_path):
    X, y = regression
    net = MLPRegressor(n_layers=1, width=16, epochs=2, memory=tmp_path)
    states = [np.random.RandomState(3) for _ in range(3)]
    fitted = [clone(net).set_params(random_state=state) for state in states]
    fitted[0].set_params(memory=None)
    for one, state in zip(fitted, states, strict=True):
        one.random_state = state  # cloning copies it
        one.fit(X, y)
    assert len({state.randint(2**31) for state in states}) == 1
    assert len(FitStore(tmp_path).frame()) == 1


class At:
    """Raises, or stops, at the end of an epoch."""

    def __init__(self, epoch, stops=False):
        self.epoch, self.stops, self.seen = epoch, stops, 0

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "epoch":
            return False
        self.seen += 1
        if self.seen == self.epoch and not self.stops:
            raise KeyboardInterrupt  # as Ctrl-C does
        return self.seen == self.epoch


def test_an_interrupted_fit_goes_on_from_its_last_checkpoint(binary, tmp_path, trained):
    X, y = binary
    store = FitStore(tmp_path, every=0)
    net = MLPClassifier(**NET, **STOP, epochs=10, memory=store)
    with pytest.raises(KeyboardInterrupt):
        clone(net).set_callbacks(At(6)).fit(X, y)
    assert store.frame()[["epochs", "is_finished"]].to_numpy().tolist() == [[5, False]]
    trained.clear()
    net.fit(X, y)
    assert sum(trained) == 5
    assert_same(net, clone(net).set_params(memory=None).fit(X, y), X)
    assert store.frame()[["epochs", "is_finished"]].to_numpy().tolist() == [[10, True]]
    # What a process leaves that is killed before it removes its last checkpoint.
    (stored,) = store.stored()
    shutil.copy(stored.path, stored.path.with_name("00000009.part.safetensors"))
    clone(net).fit(X, y)
    assert store.frame()[["epochs", "is_finished"]].to_numpy().tolist() == [[10, True]]


def test_a_callback_may_stop_a_stored_fit(binary, tmp_path):
    X, y = binary
    net = MLPClassifier(**NET, **STOP, epochs=8)
    expected = clone(net).set_params(epochs=5).fit(X, y)
    net.set_params(memory=tmp_path).fit(X, y)
    stopped = clone(net).set_callbacks(At(5, stops=True)).fit(X, y)
    assert_same(stopped, expected, X)
    at_the_end = clone(net).set_callbacks(At(8, stops=True)).fit(X, y)
    assert_same(at_the_end, net, X)


@pytest.mark.parametrize("on", ["train", "test_fold"])
def test_curves_show_earlier_epochs(on, binary, tmp_path):
    X, y = binary
    net = MLPClassifier(**NET, epochs=6)
    grid = {"learning_rate": [0.01, 0.03]}

    def curves(memory, epochs=6):
        followed = LearningCurves(on=on)
        search = GridSearchCV(clone(net).set_params(memory=memory, epochs=epochs), grid, cv=2)
        search.set_callbacks(followed).fit(X, y)
        return followed.frame().drop(columns="seconds")

    expected = curves(None)
    curves(tmp_path, epochs=2)
    for _ in ("continued", "loaded"):
        assert curves(tmp_path).equals(expected)


def test_a_fit_that_diverged_raises_again(regression, tmp_path, trained):
    X, y = regression
    net = MLPRegressor(n_layers=1, width=16, optimizer="sgd", learning_rate=1e20, random_state=0)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"Training diverged.*epoch 1"):
            clone(net).set_params(memory=tmp_path).fit(X, y)
    assert len(trained) == 1


def last_score(value):
    return lambda net, X, y: value


@contextlib.contextmanager
def without_rights(directory):
    """Let nobody write to a directory, root neither."""
    folders = [directory, *(path for path in directory.iterdir() if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # which is "nobody"
    try:
        if not os.access(keras.__file__, os.R_OK, effective_ids=True):
            pytest.skip("the user nobody must be able to read the installed packages")
        yield
    finally:
        os.seteuid(user)
        for folder in folders:
            folder.chmod(0o755)


def test_a_directory_that_is_read_only_is_read(binary, trained, recwarn):
    X, y = binary
    # Not tmp_path: only the user may read pytest's own folder.
    with tempfile.TemporaryDirectory() as directory:
        net = MLPClassifier(**NET, epochs=2, memory=directory).fit(X, y)
        trained.clear()
        with without_rights(Path(directory)):
            assert_same(clone(net).fit(X, y), net, X)
            assert trained == []
            for seed in (1, 2):
                clone(net).set_params(random_state=seed).fit(X, y)
        assert sum(trained) == 4
        assert len(FitStore(directory).frame()) == 1
    messages = [str(w.message) for w in recwarn if "cannot be stored" in str(w.message)]
    assert len(messages) == 1 and "Permission denied" in messages[0]


@pytest.mark.slow
def test_whatever_changes_the_training_makes_another_fit(binary, tmp_path):
    X, y = binary
    other = X.copy()
    other[5, 1] += 1e-6
    net = MLPClassifier(**NET, epochs=1, memory=tmp_path)
    rows = {"X": X, "y": y}
    fits = [
        ({}, rows),
        ({"learning_rate": 0.02}, rows),
        ({"random_state": 1}, rows),
        ({"kernel_initializer": "he_normal"}, rows),
        ({"l2": 1e-9}, rows),
        ({"batch_size": 8}, rows),
        ({"shuffle": False}, rows),
        ({"metrics": ["accuracy"]}, rows),
        ({"optimizer": keras.optimizers.Adam(beta_1=0.8)}, rows),
        ({"loss": keras.losses.BinaryCrossentropy(label_smoothing=0.1)}, rows),
        (STOP, rows),
        ({**STOP, "patience": 5}, rows),
        ({**STOP, "monitor": "roc_auc"}, rows),
        ({**STOP, "monitor": last_score(0.1)}, rows),
        ({**STOP, "monitor": last_score(0.2)}, rows),
        ({}, {"X": other, "y": y}),
        ({}, {"X": X, "y": 1 - y}),
        ({}, {**rows, "sample_weight": np.arange(1, len(y) + 1)}),
        ({}, {**rows, "X_val": X, "y_val": y}),
    ]
    for n, (params, data) in enumerate(fits, 1):
        for _ in range(2):
            clone(net).set_params(**params).fit(**data)
        assert FitStore(tmp_path).frame()["fit"].nunique() == n
    clone(net).set_params(verbose=1, warm_start=True).fit(X, y)
    assert FitStore(tmp_path).frame()["fit"].nunique() == len(fits)


def leaky(slope):
    return lambda x: keras.ops.maximum(slope * x, x)


def test_code_of_the_users_is_part_of_a_fit(binary, tmp_path, trained):
    X, y = binary
    net = MLPClassifier(**NET, epochs=1, memory=tmp_path)
    for slope, in_all in [(0.1, 1), (0.1, 1), (0.2, 2)]:
        clone(net).set_params(activation=leaky(slope)).fit(X, y)
        assert len(trained) == in_all
    assert FitStore(tmp_path).frame()["fit"].nunique() == 2


def test_warm_start_goes_on_through_the_store(binary, tmp_path):
    X, y = binary
    net = MLPClassifier(**NET, epochs=2, warm_start=True)
    expected = clone(net).fit(X, y).fit(X, y)
    for _ in range(2):
        assert_same(clone(net).set_params(memory=tmp_path).fit(X, y).fit(X, y), expected, X)
    assert FitStore(tmp_path).frame()["fit"].nunique() == 2


def falls(epoch, rate):
    return rate * 0.9 if epoch % 5 == 4 else rate


CALLBACKS = {
    "on a plateau": lambda: keras.callbacks.ReduceLROnPlateau("val_loss", 0.5, patience=1),
    "a schedule": lambda: keras.callbacks.LearningRateScheduler(falls),
}


@pytest.mark.parametrize("make", CALLBACKS.values(), ids=CALLBACKS)
def test_callbacks_that_set_the_learning_rate_go_on(make, binary, tmp_path, trained):
    X, y = binary
    callbacks = [make(), keras.callbacks.TerminateOnNaN()]
    # Clones of it have callbacks that have not run. Keras changes the settings of one that has.
    unfitted = MLPClassifier(**NET, **STOP, min_delta=1e-4, epochs=27, callbacks=callbacks)
    expected = clone(unfitted).fit(X, y)
    assert len(set(expected.history_["learning_rate"])) > 2
    trained.clear()
    for epochs in (3, 9, 27, 27):
        net = clone(unfitted).set_params(epochs=epochs, memory=tmp_path).fit(X, y)
    assert_same(net, expected, X)
    state = [{n: v for n, v in vars(one.callbacks_[0]).items()} for one in (net, expected)]
    for name in {"best", "wait", "cooldown_counter"} & state[0].keys():
        assert state[0][name] == state[1][name]
    assert sum(trained) == expected.n_epochs_


@pytest.mark.parametrize("restore", [True, False], ids=["best weights", "last weights"])
def test_early_stopping_of_keras_goes_on(restore, binary, tmp_path, trained):
    X, y = binary
    stop = keras.callbacks.EarlyStopping(
        "val_loss", min_delta=0.01, patience=4, restore_best_weights=restore
    )
    unfitted = MLPClassifier(**NET, epochs=27, callbacks=[stop])
    X_val, y_val = X[::3], 1 - y[::3]  # on which it soon gets worse
    expected = clone(unfitted).fit(X, y, X_val=X_val, y_val=y_val)
    assert 4 < expected.n_epochs_ < 27
    assert expected.callbacks_[0].best_epoch < expected.n_epochs_ - 1
    trained.clear()
    for epochs in (2, expected.n_epochs_ - 1, 27, 27):
        net = clone(unfitted).set_params(epochs=epochs, memory=tmp_path)
        net.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same(net, expected, X)
    assert sum(trained) == expected.n_epochs_
    for name in ("best", "wait", "stopped_epoch", "best_epoch"):
        assert getattr(net.callbacks_[0], name) == getattr(expected.callbacks_[0], name)
    curves = LearningCurves()
    clone(net).set_callbacks(curves).fit(X, y, X_val=X_val, y_val=y_val)
    assert curves.frame()["epoch"].max() == expected.n_epochs_ == sum(trained)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.callbacks.LearningRateScheduler(falls),
        lambda: keras.callbacks.EarlyStopping(
            "loss", min_delta=0.1, patience=2, restore_best_weights=True
        ),
    ],
    ids=["sets the learning rate", "stops"],
)
def test_curves_of_fits_with_callbacks_of_keras(make, binary, tmp_path):
    X, y = binary
    net = MLPClassifier(**NET, callbacks=[make()])

    def curves(memory, epochs=12):
        followed = LearningCurves(on="test_fold")
        search = GridSearchCV(
            clone(net).set_params(memory=memory, epochs=epochs), {"l2": [0.0]}, cv=2
        )
        search.set_callbacks(followed).fit(X, y)
        return followed.frame().drop(columns="seconds")

    expected = curves(None)
    curves(tmp_path, epochs=2)
    for _ in ("continued", "loaded"):
        assert curves(tmp_path).equals(expected)


class Counts(keras.callbacks.Callback):
    """Has a state of its own."""


def patched():
    """A callback of Keras with a method of the user's."""
    callback = keras.callbacks.TerminateOnNaN()
    callback.on_epoch_end = lambda epoch, logs=None: None
    return callback


drawn_by = np.random.RandomState(0)


@pytest.mark.parametrize(
    "params, said",
    [
        ({"random_state": None}, "not stored: random_state is None.*Set random_state to an int"),
        ({"callbacks": [Counts()]}, "not stored: the Keras callbacks Counts may change"),
        ({"callbacks": [patched()]}, "not stored: the Keras callbacks TerminateOnNaN may change"),
        ({"activation": lambda x: x * drawn_by.randint(3)}, "not stored: skhp cannot find out"),
    ],
    ids=["no seed", "callback", "patched callback", "unknown code"],
)
def test_what_is_not_stored_is_said_once(params, said, binary, tmp_path, recwarn):
    X, y = binary
    net = MLPClassifier(**{**NET, **params}, epochs=1, memory=tmp_path)
    for _ in range(2):
        clone(net).fit(X, y)
    messages = [str(w.message) for w in recwarn if "memory is set" in str(w.message)]
    assert len(messages) == 1
    assert re.search(said, messages[0])
    assert len(FitStore(tmp_path).frame()) == 0

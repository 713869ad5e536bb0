"""The estimators under scikit-learn's own callbacks."""

import gc
import re

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import KerasClassifier, MLPClassifier, MLPRegressor
from skhp.callback import LearningCurves
from skhp.engine.program_run import ProgramRun

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)


def net(**params):
    return MLPClassifier(1, **{"width": 8, "epochs": 4, "random_state": 0, **params})


class LooksAtBatches(keras.callbacks.Callback):
    """Makes Keras's own fit do the training."""

    def on_train_batch_end(self, batch, logs=None):
        pass


ENGINES = {"compiled": None, "keras": [LooksAtBatches()]}


class Recorder:
    """A callback of a user's own."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context):
        self.events.append(("end", context.task_name, context.task_id))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def teardown(self, estimator, context):
        self.events.append("teardown")


@pytest.mark.parametrize("engine", ENGINES)
def test_one_task_an_epoch_within_one_task_a_fit(engine):
    recorder = Recorder()
    est = net(epochs=2, callbacks=ENGINES[engine]).set_callbacks(recorder).fit(X, y)
    assert est.engine_ == engine
    assert recorder.events == [
        "setup",
        ("begin", "fit", 0),
        ("begin", "epoch", 0),
        ("end", "epoch", 0),
        ("begin", "epoch", 1),
        ("end", "epoch", 1),
        ("end", "fit", 0),
        "teardown",
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_true_from_the_end_of_an_epoch_stops_training(engine):
    short = net(epochs=3, callbacks=ENGINES[engine]).fit(X, y)
    stopped = net(epochs=50, callbacks=ENGINES[engine]).set_callbacks(Recorder(3)).fit(X, y)
    assert stopped.n_epochs_ == 3
    assert_allclose(stopped.history_["loss"], short.history_["loss"], rtol=1e-6)
    assert_allclose(stopped.predict_proba(X), short.predict_proba(X), rtol=1e-5, atol=1e-6)


def test_callbacks_change_nothing_of_what_is_learned():
    plain = net().fit(X, y)
    watched = net().set_callbacks(Recorder()).fit(X, y)
    assert_array_equal(plain.predict_proba(X), watched.predict_proba(X))
    assert plain.history_ == watched.history_


def test_without_callbacks_many_epochs_run_in_one_call():
    # The engine calls watchers once a call: two are enough for a hundred epochs.
    from skhp.engine import program_run

    calls = []
    original = program_run.ProgramRun.epochs

    def counting(self, count):
        calls.append(count)
        return original(self, count)

    net(epochs=2).fit(X, y)  # compiles, and learns how long an epoch takes
    program_run.ProgramRun.epochs = counting
    try:
        net(epochs=30).fit(X, y)
        without = len(calls)
        net(epochs=30).set_callbacks(Recorder()).fit(X, y)
    finally:
        program_run.ProgramRun.epochs = original
    assert len(calls) - without == 30
    assert without < 30


@pytest.mark.parametrize("engine", ENGINES)
def test_scoring_monitor_scores_each_epoch(engine):
    monitor = ScoringMonitor(scoring="accuracy")
    est = net(callbacks=ENGINES[engine]).set_callbacks(monitor)
    est.fit(X, y)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = [
        accuracy_score(y, net(epochs=n, callbacks=ENGINES[engine]).fit(X, y).predict(X))
        for n in (1, 2, 3, 4)
    ]
    assert_allclose([row["accuracy"] for row in log], expected, atol=2 / len(y))


def test_scoring_monitor_scores_a_regressor_with_its_sample_weights():
    Xd, yd = load_diabetes(return_X_y=True)
    weight = np.linspace(0.1, 2, len(yd))
    monitor = ScoringMonitor(scoring="r2")
    est = MLPRegressor(1, 8, epochs=2, random_state=0).set_callbacks(monitor)
    est.fit(Xd, yd, sample_weight=weight)
    last = monitor.get_logs().data[-1]
    assert last["task_name"] == "epoch"
    assert last["r2"] == pytest.approx(est.score(Xd, yd, sample_weight=weight))


def test_fitted_estimator_of_an_epoch_is_not_the_one_in_training():
    class Keeper:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                kept.append(fitted_estimator)

    kept = []
    est = net(epochs=3).set_callbacks(Keeper()).fit(X, y)
    assert [e.n_epochs_ for e in kept] == [1, 2, 3]
    assert [len(e.history_["loss"]) for e in kept] == [1, 2, 3]
    assert_array_equal(kept[0].predict_proba(X), net(epochs=1).fit(X, y).predict_proba(X))
    assert_array_equal(kept[2].predict_proba(X), est.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_progress_bar_nests_search_candidates_folds_and_epochs(n_jobs, capsys):
    pipe = make_pipeline(StandardScaler(), net(epochs=3))
    search = GridSearchCV(pipe, {"mlpclassifier__learning_rate": [0.01, 0.1]}, cv=2, n_jobs=n_jobs)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    lines = [line for line in capsys.readouterr().out.splitlines() if "100%" in line]
    indents = [
        (len(line) - len(line.lstrip()), re.sub(r"\s+100%.*", "", line.strip())) for line in lines
    ]
    assert (0, "GridSearchCV - fit") in indents
    assert (2, "GridSearchCV - search #0") in indents
    for fit in range(4):
        name = f"GridSearchCV - candidate-split-evaluation | Pipeline - fit #{fit}"
        at = indents.index((4, name))
        assert (6, "Pipeline - fit-final-estimator | MLPClassifier - fit #1") in (
            indents[at + 1 : at + 3]
        )


def test_callbacks_survive_clone_and_early_stopping_keeps_the_best_weights():
    recorder = Recorder()
    est = clone(
        net(epochs=40, early_stopping=True, patience=1, learning_rate=0.05).set_callbacks(recorder)
    ).fit(X, y)
    assert sum(event[:2] == ("end", "epoch") for event in recorder.events) == est.n_epochs_ < 40
    plain = net(epochs=40, early_stopping=True, patience=1, learning_rate=0.05).fit(X, y)
    assert_array_equal(plain.predict_proba(X), est.predict_proba(X))


def test_a_fit_that_fails_tears_its_callbacks_down():
    recorder = Recorder()
    with pytest.raises(ValueError, match="one class"):
        net().set_callbacks(recorder).fit(X, np.zeros(len(X)))
    assert recorder.events[-1] == "teardown"


@pytest.mark.parametrize("kind", [MLPClassifier, KerasClassifier])
@pytest.mark.parametrize(
    "callback, way",
    [
        (keras.callbacks.EarlyStopping(), "parameter callbacks"),
        ([LearningCurves()], r"set_callbacks\(\*callbacks\)"),
        (LearningCurves, r"LearningCurves\(\.\.\.\)"),
        (3, "FitCallback"),
    ],
)
def test_what_set_callbacks_takes(kind, callback, way):
    with pytest.raises(TypeError, match=way):
        kind().set_callbacks(callback)


def test_estimator_with_a_callback_can_be_dumped(tmp_path):
    monitor = ScoringMonitor(scoring="accuracy")
    est = net(epochs=1).set_callbacks(monitor).fit(X, y)
    joblib.dump(est, tmp_path / "net.joblib")
    assert_array_equal(joblib.load(tmp_path / "net.joblib").predict(X), est.predict(X))


def build(meta):
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1, activation="sigmoid")]
    )


def test_a_monitor_scores_a_network_of_the_users_own_at_each_epoch():
    own = KerasClassifier(build, loss="binary_crossentropy", optimizer="adam", epochs=3)
    monitor = ScoringMonitor(scoring="accuracy")
    own.set_params(random_state=0).set_callbacks(monitor).fit(X, y)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(log) == 3
    assert_allclose(log[-1]["accuracy"], accuracy_score(y, own.predict(X)))


class CountsRuns:
    """How many trainings are in memory when one ends."""

    counts = []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch" and context.task_id == 0:
            gc.collect()
            self.counts.append(sum(isinstance(o, ProgramRun) for o in gc.get_objects()))


def test_a_search_with_callbacks_keeps_no_training_that_is_over():
    gc.collect()
    gc.freeze()  # what other tests left takes long to look through
    counting = net(epochs=1).set_callbacks(CountsRuns())
    search = GridSearchCV(counting, {"learning_rate": [1e-3, 1e-2, 1e-1]}, cv=3)
    search.set_callbacks(LearningCurves(on="test_fold")).fit(X, y)
    counts = CountsRuns.counts
    assert len(counts) == 10
    assert counts[-1] == counts[0]

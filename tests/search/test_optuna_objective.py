"""`optuna_objective`: scores of a cross-validation, reported after each epoch, and pruning."""

import json
import threading
import time

import keras
import numpy as np
import pytest
from scipy import stats
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import KerasClassifier, MLPClassifier, from_hypermodel
from skhp.callback import LearningCurves
from skhp.engine.program_run import ProgramRun
from skhp.search import FitStore, default_space, optuna_objective, results
from tests.preloaded_process import started

optuna = pytest.importorskip("optuna")
from tests.search.stored_study import run_study, storage_in  # noqa: E402 - it imports optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)

NET = MLPClassifier(n_layers=1, width=16, epochs=6, random_state=0)
RATE = "learning_rate"
STEP = f"mlpclassifier__{RATE}"  # of the same in a pipeline


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


def study_of(*rates, name=RATE, **settings):
    study = optuna.create_study(direction="maximize", **settings)
    for rate in rates:
        study.enqueue_trial({name: rate})
    return study


def test_each_epoch_reports_the_score_of_a_cross_validation(binary):
    X, y = binary
    pipeline = make_pipeline(StandardScaler(), NET)
    study = study_of(0.03, 0.1, name=STEP)
    settings = {"cv": StratifiedKFold(3), "scoring": "neg_log_loss"}
    objective = optuna_objective(pipeline, {STEP: [0.03, 0.1]}, X, y, **settings)
    study.optimize(objective, n_trials=2)
    for trial in study.trials:
        for epoch in (1, 4, 6):
            net = clone(pipeline).set_params(mlpclassifier__epochs=epoch, **trial.params)
            expected = cross_val_score(net, X, y, **settings)
            np.testing.assert_allclose(trial.intermediate_values[epoch], expected.mean())
        np.testing.assert_allclose(trial.value, expected.mean())
        splits = [trial.user_attrs[f"split{i}_test_score"] for i in range(3)]
        np.testing.assert_allclose(splits, expected)
    frame = results(study)
    assert frame[RATE].tolist() == [0.03, 0.1]
    assert frame["mean_test_score"].tolist() == [trial.value for trial in study.trials]


def test_folds_that_stop_early_count_with_their_best_weights(binary):
    X, y = binary
    net = clone(NET).set_params(epochs=40, early_stopping=True, patience=2, min_delta=0.02)
    study = study_of(0.03)
    study.optimize(optuna_objective(net, {RATE: [0.03]}, X, y, cv=3), n_trials=1)
    expected = cross_val_score(clone(net).set_params(learning_rate=0.03), X, y, cv=3)
    np.testing.assert_allclose(study.best_value, expected.mean())
    assert study.best_trial.user_attrs["n_epochs"] < 40


def test_a_hopeless_trial_trains_fewer_epochs(binary, trained):
    X, y = binary
    net = clone(NET).set_params(epochs=20)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=3)
    study = study_of(0.03, 1e-7, pruner=pruner)
    objective = optuna_objective(net, {RATE: [0.03, 1e-7]}, X, y, cv=2, scoring="neg_log_loss")
    study.optimize(objective, n_trials=2)
    good, hopeless = study.trials
    assert (good.state.name, hopeless.state.name) == ("COMPLETE", "PRUNED")
    assert (good.user_attrs["n_epochs"], hopeless.user_attrs["n_epochs"]) == (20, 3)
    assert list(hopeless.intermediate_values) == [1, 2, 3]
    assert sum(trained) == 2 * (20 + 3)
    assert len(results(study)) == 1


def test_a_model_of_the_user_and_a_function_as_space(binary):
    import keras

    def build(meta, width=4):
        layers = [keras.layers.Dense(width, "relu"), keras.layers.Dense(1, "sigmoid")]
        return keras.Sequential([keras.Input((meta["n_features_in_"],)), *layers])

    def space(trial):
        return {"width": trial.suggest_int("half", 2, 2) * 2}

    X, y = binary
    # Callbacks of the training must keep their model while an epoch is scored.
    stop = keras.callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True)
    net = KerasClassifier(
        build, loss="binary_crossentropy", epochs=2, random_state=0, callbacks=[stop]
    )
    study = study_of()
    study.optimize(optuna_objective(net, space, X, y, cv=2), n_trials=1)
    np.testing.assert_allclose(study.best_value, cross_val_score(net, X, y, cv=2).mean())
    assert list(study.best_trial.intermediate_values) == [1, 2]


def test_an_error_in_one_fold_ends_the_others(binary):
    X, y = binary
    calls = []

    def scorer(net, X, y):
        calls.append(None)
        if len(calls) == 5:
            raise ValueError("the fifth")
        return 0.5

    study, before = study_of(), threading.active_count()
    objective = optuna_objective(NET, {RATE: [0.03]}, X, y, cv=3, scoring=scorer)
    study.optimize(objective, n_trials=1, catch=ValueError)
    assert study.trials[0].state.name == "FAIL"
    assert threading.active_count() == before


def test_learning_curves_follow_the_folds(binary):
    X, y = binary
    net, curves = make_pipeline(clone(NET)), LearningCurves()
    net.set_callbacks(curves)
    study = study_of(0.03, 1e-7, name=STEP, pruner=optuna.pruners.MedianPruner(1))
    study.optimize(optuna_objective(net, {STEP: [0.03, 1e-7]}, X, y, cv=2), n_trials=2)
    columns = ["candidate", "split", "epoch", "value"]
    found = curves.frame(study)
    assert found["metric"].unique() == ["loss"] and not found["refit"].any()
    expected = LearningCurves()
    search = GridSearchCV(make_pipeline(clone(NET)), {STEP: [0.03]}, cv=2, refit=False)
    search.set_callbacks(expected).fit(X, y)
    assert found[columns].equals(expected.frame()[columns])


def test_settings_of_scikit_learn_hold_in_each_fold(binary):
    X, y = binary
    found = []

    def scorer(net, X, y):
        found.append(get_config()["assume_finite"])
        return 0.5

    objective = optuna_objective(NET, {RATE: [0.03]}, X, y, cv=2, scoring=scorer)
    with config_context(assume_finite=True):
        study_of().optimize(objective, n_trials=1)
    assert len(found) > 2 and all(found)


def test_a_pruned_trial_goes_on_through_the_store(binary, tmp_path, trained):
    """If the same parameters are tried again, and not pruned."""
    X, y = binary
    net = clone(NET).set_params(epochs=9, memory=tmp_path)
    objective = optuna_objective(net, {RATE: [0.03]}, X, y, cv=2, scoring="neg_log_loss")
    study_of(0.03, pruner=optuna.pruners.ThresholdPruner(upper=-10, n_warmup_steps=5)).optimize(
        objective, n_trials=1
    )
    assert sum(trained) == 2 * 5
    study = study_of(0.03)
    study.optimize(objective, n_trials=1)
    assert sum(trained) == 2 * 9
    assert list(study.trials[0].intermediate_values) == [6, 7, 8, 9]
    net = clone(net).set_params(memory=None, learning_rate=0.03)
    expected = cross_val_score(net, X, y, cv=2, scoring="neg_log_loss")
    np.testing.assert_allclose(study.best_value, expected.mean())


@pytest.mark.parametrize(
    "changes, error, said",
    [
        ({"estimator": LogisticRegression()}, TypeError, "network of skhp.*Got LogisticReg"),
        ({"space": [RATE]}, TypeError, "space must be a dict.*Got"),
        ({"space": {RATE: (x for x in [1])}}, ValueError, "'learning_rate' must have a list"),
        ({"space": {RATE: stats.norm()}}, ValueError, "'learning_rate' must have a list.*scipy"),
        ({"space": {RATE: stats.loguniform(1, 2, 3)}}, ValueError, "'learning_rate' must have"),
        ({"scoring": "acc"}, ValueError, "'scoring'"),
        ({"scoring": ["accuracy", "roc_auc"]}, TypeError, "scoring must be one scorer.*roc_auc"),
    ],
)
def test_bad_input(changes, error, said, binary):
    X, y = binary
    arguments = {"estimator": NET, "space": {RATE: [0.1]}, "X": X, "y": y, **changes}
    with pytest.raises(error, match=said):
        study_of().optimize(optuna_objective(**arguments), n_trials=1)


def test_distributions_of_scipy_are_those_of_optuna(binary):
    space = {
        RATE: stats.loguniform(1e-3, 1e-1),
        "dropout": stats.uniform(0.1, 0.3),
        "batch_size": stats.randint(8, 33),
    }
    study = study_of()
    net = clone(NET).set_params(epochs=1)
    study.optimize(optuna_objective(net, space, *binary, cv=2), n_trials=1)
    distributions = study.trials[0].distributions
    assert distributions["batch_size"] == optuna.distributions.IntDistribution(8, 32)
    assert distributions["dropout"] == optuna.distributions.FloatDistribution(0.1, 0.4)
    assert distributions[RATE] == optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)


def test_the_default_space_is_a_space(binary):
    study = study_of()
    net = clone(NET).set_params(epochs=1)
    study.optimize(optuna_objective(net, default_space(net), *binary, cv=2), n_trials=1)
    assert set(study.best_params) == set(default_space(net))


def tuned(hp):
    layer = keras.layers.Dense(hp.Int("units", 2, 300, step=2), "relu")
    hp.Int("logarithmic", 1, 1000, sampling="log")
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    return model


def test_the_space_of_a_hypermodel_is_a_space(binary):
    net, space = from_hypermodel(tuned, random_state=0)
    study = study_of()
    study.optimize(optuna_objective(net, space, *binary, cv=2), n_trials=1)
    assert study.trials[0].distributions == {
        "units": optuna.distributions.IntDistribution(2, 300, step=2),
        "logarithmic": optuna.distributions.IntDistribution(1, 1000, log=True),
        "rate": optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True),
    }


def test_a_study_that_minimizes_is_refused(binary):
    X, y = binary
    study = optuna.create_study()
    with pytest.raises(ValueError, match=r"study minimizes.*direction='maximize'"):
        study.optimize(optuna_objective(NET, {RATE: [0.1]}, X, y), n_trials=1)
    assert study.trials[0].state.name == "FAIL"


RATES, EPOCHS = [0.01, 0.03, 0.1], 60


@pytest.mark.slow
def test_a_killed_study_goes_on_in_another_process(binary, tmp_path):
    X, y = binary
    np.savez(tmp_path / "rows.npz", X=X, y=y)
    net = clone(NET).set_params(epochs=EPOCHS, learning_rate=0.0123)
    process = study_in_a_process(tmp_path, "killed", net)
    fits = FitStore(tmp_path / "fits")
    until = time.monotonic() + 120
    while time.monotonic() < until and process.is_alive():
        epochs = sorted(epochs_in(fits))
        if len(epochs) == 4 and 10 < epochs[0] < EPOCHS:  # the second trial is on its way
            break
        process.join(0.01)
    process.kill()
    process.join()
    done = sum(epochs_in(fits))
    assert 2 * EPOCHS < done < 4 * EPOCHS
    process = study_in_a_process(tmp_path, "continued", net)
    assert n_trained(process, tmp_path / "continued") == 6 * EPOCHS - done
    study = optuna.load_study(study_name="net", storage=storage_in(tmp_path))
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert [trial.state.name for trial in study.trials].count("FAIL") == 1
    assert sorted(trial.params[RATE] for trial in complete) == RATES
    assert_scores_of_cross_validations(complete, net, binary)


@pytest.mark.slow
def test_two_processes_share_a_study_and_a_store(binary, tmp_path):
    X, y = binary
    np.savez(tmp_path / "rows.npz", X=X, y=y)
    net = clone(NET).set_params(epochs=EPOCHS, learning_rate=0.0123)
    rates = [RATES[0], *RATES]  # both processes begin with the same fits
    study = study_of(*rates, storage=storage_in(tmp_path), study_name="net")
    processes = {name: study_in_a_process(tmp_path, name, net, 2) for name in ("one", "two")}
    trained = [n_trained(process, tmp_path / name) for name, process in processes.items()]
    assert 6 * EPOCHS <= sum(trained) <= 8 * EPOCHS  # neither waits for the other
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 4
    assert_scores_of_cross_validations(study.trials, net, binary)
    frame = results(study)
    assert sorted(frame[RATE]) == rates
    assert frame["mean_test_score"].tolist() == [trial.value for trial in study.trials]
    held = FitStore(tmp_path / "fits").frame()
    assert held["epochs"].tolist() == [EPOCHS] * 6 and held["is_finished"].all()
    files = [path for path in (tmp_path / "fits").rglob("*") if path.is_file()]
    assert len(files) == 6 + 1  # and the file with the version: nothing is left over


def assert_scores_of_cross_validations(trials, net, rows):
    for trial in trials:
        one = clone(net).set_params(**trial.params)
        expected = cross_val_score(one, *rows, cv=2, scoring="neg_log_loss")
        np.testing.assert_array_equal(trial.value, expected.mean())


def epochs_in(store):
    """The epochs of each fit that a store holds. A kill may leave two files of a fit."""
    return {stored.key: stored.epochs for stored in store.stored()}.values()


def study_in_a_process(directory, result, net, n_trials=None):
    names = ("n_layers", "width", "epochs", "random_state")
    params = {name: getattr(net, name) for name in names}
    return started(run_study, str(directory), result, params, RATES, n_trials)


def n_trained(process, result):
    """The epochs that a process has trained, once it is over."""
    process.join(120)
    assert process.exitcode == 0
    return json.loads(result.read_text())

"""LearningCurves under every kind of splitter, pipeline and worker: no fit is lost unsaid."""

import os
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor
from skhp.callback import LearningCurves
from skhp.displays import TrainingCurvesDisplay
from skhp.search import overfitting, report, results

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(binary):
    X, y = binary
    rows = np.r_[np.flatnonzero(y == 0)[:5], np.flatnonzero(y == 1)[:5]]
    return X[rows], y[rows]


def net(**params):
    return MLPClassifier(1, **{"width": 4, "epochs": 2, "random_state": 0, **params})


GRID = {"learning_rate": [0.01, 0.1]}


def splits_of(frame):
    fits = frame[~frame["refit"]]
    return sorted(set(zip(fits["candidate"], fits["split"], strict=True)))


def every_fit(search):
    n = len(search.cv_results_["params"])
    return [(c, s) for c in range(n) for s in range(search.n_splits_)]


def fit_silently(search, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        return search.fit(*args, **kwargs)


GROUPS = np.arange(10) % 5
SPLITTERS = {
    "leave one out": LeaveOneOut(),
    "leave one group out": LeaveOneGroupOut(),
    "group k-fold": GroupKFold(2),
    "repeated": RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    "shuffle": ShuffleSplit(3, random_state=0),
    "predefined": PredefinedSplit(np.r_[0, 0, 1, 1, -1, -1, 0, 0, 1, 1]),
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_every_splitter_has_all_its_curves(name, data):
    X, y = data
    curves = LearningCurves()
    search = GridSearchCV(net(), GRID, cv=SPLITTERS[name]).set_callbacks(curves)
    fit_silently(search, X, y, **({"groups": GROUPS} if "group" in name else {}))
    frame = curves.frame()
    assert splits_of(frame) == every_fit(search)
    for candidate, rate in enumerate(GRID["learning_rate"]):
        rows = frame[frame["candidate"] == candidate]
        assert set(rows["param_learning_rate"]) == {rate}
    # The last fit's curve is that of the estimator alone on the same rows.
    groups = (GROUPS,) if "group" in name else ()
    train, _ = list(SPLITTERS[name].split(X, y, *groups))[-1]
    alone = net(learning_rate=0.1).fit(X[train], y[train])
    rows = frame[(frame["candidate"] == 1) & (frame["split"] == search.n_splits_ - 1)]
    assert rows["value"].tolist() == alone.history_["loss"]


def test_a_generator_of_splits(data):
    X, y = data
    curves = LearningCurves()
    splits = (pair for pair in list(KFold(3, shuffle=True, random_state=0).split(X)))
    search = GridSearchCV(net(), GRID, cv=splits).set_callbacks(curves)
    fit_silently(search, X, y)
    assert splits_of(curves.frame()) == every_fit(search)


def test_leave_one_out_measures_the_one_row(data):
    X, y = data
    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(net(), {"width": [4]}, cv=LeaveOneOut()).set_callbacks(curves)
    fit_silently(search, X, y)
    frame = curves.frame()
    last = frame[(frame["metric"] == "test_loss") & (frame["epoch"] == 2)]
    alone = net(width=4).fit(X[1:], y[1:])
    expected = -np.log(alone.predict_proba(X[:1])[0, y[0]])
    assert last.loc[last["split"] == 0, "value"].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_pipeline_with_callbacks_prints_no_warning(n_jobs, data, capfd):
    X, y = data
    curves = LearningCurves()
    pipe = make_pipeline(StandardScaler(), StandardScaler(), net())
    grid = {f"mlpclassifier__{name}": values for name, values in GRID.items()}
    search = GridSearchCV(pipe, grid, cv=2, n_jobs=n_jobs).set_callbacks(curves)
    fit_silently(search, X, y)
    assert "callbacks" not in capfd.readouterr().err
    assert splits_of(curves.frame()) == every_fit(search)
    # Nothing is left on the user's estimator, nor on the fitted one.
    n = len(curves.frame())
    pipe.fit(X, y)
    search.best_estimator_.fit(X, y)
    assert len(curves.frame()) == n


class HandsNothingOn(Pipeline):
    """A pipeline from before scikit-learn's callbacks, as imbalanced-learn's is."""

    def fit(self, X, y=None, **params):
        for _, step in self.steps[:-1]:
            X = step.fit_transform(X, y)
        self.steps[-1][1].fit(X, y)
        return self


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_pipeline_that_hands_no_callbacks_on(n_jobs, data):
    X, y = data
    curves = LearningCurves()
    pipe = HandsNothingOn([("scale", StandardScaler()), ("net", net())])
    search = GridSearchCV(pipe, {"net__learning_rate": [0.1, 0.01]}, cv=2, n_jobs=n_jobs)
    fit_silently(search.set_callbacks(curves), X, y)
    frame = curves.frame()
    assert splits_of(frame) == every_fit(search)
    for candidate, params in enumerate(search.cv_results_["params"]):
        for split, (train, _) in enumerate(search._checked_cv_orig.split(X, y)):
            alone = clone(pipe).set_params(**params).fit(X[train], y[train])[-1]
            rows = frame[(frame["candidate"] == candidate) & (frame["split"] == split)]
            assert rows["value"].tolist() == alone.history_["loss"]
    refit = frame[frame["refit"]]
    assert refit["value"].tolist() == search.best_estimator_[-1].history_["loss"]


def test_rows_that_no_pipeline_shows_are_not_measured_and_this_is_said(data):
    X, y = data
    curves = LearningCurves(on="test_fold")
    pipe = HandsNothingOn([("scale", StandardScaler()), ("net", net())])
    search = GridSearchCV(pipe, {"net__learning_rate": [0.1]}, cv=2).set_callbacks(curves)
    with pytest.warns(RuntimeWarning, match="measured no held-out rows"):
        search.fit(X, y)
    assert set(curves.frame()["metric"]) == {"loss"}


def test_a_network_within_another_estimator(data):
    X, y = data
    curves = LearningCurves()
    model = TransformedTargetRegressor(MLPRegressor(1, 4, epochs=2, random_state=0))
    search = GridSearchCV(model, {"regressor__learning_rate": [0.1, 0.01]}, cv=KFold(2))
    fit_silently(search.set_callbacks(curves), X, y * 1.0)
    assert splits_of(curves.frame()) == every_fit(search)


def test_several_networks_a_candidate_are_not_mixed(data):
    X, y = data
    curves = LearningCurves()
    model = BaggingClassifier(net(), n_estimators=3, random_state=0)
    search = GridSearchCV(model, {"estimator__learning_rate": [0.1]}, cv=2, refit=False)
    with pytest.warns(RuntimeWarning, match="4 fits are left out"):
        search.set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    assert frame.groupby(["candidate", "split", "epoch"]).size().tolist() == [1, 1, 1, 1]


def test_a_step_that_the_search_replaces(data):
    X, y = data
    curves = LearningCurves()
    pipe = Pipeline([("scale", StandardScaler()), ("net", LogisticRegression())])
    choices = {"net": [net(), LogisticRegression(), net(width=5)]}
    search = GridSearchCV(pipe, choices, cv=2, refit=False).set_callbacks(curves)
    fit_silently(search, X, y)
    assert splits_of(curves.frame()) == [(0, 0), (0, 1), (2, 0), (2, 1)]


def test_fits_that_fail_are_not_missing(data):
    X, y = data
    curves = LearningCurves()
    search = GridSearchCV(net(), {"width": [4, -1]}, cv=2).set_callbacks(curves)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        search.fit(X, y)
    assert splits_of(curves.frame()) == [(0, 0), (0, 1)]


def test_fits_whose_worker_cannot_report_are_counted(data):
    X, y = data
    curves = LearningCurves()
    search = GridSearchCV(net(), GRID, cv=2, n_jobs=2).set_callbacks(curves)
    os.unlink(curves.address)  # as on another host, where there is no such socket
    with pytest.warns(RuntimeWarning, match="4 of the 5 fits are missing"):
        search.fit(X, y)
    assert curves.frame()["refit"].all()
    open(curves.address, "w").close()  # scikit-learn removes it in the end


def test_nested_cross_validation_keeps_its_searches_apart(data):
    X, y = data
    curves = LearningCurves()
    search = GridSearchCV(net(), GRID, cv=2).set_callbacks(curves)
    done = cross_validate(search, X, y, cv=2, return_estimator=True)
    for inner in done["estimator"]:
        frame = curves.frame(inner)
        assert splits_of(frame) == every_fit(inner)
        refit = frame[frame["refit"]]
        assert refit["value"].tolist() == inner.best_estimator_.history_["loss"]


def test_the_curves_of_each_of_two_searches(data):
    X, y = data
    curves = LearningCurves()
    first = GridSearchCV(net(), GRID, cv=2).set_callbacks(curves).fit(X, y)
    second = GridSearchCV(net(epochs=3), {"width": [3, 4]}, cv=2).set_callbacks(curves).fit(X, y)
    assert curves.frame(first)["epoch"].max() == 2 and curves.frame(second)["epoch"].max() == 3
    assert curves.frame().equals(curves.frame(second))
    assert curves.frame(first.cv_results_).equals(curves.frame(first))
    unknown = GridSearchCV(net(), GRID, cv=2).fit(X, y)
    with pytest.raises(ValueError, match="no curves of this search"):
        curves.frame(unknown)
    assert curves.follows(first) and not curves.follows(unknown)


def test_no_table_shows_the_curves_of_another_search(data, tmp_path):
    X, y = data
    curves = LearningCurves(on="test_fold")
    first = GridSearchCV(net(), GRID, cv=2).set_callbacks(curves).fit(X, y)
    before = overfitting(first)
    frame = curves.frame(first)
    second = GridSearchCV(net(epochs=9), {"width": [3, 4]}, cv=2).set_callbacks(curves).fit(X, y)
    assert overfitting(first).equals(before)
    assert not overfitting(second)["loss_gap"].equals(before["loss_gap"])
    assert results(first)["n_epochs"].tolist() == [2, 2]
    shown = TrainingCurvesDisplay.from_search(first, curves).frame
    assert shown["epoch"].max() == 2
    for show in (overfitting, TrainingCurvesDisplay.from_search):
        with pytest.raises(ValueError, match="are of another search"):
            show(second, frame)
        with pytest.raises(TypeError, match="curves must be the LearningCurves"):
            show(second, "nope")
    without = GridSearchCV(net(), GRID, cv=2).fit(X, y)
    with pytest.raises(ValueError, match="no curves of this search"):
        report(without, tmp_path / "report.html", curves)
    without.set_callbacks(curves)
    with pytest.raises(ValueError, match="neither train scores nor curves"):
        overfitting(without)


def test_two_searches_by_optuna_keep_their_fits(data):
    module = pytest.importorskip("optuna_integration.sklearn")
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    X, y = data
    curves = LearningCurves()
    space = {"width": optuna.distributions.IntDistribution(4, 4)}  # the same candidates

    def search(epochs):
        net_with_curves = net(epochs=epochs).set_callbacks(curves)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return module.OptunaSearchCV(net_with_curves, space, n_trials=2, cv=2).fit(X, y)

    searches = {epochs: search(epochs) for epochs in (1, 2)}
    for epochs, one in searches.items():
        fits = curves.fits(one)
        assert fits["n_epochs"].tolist() == [epochs] * 5
        assert fits["refit"].tolist() == [False] * 4 + [True]

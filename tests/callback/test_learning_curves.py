"""LearningCurves: every epoch of every candidate, lined up with the search's results."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    PredefinedSplit,
    RandomizedSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import KerasClassifier, MLPClassifier
from skhp.callback import LearningCurves

pytestmark = pytest.mark.slow

X, y = load_breast_cancer(return_X_y=True)
RATE = "mlpclassifier__learning_rate"
GRID = {RATE: [0.01, 0.1]}


def net(**params):
    settings = {"width": 8, "epochs": 2, "metrics": ["accuracy"], "random_state": 0}
    return MLPClassifier(1, **{**settings, **params})


def pipeline(**params):
    return make_pipeline(StandardScaler(), net(**params))


def values(frame, metric, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame.loc[frame["metric"] == metric, "value"].to_numpy()


def last_test_accuracy(frame):
    """By candidate and split, after the last epoch."""
    frame = frame[~frame["refit"] & (frame["metric"] == "test_accuracy")]
    last = frame.sort_values("epoch").groupby(["candidate", "split"])["value"].last()
    return last.unstack().to_numpy()


def split_scores(search):
    n = search.n_splits_
    return np.transpose([search.cv_results_[f"split{i}_test_score"] for i in range(n)])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_curves_line_up_with_the_results(n_jobs):
    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(pipeline(), GRID, cv=3, n_jobs=n_jobs).set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    # Each fit is what the estimator alone does on the same rows.
    splits = list(StratifiedKFold(3).split(X, y))
    for candidate, params in enumerate(search.cv_results_["params"]):
        for split, (train, _) in enumerate(splits):
            alone = clone(pipeline()).set_params(**params).fit(X[train], y[train])
            here = {"candidate": candidate, "split": split}
            for metric, expected in alone[-1].history_.items():
                assert values(frame, metric, **here).tolist() == expected
            rows = frame[(frame["candidate"] == candidate) & (frame["split"] == split)]
            assert set(rows[f"param_{RATE}"]) == {params[RATE]}
    assert_allclose(last_test_accuracy(frame), split_scores(search), atol=1e-6)
    refit = frame[frame["refit"]]
    assert values(refit, "loss").tolist() == search.best_estimator_[-1].history_["loss"]
    assert set(refit["candidate"]) == {search.best_index_}
    assert refit["split"].isna().all() and "test_loss" not in set(refit["metric"])
    assert (frame.groupby(["candidate", "split", "metric"])["seconds"].diff().dropna() > 0).all()


def test_watching_the_test_fold_changes_no_result():
    plain = GridSearchCV(pipeline(), GRID, cv=3).fit(X, y)
    curves = LearningCurves(on="test_fold")
    watched = GridSearchCV(pipeline(), GRID, cv=3).set_callbacks(curves).fit(X, y)
    for name, column in plain.cv_results_.items():
        if "time" not in name:
            assert np.array_equal(column, watched.cv_results_[name]), name


@pytest.mark.parametrize(
    "cv",
    [
        KFold(3, shuffle=True),  # draws from NumPy's global generator
        KFold(3, shuffle=True, random_state=np.random.RandomState(0)),
        TimeSeriesSplit(3),
        [(np.arange(0, 300), np.arange(350, 400)), (np.arange(100, 400), np.arange(0, 50))],
    ],
    ids=["unseeded", "random state", "time series", "lists"],
)
def test_the_rows_measured_are_those_that_score(cv):
    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(pipeline(), GRID, cv=cv).set_callbacks(curves).fit(X, y)
    assert_allclose(last_test_accuracy(curves.frame()), split_scores(search), atol=1e-6)


def test_validation_loss_of_the_same_rows_is_the_same():
    # Independent of the monitor: X_val in the engine itself.
    (train, test), _ = StratifiedKFold(2).split(X, y)
    scaler = StandardScaler().fit(X[train])
    alone = net().fit(
        scaler.transform(X[train]), y[train], X_val=scaler.transform(X[test]), y_val=y[test]
    )
    curves = LearningCurves(on="test_fold")
    GridSearchCV(pipeline(), {RATE: [1e-3]}, cv=2).set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    for metric in ("loss", "accuracy"):
        got = values(frame, f"test_{metric}", candidate=0, split=0)
        assert_allclose(got, alone.history_[f"val_{metric}"], rtol=1e-5)


def test_the_loss_of_the_test_fold_is_its_plain_log_loss():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 2))
    labels = (rows[:, 0] + rng.normal(size=100) > 1).astype(int)
    fold = np.where(np.arange(100) < 40, 0, -1)
    curves = LearningCurves(on="test_fold")
    weighted = net(class_weight="balanced")
    search = GridSearchCV(weighted, {"width": [8]}, cv=PredefinedSplit(fold), refit=False)
    weights = 1 + rng.random(100)
    search.set_callbacks(curves).fit(rows, labels, sample_weight=weights)
    alone = clone(weighted).fit(rows[40:], labels[40:], sample_weight=weights[40:])
    expected = log_loss(labels[:40], alone.predict_proba(rows[:40]))
    got = values(curves.frame(), "test_loss", split=0, epoch=2)
    assert got.tolist() == pytest.approx([expected], rel=1e-5)


def test_folds_that_cannot_be_computed_in_advance_are_left_out_with_one_warning():
    groups = np.arange(len(y)) % 5
    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(pipeline(), GRID, cv=GroupKFold(2)).set_callbacks(curves)
    with pytest.warns(RuntimeWarning, match="list of \\(train, test\\)") as caught:
        search.fit(X, y, groups=groups)
    assert sum("LearningCurves" in str(w.message) for w in caught) == 1
    frame = curves.frame()
    assert set(frame["metric"]) == {"loss", "accuracy"}
    assert frame.groupby(["candidate", "split"]).ngroups == 4


def test_a_fold_is_proved_before_it_is_measured():
    class Liar(KFold):
        """Gives other folds each time it is asked."""

        asked = 0

        def split(self, X, y=None, groups=None):
            Liar.asked += 1
            splits = list(super().split(X, y, groups))
            return iter(splits if Liar.asked == 1 else splits[::-1])

    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(pipeline(), GRID, cv=Liar(2)).set_callbacks(curves)
    with pytest.warns(RuntimeWarning, match="other rows than its splitter gave"):
        search.fit(X, y)
    assert not any(metric.startswith("test_") for metric in curves.frame()["metric"])


def test_validation_rows_of_the_estimator_have_curves_too():
    curves = LearningCurves()
    est = net(early_stopping=True, patience=1).set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    assert set(frame["metric"]) == set(est.history_) >= {"val_loss", "val_accuracy"}
    assert values(frame, "val_loss").tolist() == est.history_["val_loss"]
    assert set(frame["candidate"]) == {0} and set(frame["split"]) == {0}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_cross_validate(n_jobs):
    curves = LearningCurves()
    out = cross_validate(
        pipeline().set_callbacks(curves), X, y, cv=3, n_jobs=n_jobs, return_estimator=True
    )
    frame = curves.frame()
    assert set(frame["candidate"]) == {0}
    got = sorted(values(frame, "loss", split=s).tolist() for s in range(3))
    assert got == sorted(est[-1].history_["loss"] for est in out["estimator"])


def test_lone_fits_are_candidates_by_their_parameters():
    curves = LearningCurves()
    for rate in (0.1, 0.01, 0.1):
        net(learning_rate=rate).set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    seats = frame[["candidate", "split", "param_learning_rate"]].drop_duplicates()
    assert seats.to_numpy().tolist() == [[0, 0, 0.1], [0, 1, 0.1], [1, 0, 0.01]]
    curves.clear()
    with pytest.raises(NotFittedError):
        curves.frame()


def test_a_parameter_may_be_an_array():
    curves = LearningCurves()
    search = GridSearchCV(net(), {"width": [8, np.array([8])]}, cv=2).set_callbacks(curves)
    frame = curves.frame(search.fit(X, y))
    assert sorted(frame.loc[~frame["refit"], "candidate"].unique()) == [0, 1]


@pytest.mark.parametrize("resource", ["n_samples", "mlpclassifier__epochs"])
def test_halving(resource):
    curves = LearningCurves(on="test_fold")
    most = {"n_samples": 400, "mlpclassifier__epochs": 4}[resource]
    search = HalvingGridSearchCV(
        pipeline(),
        {RATE: [0.01, 0.1]},
        resource=resource,
        max_resources=most,
        factor=2,
        cv=2,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        search.set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    fits = frame[~frame["refit"]]
    assert fits.groupby("candidate")["iter"].first().tolist() == [0, 0, 1]
    for candidate, params in enumerate(search.cv_results_["params"]):
        rows = fits[fits["candidate"] == candidate]
        assert set(rows[f"param_{RATE}"]) == {params[RATE]}
        assert rows["epoch"].max() == params.get("mlpclassifier__epochs", 2)
    assert set(fits["metric"]) == {"loss", "accuracy", "test_loss", "test_accuracy"}
    if resource != "n_samples":  # where the search scores on the fold's every row
        assert_allclose(last_test_accuracy(frame), split_scores(search), atol=1e-6)


def test_a_search_that_does_not_hand_callbacks_on():
    skopt = pytest.importorskip("skopt")
    curves, pipe = LearningCurves(), pipeline()
    space = {RATE: skopt.space.Real(0.01, 0.1)}
    search = skopt.BayesSearchCV(pipe, space, n_iter=3, cv=2, random_state=0)
    search.set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    assert frame.groupby(["candidate", "split"]).ngroups == 6
    for candidate, params in enumerate(search.cv_results_["params"]):
        assert set(frame.loc[frame["candidate"] == candidate, f"param_{RATE}"]) == {params[RATE]}
    refit = frame[frame["refit"]]
    assert values(refit, "loss").tolist() == search.best_estimator_[-1].history_["loss"]
    # Nothing is left on the user's estimator, nor on the fitted one.
    n = len(frame)
    pipe.fit(X, y)
    search.best_estimator_.fit(X, y)
    assert len(curves.frame()) == n


def test_a_search_without_callbacks_is_matched_by_parameters():
    optuna_sklearn = pytest.importorskip("optuna_integration.sklearn")
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    curves = LearningCurves()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = optuna_sklearn.OptunaSearchCV(
            pipeline().set_callbacks(curves),
            {RATE: optuna.distributions.FloatDistribution(0.01, 0.1)},
            n_trials=2,
            cv=2,
            random_state=0,
        ).fit(X, y)
    frame = curves.frame(search)
    rates = [trial.params[RATE] for trial in search.trials_]
    fits = frame[~frame["refit"]]
    got = fits.groupby(["candidate", "split"])[f"param_{RATE}"].unique().map(list)
    assert got.tolist() == [[rate] for rate in rates for _ in range(2)]
    assert frame["refit"].any()


def test_pickled_with_its_search():
    curves = LearningCurves()
    search = RandomizedSearchCV(pipeline(), GRID, n_iter=2, cv=2, random_state=0)
    search.set_callbacks(curves).fit(X, y)
    before = curves.frame()
    restored = pickle.loads(pickle.dumps({"search": search, "curves": curves}))
    assert restored["curves"].frame().equals(before)
    # The copy is its own: a fit of the one leaves the other alone.
    restored["search"].fit(X, y)
    assert curves.frame().equals(before)
    assert len(restored["curves"].frame()) == len(before)


def test_frame_shows_the_latest_search_or_the_fits_since():
    curves = LearningCurves()
    search = GridSearchCV(net(), {"learning_rate": [0.01]}, cv=2).set_callbacks(curves)
    search.fit(X, y)
    search.set_params(param_grid={"learning_rate": [0.1]}).fit(X, y)
    assert set(curves.frame()["param_learning_rate"]) == {0.1}
    alone = net().set_callbacks(curves).fit(X, y)
    assert values(curves.frame(), "loss").tolist() == alone.history_["loss"]


def test_a_monitor_that_fails_warns_once_and_the_search_goes_on():
    class Broken(LearningCurves):
        def _measured(self, *args):
            raise OSError("disk full")

    curves = Broken()
    search = GridSearchCV(pipeline(), GRID, cv=2).set_callbacks(curves)
    with pytest.warns(RuntimeWarning, match="disk full") as caught:
        search.fit(X, y)
    assert sum("disk full" in str(w.message) for w in caught) == 1
    plain = GridSearchCV(pipeline(), GRID, cv=2).fit(X, y)
    assert (split_scores(search) == split_scores(plain)).all()


def test_read_before_a_fit():
    with pytest.raises(NotFittedError, match="set_callbacks, and fit"):
        LearningCurves().frame()


def test_unknown_rows_to_measure():
    with pytest.raises(ValueError, match=r"on must be one of 'train', 'test_fold'\. Got 'val'"):
        LearningCurves(on="val")


def build(hidden=8):
    import keras

    layers = [keras.layers.Dense(hidden, "relu"), keras.layers.Dense(1, "sigmoid")]
    return keras.Sequential(layers)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_model_of_the_users_own(n_jobs):
    est = KerasClassifier(
        build, loss="binary_crossentropy", metrics=["accuracy"], epochs=2, random_state=0
    )
    pipe = make_pipeline(StandardScaler(), est)
    curves = LearningCurves(on="test_fold")
    space = {"kerasclassifier__model__hidden": [4, 8]}
    search = GridSearchCV(pipe, space, cv=2, n_jobs=n_jobs).set_callbacks(curves).fit(X, y)
    frame = curves.frame()
    assert_allclose(last_test_accuracy(frame), split_scores(search), atol=1e-6)
    refit = frame[frame["refit"]]
    assert values(refit, "loss").tolist() == search.best_estimator_[-1].history_["loss"]


def test_multiclass_with_frames_and_labels():
    import pandas as pd

    Xd, yd = load_digits(return_X_y=True, as_frame=True)
    Xd, yd = Xd[:400], pd.Series(yd[:400].map(lambda digit: f"digit {digit}"))
    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(pipeline(), {RATE: [0.1]}, cv=2, refit=False)
    search.set_callbacks(curves).fit(Xd, yd)
    assert_allclose(last_test_accuracy(curves.frame()), split_scores(search), atol=1e-6)


@pytest.mark.parametrize("order", [1, -1])
def test_each_of_two_monitors_watches_what_it_was_asked_to(order):
    watching, plain = LearningCurves(on="test_fold"), LearningCurves()
    search = GridSearchCV(pipeline(), GRID, cv=3, refit=False)
    search.set_callbacks(*[watching, plain][::order]).fit(X, y)
    assert_allclose(last_test_accuracy(watching.frame()), split_scores(search), rtol=1e-6)
    assert set(plain.frame()["metric"]) == {"loss", "accuracy"}


def test_it_says_what_it_holds(binary):
    curves = LearningCurves(on="test_fold")
    assert repr(curves) == "<LearningCurves(on='test_fold') without epochs>"
    GridSearchCV(net(epochs=1), {"width": [8, 4]}, cv=2).set_callbacks(curves).fit(*binary)
    assert repr(curves) == "<LearningCurves(on='test_fold') with 5 epochs of 5 fits>"

"""Result tables of every kind of search, before and after pickling."""

import pickle
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import loguniform, randint
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import KerasClassifier, MLPClassifier
from skhp.callback import LearningCurves
from skhp.displays import TradeoffDisplay
from skhp.engine import compile_count
from skhp.search import (
    best_estimators,
    best_params,
    correlations,
    importance,
    narrow,
    overfitting,
    results,
    results_summary,
    space_summary,
)

X, y = load_breast_cancer(return_X_y=True)
RATE, WIDTH = "mlpclassifier__learning_rate", "mlpclassifier__width"


def pipeline(**params):
    net = MLPClassifier(1, **{"width": 8, "epochs": 2, "random_state": 0, **params})
    return make_pipeline(StandardScaler(), net)


def grid():
    return GridSearchCV(pipeline(), {RATE: [1e-6, 0.1], WIDTH: [8, 16]}, cv=2)


def randomized():
    space = {RATE: loguniform(1e-4, 0.1)}
    return RandomizedSearchCV(pipeline(), space, n_iter=4, cv=2, random_state=0)


def halving():
    space = {RATE: [1e-6, 1e-4, 1e-2, 0.1]}
    return HalvingGridSearchCV(
        pipeline(), space, cv=2, factor=2, resource="mlpclassifier__epochs", max_resources=4
    )


def bayes():
    skopt = pytest.importorskip("skopt")
    space = {RATE: skopt.space.Real(1e-4, 0.1, prior="log-uniform")}
    return skopt.BayesSearchCV(pipeline(), space, n_iter=4, cv=2, random_state=0)


def optuna_search():
    module = pytest.importorskip("optuna_integration.sklearn")
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {RATE: optuna.distributions.FloatDistribution(1e-4, 0.1, log=True)}
    return module.OptunaSearchCV(pipeline(), space, n_trials=4, cv=2, random_state=0)


SEARCHES = {
    "grid": grid,
    "randomized": randomized,
    "halving": halving,
    "bayes": bayes,
    "optuna": optuna_search,
}


@pytest.fixture(scope="module", params=SEARCHES)
def fitted(request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SEARCHES[request.param]().fit(X, y)


def mean_scores(search):
    """Each search's own, read by hand."""
    if hasattr(search, "trials_"):
        return [trial.value for trial in search.trials_]
    return search.cv_results_["mean_test_score"]


def test_results(fitted):
    table = results(fitted)
    assert table.index.name == "candidate"
    assert_allclose(table["mean_test_score"], mean_scores(fitted))
    assert "learning_rate" in table and RATE not in table
    assert table.loc[table["rank_test_score"].idxmin(), "mean_test_score"] == max(
        mean_scores(fitted)
    )
    assert (table["mean_fit_time"] > 0).all()
    epochs = table.get("epochs", pd.Series(2, table.index))
    assert table["n_epochs"].tolist() == epochs.tolist()
    best = table.loc[results_summary(fitted, 1).index[0]]
    assert best["n_parameters"] == fitted.best_estimator_[-1].model_.count_params()


def test_the_same_after_pickling(fitted):
    restored = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(results(fitted), results(restored))
    assert best_params(fitted, 2) == best_params(restored, 2)
    assert str(space_summary(fitted)) == str(space_summary(restored))


def test_best_first(fitted):
    table = results_summary(fitted, n=3)
    assert len(table) == 3
    if "iter" not in table:
        assert table["mean_test_score"].is_monotonic_decreasing
        assert table["mean_test_score"].iloc[0] == max(mean_scores(fitted))
    assert best_params(fitted)[0] == fitted.best_params_
    assert len(best_params(fitted, n=100)) == 4  # halving: no candidate twice


def test_best_estimators_are_fitted_on_all_rows(fitted):
    first, second = best_estimators(fitted, 2, X, y)
    assert_array_equal(first.predict_proba(X), fitted.best_estimator_.predict_proba(X))
    alone = pipeline().set_params(**best_params(fitted, 2)[1]).fit(X, y)
    assert_array_equal(second.predict_proba(X), alone.predict_proba(X))


def test_analysis_of_every_kind_of_search(fitted):
    table = correlations(fitted)
    own = results(fitted)
    expected = own["learning_rate"].rank().corr(own["mean_test_score"].rank())
    assert table.loc["learning_rate", "correlation"] == pytest.approx(expected)
    assert importance(fitted).sum() == pytest.approx(1)
    smaller = narrow(fitted, keep=0.5)
    # Of the same form: a new search takes it.
    name = next(
        n for n in ("param_grid", "param_distributions", "search_spaces") if hasattr(fitted, n)
    )
    next_round = type(fitted)(fitted.estimator, smaller, cv=2)
    assert getattr(next_round, name) == smaller
    assert set(smaller) == set(getattr(fitted, name))


def test_space_summary(fitted):
    summary = space_summary(fitted)
    n_candidates = {"HalvingGridSearchCV": 7}.get(type(fitted).__name__, 4)
    assert summary.n_candidates == n_candidates
    assert summary.n_fits == 2 * n_candidates + 1
    assert "learning_rate" in str(summary)
    assert summary.frame()["parameter"].tolist()[0] == "learning_rate"


def test_epochs_of_a_network_of_your_own():
    def build():
        return keras.Sequential([keras.Input((30,)), keras.layers.Dense(1, activation="sigmoid")])

    net = KerasClassifier(build, loss="binary_crossentropy", random_state=0)
    search = GridSearchCV(net, {"epochs": [1, 2], "max_seconds": [None, 60]}, cv=2).fit(X, y)
    epochs = results(search).sort_index()["n_epochs"]
    assert_array_equal(epochs, [1, np.nan, 2, np.nan])  # a fit with a limit may stop early


def test_curves_tell_the_epochs_run():
    net = pipeline(early_stopping=True, patience=1, epochs=30)
    search = GridSearchCV(net, {RATE: [1e-2, 0.3]}, cv=2, refit=False)
    assert results(search.fit(X, y))["n_epochs"].isna().all()
    curves = LearningCurves()
    table = results(search.set_callbacks(curves).fit(X, y))
    frame = curves.frame()
    for candidate in (0, 1):
        fits = frame[(frame["candidate"] == candidate) & ~frame["refit"]]
        expected = fits.groupby("split")["epoch"].max().mean()
        assert table.loc[candidate, "n_epochs"] == expected < 30


def test_several_scorers():
    scoring = {"acc": "accuracy", "loss": "neg_log_loss"}
    search = GridSearchCV(pipeline(), {RATE: [1e-6, 0.1]}, cv=2, scoring=scoring, refit="loss")
    search.fit(X, y)
    assert_array_equal(results(search)["mean_test_score"], search.cv_results_["mean_test_loss"])
    assert_array_equal(
        results(search, "acc")["mean_test_score"], search.cv_results_["mean_test_acc"]
    )
    with pytest.raises(ValueError, match="metric='auc': the search scored 'acc', 'loss'"):
        results(search, "auc")


def test_candidates_that_failed_come_last_or_not_at_all():
    search = GridSearchCV(pipeline(), {WIDTH: [-1, 8]}, cv=2, refit=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y)
    assert results(search)["mean_test_score"].isna().tolist() == [True, False]
    assert best_params(search, 5) == [{WIDTH: 8}]
    assert narrow(search, 0.5) == {WIDTH: [8]}


def test_a_study_of_another_objective():
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(NotFittedError, match=r"optuna_objective.*Trials of another objective"):
        results(study)


@pytest.mark.parametrize(
    "table", [results, results_summary, best_params, correlations, importance, overfitting, narrow]
)
def test_a_search_that_is_not_fitted_and_what_is_no_search(table):
    with pytest.raises(NotFittedError, match=r"GridSearchCV has no results yet. Call its fit"):
        table(grid())
    for foreign in (LogisticRegression(), {"a": [1]}, GridSearchCV, None):
        with pytest.raises(TypeError, match="Expected a"):
            table(foreign)


def test_a_search_over_other_estimators():
    search = GridSearchCV(LogisticRegression(max_iter=5000), {"C": [0.1, 1]}, cv=2).fit(
        StandardScaler().fit_transform(X), y
    )
    table = results(search)
    assert table["C"].tolist() == [0.1, 1]
    assert table[["n_epochs", "n_parameters"]].isna().all(axis=None)


@pytest.mark.parametrize("n", [0, -1, 1.5, True])
def test_how_many(n):
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2)
    search.fit(StandardScaler().fit_transform(X[:60]), y[:60])
    with pytest.raises(ValueError, match="n must be a positive int"):
        results_summary(search, n)


def test_the_estimate_counts_fits_and_compiling():
    summary = space_summary(grid(), X, y)
    assert summary.seconds_per_fit > 0 and summary.seconds_to_compile >= 0
    fits = summary.seconds_per_fit * summary.n_fits
    compiling = summary.seconds_to_compile * summary.n_structures
    assert summary.seconds == pytest.approx(fits + compiling)
    assert f"each network structure (at most {summary.n_structures})" in str(summary)


def test_the_estimate_is_a_mean_over_candidates_that_can_be_fitted():
    class Slow(LogisticRegression):
        seen = []

        def fit(self, X, y):
            self.seen.append(self.C)
            if self.C == 0.1:
                raise ValueError("diverged")
            return super().fit(X, y)

    values = [0.1, *range(1, 20)]
    summary = space_summary(GridSearchCV(Slow(max_iter=1), {"C": values}, cv=2), X[:60], y[:60])
    drawn = [value for value in Slow.seen if value != 0.1]
    assert len(set(drawn)) > 1 and drawn[::2] == drawn[1::2] and summary.seconds_per_fit > 0
    with pytest.raises(ValueError, match="diverged"):
        space_summary(GridSearchCV(Slow(max_iter=1), {"C": [0.1]}, cv=2), X[:60], y[:60])


def test_real_numbers_make_no_structures():
    space = {
        WIDTH: [8, 80],
        RATE: loguniform(1e-4, 1),
        "mlpclassifier__l2": [0.001, 0.1],
        "mlpclassifier__n_layers": randint(1, 4),
        "mlpclassifier__epochs": [1, 2],
    }
    search = RandomizedSearchCV(pipeline(), space, n_iter=40)
    assert space_summary(search).n_structures == 2 * 3
    assert space_summary(search.set_params(n_iter=5)).n_structures == 5


def test_structures_that_share_a_program_count_once():
    space = {"width": [8, 16], "activation": ["relu", "tanh"]}
    search = GridSearchCV(MLPClassifier(n_layers=1, epochs=1), space, cv=2, refit=False)
    before = compile_count()
    search.fit(X[:, :3], y)
    assert space_summary(search).n_structures == compile_count() - before == 1


def test_a_space_is_timed_at_values_of_its_whole_range():
    class Noted(LogisticRegression):
        seen = []

        def fit(self, X, y):
            self.seen.append(self.C)
            return super().fit(X, y)

    for space in (loguniform(1e-4, 1), [1e-4, 1e-3, 1e-2, 1e-1]):
        Noted.seen.clear()
        space_summary(
            RandomizedSearchCV(Noted(max_iter=1), {"C": space}, n_iter=4, cv=2), X[:60], y[:60]
        )
        steps = np.diff(np.sort(np.log10(Noted.seen)[::2]))
        np.testing.assert_allclose(steps, 1)


def test_an_empty_list_of_values_is_an_error():
    with pytest.raises(ValueError, match="'width' must have a list of values"):
        space_summary(GridSearchCV(MLPClassifier(), {"width": []}))


def test_a_summary_is_a_table_in_a_notebook():
    page = space_summary({"width": [8, 16], "name": ["<b>"]})._repr_html_()
    assert "<td>8, 16</td>" in page and "<b>" not in page and "2 combinations" in page


def test_sizes_without_refit_come_from_the_curves():
    search = grid().set_params(refit=False).set_callbacks(LearningCurves()).fit(X, y)
    assert results(search)["n_parameters"].notna().all()


def test_summary_of_a_space_alone():
    summary = space_summary([{"width": [8, 16], "l2": [0, 0.1]}, {"width": [32]}])
    assert summary.n_combinations == 5 and summary.n_fits is None
    assert space_summary({"l2": loguniform(1e-4, 1)}).n_combinations is None
    with pytest.raises(TypeError, match="Expected a search"):
        space_summary(3)


def test_scores_that_do_not_vary_have_no_correlation():
    search = GridSearchCV(LogisticRegression(max_iter=9000), {"C": [1, 1.0000001, 1.0000002]}, cv=2)
    search.fit(StandardScaler().fit_transform(X), y)
    assert len(correlations(search)) == 0
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def one_layer(meta, width=4):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def test_networks_of_a_builder_are_counted_where_they_can_be_built():
    net = KerasClassifier(one_layer, loss="binary_crossentropy", optimizer="adam", epochs=1)
    model = make_pipeline(StandardScaler(), net)
    search = GridSearchCV(model, {"kerasclassifier__width": [4, 8, -1]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the last one's fits fail
        counted = results(search.fit(X, y))["n_parameters"]
    n = X.shape[1]
    assert counted[:2].tolist() == [(n + 1) * width + width + 1 for width in (4, 8)]
    assert counted.isna().tolist() == [False, False, True]


def test_training_time_leaves_compiling_out(binary):
    X, y = binary
    curves = LearningCurves()
    network = MLPClassifier(1, epochs=6, activation="softsign", random_state=0)
    search = GridSearchCV(network, {"width": [61, 62, 61]}, cv=2, refit=False)
    before = compile_count()
    search.set_callbacks(curves).fit(X, y)
    assert compile_count() > before
    table = results(search)
    fits = curves.fits(search)
    assert fits["n_epochs"].tolist() == [6] * 6
    frame = curves.frame(search)
    frame = frame[(frame["candidate"] == 0) & (frame["split"] == 0)]
    seconds = frame.sort_values("epoch")["seconds"].to_numpy()
    assert fits["train_seconds"][0] == pytest.approx((seconds[-1] - seconds[0]) * 6 / 5)
    means = fits.groupby("candidate")["train_seconds"].mean()
    assert table["mean_train_time"].tolist() == pytest.approx(means.tolist())
    # The first candidate compiled, and the last one, of the same width, did not.
    assert table["mean_fit_time"][0] > table["mean_train_time"][0] + seconds[0] / 4
    # Counted without a refit: four columns to the hidden units, these to one output.
    assert table["n_parameters"].tolist() == [6 * width + 1 for width in (61, 62, 61)]
    display = TradeoffDisplay.from_search(search)
    assert display.frame["cost"].tolist() == table["mean_train_time"].tolist()
    search.set_callbacks()
    assert "mean_train_time" not in results(search)
    display = TradeoffDisplay.from_search(search)  # nothing better is known
    assert display.cost_name == "mean fit time in seconds, compiling included"


def test_size_is_the_cost_where_no_training_time_is_known(binary):
    X, y = binary
    network = MLPClassifier(1, epochs=1, random_state=0)
    search = GridSearchCV(network, {"width": [2, 4]}, cv=2).fit(X, y)
    assert TradeoffDisplay.from_search(search).frame["cost"].tolist() == [13, 25]

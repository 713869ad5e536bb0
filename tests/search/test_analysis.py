"""Importance, overfitting and narrowing, against data whose answer is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, ParameterGrid, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.callback import LearningCurves
from skhp.search import correlations, importance, narrow, overfitting, sample

X, y = load_breast_cancer(return_X_y=True)


class Formula(BaseEstimator):
    """Scores what its parameters say: strong counts ten times, weak once, idle not at all."""

    def __init__(self, strong=0.0, weak=0.0, idle=0.0, kind="a"):
        self.strong, self.weak, self.idle, self.kind = strong, weak, idle, kind

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return 10 * self.strong - self.weak + 3 * (self.kind == "b")


def formula_search(space=None, **kwargs):
    levels = [0.0, 0.25, 0.5, 0.75, 1.0]
    space = space or {"strong": levels, "weak": levels, "idle": levels, "kind": ["a", "b"]}
    return GridSearchCV(Formula(), space, cv=2, **kwargs).fit(X)


@pytest.mark.parametrize("method", ["forest", "fanova"])
def test_importance_ranks_parameters(method):
    if method == "fanova":
        pytest.importorskip("optuna")
    found = importance(formula_search(), method)
    assert found.index.tolist()[:3] == ["strong", "kind", "weak"]
    assert found["idle"] < 0.02 and found["strong"] > 0.6
    assert found.sum() == pytest.approx(1)
    assert found.equals(importance(formula_search(), method))


def test_importance_says_what_it_needs():
    with pytest.raises(ValueError, match=r"method must be one of forest, fanova\. Got 'tree'"):
        importance(formula_search(), "tree")
    with pytest.raises(ValueError, match="needs four candidates"):
        importance(formula_search({"strong": [0.0, 1.0]}))


def test_correlations():
    search = formula_search()
    table = correlations(search)
    assert table.index.tolist() == ["strong", "kind", "weak", "idle"]
    assert table.loc["strong", "correlation"] > 0.8
    assert table.loc["weak", "correlation"] < 0
    assert abs(table.loc["idle", "correlation"]) < 1e-9
    assert (table["n"] == 250).all()
    # By hand: the share of the variance of the ranks that lies between the two kinds.
    ranks = stats.rankdata(search.cv_results_["mean_test_score"])
    kinds = np.array([params["kind"] for params in search.cv_results_["params"]])
    between = sum(
        (kinds == kind).sum() * (ranks[kinds == kind].mean() - ranks.mean()) ** 2 for kind in "ab"
    )
    eta = np.sqrt(between / ((ranks - ranks.mean()) ** 2).sum())
    assert table.loc["kind", "correlation"] == pytest.approx(eta)
    assert table["method"].to_dict()["kind"] == "eta"


def test_narrow_keeps_the_values_of_the_best():
    space = narrow(formula_search(), keep=10 / 250)
    assert space == {
        "strong": [1.0],
        "weak": [0.0, 0.25],
        "idle": [0.0, 0.25, 0.5, 0.75, 1.0],
        "kind": ["b"],
    }
    assert narrow(formula_search(), keep=1) == {
        name: values for name, values in formula_search().param_grid.items()
    }


def test_narrow_drops_sub_spaces_without_a_good_candidate():
    search = formula_search([{"strong": [0.0, 1.0]}, {"weak": [0.0, 1.0]}])
    assert narrow(search, keep=0.25) == [{"strong": [1.0]}]


@pytest.mark.parametrize(
    ("distribution", "name"),
    [(stats.uniform(0, 1), "uniform"), (stats.loguniform(1e-3, 1), "loguniform")],
)
def test_narrow_a_distribution(distribution, name):
    search = RandomizedSearchCV(Formula(), {"strong": distribution}, n_iter=40, random_state=0)
    space = narrow(search.fit(X), keep=0.25)
    assert space["strong"].dist.name == name
    drawn = np.sort([params["strong"] for params in search.cv_results_["params"]])
    assert_allclose(space["strong"].support(), [drawn[-10], drawn[-1]])


def test_narrow_to_one_value_keeps_a_range_around_it():
    space = {"strong": stats.randint(0, 101)}
    search = RandomizedSearchCV(Formula(), space, n_iter=20, random_state=0).fit(X)
    low, high = narrow(search, keep=0.05)["strong"].support()
    assert low < search.best_params_["strong"] <= high and high - low <= 5


def test_narrow_of_drawn_combinations_holds_new_ones():
    levels = [0.0, 0.25, 0.5, 0.75, 1.0]
    grid = [{"strong": levels, "weak": levels}, {"idle": levels, "kind": ["a", "b"]}]
    search = formula_search(sample(grid, n=20, random_state=0))
    first, second = sorted(narrow(search, keep=0.6), key=list)
    assert set(first) == {"idle", "kind"} and set(second) == {"strong", "weak"}
    tried = search.cv_results_["params"]
    assert any(params not in tried for params in ParameterGrid(second))


def test_a_score_of_your_own():
    space = {"strong": [0.0, 0.5, 1.0], "weak": [0.0, 1.0]}
    search = formula_search(space, return_train_score=True)

    def low(results):
        return -np.asarray(results["mean_test_score"])

    assert narrow(search, keep=1 / 6, metric=low) == {"strong": [0.0], "weak": [1.0]}
    scores = low(search.cv_results_)
    assert narrow(search, keep=1 / 6, metric=scores) == {"strong": [0.0], "weak": [1.0]}
    turned = correlations(search, low)["correlation"]
    assert_allclose(turned, -correlations(search)["correlation"])
    with pytest.raises(ValueError, match=r"one number for each candidate: 6.*\(2,\)"):
        narrow(search, metric=[1, 2])


@pytest.mark.parametrize("keep", [0, -1, 1.1])
def test_keep_is_a_share(keep):
    with pytest.raises(ValueError, match="keep must be a share"):
        narrow(formula_search({"strong": [0.0, 1.0]}), keep)


def test_overfitting_tells_a_network_that_learns_by_heart():
    rng = np.random.RandomState(0)
    labels = y.copy()
    flipped = rng.rand(len(y)) < 0.3
    labels[flipped] = 1 - labels[flipped]
    pipe = make_pipeline(StandardScaler(), MLPClassifier(width=64, random_state=0))
    name = "mlpclassifier__epochs"
    curves = LearningCurves(on="test_fold")
    search = GridSearchCV(pipe, {name: [3, 80]}, cv=2, return_train_score=True)
    search.set_callbacks(curves).fit(X, labels)
    table = overfitting(search)
    assert list(table.columns) == ["epochs", "score_gap", "loss_gap", "loss_kl"]
    gap = search.cv_results_["mean_train_score"] - search.cv_results_["mean_test_score"]
    assert_allclose(table["score_gap"], gap)
    as_lists = {name: list(values) for name, values in search.cv_results_.items()}
    assert_allclose(overfitting(as_lists)["score_gap"], gap)
    for column in ("score_gap", "loss_gap", "loss_kl"):
        assert table.loc[1, column] > table.loc[0, column]
    # By hand, from the frame.
    frame = curves.frame()
    gaps, divergences = [], []
    for split in (0, 1):
        fit = frame[(frame["candidate"] == 1) & (frame["split"] == split)]
        train = fit.loc[fit["metric"] == "loss", "value"].to_numpy()
        test = fit.loc[fit["metric"] == "test_loss", "value"].to_numpy()
        gaps.append(test[-1] - train[-1])
        p, q = test / test.sum(), train / train.sum()
        divergences.append(np.sum(p * np.log(p / q)))
    assert_allclose(
        table.loc[1, ["loss_gap", "loss_kl"]].astype(float), [np.mean(gaps), np.mean(divergences)]
    )


def test_overfitting_with_nothing_to_tell_from():
    with pytest.raises(ValueError, match="return_train_score=True, or set_callbacks"):
        overfitting(formula_search({"strong": [0.0, 1.0]}))

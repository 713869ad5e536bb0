"""Values of a parameter are told apart by value, in every table and picture of a search."""

import warnings
from functools import partial

import keras
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from skhp.callback import TensorBoard
from skhp.candidates.labels import distinct_labels
from skhp.candidates.values import same_value, unique_values
from skhp.displays import (
    ImportanceDisplay,
    ParallelCoordinatesDisplay,
    ScoreDistributionDisplay,
    SearchHeatmapDisplay,
    TradeoffDisplay,
)
from skhp.search import (
    best_params,
    correlations,
    importance,
    learning_rate_grid,
    narrow,
    report,
    results,
    results_summary,
    sample,
    space_summary,
)

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Let `importance` take a tenth of its time: no test here is about its numbers."""
    monkeypatch.setattr("skhp.candidates.importance._TREES", 20)


def one(value):
    return value


LOOK_ALIKE = {
    "rounded": [0.0010, 0.0010004, 0.01],
    "number and text": [1, "1"],
    "bool and number": [True, 1],
    "objects": [keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-1)],
    "functions": [lambda x: x, lambda x: 2 * x],
    "estimators": [LogisticRegression(C=1), LogisticRegression(C=2)],
    "text and None": [None, "None"],
    "lists": [[1, 2], [1, "2"]],
}


def results_with(values):
    """Two candidates a value, with scores that tell the values apart."""
    return {
        "params": [{"a": value, "b": b} for value in values for b in ("u", "v")],
        "mean_test_score": np.arange(2.0 * len(values)),
        "mean_fit_time": np.ones(2 * len(values)),
    }


@pytest.mark.parametrize("values", LOOK_ALIKE.values(), ids=LOOK_ALIKE)
def test_values_that_look_alike_stay_apart(values):
    found = results_with(values)
    means = [2 * i + 0.5 for i in range(len(values))]
    heatmap = SearchHeatmapDisplay.from_search(found, "b", "a")
    assert heatmap.frame["n_candidates"].tolist() == [1] * (2 * len(values))
    assert len(set(heatmap.labels["a"])) == len(values)
    spread = ScoreDistributionDisplay.from_search(found, "a")
    assert sorted(spread.frame.groupby("value")["score"].mean()) == means
    lines = ParallelCoordinatesDisplay.from_search(found, params=["a"]).lines_
    starts = {round(segment[0][1], 1) for segment in lines.get_segments()}
    assert len(starts) >= min(len(values), 2)
    assert importance(found).index.tolist() == ["a", "b"]
    ImportanceDisplay.from_search(found)
    TradeoffDisplay.from_search(found, hue="a")


def test_what_is_the_same():
    assert same_value(1, 1.0) and same_value((64, 32), [64, 32]) and same_value(np.nan, np.nan)
    assert same_value(keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1))
    assert same_value({"a": [1]}, {"a": (1.0,)})
    assert not same_value(keras.optimizers.Adam(0.1), keras.optimizers.SGD(0.1))
    assert len(unique_values([1, True, "1", 1.0, np.True_, np.float32(1)])) == 3


def test_labels_say_in_what_objects_differ():
    optimizers = [keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.5)]
    assert distinct_labels(optimizers, lambda value: "Adam") == [
        "Adam(learning_rate=0.1)",
        "Adam(learning_rate=0.5)",
    ]
    assert distinct_labels([one, lambda x: x], lambda value: "f") == ["f no. 1", "f no. 2"]


def scaled_by(factor):
    def scaled(x):
        return factor * x

    return scaled


NAMED = {
    "functions of one name": ([scaled_by(1), scaled_by(2)], ["scaled no. 1", "scaled no. 2"]),
    "text and a function": (["scaled", scaled_by(2)], ["'scaled'", "scaled"]),
    "a number and a method": ([0.1, str.upper], [0.1, "str.upper"]),
    "partials": (
        [partial(one, slope=0.1), partial(one, slope=0.2)],
        ["one(slope=0.1)", "one(slope=0.2)"],
    ),
    "objects": (LOOK_ALIKE["objects"], ["Adam(learning_rate=0.001)", "Adam(learning_rate=0.1)"]),
    "a function and None": ([one, None], ["one", None]),
    "lists": ([[one, 2], [max, 2]], ["(one, 2)", "(max, 2)"]),
}


@pytest.mark.parametrize("values, names", NAMED.values(), ids=NAMED)
def test_functions_and_objects_have_names(values, names):
    found = results_with(values)
    assert results(found)["a"].tolist() == [name for name in names for _ in "uv"]
    assert list(SearchHeatmapDisplay.from_search(found, "b", "a").labels["a"]) == [
        str(name) for name in names
    ]


def test_a_report_has_the_names_of_functions(tmp_path):
    pytest.importorskip("plotly")
    page = report(results_with([partial(one, slope=0.1), scaled_by(2)]), tmp_path / "a.html")
    text = page.read_text()
    assert "one(slope=0.1)" in text and '<td data-sort="scaled">scaled</td>' in text


class Formula(BaseEstimator):
    """Scores what its parameters say."""

    def __init__(self, rate=1.0, kind="a"):
        self.rate, self.kind = rate, kind

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return -abs(np.log10(self.rate) + 2) + (self.kind is True)


X = np.zeros((8, 1))


def grid(space, **arguments):
    return GridSearchCV(Formula(), space, cv=2, **arguments).fit(X)


def test_tables_tell_true_from_one():
    search = grid({"kind": [1, True], "rate": [0.01]})
    assert narrow(search, 0.5) == {"kind": [True], "rate": [0.01]}
    assert narrow(search, 0.5)["kind"][0] is True
    assert [params["kind"] for params in best_params(search, 2)] == [True, 1]
    assert "1, True" in str(space_summary(search))


def test_narrow_is_logarithmic_where_the_range_is():
    space = {"rate": stats.loguniform(1e-5, 1)}
    search = RandomizedSearchCV(Formula(), space, n_iter=8, random_state=0).fit(X)
    low, high = narrow(search, keep=0.1)["rate"].support()
    best = search.best_params_["rate"]
    # A tenth of five decades, half on either side.
    assert np.log10([low, high]) == pytest.approx(np.log10(best) + np.array([-0.25, 0.25]))


def test_narrow_is_logarithmic_for_other_libraries_too():
    optuna = pytest.importorskip("optuna")
    skopt = pytest.importorskip("skopt")
    found = grid({"rate": [1e-4, 1e-2]})
    for space in (
        optuna.distributions.FloatDistribution(1e-4, 1, log=True),
        skopt.space.Real(1e-4, 1, prior="log-uniform"),
    ):
        found.param_grid = {"rate": space}
        narrowed = narrow(found, keep=0.5)["rate"]
        assert [narrowed.low, narrowed.high] == pytest.approx([1e-3, 1e-1])
    found.param_grid = {"rate": optuna.distributions.FloatDistribution(0.01, 0.21, step=0.1)}
    narrowed = narrow(found, keep=0.5)["rate"]
    assert narrowed.step == 0.1 and narrowed.low == 0.01


def test_narrow_after_sample_holds_combinations_not_tried():
    whole = {"rate": [1e-4, 1e-3, 1e-2, 1e-1, 1.0], "kind": ["a", "b", "c", "d"]}
    drawn = sample(whole, n=8, random_state=0)
    search = grid(drawn)
    (space,) = narrow(search, keep=0.5)
    size = len(space["rate"]) * len(space["kind"])
    assert size > 4
    best = results_summary(search, 4)
    assert set(space["rate"]) == set(best["rate"]) and set(space["kind"]) == set(best["kind"])
    assert GridSearchCV(Formula(), [space], cv=2).fit(X).n_splits_ == 2


@pytest.fixture(scope="module")
def search():
    return grid({"rate": [0.001, 0.01, 0.1], "kind": ["a", "b"]}, scoring=None)


TABLES = {
    "results": results,
    "results_summary": lambda search, metric=None: results_summary(search, metric=metric),
    "best_params": lambda search, metric=None: best_params(search, metric=metric),
    "importance": lambda search, metric=None: importance(search, metric=metric),
    "correlations": correlations,
    "parallel": ParallelCoordinatesDisplay.from_search,
    "distribution": ScoreDistributionDisplay.from_search,
    "rounds": lambda search, **k: ScoreDistributionDisplay.from_rounds([search], **k),
    "importance display": ImportanceDisplay.from_search,
    "tradeoff": TradeoffDisplay.from_search,
    "heatmap": lambda search, **k: SearchHeatmapDisplay.from_search(search, "rate", "kind", **k),
}


@pytest.mark.parametrize("show", TABLES.values(), ids=TABLES)
def test_one_keyword_names_the_score(show, search):
    for metric in (None, "score", "mean_test_score"):
        show(search, metric=metric)
    for metric in ("auc", 3):
        with pytest.raises(ValueError, match=f"metric={metric!r}: the search scored 'score'"):
            show(search, metric=metric)


@pytest.mark.parametrize("show", TABLES.values(), ids=TABLES)
def test_a_search_or_its_results_or_a_clear_error(show, search):
    show(search)
    show(search.cv_results_)
    show(pd.DataFrame(search.cv_results_))
    for foreign in (3, None, {"a": [1]}, LogisticRegression(), GridSearchCV):
        with pytest.raises(TypeError, match="Expected a fitted GridSearchCV"):
            show(foreign)
    with pytest.raises(ValueError, match="must have candidates"):
        show({"params": []})
    text = [str(params) for params in search.cv_results_["params"]]
    with pytest.raises(ValueError, match=r"must be dicts.*Got \"\{'kind'.*A CSV file"):
        show(pd.DataFrame({**search.cv_results_, "params": text}))


@pytest.mark.parametrize("show", list(TABLES.values())[5:], ids=list(TABLES)[5:])
def test_ax_is_an_axes(show, search):
    with pytest.raises(TypeError, match=r"ax must be a matplotlib Axes.*Got 3"):
        show(search, ax=3)


@pytest.mark.parametrize("show", list(TABLES.values())[5:], ids=list(TABLES)[5:])
def test_a_search_of_which_every_fit_failed(show, search):
    failed = {**search.cv_results_, "mean_test_score": np.full(6, np.nan)}
    with pytest.raises(ValueError, match=r"every fit failed|candidates with a score"):
        show(failed)


def test_bad_arguments_are_named(search, tmp_path):
    with pytest.raises(ValueError, match=r"keep must be a share.*Got 'a'"):
        narrow(search, keep="a")
    with pytest.raises(TypeError, match="Expected a GridSearchCV"):
        narrow(search.cv_results_)
    with pytest.raises(ValueError, match="Invalid parameter 'rat' for estimator"):
        space_summary(GridSearchCV(Formula(), {"rat": [4]}))
    with pytest.raises(TypeError, match=r"curves must be the LearningCurves.*Got 3"):
        report(search, tmp_path / "report.html", curves=3)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match=r"n_bins must be a positive int\. Got 0"):
        ScoreDistributionDisplay.from_search(search, n_bins=0)
    with pytest.raises(ValueError, match=r"n_bins must be a positive int\. Got 'a'"):
        SearchHeatmapDisplay.from_search(search, "rate", "kind", n_bins="a")
    with pytest.raises(ValueError, match=r"x=3 is not a parameter"):
        SearchHeatmapDisplay.from_search(search, 3, "kind")
    with pytest.raises(ValueError, match="cost must be one number for each of the 6"):
        TradeoffDisplay.from_search(search, 3)
    with pytest.raises(ValueError, match=r"y=3 is not a parameter"):
        SearchHeatmapDisplay.from_search(search, "rate", 3)
    with pytest.raises(ValueError, match=r"params must be a list.*Got 3"):
        ParallelCoordinatesDisplay.from_search(search, params=3)
    with pytest.raises(ValueError, match=r"path must be.*Got ''"):
        report(search, "")
    with pytest.raises(ValueError, match=r"'rate' must have a list.*Got 3"):
        space_summary({"rate": 3})
    with pytest.raises(TypeError, match="cv_results_, which hold no space"):
        space_summary(search.cv_results_)
    with pytest.raises(ValueError, match="searches must be"):
        ScoreDistributionDisplay.from_rounds([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["adam"], 1), r"multiples must be a list.*Got 1"),
        (([], [1]), r"optimizers must be a list.*Got \[\]"),
        (("adam",), r"optimizers must be a list.*Got 'adam'"),
        ((["adam"], ["a"]), r"multiples must be positive numbers\. Got 'a'"),
        ((["adam"], [1], 3), r"grid must be a dict.*Got 3"),
        ((["adam"], [1], {"learning_rate": [0.1]}), r"grid holds 'learning_rate'.*Leave it out"),
    ],
)
def test_bad_arguments_of_learning_rate_grid(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        learning_rate_grid(*arguments)


@pytest.mark.parametrize("log_dir", [None, "", 3])
def test_tensorboard_needs_a_directory(log_dir):
    with pytest.raises(ValueError, match="log_dir must be the path of a directory"):
        TensorBoard(log_dir)


def test_scores_of_a_named_scoring():
    labels = np.arange(8) % 2
    found = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2, scoring="roc_auc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.fit(X, labels)
    assert results(found, "roc_auc").equals(results(found, "score"))

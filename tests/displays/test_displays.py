"""Displays of searches: the numbers behind them, and that their text can be read."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform, spearmanr, uniform
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skhp import MLPClassifier
from skhp.displays import (
    ImportanceDisplay,
    OptimizationHistoryDisplay,
    ParallelCoordinatesDisplay,
    ScoreDistributionDisplay,
    SearchHeatmapDisplay,
    SliceDisplay,
    TradeoffDisplay,
    TrainingCurvesDisplay,
)
from skhp.search import results

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def grid_search():
    X, y = load_iris(return_X_y=True)
    grid = {
        "decisiontreeclassifier__max_depth": [1, 2, 3],
        "decisiontreeclassifier__criterion": ["gini", "entropy"],
        "decisiontreeclassifier__min_samples_leaf": [1, 10],
    }
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    return GridSearchCV(model, grid, cv=3).fit(X, y)


@pytest.fixture(scope="module")
def random_search():
    X, y = load_iris(return_X_y=True)
    space = {"ccp_alpha": loguniform(1e-5, 1e-1), "min_impurity_decrease": uniform(0, 0.1)}
    model = DecisionTreeClassifier(random_state=0)
    return RandomizedSearchCV(model, space, n_iter=20, cv=3, random_state=0).fit(X, y)


def synthetic(n):
    """cv_results_ of a search with a dozen kinds of values, as large as wanted."""
    rng = np.random.default_rng(n)
    params = [
        {
            "net__n_layers": int(rng.integers(1, 6)),
            "net__width": int(rng.integers(16, 512)),
            "net__activation": str(rng.choice(["relu", "tanh", "sigmoid", "elu"])),
            "net__optimizer": str(rng.choice(["adam", "sgd", "nadam"])),
            "net__batch_norm": bool(rng.integers(2)),
            "net__learning_rate": float(10 ** rng.uniform(-5, -1)),
        }
        for _ in range(n)
    ]
    return {
        "params": params,
        "mean_test_score": rng.uniform(0.5, 1.0, n),
        "std_test_score": np.full(n, 0.01),
        "mean_fit_time": 10 ** rng.uniform(-2, 1, n),
    }


def draw_heatmap(search, **kwargs):
    return SearchHeatmapDisplay.from_search(search, "learning_rate", "n_layers", **kwargs)


DRAWERS = {
    "parallel": ParallelCoordinatesDisplay.from_search,
    "heatmap": draw_heatmap,
    "distribution": ScoreDistributionDisplay.from_search,
    "history": OptimizationHistoryDisplay.from_search,
    "slices": SliceDisplay.from_search,
    "tradeoff": TradeoffDisplay.from_search,
}


def overlapping_texts(figure):
    """Pairs of texts that cover one another by more than a tenth of the smaller."""
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes for text in texts_of(axes) if text.get_text().strip()]
    boxes = [text.get_window_extent() for text in texts]
    return [
        (texts[i].get_text(), texts[j].get_text())
        for i in range(len(boxes))
        for j in range(i)
        if _shared_area(boxes[i], boxes[j]) > 0.1 * min(_area(boxes[i]), _area(boxes[j]))
    ]


def texts_of(axes):
    yield from axes.texts
    yield axes.title
    for legend in [axes.get_legend(), *axes.artists]:
        if isinstance(legend, matplotlib.legend.Legend):
            yield from legend.get_texts()
            yield legend.get_title()
    for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
        yield axis.label
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if low <= tick.get_loc() <= high:
                yield from (one for one in (tick.label1, tick.label2) if one.get_visible())


def _area(box):
    return box.width * box.height


def _shared_area(a, b):
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(width, 0) * max(height, 0)


def test_overlapping_texts_are_seen():
    figure, ax = plt.subplots()
    ax.set_xticks([0, 0.01, 1], ["nought", "hundredth", "one"])
    assert ("hundredth", "nought") in overlapping_texts(figure)


@pytest.mark.parametrize("n", [1, 20, 1000])
@pytest.mark.parametrize("name", DRAWERS)
def test_any_number_of_candidates_is_drawn_without_overlapping_text(name, n):
    display = DRAWERS[name](synthetic(n))
    assert display.figure_ is display.ax_.figure
    assert len(display.frame) >= 1
    assert overlapping_texts(display.figure_) == []


@pytest.mark.parametrize("name", DRAWERS)
def test_drawn_where_the_caller_says(name):
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    display = DRAWERS[name](synthetic(20), ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.has_data()


@pytest.mark.parametrize("name", DRAWERS)
def test_a_display_draws_again_from_its_frame(name):
    display = DRAWERS[name](synthetic(20))
    first = display.ax_
    assert display.plot() is display
    assert display.ax_ is not first


def test_frame_holds_the_scores_of_cv_results(grid_search):
    frame = ParallelCoordinatesDisplay.from_search(grid_search).frame.sort_values("candidate")
    results = grid_search.cv_results_
    np.testing.assert_array_equal(frame["score"], results["mean_test_score"])
    assert frame["max_depth"].tolist() == [
        one["decisiontreeclassifier__max_depth"] for one in results["params"]
    ]


def test_parallel_coordinates_end_at_the_score(grid_search):
    display = ParallelCoordinatesDisplay.from_search(grid_search, params=["criterion"])
    scores = grid_search.cv_results_["mean_test_score"]
    ends = [segment[-1][1] for segment in display.lines_.get_segments()]
    expected = (np.sort(scores) - scores.min()) / (scores.max() - scores.min())
    np.testing.assert_allclose(ends, expected)


def test_axes_are_logarithmic_where_the_space_is(random_search):
    display = ParallelCoordinatesDisplay.from_search(
        random_search, params=["ccp_alpha", "min_impurity_decrease"]
    )
    starts = np.array([segment[:2, 1] for segment in display.lines_.get_segments()])
    alpha, decrease = display.frame["ccp_alpha"], display.frame["min_impurity_decrease"]
    np.testing.assert_allclose(np.corrcoef(starts[:, 0], np.log(alpha))[0, 1], 1)
    np.testing.assert_allclose(np.corrcoef(starts[:, 1], decrease)[0, 1], 1)


def test_heatmap_cells_are_pandas_means(grid_search):
    display = SearchHeatmapDisplay.from_search(grid_search, "max_depth", "criterion")
    results = pd.DataFrame(grid_search.cv_results_)
    prefix = "param_decisiontreeclassifier__"
    expected = results.groupby([f"{prefix}criterion", f"{prefix}max_depth"])["mean_test_score"]
    expected = expected.mean()
    assert len(display.frame) == len(expected) == 6
    for _, cell in display.frame.iterrows():
        assert cell["score"] == pytest.approx(expected[cell["criterion"], int(cell["max_depth"])])
        assert cell["n_candidates"] == 2


def test_heatmap_shows_five_dimensions(tmp_path):
    display = draw_heatmap(
        synthetic(1000), hue="batch_norm", columns="activation", rows="optimizer"
    )
    assert display.axes_.shape == (3, 4)
    mesh = display.axes_[0, 0].collections[0]
    assert mesh.get_array().shape == (5, 6 * 2)  # layers; bins of the rate, each in two strips
    assert display.frame["n_candidates"].sum() == 1000
    assert overlapping_texts(display.figure_) == []


def test_heatmap_draws_each_cell_where_its_labels_say():
    results = {
        "params": [{"a": a, "b": b} for a in (1, 2, 3) for b in ("u", "v")],
        "mean_test_score": np.arange(6.0),
    }
    display = SearchHeatmapDisplay.from_search(results, "a", "b")
    mesh = display.axes_[0, 0].collections[0].get_array()
    np.testing.assert_array_equal(mesh, [[0, 2, 4], [1, 3, 5]])
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["u", "v"]


def test_heatmap_takes_the_two_most_important_parameters(grid_search):
    display = SearchHeatmapDisplay.from_search(grid_search)
    ranked = ImportanceDisplay.from_search(grid_search).frame["param"]
    assert [display.roles["x"], display.roles["y"]] == ranked.tolist()[:2]
    display = SearchHeatmapDisplay.from_search(grid_search, y=ranked[0])
    assert display.roles["x"] == ranked[1]
    one = {"params": [{"a": 1}, {"a": 2}], "mean_test_score": np.array([0.0, 1.0])}
    with pytest.raises(ValueError, match=r"needs two parameters that vary.*\['a'\]"):
        SearchHeatmapDisplay.from_search(one)


def test_heatmap_writes_the_deviation_over_the_folds():
    results = {
        "params": [{"a": a, "b": b} for a in (1, 2) for b in (1, 2)],
        "mean_test_score": np.array([0.1, 0.2, 0.3, 0.4]),
        "std_test_score": np.array([0.01, 0.02, 0.03, 0.04]),
    }
    display = SearchHeatmapDisplay.from_search(results, "a", "b")
    texts = {text.get_position(): text.get_text() for text in display.ax_.texts}
    assert texts[0.5, 1.5] == "0.200\n±0.020"
    del results["std_test_score"]
    display = SearchHeatmapDisplay.from_search(results, "a", "b")
    assert "0.200" in [text.get_text() for text in display.ax_.texts]


def test_one_split_has_no_deviation():
    X, y = load_iris(return_X_y=True)
    grid = {"max_depth": [1, 2], "criterion": ["gini", "entropy"]}
    one_split = ShuffleSplit(1, random_state=0)
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid, cv=one_split).fit(X, y)
    heatmap = SearchHeatmapDisplay.from_search(search)
    assert len(heatmap.ax_.texts) == 4
    assert not any("±" in text.get_text() for text in heatmap.ax_.texts)
    assert not TradeoffDisplay.from_search(search).ax_.containers


def test_distribution_groups_by_value(grid_search):
    display = ScoreDistributionDisplay.from_search(grid_search, "max_depth")
    results = grid_search.cv_results_
    of_two = results["mean_test_score"][
        [one["decisiontreeclassifier__max_depth"] == 2 for one in results["params"]]
    ]
    shown = display.frame.loc[display.frame["value"] == "2", "score"]
    assert sorted(shown) == sorted(of_two)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["1", "2", "3"]


def test_distribution_of_rounds():
    display = ScoreDistributionDisplay.from_rounds([synthetic(30), synthetic(10)])
    assert display.frame["value"].value_counts().to_dict() == {"round 1": 30, "round 2": 10}


def test_tradeoff_marks_what_nothing_beats():
    costs, scores = [1.0, 2.0, 3.0, 4.0, 2.0, 1.0], [0.5, 0.7, 0.6, 0.9, 0.7, 0.4]
    results = {"params": [{"a": i} for i in range(6)], "mean_test_score": np.array(scores)}
    display = TradeoffDisplay.from_search(results, costs)
    front = display.frame.loc[display.frame["pareto"], ["cost", "score"]]
    assert front.to_numpy().tolist() == [[1.0, 0.5], [2.0, 0.7], [4.0, 0.9]]


def test_tradeoff_has_bars_over_the_folds():
    for n, with_bars in ((20, 20), (1000, None)):
        display = TradeoffDisplay.from_search(synthetic(n))
        (container,) = display.ax_.containers
        segments = container.lines[2][0].get_segments()
        assert len(segments) == (with_bars or display.frame["pareto"].sum())
        assert segments[0][1, 1] - segments[0][0, 1] == pytest.approx(0.02)


def test_tradeoff_names_the_front_best_first():
    results = {
        "params": [{"width": 10 * i} for i in range(1, 5)],
        "mean_test_score": np.array([0.5, 0.6, 0.7, 0.8]),
    }
    display = TradeoffDisplay.from_search(results, [1, 2, 3, 4])
    *letters, listed = display.ax_.texts
    assert (letters[0].get_text(), *letters[0].xy) == ("A", 4, 0.8)
    assert listed.get_text().splitlines()[1] == "A: candidate 3, 0.800: width=40"


def test_history_is_the_best_so_far():
    scores = np.array([0.5, np.nan, 0.7, 0.6, 0.9])
    results = {
        "params": [{"a": i} for i in range(5)],
        "mean_test_score": scores,
        "split0_test_score": scores,
        "split1_test_score": scores,
        "mean_fit_time": np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
        "mean_score_time": np.full(5, 0.5),
    }
    display = OptimizationHistoryDisplay.from_search(results)
    line = display.ax_.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [2, 6, 8, 10])  # two fits a candidate
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.7, 0.7, 0.9])
    points = display.ax_.collections[0].get_offsets()
    np.testing.assert_array_equal(points[:, 1], [0.5, 0.7, 0.6, 0.9])
    display = OptimizationHistoryDisplay.from_search(results, x="seconds", label="grid")
    np.testing.assert_array_equal(display.ax_.lines[0].get_xdata(), [3, 15, 24, 35])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["grid"]
    del results["mean_fit_time"]
    with pytest.raises(ValueError, match="x='seconds' needs mean_fit_time"):
        OptimizationHistoryDisplay.from_search(results, x="seconds")


def test_slices_show_each_score_over_its_value(random_search):
    display = SliceDisplay.from_search(random_search)
    results = random_search.cv_results_
    assert [panel.get_xlabel() for panel in display.axes_.flat] == display.params
    for panel, name in zip(display.axes_.flat, display.params, strict=True):
        points = panel.collections[0].get_offsets()
        np.testing.assert_array_equal(points[:, 1], results["mean_test_score"])
        values = np.array([one[name] for one in results["params"]])
        if name == "ccp_alpha":  # drawn from a log-uniform distribution
            values = np.log(values)
        expected = (values - values.min()) / np.ptp(values)
        np.testing.assert_allclose(points[:, 0], expected, atol=1e-12)


def test_names_are_those_of_the_parameters(grid_search):
    display = SliceDisplay.from_search(grid_search)
    assert display.params == ["criterion", "max_depth", "min_samples_leaf"]
    ticks = ImportanceDisplay.from_search(grid_search).axes_[0, 0].get_yticklabels()
    assert {tick.get_text() for tick in ticks} == set(display.params)


def test_tradeoff_against_a_parameter():
    display = TradeoffDisplay.from_search(synthetic(20), "width", hue="optimizer")
    assert (display.frame["cost"] == display.frame["width"]).all()
    assert display.ax_.get_legend() is not None


def test_tradeoff_against_the_size_of_the_network(binary):
    X, y = binary
    network = MLPClassifier(n_layers=1, epochs=1, random_state=0)
    search = GridSearchCV(network, {"width": [2, 4, 8]}, cv=2).fit(X, y)
    display = TradeoffDisplay.from_search(search, "n_parameters")
    # 4 columns to the hidden units, these to one output, and the biases
    assert display.frame["cost"].tolist() == [6 * width + 1 for width in (2, 4, 8)]
    search.set_params(refit=False)
    del search.best_estimator_
    with pytest.raises(ValueError, match="if the search has refit=True"):
        TradeoffDisplay.from_search(search, "n_parameters")


def test_importance_is_of_the_parameter_that_matters():
    X, y = load_iris(return_X_y=True)
    grid = {"max_depth": [1, 2, 3, 4], "criterion": ["gini", "entropy"], "max_leaf_nodes": [8, 9]}
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid, cv=3).fit(X, y)
    display = ImportanceDisplay.from_search(search)
    assert display.frame["param"].iloc[0] == "max_depth"
    bars = display.axes_[0, 0].patches
    np.testing.assert_allclose([bar.get_width() for bar in bars], display.frame["importance"])
    correlation = display.frame.set_index("param")["correlation"]
    expected = spearmanr(
        [one["max_depth"] for one in search.cv_results_["params"]],
        search.cv_results_["mean_test_score"],
    ).statistic
    assert correlation["max_depth"] == pytest.approx(expected)
    frame = display.frame.set_index("param")
    assert frame.loc["criterion", "method"] == "eta" and 0 <= correlation["criterion"] <= 1
    assert "not a number" not in [text.get_text() for text in display.axes_[0, 1].texts]
    assert overlapping_texts(display.figure_) == []


@pytest.mark.filterwarnings("ignore")
def test_optuna_search_is_read_from_its_trials():
    integration = pytest.importorskip("optuna_integration")
    optuna = pytest.importorskip("optuna")
    X, y = load_iris(return_X_y=True)
    rates = {"ccp_alpha": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)}
    search = integration.OptunaSearchCV(
        DecisionTreeClassifier(random_state=0), rates, n_trials=5, random_state=0, cv=2
    ).fit(X, y)
    display = ParallelCoordinatesDisplay.from_search(search)
    assert len(display.frame) == 5
    assert display.candidates.scales["ccp_alpha"].kind == "log"
    assert display.frame["score"].max() == search.best_score_


def test_failed_candidates_are_left_out():
    results = synthetic(20)
    results["mean_test_score"][3] = np.nan
    for draw in DRAWERS.values():
        assert "3" not in draw(results).frame.get("candidate", pd.Series()).astype(str).tolist()


def test_a_parameter_that_some_candidates_lack():
    results = {
        "params": [
            {"kernel": "rbf", "gamma": 0.1},
            {"kernel": "rbf", "gamma": 1.0},
            {"kernel": "linear"},
        ],
        "mean_test_score": np.array([0.5, 0.6, 0.7]),
    }
    assert len(SearchHeatmapDisplay.from_search(results, "gamma", "kernel").frame) == 2
    assert len(ParallelCoordinatesDisplay.from_search(results).frame) == 3


def test_parameters_with_the_names_of_other_columns():
    ranks = [2, 4, 8, 2, 4, 8]
    values = [{"net__rank": rank, "metric": "aaabbb"[i]} for i, rank in enumerate(ranks)]
    scores = {"mean_test_score": np.linspace(0.5, 1, 6), "rank_test_score": np.arange(6, 0, -1)}
    found = {"params": values, **scores, "mean_fit_time": np.ones(6)}
    slices = SliceDisplay.from_search(found)
    assert slices.frame.sort_values("candidate")["param_rank"].tolist() == ranks
    parallel = ParallelCoordinatesDisplay.from_search(found, params=["rank", "metric"])
    assert parallel.frame[["param_rank", "param_metric"]].iloc[-1].tolist() == [8, "b"]
    heatmap = SearchHeatmapDisplay.from_search(found, x="net__rank", y="param_metric")
    cells = heatmap.frame.set_index(["param_rank", "param_metric"])["score"]
    assert cells["4", "b"] == scores["mean_test_score"][4]
    ends = {"split": 0, "epoch": 1, "metric": "loss", "value": np.arange(6.0)}
    curves = pd.DataFrame({"candidate": range(6), **ends})
    frame = TrainingCurvesDisplay.from_search(found, curves, kind="all", hue="metric").frame
    assert frame.set_index("mean")["param_metric"].to_dict()[5.0] == "b"
    costs = TradeoffDisplay.from_search(found, "param_rank").frame
    assert costs["cost"].tolist() == costs["param_rank"].tolist() == ranks
    assert results(found).loc[4, ["param_rank", "rank_test_score"]].tolist() == [4, 2]


def test_multimetric_search_shows_the_metric_it_refits_by():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 3]},
        scoring=["accuracy", "f1_macro"],
        refit="f1_macro",
        cv=3,
    ).fit(X, y)
    display = ParallelCoordinatesDisplay.from_search(search)
    assert sorted(display.frame["score"]) == sorted(search.cv_results_["mean_test_f1_macro"])
    other = ParallelCoordinatesDisplay.from_search(search, metric="accuracy")
    assert sorted(other.frame["score"]) == sorted(search.cv_results_["mean_test_accuracy"])
    with pytest.raises(ValueError, match=r"metric='auc'.*'accuracy', 'f1_macro'"):
        ParallelCoordinatesDisplay.from_search(search, metric="auc")


def test_errors_say_what_there_is(grid_search):
    with pytest.raises(ValueError, match=r"x='depth' is not a parameter.*max_depth"):
        SearchHeatmapDisplay.from_search(grid_search, "depth", "criterion")
    with pytest.raises(ValueError, match="used once"):
        SearchHeatmapDisplay.from_search(grid_search, "criterion", "criterion")
    with pytest.raises(ValueError, match="aggregate must be"):
        SearchHeatmapDisplay.from_search(grid_search, "max_depth", "criterion", aggregate="sum")
    with pytest.raises(ValueError, match="cost='criterion' is not a column of numbers"):
        TradeoffDisplay.from_search(grid_search, "criterion")
    with pytest.raises(NotFittedError, match="Call its fit"):
        TradeoffDisplay.from_search(GridSearchCV(DecisionTreeClassifier(), {}))
    with pytest.raises(TypeError, match="Got 3"):
        TradeoffDisplay.from_search(3)


def test_axes_placed_by_hand_cannot_be_divided(grid_search):
    ax = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="placed by hand"):
        ScoreDistributionDisplay.from_search(grid_search, ax=ax)

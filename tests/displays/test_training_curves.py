"""TrainingCurvesDisplay: of a network, and of a search's candidates."""

from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.callback import LearningCurves
from skhp.displays import TrainingCurvesDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def network(binary):
    X, y = binary
    network = MLPClassifier(n_layers=1, width=8, epochs=4, metrics=["accuracy"], random_state=0)
    return network.fit(X, y, X_val=X[:20], y_val=y[:20])


@pytest.fixture(scope="module")
def searched(binary):
    X, y = binary
    curves = LearningCurves(on="test_fold")
    network = MLPClassifier(n_layers=1, width=8, epochs=3, random_state=0)
    grid = {"mlpclassifier__learning_rate": [1e-3, 1e-2, 1e-1]}
    search = GridSearchCV(make_pipeline(StandardScaler(), network), grid, cv=StratifiedKFold(3))
    return search.set_callbacks(curves).fit(X, y), curves


def test_lines_of_a_network_are_its_history(network):
    display = TrainingCurvesDisplay.from_estimator(network)
    labels = ["loss", "accuracy"]
    assert [ax.get_ylabel() for ax in display.axes_.flat] == labels
    for ax, metric in zip(display.axes_.flat, labels, strict=True):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_ydata(), network.history_[metric])
        np.testing.assert_array_equal(validation.get_ydata(), network.history_[f"val_{metric}"])
        np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
        assert (training.get_linestyle(), validation.get_linestyle()) == ("--", "-")


def test_a_pipeline_and_a_search_show_their_network(network, searched):
    pipeline = make_pipeline(StandardScaler(), network)
    frame = TrainingCurvesDisplay.from_estimator(pipeline, metrics=["loss"]).frame
    assert frame["metric"].unique().tolist() == ["loss"]
    search, _ = searched
    frame = TrainingCurvesDisplay.from_estimator(search).frame
    assert frame["mean"].tolist() == search.best_estimator_[-1].history_["loss"]


def test_best_candidates_come_first_each_with_its_own_curves(searched):
    search, curves = searched
    display = TrainingCurvesDisplay.from_search(search, curves, n_best=2)
    order = np.argsort(-search.cv_results_["mean_test_score"], kind="stable")[:2]
    assert display.frame.drop_duplicates("place")["candidate"].tolist() == order.tolist()
    raw = curves.frame()
    for candidate, ax in zip(order, display.axes_.flat, strict=True):
        for line, metric in zip(ax.lines, ["loss", "test_loss"], strict=True):
            own = raw[(raw["candidate"] == candidate) & (raw["metric"] == metric)]
            own = own[~own["refit"].astype(bool)]
            expected = own.groupby("epoch")["value"].mean()
            np.testing.assert_allclose(line.get_ydata(), expected)
        assert len(ax.collections) == 2  # a band for each
    title, settings = display.axes_.flat[0].get_title(loc="left").splitlines()
    assert title.startswith(f"1. candidate {order[0]}: ")
    best = search.best_params_["mlpclassifier__learning_rate"]
    assert settings == f"learning_rate={best:g}"


def test_losses_have_a_logarithmic_scale(network):
    loss, accuracy = TrainingCurvesDisplay.from_estimator(network).axes_.flat
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    display = TrainingCurvesDisplay.from_estimator(network, metrics="loss", yscale="linear")
    assert display.ax_.get_yscale() == "linear"
    with pytest.raises(ValueError, match="yscale must be one of auto, linear, log"):
        display.plot(yscale="logit")


@pytest.mark.parametrize("losses", [[0.7, 0.68], [0.9, 0.6], [1.6, 0.3], [2.0, 0.1], [30, 1e-4]])
def test_a_logarithmic_scale_has_numbers(losses):
    network = SimpleNamespace(history_={"loss": losses})
    panel = TrainingCurvesDisplay.from_estimator(network).ax_
    panel.figure.draw_without_rendering()
    low, high = panel.get_ylim()
    shown = [tick for tick in panel.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert 3 <= len([tick for tick in shown if tick.label1.get_text()]) <= 10


def test_a_loss_with_zeros_has_a_linear_scale():
    class Trained:
        history_ = {"loss": [1.0, 0.0]}

    assert TrainingCurvesDisplay.from_estimator(Trained()).ax_.get_yscale() == "linear"


def test_ticks_of_epochs_are_whole_numbers(network):
    for epochs in (1, 2, 3, 100):

        class Trained:
            history_ = {"loss": np.linspace(2, 1, epochs).tolist()}

        ticks = TrainingCurvesDisplay.from_estimator(Trained()).ax_.get_xticks()
        assert len(ticks) >= 1 and (ticks == np.round(ticks)).all()


def test_all_candidates_are_coloured_by_a_parameter(searched):
    search, curves = searched
    display = TrainingCurvesDisplay.from_search(search, curves, kind="all", hue="learning_rate")
    assert len(display.ax_.lines) == 6
    assert len({matplotlib.colors.to_hex(line.get_color()) for line in display.ax_.lines}) == 3
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["0.001", "0.01", "0.1"]


@pytest.mark.parametrize("n", [1, 1000])
@pytest.mark.parametrize("kind", ["best", "all"])
def test_any_number_of_candidates_is_drawn(kind, n):
    rates = np.geomspace(1e-5, 1e-1, n)
    results = {
        "params": [{"learning_rate": rate} for rate in rates],
        "mean_test_score": np.linspace(0, 1, n),
    }
    curves = pd.DataFrame(
        {"candidate": range(n), "split": 0, "epoch": 1, "metric": "loss", "value": rates}
    )
    curves = pd.concat([curves, curves.assign(epoch=2)])
    display = TrainingCurvesDisplay.from_search(results, curves, kind=kind)
    drawn = [ax for ax in display.axes_.flat if ax is not None]
    lines = [line for ax in drawn for line in ax.lines if line.get_linewidth() < 2]
    assert len(lines) == (min(n, 6) if kind == "best" else n)
    display.figure_.draw_without_rendering()


def test_many_candidates_have_a_median_for_each_value():
    activations = ["relu", "tanh", "relu", "tanh", "relu"] * 20
    results = {
        "params": [{"activation": name} for name in activations],
        "mean_test_score": np.linspace(0, 1, 100),
    }
    curves = pd.DataFrame(
        {
            "candidate": np.repeat(np.arange(100), 4),
            "split": 0,
            "epoch": [1, 2] * 200,
            "metric": ["loss", "loss", "test_loss", "test_loss"] * 100,
            "value": np.arange(400) + 1.0,
        }
    )
    display = TrainingCurvesDisplay.from_search(results, curves, kind="all", hue="activation")
    thick = [line for line in display.ax_.lines if line.get_linewidth() > 2]
    held_out = curves[curves["metric"] == "test_loss"]
    held_out = held_out.assign(activation=held_out["candidate"].map(activations.__getitem__))
    medians = held_out.groupby(["activation", "epoch"])["value"].median()
    for line, name in zip(thick, ["relu", "tanh"], strict=True):
        np.testing.assert_array_equal(line.get_ydata(), medians[name])


def test_panels_that_are_not_needed_are_left_out():
    class Trained:
        history_ = {f"metric{i}": [1.0, 2.0] for i in range(7)}

    display = TrainingCurvesDisplay.from_estimator(Trained())
    assert sum(ax is not None for ax in display.axes_.flat) == 7
    assert display.axes_.size == 9


def test_errors(network, searched):
    search, curves = searched
    with pytest.raises(ValueError, match="has no history_"):
        TrainingCurvesDisplay.from_estimator(StandardScaler())
    with pytest.raises(ValueError, match=r"curve='auc' was not recorded.*\['loss'\]"):
        TrainingCurvesDisplay.from_search(search, curves, curve="auc")
    with pytest.raises(ValueError, match="kind must be 'best' or 'all'; got 'some'"):
        TrainingCurvesDisplay.from_search(search, curves, kind="some")
    with pytest.raises(ValueError, match="hue='depth' is not a parameter"):
        TrainingCurvesDisplay.from_search(search, curves, kind="all", hue="depth")
    with pytest.raises(ValueError, match=r"lacks the columns \['candidate'"):
        TrainingCurvesDisplay.from_search(search, pd.DataFrame({"epoch": [1]}))

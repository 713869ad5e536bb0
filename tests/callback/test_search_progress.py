"""SearchProgress: the lines that it prints, against cv_results_."""

import re

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skhp import MLPClassifier
from skhp.callback import LearningCurves, SearchProgress

GRID = {"mlpclassifier__learning_rate": [0.1, 1e-3, 1e-2]}


@pytest.fixture
def model():
    return make_pipeline(StandardScaler(), MLPClassifier(1, 8, epochs=3, random_state=0))


def lines_of(text):
    heading, *lines = text.splitlines()
    assert heading.split()[:6] == ["candidate", "score", "best", "so", "far", "seconds"]
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_line_for_each_candidate(model, binary, capsys, n_jobs):
    search = GridSearchCV(model, GRID, cv=3, n_jobs=n_jobs).set_callbacks(SearchProgress())
    results = search.fit(*binary).cv_results_
    lines = sorted(lines_of(capsys.readouterr().out))
    assert len(lines) == 3
    for number, line in enumerate(lines):
        mean, std = results["mean_test_score"][number], results["std_test_score"][number]
        assert line.split()[:3] == [f"{number}/3", f"{mean:.4f}", f"±{std:.3f}"]
        assert line.split()[-1] == f"{GRID['mlpclassifier__learning_rate'][number]:g}"
        assert 0 <= float(line.split()[5]) <= 3 * results["mean_fit_time"][number] * 1.01
        assert len(line) <= 100
    if n_jobs is None:
        best = np.maximum.accumulate(results["mean_test_score"])
        assert [line.split()[3] for line in lines] == [f"{score:.4f}" for score in best]


def test_the_score_that_refit_names(binary, capsys):
    network = MLPClassifier(1, 8, epochs=3, random_state=0)
    search = GridSearchCV(
        network,
        {"learning_rate": [0.1]},
        cv=3,
        scoring=["accuracy", "neg_log_loss"],
        refit="neg_log_loss",
    )
    results = search.set_callbacks(SearchProgress()).fit(*binary).cv_results_
    (line,) = lines_of(capsys.readouterr().out)
    assert line.split()[1] == f"{results['mean_test_neg_log_loss'][0]:.4f}"


@pytest.mark.filterwarnings("ignore")
def test_a_candidate_that_fails(model, binary, capsys):
    grid = {"mlpclassifier__width": [8, -1]}
    search = GridSearchCV(model, grid, cv=2, refit=False).set_callbacks(SearchProgress())
    search.fit(*binary)
    good, bad = lines_of(capsys.readouterr().out)
    assert bad.split()[:2] == ["1/2", "failed"]
    assert re.search(r"\(0\)", good) and re.search(r"\(0\)", bad)


def test_it_leaves_the_search_as_it_is(model, binary, capsys):
    without = GridSearchCV(model, GRID, cv=3).fit(*binary)
    before, after = LearningCurves(on="test_fold"), LearningCurves()
    search = GridSearchCV(model, GRID, cv=3).set_callbacks(before, SearchProgress(), after)
    search.fit(*binary)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], without.cv_results_["mean_test_score"]
    )
    scores = [line.split()[1] for line in lines_of(capsys.readouterr().out)]
    assert scores == [f"{score:.4f}" for score in without.cv_results_["mean_test_score"]]
    assert before.frame()["epoch"].max() == after.frame()["epoch"].max() == 3


def test_values_stand_below_their_names(binary, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")  # the workers of pytest-xdist have 80
    network = MLPClassifier(1, epochs=1, random_state=0)
    space = [{"width": [8], "activation": ["tanh"]}, {"width": [4], "learning_rate": [0.1]}]
    GridSearchCV(network, space, cv=2).set_callbacks(SearchProgress()).fit(*binary)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[6:] == ["width", "activation", "learning_rate"]
    assert [line.split()[6:] for line in lines] == [["8", "tanh", "0.001"], ["4", "relu", "0.1"]]
    assert lines[0].index("tanh") == heading.index("activation")


def test_functions_of_one_name_stay_apart(binary, capsys):
    steps = make_pipeline(FunctionTransformer(), LogisticRegression())
    functions = [lambda X: X, lambda X: 2 * X]
    search = GridSearchCV(steps, {"functiontransformer__func": functions}, cv=2)
    search.set_callbacks(SearchProgress()).fit(*binary)
    lines = lines_of(capsys.readouterr().out)
    assert [line[-14:] for line in lines] == ["<lambda> no. 1", "<lambda> no. 2"]

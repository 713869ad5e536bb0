"""`scoring` of the wrappers: a scorer of scikit-learn that Keras callbacks can watch."""

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import (
    balanced_accuracy_score,
    log_loss,
    make_scorer,
    mean_absolute_error,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import KerasClassifier, KerasRegressor
from skhp.engine.program_run import ProgramRun
from tests.wrappers.test_callbacks import Batches, build

pytestmark = pytest.mark.slow

SCORER = make_scorer(balanced_accuracy_score)
N_HELD_OUT = 15  # of the 60 rows


@pytest.fixture(scope="module")
def labelled(binary):
    """Rows with text as labels, some of them wrong: scores get worse again."""
    X, y = binary
    wrong = np.random.RandomState(0).permutation(len(y))[:10]
    y = y.copy()
    y[wrong] = 1 - y[wrong]
    return X, np.where(y, "yes", "no")


def stopping(monitor="val_balanced_accuracy", patience=5):
    return keras.callbacks.EarlyStopping(
        monitor, mode="max", patience=patience, restore_best_weights=True
    )


def classifier(*others, **params):
    settings = {
        "loss": "binary_crossentropy", "optimizer": keras.optimizers.Adam(0.1), "epochs": 40,
        "random_state": 0, "validation_split": N_HELD_OUT / 60, "scoring": "balanced_accuracy",
        "callbacks": [stopping(), *others],
    }  # fmt: skip
    return KerasClassifier(build, **{**settings, **params})


def held_out(X, y):
    return X[-N_HELD_OUT:], y[-N_HELD_OUT:]


@pytest.fixture(scope="module")
def scores(labelled):
    """The scores of networks that train for 1, 2, ... epochs."""
    X, y = labelled
    X_val, y_val = held_out(X, y)
    nets = [classifier(epochs=n, callbacks=None, scoring=None) for n in range(1, 20)]
    return [balanced_accuracy_score(y_val, net.fit(X, y).predict(X_val)) for net in nets]


@pytest.mark.parametrize("others", [[], [Batches()]], ids=["graph", "keras"])
def test_early_stopping_watches_a_scorer(others, labelled, scores):
    X, y = labelled
    net = classifier(*others).fit(X, y)
    assert net.engine_ == ("keras" if others else "graph")
    expected = scores[: net.n_epochs_]
    np.testing.assert_allclose(net.history_["val_balanced_accuracy"], expected)
    best = int(np.argmax(expected))
    assert best > 0 and net.n_epochs_ == best + 1 + 5 < 19
    X_val, y_val = held_out(X, y)
    assert balanced_accuracy_score(y_val, net.predict(X_val)) == expected[best]


def test_a_scorer_gets_the_rows_of_the_user(labelled):
    """Named columns, labels and weights, of the rows that training does not use."""
    X, y = labelled
    X = pd.DataFrame(X, columns=list("abcd"), index=np.arange(len(y)) + 100)
    y = pd.Series(y, index=X.index)
    weight = np.linspace(1, 2, len(y))
    weight[[3, -1]] = 0  # such rows are not used at all
    calls = []

    def scorer(net, X, y, sample_weight=None):
        calls.append((X, y, sample_weight))
        return -log_loss(y, net.predict_proba(X), sample_weight=sample_weight)

    net = classifier(scoring=scorer, callbacks=None, epochs=3, validation_split=0.25)
    net.fit(X, y, sample_weight=weight)
    rows, targets, weights = calls[0]
    assert len(calls) == len(net.history_["val_score"]) == 3
    assert rows.index.tolist() == list(range(144, 159)) and list(rows.columns) == list("abcd")
    pd.testing.assert_series_equal(targets, y[rows.index])
    np.testing.assert_array_equal(weights, weight[rows.index - 100])
    last = -log_loss(targets, net.predict_proba(rows), sample_weight=weights)
    np.testing.assert_allclose(net.history_["val_score"][-1], last)
    net.fit(X, y, validation_data=(X, y))
    assert calls[-1][0] is X and calls[-1][2] is None


def test_rows_to_score_have_passed_the_steps_before_the_network(labelled):
    X, y = labelled
    X = 5 + 3 * X
    pipeline = make_pipeline(StandardScaler(), classifier(scoring="roc_auc", callbacks=None))
    alone = classifier(scoring="roc_auc", callbacks=None)
    pipeline.set_params(kerasclassifier__epochs=3).fit(X, y)
    alone.set_params(epochs=3).fit(StandardScaler().fit_transform(X), y)
    assert pipeline[-1].history_ == alone.history_


def test_a_scorer_of_a_regressor(regression):
    X, y = regression

    def build(meta):
        return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])

    scoring = "neg_mean_absolute_error"
    net = KerasRegressor(build, loss="mse", random_state=0, validation_split=0.25, scoring=scoring)
    net.fit(X, y)
    error = mean_absolute_error(y[-15:], net.predict(X[-15:]))
    np.testing.assert_allclose(net.history_["val_neg_mean_absolute_error"], [-error], rtol=1e-6)


def test_partial_fit_measures_no_score(labelled):
    X, y = labelled
    net = classifier(callbacks=None, epochs=2).fit(X, y).partial_fit(X, y)
    assert len(net.history_["loss"]) == 3 and len(net.history_["val_balanced_accuracy"]) == 2


def test_in_a_search_in_two_processes(labelled):
    grid = {"scoring": ["roc_auc", SCORER]}
    net = classifier(epochs=3, callbacks=None)
    searches = [GridSearchCV(net, grid, cv=2, n_jobs=n).fit(*labelled) for n in (1, 2)]
    one, two = (search.best_estimator_.history_ for search in searches)
    assert one == two and len(one["val_roc_auc"]) == 3
    assert searches[0].cv_results_["mean_test_score"].tolist() == (
        searches[1].cv_results_["mean_test_score"].tolist()
    )


def test_a_stored_fit_goes_on_with_its_scores(labelled, tmp_path, monkeypatch):
    X, y = labelled
    unfitted = classifier(scoring=SCORER, callbacks=[stopping("val_score")])
    expected = clone(unfitted).fit(X, y)
    trained, epochs = [], ProgramRun.epochs

    def counted(self, count):
        logs = epochs(self, count)
        trained.append(len(logs))
        return logs

    monkeypatch.setattr(ProgramRun, "epochs", counted)
    for n in (3, 40, 40):
        net = clone(unfitted).set_params(memory=tmp_path, epochs=n).fit(X, y)
    assert sum(trained) == expected.n_epochs_
    assert net.history_ == expected.history_
    np.testing.assert_array_equal(net.predict_proba(X), expected.predict_proba(X))
    clone(unfitted).set_params(memory=tmp_path, scoring="roc_auc", callbacks=None).fit(X, y)
    assert sum(trained) == expected.n_epochs_ + 40  # another scorer is another fit


@pytest.mark.parametrize(
    "params, said",
    [
        ({"validation_split": 0.0}, "scoring='balanced_accuracy' needs validation rows"),
        ({"scoring": balanced_accuracy_score}, "looks like it is a metric function"),
        ({"scoring": lambda net, X, y: float("nan")}, "^scoring=.* must return a finite.*Got nan"),
        ({"scoring": lambda net, X, y: net.none}, "^scoring=.* failed .*: AttributeError: .*none"),
    ],
)
def test_what_is_refused(params, said, labelled):
    with pytest.raises(ValueError, match=said):
        classifier(**params).fit(*labelled)

"""Inside scikit-learn's meta-estimators and tools."""

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow

CLASSIFIER = MLPClassifier(1, 16, learning_rate=0.01, epochs=20, random_state=0)
REGRESSOR = MLPRegressor(1, 16, learning_rate=0.03, epochs=40, random_state=0)


def named(estimator, **others):
    return [("net", clone(estimator)), *others.items()]


CLASSIFIERS = {
    "Pipeline": make_pipeline(StandardScaler(), CLASSIFIER),
    "CalibratedClassifierCV": CalibratedClassifierCV(CLASSIFIER, cv=2),
    "TunedThresholdClassifierCV": TunedThresholdClassifierCV(CLASSIFIER, cv=2),
    "VotingClassifier": VotingClassifier(named(CLASSIFIER, l=LogisticRegression()), voting="soft"),
    "StackingClassifier": StackingClassifier(named(CLASSIFIER, l=LogisticRegression()), cv=2),
    "BaggingClassifier": BaggingClassifier(CLASSIFIER, 2, random_state=0),
    "OneVsRestClassifier": OneVsRestClassifier(CLASSIFIER),
}
REGRESSORS = {
    "Pipeline": make_pipeline(StandardScaler(), REGRESSOR),
    "VotingRegressor": VotingRegressor(named(REGRESSOR, l=LinearRegression())),
    "StackingRegressor": StackingRegressor(named(REGRESSOR, l=LinearRegression()), cv=2),
    "TransformedTargetRegressor": TransformedTargetRegressor(
        REGRESSOR, transformer=StandardScaler()
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_meta_classifier(name, binary):
    X, y = binary
    assert clone(CLASSIFIERS[name]).fit(X, y).score(X, y) > 0.8


@pytest.mark.parametrize("name", REGRESSORS)
def test_meta_regressor(name, regression):
    X, y = regression
    assert clone(REGRESSORS[name]).fit(X, y).score(X, y) > 0.8


def test_one_vs_rest_fits_one_network_a_class(multiclass):
    X, y = multiclass
    fitted = OneVsRestClassifier(CLASSIFIER).fit(X, y)
    assert len(fitted.estimators_) == 3
    assert fitted.score(X, y) > 0.8


def test_classifier_chain(binary):
    X, y = binary
    Y = np.column_stack([y, X[:, 0] > 0]).astype(int)
    chain = ClassifierChain(CLASSIFIER, order=[1, 0]).fit(X, Y)
    assert chain.predict_proba(X).shape == (60, 2)
    assert (chain.predict(X) == Y).mean() > 0.8


def test_multi_output_regressor_agrees_with_separate_fits(regression):
    X, y = regression
    Y = np.column_stack([y, X[:, 0]])
    together = MultiOutputRegressor(REGRESSOR).fit(X, Y).predict(X)
    apart = [clone(REGRESSOR).fit(X, column).predict(X) for column in Y.T]
    np.testing.assert_array_equal(together, np.column_stack(apart))


def test_column_transformer():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=60), "kind": rng.choice(["a", "b", "c"], 60)})
    y = (frame["kind"] == "b").to_numpy()
    prepare = ColumnTransformer(
        [("n", StandardScaler(), ["size"]), ("k", OneHotEncoder(), ["kind"])]
    )
    net = make_pipeline(prepare, clone(CLASSIFIER)).fit(frame, y)
    assert net.score(frame, y) == 1.0


def test_cross_validate(binary):
    X, y = binary
    result = cross_validate(
        CLASSIFIER, X, y, cv=2, scoring=["accuracy", "neg_log_loss"], return_estimator=True
    )
    scores = [e.score(X, y) for e in result["estimator"]]
    assert all(score > 0.7 for score in scores)
    assert np.isfinite(result["test_neg_log_loss"]).all()


def test_cross_val_predict_proba(multiclass):
    X, y = multiclass
    probabilities = cross_val_predict(CLASSIFIER, X, y, cv=3, method="predict_proba")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.7


def test_sorted_labels_are_stratified(multiclass):
    X, y = multiclass
    order = np.argsort(y, kind="stable")
    # Without stratification every fold would hold a class that training never saw.
    assert cross_val_score(CLASSIFIER, X[order], y[order], cv=3).min() > 0.6


def test_learning_curve(binary):
    sizes, _, test = learning_curve(CLASSIFIER, *binary, train_sizes=[0.5, 1.0], cv=2)
    assert list(sizes) == [15, 30] and np.isfinite(test).all()


def test_validation_curve(binary):
    X, y = binary
    train, _ = validation_curve(
        CLASSIFIER, X, y, param_name="learning_rate", param_range=[1e-6, 1e-2], cv=2
    )
    low, high = train.mean(axis=1)
    assert high > low


def test_sequential_feature_selector_finds_the_feature():
    X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    selector = SequentialFeatureSelector(CLASSIFIER, n_features_to_select=1, cv=2)
    assert list(selector.fit(X, X[:, 2] > 0).get_support(indices=True)) == [2]


def test_permutation_importance_finds_the_feature():
    X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    net = clone(REGRESSOR).fit(X, X[:, 1])
    result = permutation_importance(net, X, X[:, 1], n_repeats=2, random_state=0)
    assert result.importances_mean.argmax() == 1


def test_nested_cross_validation(binary):
    search = GridSearchCV(CLASSIFIER, {"learning_rate": [1e-6, 1e-2]}, cv=2)
    result = cross_validate(search, *binary, cv=2, return_estimator=True)
    assert [s.best_params_["learning_rate"] for s in result["estimator"]] == [1e-2, 1e-2]


TARGETS = {
    "binary": lambda X: (X[:, 0] > 0).astype(int),
    "multiclass": lambda X: np.digitize(X[:, 0], [-0.5, 0.5]),
    "multilabel": lambda X: (X[:, :2] > 0).astype(int),
    "positive numbers": lambda X: 2 + np.tanh(X[:, 0]),
    "several numbers": lambda X: 2 + np.tanh(X[:, :2]),
}


@pytest.fixture(scope="module", params=TARGETS)
def fitted_pair(request):
    """An estimator of ours and scikit-learn's own network, fitted to the same rows."""
    X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    y = TARGETS[request.param](X)
    ours, theirs = (
        (REGRESSOR, sklearn.neural_network.MLPRegressor(max_iter=500, random_state=0))
        if "numbers" in request.param
        else (CLASSIFIER, sklearn.neural_network.MLPClassifier(random_state=0))
    )
    return clone(ours).fit(X, y), theirs.fit(X, y), X, y


@pytest.mark.filterwarnings("ignore")
def test_every_scorer_that_fits_the_targets(fitted_pair):
    ours, theirs, X, y = fitted_pair
    fitting = []
    for name in get_scorer_names():
        try:
            expected = get_scorer(name)(theirs, X, y)
        except (ValueError, TypeError, IndexError, AttributeError):
            continue  # it does not fit these targets, by scikit-learn's own word
        if not np.isfinite(expected):
            continue
        fitting.append(name)
        score = get_scorer(name)(ours, X, y)
        assert np.isfinite(score), name
    assert len(fitting) >= 10


# ------------------------------------------------------------------ metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_sample_weight_reaches_the_network_through_a_pipeline_and_a_search(routing, binary):
    X = binary[0][:30]
    # Two opposite answers to each row; the weights say which one counts.
    answer = X[:, 0] > 0
    weight = np.repeat([1.0, 0.0], len(X))
    X, y = np.vstack([X, X]), np.concatenate([answer, ~answer])
    folds = StratifiedKFold(3, shuffle=True, random_state=0)  # of both halves
    net = (
        clone(CLASSIFIER).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    )
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    search = GridSearchCV(
        make_pipeline(scaler, net), {"mlpclassifier__learning_rate": [0.01, 0.03]}, cv=folds
    )
    search.fit(X, y, sample_weight=weight)
    assert search.best_score_ > 0.9
    assert search.score(X, y, sample_weight=1 - weight) < 0.1


def test_validation_rows_are_routed(routing, binary):
    X, y = binary
    net = clone(CLASSIFIER).set_params(epochs=2).set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(net).fit(X, y, X_val=X[:20], y_val=y[:20])
    assert len(pipeline[-1].history_["val_loss"]) == 2

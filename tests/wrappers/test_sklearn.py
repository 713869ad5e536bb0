"""KerasClassifier and KerasRegressor as scikit-learn estimators: where scikeras fails."""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skhp import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.slow


def build_any(meta, width=16):
    """A network for binary and other classes, or for values."""
    kind = meta["target_type_"]
    units, activation, loss = {
        "binary": (1, "sigmoid", "binary_crossentropy"),
        "multiclass": (meta.get("n_classes_"), "softmax", "sparse_categorical_crossentropy"),
    }.get(kind if "n_classes_" in meta else "", (meta["n_outputs_"], "linear", "mse"))
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(units, activation=activation),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    return model


@pytest.fixture
def classifier():
    return KerasClassifier(build_any, epochs=20, random_state=0)


@pytest.fixture
def regressor():
    return KerasRegressor(build_any, epochs=20, random_state=0)


def test_kinds_and_tags(classifier, regressor):
    assert is_classifier(classifier) and not is_regressor(classifier)
    assert is_regressor(regressor) and not is_classifier(regressor)
    for estimator in (classifier, regressor):
        tags = get_tags(estimator)
        assert tags.input_tags.sparse and tags.input_tags.three_d_array
        assert tags.target_tags.required and tags.target_tags.multi_output


def test_folds_are_stratified_so_sorted_labels_work(classifier, multiclass):
    X, y = multiclass
    order = np.argsort(y, kind="stable")
    assert cross_val_score(classifier, X[order], y[order], cv=3, error_score="raise").min() > 0.5


def test_sparse_rows_are_those_of_the_dense_array(classifier, binary):
    X, y = binary
    dense = classifier.fit(X, y).predict_proba(X)
    for kind in ("csr_array", "csr_matrix", "csc_array", "dok_matrix"):
        kind = getattr(scipy.sparse, kind)
        np.testing.assert_array_equal(classifier.fit(kind(X), y).predict_proba(kind(X)), dense)


@pytest.mark.parametrize("kind", ["csr_array", "lil_array", "dok_array"])
def test_sparse_rows_with_a_missing_value(kind, classifier, binary):
    X, y = binary
    missing = X.copy()
    missing[3, 1] = np.nan
    missing = getattr(scipy.sparse, kind)(missing)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        classifier.fit(X, y).predict(missing)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        classifier.fit(missing, y)


def test_columns_are_held_to_those_of_fit(classifier, binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcd"))
    classifier.fit(frame, y)
    assert list(classifier.feature_names_in_) == list("abcd") and classifier.n_features_in_ == 4
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[list("bacd")])
    with pytest.raises(ValueError, match="3 features"):
        classifier.predict(X[:, :3])
    image = np.zeros((60, 4, 2), "float32")
    with pytest.raises(ValueError, match=r"rows of shape \(4, 2\)"):
        classifier.fit(X, y).predict(image)


def test_float64_rows_after_a_fit_on_float32(classifier, regressor, binary, regression):
    X, y = binary
    expected = classifier.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(classifier.predict_proba(X.astype("float64")), expected)
    X, y = regression
    net = regressor.fit(X, y.astype("float32"))
    net.partial_fit(X.astype("float64"), y.astype("float64"))


def test_every_row_of_a_prediction_is_a_row(classifier, binary, multiclass):
    for X, y in (binary, multiclass):
        net = classifier.fit(X, y)
        assert net.predict_proba(X[:1]).shape == (1, len(np.unique(y)))
        assert net.predict(X[:1]).shape == (1,)
        np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True], ["b", None]])
def test_labels_of_any_kind(classifier, binary, labels):
    X, y = binary
    if labels[1] is None:
        labels = np.array(["b", "a"], dtype=object)
    named = np.asarray(labels)[y]
    net = classifier.fit(X, named)
    np.testing.assert_array_equal(net.classes_, np.unique(named))
    assert net.predict(X).dtype == named.dtype and net.score(X, named) > 0.8


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "average_precision", "accuracy"])
def test_scorers(classifier, binary, scoring):
    assert np.isfinite(cross_val_score(classifier, *binary, scoring=scoring, cv=2)).all()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: CalibratedClassifierCV(net, cv=2),
        lambda net: TunedThresholdClassifierCV(net, cv=2),
        lambda net: VotingClassifier([("a", net), ("b", LogisticRegression())], voting="soft"),
        lambda net: make_pipeline(StandardScaler(), net),
    ],
)
def test_meta_estimators(classifier, binary, wrap):
    assert wrap(classifier).fit(*binary).score(*binary) > 0.8


def test_stacking_regressors(regressor, regression):
    stack = StackingRegressor([("net", regressor), ("line", LinearRegression())], cv=2)
    assert stack.fit(*regression).score(*regression) > 0.9


def test_sample_weight_routed_through_a_pipeline_into_a_search(classifier, binary):
    X, y = binary
    weight = np.where(y, 1.0, 0.0)
    weight[:10] = 1
    with sklearn.config_context(enable_metadata_routing=True):
        net = classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(
            make_pipeline(StandardScaler().set_fit_request(sample_weight=False), net),
            {"kerasclassifier__width": [16]}, cv=2,
        )  # fmt: skip
        search.fit(X, y, sample_weight=weight)
    inner = search.best_estimator_[-1]
    direct = clone(classifier).fit(search.best_estimator_[0].transform(X), y, sample_weight=weight)
    for a, b in zip(inner.model_.get_weights(), direct.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_output_containers_and_repr(classifier, binary):
    X, y = binary
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(classifier.fit(X, y).predict_proba(X), np.ndarray)
    assert "KerasClassifier" in classifier._repr_html_()
    assert repr(clone(classifier).set_params(width=3)).endswith("random_state=0, width=3)")


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_scores_are_the_same_in_workers(classifier, binary, backend):
    import joblib

    def act(x):
        return keras.ops.relu(x) * 0.5

    def build(meta, width=8):
        return keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(width, activation=act),
             keras.layers.Dense(1, activation="sigmoid")]
        )  # fmt: skip

    net = KerasClassifier(build, loss="binary_crossentropy", epochs=3, random_state=0)
    alone = cross_validate(net, *binary, cv=2)["test_score"]
    with joblib.parallel_config(backend=backend, n_jobs=2):
        np.testing.assert_array_equal(cross_validate(net, *binary, cv=2)["test_score"], alone)


def test_a_loss_that_is_not_finite_is_said(regressor, regression):
    X, y = regression

    def build():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    net = KerasRegressor(
        build, loss="mse", optimizer="sgd", optimizer__learning_rate=1e30, epochs=20, random_state=0
    )
    with pytest.raises(ValueError, match=r"diverged.*epoch \d+.*learning_rate=1e\+30\b"):
        net.fit(X, y)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        net.predict(X)
    search = GridSearchCV(net, {"optimizer__learning_rate": [1e30, 1e31]}, cv=2)
    with pytest.raises(ValueError, match="All the 4 fits failed"):
        search.fit(X, y)
    net.set_params(optimizer__learning_rate=1e-3).fit(X, y)
    before = net.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        net.partial_fit(X, 3e38 * np.sign(y))
    np.testing.assert_array_equal(net.predict(X), before)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(classifier, regressor, binary, regression, bad):
    X, y = binary[0].copy(), binary[1]
    X[3, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        classifier.fit(X, y)
    values = regression[1].copy()
    values[3] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        regressor.fit(regression[0], values)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        regressor.fit(*regression, sample_weight=values)


def test_of_one_class_alone_that_class_is_predicted(classifier, binary):
    X, _ = binary
    for units, activation, loss in [
        (1, "sigmoid", "binary_crossentropy"),
        (3, "softmax", "sparse_categorical_crossentropy"),
    ]:
        net = KerasClassifier(build_units, units=units, activation=activation, loss=loss)
        for fitted in (net.fit(X, ["b"] * len(X)), clone(net).partial_fit(X, ["b"] * len(X))):
            assert set(fitted.predict(X)) == {"b"} and list(fitted.classes_) == ["b"]
            np.testing.assert_array_equal(fitted.predict_proba(X), np.ones((len(X), 1)))
    with pytest.raises(ValueError, match=r"not among the classes.*classes=\[...\]"):
        net.partial_fit(X, ["a"] * len(X))


def build_units(units, activation):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation)])


class Constant(KerasClassifier):
    @staticmethod
    def scorer(y_true, y_pred, **kwargs):
        return 42.0


def test_score_calls_the_scorer_with_its_own_arguments(classifier, regressor, binary, regression):
    X, y = binary
    assert Constant(build_any).fit(X, y).score(X, y) == 42
    share = classifier.fit(X, y).score(X, y)
    assert classifier.set_params(score__normalize=False).score(X, y) == round(share * len(y))

    class Negative(KerasRegressor):
        @staticmethod
        def scorer(y_true, y_pred, sample_weight=None):
            return -mean_squared_error(y_true, y_pred, sample_weight=sample_weight)

    X, values = regression
    net = Negative(build_any).fit(X, values)
    for weight in (None, np.arange(len(values))):
        expected = mean_squared_error(values, net.predict(X), sample_weight=weight)
        assert net.score(X, values, sample_weight=weight) == pytest.approx(-expected)
    search = GridSearchCV(Constant(build_any), {"width": [4]}, cv=2).fit(*binary)
    assert search.best_score_ == 42

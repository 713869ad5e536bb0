"""What outputs mean to KerasClassifier and KerasRegressor: probabilities, logits or margins."""

import functools
import re
import warnings

import keras
import numpy as np
import pytest
from scipy.special import expit, log_expit, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import cross_val_score

from skhp import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.slow

BINARY, MANY = keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy
SPARSE = keras.losses.SparseCategoricalCrossentropy


def build(units=1, activation=None, loss=None):
    outputs = keras.layers.Dense(units, activation=activation)
    model = keras.Sequential([keras.Input((4,)), outputs])
    if loss is not None:
        model.compile(keras.optimizers.Adam(0.05), loss)
    return model


def classifier(function=build, **params):
    own = {"optimizer": "adam", "optimizer__learning_rate": 0.05} if "loss" in params else {}
    return KerasClassifier(function, **{"epochs": 20, "random_state": 0, **own, **params})


def logits_of(net, X):
    return net.model_.predict(X, verbose=0).astype(np.float64)


BINARY_LOGITS = {
    "object": {"loss": BINARY(from_logits=True)},
    "class": {"loss": BINARY, "loss__from_logits": True},
    "name": {"loss": "binary_crossentropy", "loss__from_logits": True},
    "partial": {"loss": functools.partial(keras.losses.binary_crossentropy, from_logits=True)},
    "focal": {"loss": keras.losses.BinaryFocalCrossentropy(from_logits=True)},
    "in a list": {"loss": [BINARY(from_logits=True)]},
    "by the builder": {"model__loss": BINARY(from_logits=True)},
}


@pytest.mark.parametrize("form", BINARY_LOGITS)
def test_one_logit_is_a_probability_by_the_sigmoid(form, binary):
    X, y = binary
    names = np.array(["no", "yes"])[y]
    net = classifier(**BINARY_LOGITS[form]).fit(X, names)
    logits = logits_of(net, X)[:, 0]
    np.testing.assert_allclose(net.predict_proba(X)[:, 1], expit(logits), rtol=1e-5)
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_array_equal(net.predict(X), np.where(logits > 0, "yes", "no"))
    assert net.score(X, names) > 0.8


@pytest.mark.parametrize(
    "params",
    [
        {"loss": SPARSE(from_logits=True)},
        {"loss": MANY(from_logits=True)},
        {"loss": keras.losses.CategoricalFocalCrossentropy(from_logits=True)},
        {"model__loss": SPARSE(from_logits=True)},
    ],
    ids=["sparse", "one-hot", "focal", "by the builder"],
)
def test_logits_of_classes_are_probabilities_by_the_softmax(params, multiclass):
    X, y = multiclass
    net = classifier(units=3, **params).fit(X, y)
    logits = logits_of(net, X)
    np.testing.assert_allclose(net.predict_proba(X), softmax(logits, axis=1), rtol=1e-5)
    np.testing.assert_array_equal(net.predict(X), logits.argmax(axis=1))


def test_logits_of_labels(binary):
    X, _ = binary
    y = (X[:, :2] > 0).astype(int)
    net = classifier(units=2, loss=BINARY(from_logits=True)).fit(X, y)
    logits = logits_of(net, X)
    np.testing.assert_allclose(net.predict_proba(X), expit(logits), rtol=1e-5)
    np.testing.assert_array_equal(net.predict(X), logits > 0)


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`")
@pytest.mark.parametrize("from_logits", [False, True])
def test_a_model_that_ends_in_probabilities_keeps_them(from_logits, binary, multiclass):
    # Keras takes the logits below a sigmoid or softmax itself, and trains to the same.
    for data, units, activation, loss in (
        (binary, 1, "sigmoid", BINARY),
        (multiclass, 3, "softmax", SPARSE),
    ):
        X, y = data
        net = classifier(units=units, activation=activation, loss=loss(from_logits=from_logits))
        net.set_params(epochs=2).fit(X, y)
        proba = net.predict_proba(X)
        outputs = net.model_.predict(X, verbose=0)
        np.testing.assert_allclose(proba[:, -1], outputs[:, -1], rtol=1e-5)


def test_searches_score_the_probabilities_of_logits(binary):
    X, y = binary
    net = classifier(loss=BINARY(from_logits=True))
    for scoring, metric in (("neg_log_loss", log_loss), ("roc_auc", roc_auc_score)):
        folds = [(np.arange(40), np.arange(40, 60))]
        (score,) = cross_val_score(net, X, y, scoring=scoring, cv=folds)
        expected = metric(y[40:], expit(logits_of(net.fit(X[:40], y[:40]), X[40:]))[:, 0])
        assert score == pytest.approx(-expected if metric is log_loss else expected, rel=1e-5)


def test_logarithms_of_probabilities(binary):
    X, y = binary
    net = classifier(loss=BINARY(from_logits=True), epochs=1).fit(X, y)
    logits = logits_of(net, X)
    expected = np.hstack([log_expit(-logits), log_expit(logits)])
    np.testing.assert_allclose(net.predict_log_proba(X), expected, rtol=1e-5)


def test_a_share_is_predicted_by_the_sigmoid(binary):
    X = binary[0]
    y = expit(X[:, 0])
    net = KerasRegressor(build, loss=BINARY(from_logits=True), random_state=0).fit(X, y)
    np.testing.assert_allclose(net.predict(X), expit(logits_of(net, X)[:, 0]), rtol=1e-5)


# Margins ---------------------------------------------------------------------------------

HINGES = {
    "hinge": {"loss": "hinge"},
    "squared_hinge": {"loss": keras.losses.squared_hinge},
    "Hinge": {"loss": keras.losses.Hinge()},
    "categorical_hinge": {"loss": "categorical_hinge"},
    "by the builder": {"model__loss": "hinge"},
}


@pytest.mark.parametrize("form", HINGES)
def test_the_sign_of_a_margin_is_the_class(form, binary):
    X, y = binary
    net = classifier(**HINGES[form]).fit(X, np.array(["no", "yes"])[y])
    margins = logits_of(net, X)[:, 0]
    np.testing.assert_array_equal(net.predict(X), np.where(margins > 0, "yes", "no"))
    np.testing.assert_allclose(net.decision_function(X), margins, rtol=1e-5)
    assert not hasattr(net, "predict_proba")
    with pytest.raises(AttributeError, match=r"hinge.*margins.*CalibratedClassifierCV"):
        net.predict_proba(X)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "categorical_hinge"])
def test_the_largest_margin_is_the_class(loss, multiclass):
    X, y = multiclass
    net = classifier(units=3, loss=loss, epochs=40).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), logits_of(net, X).argmax(axis=1))
    assert net.score(X, y) > 0.8
    one_hot = np.eye(3, dtype="float32")[y]  # of which Keras makes -1 and 1 itself
    by_hand = build(3, loss=loss)
    by_hand.set_weights(net.model_.get_weights())
    expected = by_hand.evaluate(X, one_hot, verbose=0)
    assert net.model_.evaluate(X, one_hot, verbose=0) == pytest.approx(expected)
    assert net.history_["loss"][-1] == pytest.approx(expected, rel=0.2)


def test_what_margins_are_good_for(binary):
    X, y = binary
    net = classifier(loss="hinge")
    assert cross_val_score(net, X, y, scoring="roc_auc", cv=2).min() > 0.8
    proba = CalibratedClassifierCV(net, cv=2).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert hasattr(classifier(loss="binary_crossentropy"), "predict_proba")
    for method in ("predict_proba", "predict_log_proba"):
        assert not hasattr(net, method)  # before it is fitted, too
    with pytest.raises(AttributeError, match="decision_function is available only with a hinge"):
        classifier(loss="binary_crossentropy").decision_function(X)


# Losses that do not suit the targets --------------------------------------------------------


@pytest.mark.parametrize(
    "params, words",
    [
        ({"loss": "binary_crossentropy"}, "activation='sigmoid'"),
        ({"loss": BINARY, "loss__label_smoothing": 0.1}, "activation='sigmoid'"),
        ({"model__loss": SPARSE(), "units": 2}, "activation='softmax'.*from_logits=True"),
        ({"loss": BINARY(from_logits=True)}, None),
        ({"loss": "binary_crossentropy", "activation": "sigmoid"}, None),
        ({"loss": "hinge"}, None),
    ],
)
def test_a_last_layer_without_activation_is_told(params, words, binary):
    net = classifier(**{**params, "epochs": 1})
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        net.fit(*binary)
    told = [str(w.message) for w in seen if "has no activation" in str(w.message)]
    assert len(told) == (words is not None)
    assert all(re.search(words, text) for text in told)


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", "poisson"])
def test_class_numbers_are_never_compared_with_several_outputs(loss, multiclass):
    with pytest.raises(ValueError, match=rf"build.*3 outputs.*{loss}.*sparse_categorical"):
        classifier(units=3, loss=loss).fit(*multiclass)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_one_output_is_not_normalized_over_two_classes(loss, binary):
    with pytest.raises(ValueError, match=rf"one output.*{loss}.*2 classes.*binary_crossentropy"):
        classifier(units=1, loss=loss).fit(*binary)


@pytest.mark.parametrize("loss", ["categorical_hinge", MANY(), "kl_divergence"])
def test_a_builders_loss_of_one_hot_targets(loss, multiclass):
    with pytest.raises(ValueError, match=r"build.*one-hot.*sparse_categorical"):
        classifier(units=3, model__loss=loss).fit(*multiclass)


def test_one_hot_targets_for_a_loss_of_class_numbers(multiclass):
    X, y = multiclass
    with pytest.raises(ValueError, match=r"y has 3 columns.*argmax.*categorical_crossentropy"):
        classifier(units=3, loss="sparse_categorical_crossentropy").fit(X, np.eye(3)[y])


@pytest.mark.parametrize("loss", ["binary_crossentropy", "poisson", "hinge"])
def test_values_that_a_loss_has_no_meaning_for(loss, regression):
    X, y = regression
    with pytest.raises(ValueError, match=rf"{loss}.*is defined for targets of at least.*'mse'"):
        KerasRegressor(build, loss=loss).fit(X, y)

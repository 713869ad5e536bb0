"""How targets become what a loss takes, and outputs become predictions."""

import keras
import numpy as np
import pytest
from sklearn.metrics import (
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from skhp import MLPClassifier, MLPRegressor
from skhp.callback import LearningCurves
from skhp.mlp import targets
from skhp.mlp.targets import choose_coding, look_up_metrics

pytestmark = pytest.mark.slow

CHOICES = [
    # task, classes or columns, loss -> coding, units, activation
    ("binary", 2, "auto", "one", 1, "sigmoid"),
    ("binary", 2, "hinge", "one", 1, "linear"),
    ("binary", 2, "mean_squared_error", "one", 1, "sigmoid"),
    ("binary", 2, "sparse_categorical_crossentropy", "sparse", 2, "softmax"),
    ("binary", 2, "categorical_crossentropy", "one-hot", 2, "softmax"),
    ("multiclass", 3, "auto", "sparse", 3, "softmax"),
    ("multiclass", 3, "categorical_crossentropy", "one-hot", 3, "softmax"),
    ("multiclass", 3, "categorical_hinge", "one-hot", 3, "linear"),
    ("multiclass", 3, "binary_crossentropy", "one-hot", 3, "softmax"),
    ("multilabel", 4, "auto", "columns", 4, "sigmoid"),
    ("multilabel", 4, "binary_focal_crossentropy", "columns", 4, "sigmoid"),
    ("regression", 1, "auto", "columns", 1, "linear"),
    ("regression", 2, "huber", "columns", 2, "linear"),
    ("regression", 1, "poisson", "columns", 1, "exponential"),
]


@pytest.mark.parametrize("task, n, loss, coding, units, activation", CHOICES)
def test_what_follows_from_task_and_loss(task, n, loss, coding, units, activation):
    chosen = choose_coding(task, n, loss)
    assert (chosen.coding, chosen.n_units, chosen.activation) == (coding, units, activation)


@pytest.mark.parametrize("loss", ["SparseCategoricalCrossentropy", "CategoricalHinge", "Hinge"])
def test_a_loss_object_is_treated_as_its_name(loss):
    task, n = ("binary", 2) if loss == "Hinge" else ("multiclass", 3)
    by_object = choose_coding(task, n, getattr(keras.losses, loss)())
    by_name = choose_coding(task, n, targets.snake_case(loss))
    assert by_object.coding == by_name.coding and by_object.activation == by_name.activation


def test_a_loss_from_logits_gets_logits():
    chosen = choose_coding("binary", 2, keras.losses.BinaryCrossentropy(from_logits=True))
    assert chosen.activation == "linear"
    np.testing.assert_allclose(chosen.probabilities(np.zeros((2, 1))), 0.5)


CODED = {
    "one": ("binary", 2, "auto", [[0], [1], [1]]),
    "sparse": ("multiclass", 3, "auto", [0, 1, 1]),
    "one-hot": ("multiclass", 3, "categorical_crossentropy", [[1, 0, 0], [0, 1, 0], [0, 1, 0]]),
}


@pytest.mark.parametrize("coding", CODED)
def test_encode(coding):
    task, n, loss, expected = CODED[coding]
    encoded = choose_coding(task, n, loss).encode(np.array([0, 1, 1]), "float32")
    np.testing.assert_array_equal(encoded, expected)
    assert encoded.dtype == ("int32" if coding == "sparse" else "float32")


def test_probabilities_of_scores():
    one = choose_coding("binary", 2, "hinge").probabilities(np.array([[0.0], [50.0]]))
    np.testing.assert_allclose(one, [[0.5, 0.5], [0.0, 1.0]], atol=1e-6)
    several = choose_coding("multiclass", 3, "categorical_hinge")
    scores = np.array([[0.0, 0.0, 0.0], [0.0, 50.0, 0.0]])
    np.testing.assert_allclose(several.probabilities(scores), [[1 / 3] * 3, [0, 1, 0]], atol=1e-6)


def test_accuracy_is_the_one_that_suits_the_targets():
    for task, loss, expected in [
        ("binary", "auto", "BinaryAccuracy"),
        ("multiclass", "auto", "SparseCategoricalAccuracy"),
        ("multiclass", "categorical_crossentropy", "CategoricalAccuracy"),
        ("multilabel", "auto", "BinaryAccuracy"),
    ]:
        found = look_up_metrics(["accuracy"], choose_coding(task, 3, loss))
        assert type(found["accuracy"].value).__name__ == expected


@pytest.mark.parametrize("name", ["accuracy", "binary_accuracy"])
def test_scores_are_told_apart_at_zero_and_probabilities_at_a_half(name):
    for loss, threshold in [("hinge", 0.0), ("auto", 0.5)]:
        found = look_up_metrics([name], choose_coding("binary", 2, loss))[name]
        assert found.value.threshold == threshold
    own = keras.metrics.BinaryAccuracy(threshold=0.7, name="own")
    assert look_up_metrics([own], choose_coding("binary", 2, "hinge"))["own"].value is own


@pytest.mark.filterwarnings("ignore:You are passing weight")  # Keras's own, of binary_io_u
@pytest.mark.parametrize("loss", ["auto", "hinge"])
def test_metrics_by_name_are_those_of_the_predictions(loss, binary):
    X, y = binary
    X = X + np.random.default_rng(0).normal(size=X.shape).astype(
        "float32"
    )  # not easy to tell apart
    names = ["f1_score", "precision", "recall", "auc", "binary_io_u", "false_positives"]
    net = MLPClassifier(1, 16, epochs=5, loss=loss, metrics=names, random_state=0)
    found = net.fit(X, y, X_val=X, y_val=y).history_
    assert net.engine_ == "compiled"
    predicted, scores = net.predict(X), net.predict_proba(X)[:, 1]
    expected = {
        "f1_score": f1_score(y, predicted),
        "precision": precision_score(y, predicted),
        "recall": recall_score(y, predicted),
        "binary_io_u": jaccard_score(y, predicted, average="macro"),
        "false_positives": ((predicted == 1) & (y == 0)).sum(),
    }
    for name, value in expected.items():
        assert value > 0
        np.testing.assert_allclose(found[f"val_{name}"][-1], value, rtol=1e-5, err_msg=name)
    # Keras sums trapezoids between 200 thresholds.
    np.testing.assert_allclose(found["val_auc"][-1], roc_auc_score(y, scores), atol=0.02)


def test_an_f_score_of_several_labels_has_a_value_for_each(binary):
    X, _ = binary
    labels = (X[:, :2] > 0).astype(int)
    net = MLPClassifier(1, 16, epochs=2, metrics="f1_score", random_state=0)
    curves = LearningCurves()
    net.set_callbacks(curves).fit(X, labels, X_val=X, y_val=labels)
    expected = f1_score(labels, net.predict(X), average=None)
    np.testing.assert_allclose(net.history_["val_f1_score"][-1], expected, rtol=1e-5)
    # One value for each label is no curve.
    assert set(curves.frame()["metric"]) == {"loss", "val_loss"}
    assert list(net.evaluation(X, labels)(net._state)) == ["loss"]


@pytest.mark.parametrize(
    "params, said",
    [
        ({"metrics": "f1_score"}, "'f1_score' failed.*class numbers.*categorical_crossentropy"),
        (
            {"metrics": "f1_score", "loss": "categorical_crossentropy",
             "early_stopping": True, "monitor": "val_f1_score"},
            "monitor='val_f1_score' needs one number.*average='macro'",
        ),
    ],
    ids=["class numbers", "several values"],
)  # fmt: skip
def test_metrics_that_do_not_suit_the_targets(params, said, multiclass):
    with pytest.raises(ValueError, match=said):
        MLPClassifier(**params, epochs=1).fit(*multiclass)


def test_an_f_score_of_one_output_needs_a_threshold(binary):
    with pytest.raises(ValueError, match=r"F1Score\(threshold=None\).*one output.*threshold=0.5"):
        MLPClassifier(metrics=keras.metrics.F1Score(), epochs=1).fit(*binary)


LOSSES = {
    "binary": ["hinge", "squared_hinge", "binary_focal_crossentropy", "mse",
               "sparse_categorical_crossentropy", "categorical_crossentropy"],
    "multiclass": ["categorical_crossentropy", "categorical_hinge",
                   "categorical_focal_crossentropy"],
}  # fmt: skip


@pytest.mark.parametrize(
    "task, loss", [(task, loss) for task, losses in LOSSES.items() for loss in losses]
)
def test_classifiers_learn_with_any_loss_that_suits(task, loss, binary, multiclass):
    X, y = binary if task == "binary" else multiclass
    net = MLPClassifier(
        1, 16, learning_rate=0.03, epochs=40, loss=loss, metrics=["accuracy"], random_state=0
    ).fit(X, y, X_val=X, y_val=y)
    assert net.score(X, y) > 0.85
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(net.history_["val_accuracy"][-1], net.score(X, y), rtol=1e-5)


@pytest.mark.parametrize("loss", ["mean_absolute_error", "huber", "log_cosh", "poisson"])
def test_regressors_learn_with_any_loss_that_suits(loss, regression):
    X, y = regression
    y = y - y.min() if loss == "poisson" else y
    net = MLPRegressor(0, learning_rate=0.03, epochs=60, loss=loss, random_state=0).fit(X, y)
    assert net.score(X, y) > 0.8
    if loss == "poisson":
        assert (net.predict(X) > 0).all()


def squared(y_true, y_pred):
    return (y_true - y_pred) ** 2


@pytest.mark.parametrize("loss", [squared, lambda y_true, y_pred: (y_true - y_pred) ** 2])
def test_a_function_of_the_users_own_as_loss(loss, regression):
    X, y = regression
    own = MLPRegressor(0, epochs=5, loss=loss, random_state=0).fit(X, y)
    assert own.engine_ == "compiled"
    assert keras.Variable(0.0, name="after").path == "after"  # no name scope is left open
    named = MLPRegressor(0, epochs=5, loss="mse", random_state=0).fit(X, y)
    np.testing.assert_allclose(own.predict(X), named.predict(X), rtol=1e-4, atol=1e-5)

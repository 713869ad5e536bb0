"""Targets that are one-hot: several labels with a warning, or classes."""

import warnings

import keras
import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import GridSearchCV, cross_val_score

from skhp import MLPClassifier

NET = {"n_layers": 1, "width": 16, "learning_rate": 0.03, "epochs": 20, "random_state": 0}


@pytest.fixture(scope="module")
def one_hot(multiclass):
    return multiclass[0], np.eye(3)[multiclass[1]]


def test_one_hot_targets_are_warned_of(one_hot):
    with pytest.warns(UserWarning, match=r"exactly one 1.*3 labels.*argmax\(axis=1\)") as caught:
        net = MLPClassifier(**NET).fit(*one_hot)
    assert caught[0].filename == __file__  # it points at the call of fit
    assert (net.predict_proba(one_hot[0]).sum(axis=1) != 1).any()


@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0]])
def test_labels_that_are_not_one_hot_are_not_warned_of(row, one_hot):
    X, labels = one_hot[0], one_hot[1].copy()
    labels[0] = row
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        MLPClassifier(**NET).fit(X, labels)


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        keras.losses.CategoricalCrossentropy(),
        "sparse_categorical_crossentropy",
        "categorical_hinge",
    ],
)
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_with_a_loss_for_one_class_a_row_they_are_classes(loss, make, one_hot, multiclass):
    X, y = multiclass
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        net = MLPClassifier(**NET, loss=loss).fit(X, make(one_hot[1]))
    numbers = MLPClassifier(**NET, loss=loss).fit(X, y)
    assert net.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(net.predict_proba(X), numbers.predict_proba(X))
    np.testing.assert_array_equal(net.predict(X), np.eye(3)[numbers.predict(X)])
    assert net.score(X, one_hot[1]) == numbers.score(X, y) > 0.8


def test_two_columns_are_two_classes(binary):
    X, y = binary
    net = MLPClassifier(**NET, loss="categorical_crossentropy", class_weight={0: 1, 1: 2})
    assert net.fit(X, np.eye(2)[y]).score(X, np.eye(2)[y]) > 0.8
    assert net.predict_proba(X).shape == (60, 2)


def test_they_can_be_searched_stopped_early_and_continued(one_hot):
    X, y = one_hot
    net = MLPClassifier(**NET, loss="categorical_crossentropy", early_stopping=True)
    search = GridSearchCV(net, {"width": [8, 16]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.8
    assert cross_val_score(net, X, y, cv=3, scoring="roc_auc").min() > 0.8
    for _ in range(20):
        net.partial_fit(X, y)
    assert net.score(X, y) > 0.8


def test_a_continued_fit_refuses_other_targets(one_hot, multiclass):
    X, y = one_hot
    net = MLPClassifier(**NET, loss="categorical_crossentropy", warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="exactly one 1"):
        net.fit(X, np.ones((90, 3)) - y)
    with pytest.raises(ValueError, match="3 label columns"):
        net.fit(X, y[:, :2])
    with pytest.raises(ValueError, match="3 label columns"):
        net.fit(*multiclass)


def test_several_labels_a_row_are_no_classes(one_hot):
    X, y = one_hot
    with pytest.raises(ValueError, match=r"one class per row.*'binary_crossentropy'"):
        MLPClassifier(loss="categorical_crossentropy").fit(X, 1 - y)

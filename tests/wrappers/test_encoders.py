"""The encoder of classes: as scikeras's, with every row of a prediction kept a row."""

import numpy as np
import pytest

from skhp.compat.scikeras import import_scikeras
from skhp.wrappers.encoders import ClassifierLabelEncoder

OF_SCIKERAS = import_scikeras("scikeras.utils.transformers").ClassifierLabelEncoder


def outputs(n, width, seed=0):
    values = np.random.default_rng(seed).random((n, width)).astype("float32")
    return values / values.sum(axis=1, keepdims=True) if width > 1 else values


TARGETS = {
    "two numbers": (np.array([3, 1, 1, 3, 3]), 1),
    "two units": (np.array([3, 1, 1, 3, 3]), 2),
    "text": (np.array(["no", "yes", "no", "no"]), 1),
    "objects": (np.array(["no", "yes", "no", "no"], dtype=object), 1),
    "bool": (np.array([True, False, True]), 1),
    "whole floats": (np.array([1.0, 2.0, 1.0]), 1),
    "a column": (np.array([[3], [1], [1]]), 1),
    "three classes": (np.array([5, 7, 9, 5, 7]), 3),
    "three texts": (np.array(["b", "a", "c", "a"]), 3),
    "three in a column": (np.array([["b"], ["a"], ["c"]]), 3),
    "labels": (np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1]]), 3),
    "one-hot": (np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]]), 3),
}
LOSSES = [None, "sparse_categorical_crossentropy", "categorical_crossentropy"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", TARGETS)
def test_as_scikeras_encodes(name, loss):
    y, width = TARGETS[name]
    ours, theirs = (kind(loss=loss).fit(y) for kind in (ClassifierLabelEncoder, OF_SCIKERAS))
    assert_same(ours.transform(y), theirs.transform(y))
    predicted = outputs(len(y), width)
    assert_same(ours.inverse_transform(predicted), theirs.inverse_transform(predicted))
    assert ours.get_params() == theirs.get_params()
    found, expected = ours.get_metadata(), theirs.get_metadata()
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert_same(np.asarray(found[key]), np.asarray(value))


def assert_same(ours, theirs):
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "y, categories",
    [
        (np.array([1, 3, 1]), np.array([1, 2, 3])),
        (np.array(["b", "a"]), np.array(["a", "b", "c"])),
        (np.array(["b", "a"], dtype=object), np.array(["c", "b", "a"], dtype=object)),
        (np.array([1, 3, 1]), np.array([1, 3])),
    ],
)
def test_all_classes_are_given(y, categories, loss):
    kinds = (ClassifierLabelEncoder, OF_SCIKERAS)
    ours, theirs = (kind(loss=loss, categories=[categories]).fit(y) for kind in kinds)
    assert_same(ours.transform(y), theirs.transform(y))
    predicted = outputs(5, len(categories))
    assert_same(ours.inverse_transform(predicted), theirs.inverse_transform(predicted))
    assert_same(ours.classes_, theirs.classes_)


def test_unknown_classes():
    encoder = ClassifierLabelEncoder().fit(np.array(["a", "b"]))
    with pytest.raises(ValueError, match=r"\['c'\].*known classes \['a', 'b'\]"):
        encoder.transform(np.array(["a", "c"]))


@pytest.mark.parametrize("y", [np.array([0.5, 1.5]), np.array([[1, 2], [3, 4]])])
def test_targets_that_are_not_classes(y):
    with pytest.raises(ValueError, match=r"Unknown label type.*override target_encoder"):
        ClassifierLabelEncoder().fit(y)


def test_every_row_stays_a_row():
    one = ClassifierLabelEncoder().fit(np.array([0, 1, 1]))
    np.testing.assert_allclose(
        one.inverse_transform(np.array([[0.25]]), return_proba=True), [[0.75, 0.25]]
    )
    three = ClassifierLabelEncoder().fit(np.array([0, 1, 2]))
    assert three.inverse_transform(outputs(1, 3), return_proba=True).shape == (1, 3)
    alone = ClassifierLabelEncoder().fit(np.array(["b", "b"]))
    assert alone.inverse_transform(outputs(3, 1)).tolist() == ["b"] * 3
    assert alone.inverse_transform(outputs(3, 1), return_proba=True).tolist() == [[1.0]] * 3

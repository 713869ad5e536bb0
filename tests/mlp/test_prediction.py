"""Predictions are NumPy's: equal to those of the Keras model with the same weights."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow


def cube(x):
    return x**3


def wide_range(n, columns=4):
    """Rows that reach into the tails of the activations."""
    return np.random.RandomState(0).normal(0, 5, (n, columns)).astype(np.float32)


def by_keras(net, X):
    # Called, not through `predict`: to trace that takes longer than all else here.
    return keras.ops.convert_to_numpy(net.model_(X, training=False))


@pytest.mark.parametrize(
    "activation",
    ["relu", "tanh", "sigmoid", "linear", "exponential", "gelu", "softmax", "elu", cube],
)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_hidden_layers(regression, activation, batch_norm):
    n_layers = 2 if activation == "relu" else 1  # a program with one layer compiles faster
    settings = {"width": 8, "epochs": 3, "random_state": 0, "learning_rate": 1e-4}
    net = MLPRegressor(n_layers, activation=activation, batch_norm=batch_norm, **settings)
    net.fit(*regression)
    X = wide_range(70) / (5 if activation in ("exponential", cube) else 1)
    np.testing.assert_allclose(net.predict(X), by_keras(net, X)[:, 0], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("labels", ["binary", "multiclass", "multilabel"])
def test_output_layers(request, binary, labels):
    X, y = binary
    if labels == "multiclass":
        X, y = request.getfixturevalue("multiclass")
    if labels == "multilabel":
        y = np.stack([y, 1 - y], axis=1)
    net = MLPClassifier(1, 8, epochs=2, random_state=0).fit(X, y)
    X = wide_range(70)
    expected = by_keras(net, X)
    if labels == "binary":
        expected = np.hstack([1 - expected, expected])
    np.testing.assert_allclose(net.predict_proba(X), expected, rtol=2e-5, atol=2e-5)


@pytest.fixture(scope="module", params=[3, 100])
def digits(request):
    """Rows, and a network of some width that was trained on them."""
    X, y = load_digits(return_X_y=True)
    return X, MLPClassifier(1, request.param, epochs=1, random_state=0).fit(X / 16, y)


@pytest.mark.parametrize("n", [1, 15, 64, 1024, 1025, 5000])
def test_any_number_of_rows(digits, n):
    """Rows are predicted in blocks; their outputs depend on no row beside them."""
    X, net = digits
    rows = np.resize(X / 16, (n, 64)).astype(np.float32)
    predicted = net.predict_proba(rows)
    assert predicted.shape == (n, 10) and predicted.dtype == keras.config.floatx()
    np.testing.assert_allclose(predicted, by_keras(net, rows), rtol=2e-5, atol=2e-6)
    alone = np.vstack([net.predict_proba(row[None]) for row in rows[-3:]])
    np.testing.assert_array_equal(predicted[-3:], alone)

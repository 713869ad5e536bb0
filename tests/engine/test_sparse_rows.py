"""A large sparse X with few entries trains and predicts without dense rows."""

import keras
import numpy as np
import pytest
from scipy import sparse

from skhp import KerasClassifier, MLPClassifier
from skhp.engine import large_table

pytestmark = pytest.mark.slow

N, N_FEATURES, BATCH = 203, 400, 16


@pytest.fixture
def data():
    random = np.random.RandomState(0)
    X = sparse.random_array((N, N_FEATURES), density=0.01, format="csr", rng=random)
    return X.astype("float32"), np.arange(N) % 2


@pytest.fixture
def blocks_of(monkeypatch):
    def use(n_bytes):
        monkeypatch.setattr(large_table, "BLOCK_BYTES", n_bytes)

    return use


@pytest.fixture(autouse=True)
def small_blocks(blocks_of):
    """Let X count as large, and have several blocks of 48 rows or more."""
    blocks_of(2**11)


def mlp(**settings):
    settings = {"batch_size": BATCH, "epochs": 2, "random_state": 0, **settings}
    return MLPClassifier(1, 8, **settings)


def trained_by_keras(X, y, **settings):
    """A fit with a callback that only Keras's own fit can call."""
    looks = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    net = mlp(callbacks=[looks], **settings).fit(X, y)
    assert net.engine_ == "keras"
    return net


def check_close(ours, theirs):
    for weights, wanted in zip(ours.model_.get_weights(), theirs.model_.get_weights(), strict=True):
        np.testing.assert_allclose(weights, wanted, rtol=1e-4, atol=1e-5)
    assert ours.history_.keys() == theirs.history_.keys()
    for name, values in ours.history_.items():
        np.testing.assert_allclose(values, theirs.history_[name], rtol=1e-5)


SETTINGS = {
    "plain": {},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.6, "patience": 1},
    "l2": {"l2": 0.01},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_keras_trains_to_the_same_weights(data, settings):
    ours = mlp(**settings).fit(*data)
    assert ours.engine_ == "compiled"
    check_close(ours, trained_by_keras(*data, **settings))


def test_the_bits_do_not_depend_on_the_blocks(data, blocks_of):
    X, y = data
    several = mlp().fit(X, y)
    blocks_of(2**16)
    one = mlp().fit(X, y)
    for ours, theirs in zip(several.model_.get_weights(), one.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert several.history_ == one.history_


def test_dense_rows_validate(data):
    X, y = data
    sparsely = mlp().fit(X, y, X_val=X, y_val=y)
    densely = mlp().fit(X, y, X_val=X[:40].toarray(), y_val=y[:40])
    assert sparsely.history_["loss"] == densely.history_["loss"]
    np.testing.assert_allclose(
        sparsely.predict_proba(X), densely.predict_proba(X.toarray()), rtol=1e-5
    )


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
def test_predictions_are_those_of_the_model(data, kind):
    X, y = data
    net = mlp().fit(kind(X), y)
    wanted = net.model_.predict(X.toarray(), verbose=0)
    np.testing.assert_allclose(net.predict_proba(kind(X))[:, 1:], wanted, rtol=1e-5)


def test_no_dense_row_is_made(data, monkeypatch):
    X, y = data

    def refused(self, *args, **kwargs):
        raise AssertionError("a dense copy of sparse rows")

    monkeypatch.setattr(sparse.csr_array, "toarray", refused)
    mlp().fit(X, y).predict(X)


def test_a_full_row_trains_densely(data):
    X, y = data
    X = X.tolil()
    X[3] = 1  # entries of all rows would be padded to this row
    check_close(mlp().fit(X, y), trained_by_keras(X, y))


def test_a_model_takes_dense_rows(data):
    X, y = data
    model = keras.Sequential([keras.Input((N_FEATURES,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    settings = {"batch_size": BATCH, "epochs": 1, "random_state": 0, "verbose": 0}
    net = KerasClassifier(model, **settings).fit(X, y)
    wanted = net.model_.predict(X.toarray(), verbose=0)
    np.testing.assert_allclose(net.predict_proba(X), wanted, rtol=1e-5)

"""The first steps of a new program are compared with those of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from skhp import KerasClassifier, KerasRegressor


def embedding(n_words):
    first = keras.initializers.RandomUniform(seed=1)
    return keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(n_words, 16, first),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, "softmax", kernel_initializer=first),
        ]
    )


@pytest.mark.parametrize("n_words", [40, 2000])
def test_an_embedding_with_adam_ends_where_keras_ends(n_words, small_models_compiled):
    """Its gradient is sparse, and Adam squares its rows before it adds those of one word."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, n_words, (64, 20)).astype("int32"), rng.integers(0, 3, 64)
    loss, settings = "sparse_categorical_crossentropy", {"epochs": 2, "shuffle": False}
    net = KerasClassifier(
        embedding, n_words=n_words, loss=loss, optimizer="adam", random_state=0, **settings
    ).fit(X, y)
    expected = embedding(n_words)
    expected.compile("adam", loss, run_eagerly=True)
    expected.fit(X, y, verbose=0, **settings)
    assert net.engine_ == "compiled", net.engine_reason_
    for ours, theirs in zip(net.model_.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def in_float8():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, kernel_initializer="ones")])
    model.layers[0].quantize("float8")
    model.compile("sgd", "mse")
    return model


def test_a_gradient_that_works_in_a_graph_only():
    X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
    with pytest.raises(ValueError, match="unpack"):
        model = in_float8()
        model.run_eagerly = True
        model.fit(X, X[:, :3], verbose=0)
    net = KerasRegressor(in_float8, shuffle=False).fit(X, X[:, :3])
    expected = in_float8()
    expected.fit(X, X[:, :3], shuffle=False, verbose=0)
    assert net.engine_ == "keras" and "eagerly" in net.engine_reason_
    for ours, theirs in zip(net.model_.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)

"""Predicting layer by layer gives the bits of calling the model, where it is for the model."""

import numpy as np
import pytest

from skhp import runtime

runtime.start()

import keras  # noqa: E402
from keras import layers  # noqa: E402

from skhp.engine.layer_calls import call_layer_by_layer, call_model, is_plain_sequence  # noqa: E402

X = np.random.default_rng(0).normal(size=(48, 6, 4)).astype("float32")

PLAIN = {
    "dense": lambda: [layers.Flatten(), layers.Dense(5, "relu"), layers.Dropout(0.5)],
    "normalized": lambda: [layers.BatchNormalization(), layers.LayerNormalization()],
    "recurrent": lambda: [layers.GRU(3, return_sequences=True), layers.LSTM(2)],
    "convolution": lambda: [layers.Conv1D(3, 2), layers.GlobalMaxPooling1D()],
}


def sequence(of):
    return keras.Sequential([keras.Input(X.shape[1:]), *of])


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_sequence(name):
    model = sequence(PLAIN[name]())
    assert is_plain_sequence(model, X)
    np.testing.assert_array_equal(call_layer_by_layer(model, X), call_model(model, X))


def test_a_layer_that_was_quantized():
    model = sequence([layers.Flatten(), layers.Dense(8)])
    model.layers[1].quantize("int8")
    assert not is_plain_sequence(model, X)


@pytest.mark.parametrize(
    "of",
    [
        lambda: [layers.Dense(2, dtype="mixed_bfloat16")],
        lambda: [keras.Sequential([layers.Dense(2)])],
    ],
)
def test_other_sequences(of):
    assert not is_plain_sequence(sequence(of()), X)


def test_rows_that_keras_converts():
    model = sequence([layers.Dense(2)])
    for other in (X.astype("float64"), X.astype("int64"), X[..., :3], X[..., 0], {"x": X}):
        assert not is_plain_sequence(model, other)
    assert not is_plain_sequence(keras.Model(model.inputs, model.outputs), X)

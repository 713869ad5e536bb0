"""A fit gives no warnings of its own, so it works where warnings are errors."""

import warnings

import keras
import numpy as np

from skhp import KerasClassifier, MLPClassifier


def build():
    layers = [keras.layers.Dropout(0.1), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((4,)), *layers])


def test_fits_where_warnings_are_errors(multiclass):
    X, y = multiclass
    # No other test has these structures: the programs are made here, too.
    perceptron = MLPClassifier(0, epochs=2, optimizer="nadam", metrics=["accuracy"])
    own = KerasClassifier(
        build, loss="sparse_categorical_crossentropy", optimizer="nadam", epochs=2,
        metrics=["accuracy"], random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for network in (perceptron, own):
            assert network.fit(X, y).predict_proba(X).shape == (len(X), 3)
            network.partial_fit(X, y)
            assert all(map(np.all, map(np.isfinite, network.model_.get_weights())))

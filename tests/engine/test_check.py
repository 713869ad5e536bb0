"""The first steps of a new program are compared with those of Keras."""

import keras
import numpy as np
from keras import layers

from skhp import KerasClassifier


def embedding():
    return keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(1000, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, "softmax"),
        ]
    )


def test_an_embedding_is_checked_with_adam():
    """Its gradient is sparse, and Adam makes full steps of gradients near zero."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 1000, (64, 20)).astype("int32"), rng.integers(0, 3, 64)
    net = KerasClassifier(
        embedding, loss="sparse_categorical_crossentropy", optimizer="adam", random_state=0
    ).fit(X, y)
    assert net.engine_ == "compiled", net.engine_reason_

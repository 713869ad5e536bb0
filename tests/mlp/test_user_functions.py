"""A mistake in the user's own loss, metric, activation or initializer is named before training."""

import re
import threading

import keras
import numpy as np
import pytest
from keras import ops

from skhp import MLPClassifier, MLPRegressor

SMALL = {"n_layers": 1, "width": 16, "epochs": 2, "random_state": 0}


class Nothing(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return None


@keras.saving.register_keras_serializable()
class NoCall(keras.layers.Layer):
    pass


WRONG = [
    # parameters, what the message says
    ({"loss": lambda a, b: None}, "loss=<lambda> returned None for 2 rows"),
    ({"loss": lambda a, b: 1.0}, "loss=<lambda> returned 1.0.*keras.ops"),
    ({"loss": lambda a, b: np.mean((a - b) ** 2)}, "loss=<lambda> returned.*keras.ops"),
    ({"loss": lambda a, b: "x"}, "loss=<lambda> returned 'x'"),
    ({"loss": lambda a, b: ops.zeros(3)}, r"loss=<lambda>.*shape \(3,\) for 2 rows"),
    ({"loss": lambda a: a}, r"loss=<lambda> failed.*\(2, 1\).*function of \(y_true, y_pred\)"),
    ({"loss": Nothing()}, "loss=Nothing returned None"),
    ({"loss": Nothing}, "loss=Nothing returned None"),
    ({"loss": keras.losses.Loss}, "loss is Loss, the base class"),
    ({"loss": keras.losses.Loss()}, "loss is Loss, the base class"),
    ({"metrics": [lambda a, b: None]}, "metrics=<lambda> returned None"),
    ({"metrics": [lambda a: a]}, "metrics=<lambda> failed"),
    ({"metrics": [keras.metrics.Metric]}, "metrics is Metric, the base class"),
    ({"activation": lambda x: None}, "activation=<lambda>.*returned None"),
    ({"activation": lambda x, y: x}, "activation=<lambda> failed.*takes one tensor"),
    ({"activation": ops.sum}, r"activation=sum.*shape \(\)"),
    ({"activation": NoCall()}, "activation=NoCall failed.*does not have a `call`"),
    ({"activation": "glu"}, "activation=glu failed"),  # it halves the units
    ({"activation": "threshold"}, "activation=threshold failed.*2 required positional arguments"),
    ({"activation": keras.layers.PReLU()}, "activation=PReLU has weights"),
    ({"activation": keras.layers.Dropout(0.5)}, "activation=Dropout.*draws random numbers"),
    ({"kernel_initializer": lambda shape: None}, "kernel_initializer=<lambda>.*dtype object"),
    ({"kernel_initializer": len}, r"kernel_initializer=len.*shape \(\)"),
    ({"kernel_initializer": lambda shape: np.zeros(3)}, r"kernel_initializer.*shape \(3,\)"),
    ({"kernel_initializer": lambda s: np.full(s, np.nan)}, "kernel_initializer.*finite"),
    ({"kernel_initializer": lambda: 1}, "kernel_initializer=<lambda> failed for the shape"),
    ({"kernel_initializer": keras.initializers.Initializer}, "Initializer, the base class"),
]


@pytest.mark.parametrize("params, said", WRONG, ids=[said for _, said in WRONG])
@pytest.mark.parametrize("estimator_class", [MLPClassifier, MLPRegressor])
def test_what_cannot_be_used(estimator_class, params, said, binary):
    with pytest.raises((ValueError, TypeError)) as caught:
        estimator_class(**SMALL, **params).fit(*binary)
    assert re.search(said, str(caught.value)), str(caught.value)


def squared(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2, axis=-1)


def one_number(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2)


def test_a_loss_of_one_number_a_batch_trains_without_weights(regression):
    X, y = regression
    rows = MLPRegressor(**SMALL, batch_size=60, loss=squared).fit(X, y)
    batch = MLPRegressor(**SMALL, batch_size=60, loss=one_number).fit(X, y)
    np.testing.assert_allclose(batch.history_["loss"], rows.history_["loss"], rtol=1e-5)


def test_weights_of_rows_cannot_count_in_it(binary):
    X, y = binary
    weight = np.linspace(0.1, 1, len(y))
    with pytest.raises(ValueError, match=r"one_number returns one number for a whole batch.*axis"):
        MLPRegressor(**SMALL, loss=one_number).fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="cannot use sample_weight or class_weight"):
        MLPClassifier(**SMALL, loss=one_number, class_weight={0: 1, 1: 3}).fit(X, y)
    MLPRegressor(**SMALL, loss=squared).fit(X, y, sample_weight=weight)


@pytest.mark.parametrize(
    "params, same",
    [
        ({"loss": keras.losses.BinaryCrossentropy}, {"loss": "binary_crossentropy"}),
        ({"kernel_initializer": keras.initializers.HeNormal}, {"kernel_initializer": "he_normal"}),
        ({"kernel_initializer": lambda s: np.full(s, 0.1)},
         {"kernel_initializer": keras.initializers.Constant(0.1)}),
    ],
    ids=["loss", "initializer", "function"],
)  # fmt: skip
def test_what_keras_makes_of_a_class_or_a_function(params, same, binary):
    X, y = binary
    nets = [MLPClassifier(**SMALL, **given).fit(X, y) for given in (params, same)]
    np.testing.assert_allclose(*(net.predict_proba(X) for net in nets), rtol=1e-6)


def test_a_metric_given_as_a_class(binary):
    net = MLPClassifier(**SMALL, metrics=[keras.metrics.AUC]).fit(*binary)
    assert list(net.history_) == ["auc", "loss"]


def test_losses_that_cannot_be_told_apart_are_each_tried(regression):
    """A lock has no value to compare, so that nothing tells these two from one another."""

    def made(axis):
        lock = threading.Lock()

        def loss(y_true, y_pred):
            with lock:
                return ops.mean((y_true - y_pred) ** 2, axis=axis)

        return loss

    X, y = regression
    weight = np.linspace(0.1, 1, len(y))
    MLPRegressor(**SMALL, loss=made(-1)).fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="one number for a whole batch"):
        MLPRegressor(**SMALL, loss=made(None)).fit(X, y, sample_weight=weight)

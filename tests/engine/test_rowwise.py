"""The tables by which the engine fills a partial batch up, against what Keras computes."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers, ops

from skhp.compat.keras import layers_within
from skhp.engine.rowwise import (
    ROWWISE_ACTIVATIONS,
    ROWWISE_LAYERS,
    ROWWISE_LOSSES,
    ROWWISE_METRICS,
    is_rowwise_layer,
    is_rowwise_loss,
    is_rowwise_metric,
)
from tests.contracts.parity_models import CASES
from tests.contracts.parity_models.model_cases import ACTIVATIONS

ROWS, KEPT = 8, 3


@pytest.fixture(scope="module")
def cases_of():
    """Of each name of a layer, the cases whose models hold it and only rowwise layers."""
    found = {}
    for name, case in CASES.items():
        model = case.network()
        if is_rowwise_layer(model):
            for layer in layers_within(model):
                found.setdefault(type(layer).__name__, []).append(name)
    return found


def other_rows_replaced(case):
    """Inputs of a case, and the same with all rows but the first replaced by zeros."""
    X = case.X[:ROWS]
    replaced = np.where(np.arange(ROWS).reshape(-1, *[1] * (X.ndim - 1)) < KEPT, X, 0)
    return case.inputs(X), case.inputs(replaced.astype(X.dtype))


def outputs(case, X):
    """Outputs in training for the first rows, always from the same seeds and weights."""
    made = case.model()(X, training=True)
    return [ops.convert_to_numpy(part)[:KEPT] for part in keras.tree.flatten(made)]


@cache
def differ_by_other_rows(name):
    """Whether other rows change what the model of a case makes of the first ones."""
    case = CASES[name]
    pairs = zip(*[outputs(case, X) for X in other_rows_replaced(case)], strict=True)
    return any(not np.allclose(a, b, atol=1e-6) for a, b in pairs)


@pytest.mark.parametrize("name", sorted(ROWWISE_LAYERS))
def test_other_rows_leave_a_row_alone(name, cases_of):
    assert hasattr(keras.layers, name)
    for case in cases_of[name][:2]:  # more of them show the same
        assert not differ_by_other_rows(case), case


def test_other_rows_change_a_batch_normalized_row():
    """What the test above compares can differ."""
    name = "layer: BatchNormalization of images"
    assert differ_by_other_rows(name)
    assert not is_rowwise_layer(CASES[name].network())


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Dense(3, activity_regularizer="l2"),
        lambda: layers.Dense(3, activation=lambda x: x - ops.mean(x, axis=0)),
        lambda: layers.Embedding(4, 3, mask_zero=True),
        lambda: layers.ActivityRegularization(0.1),
        lambda: layers.Softmax(axis=0),
        lambda: layers.LayerNormalization(axis=0),
        lambda: layers.Concatenate(axis=0),
        lambda: layers.EinsumDense("ab,ac->cb", output_shape=(3,)),
        lambda: layers.BatchNormalization(),
        lambda: layers.Lambda(lambda x: x),
        lambda: layers.LSTM(2, activation=lambda x: x - ops.mean(x, axis=0)),
        lambda: layers.Bidirectional(layers.GRU(2, stateful=True)),
    ],
)
def test_settings_that_look_at_other_rows(layer):
    assert not is_rowwise_layer(layer())


def parts_of(case):
    """Losses and metrics that a case is compiled with."""
    arguments = case.compile()
    metrics = [arguments.get("metrics"), arguments.get("weighted_metrics")]
    return keras.tree.flatten(arguments["loss"]), keras.tree.flatten(metrics)


def test_losses_and_metrics_are_trained_with_a_partial_batch():
    """The parity test then shows that rows of weight 0 change nothing."""
    losses, metrics = set(), set()
    for case in CASES.values():
        of_loss, of_metrics = parts_of(case)
        if case.sample_weight is None or len(case.X) % 8 == 0:
            continue
        if all(map(is_rowwise_loss, of_loss)) and all(map(is_rowwise_metric, of_metrics)):
            losses |= {type(part).__name__ for part in of_loss}
            metrics |= {type(part).__name__ for part in of_metrics}
    assert losses >= ROWWISE_LOSSES and set(vars(keras.losses)) >= ROWWISE_LOSSES
    assert metrics >= ROWWISE_METRICS and set(vars(keras.metrics)) >= ROWWISE_METRICS


# A layer reports another number of units with the first, and cannot call the second.
NOT_IN_LAYERS = {"glu", "threshold"}


def test_activations_are_those_of_keras():
    assert set(vars(keras.activations)) >= ROWWISE_ACTIVATIONS
    trained = {name for names in ACTIVATIONS for name in names}
    assert trained >= ROWWISE_ACTIVATIONS - NOT_IN_LAYERS

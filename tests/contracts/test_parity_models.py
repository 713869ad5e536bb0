"""Small models of every kind: skhp trains each to what `keras.Model.fit` trains it to.

Both start from the same weights and take the rows in the same order. Keras runs eagerly
where nothing is random, which is cheap, and as independent as it can be.
"""

import keras
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from skhp import KerasClassifier, KerasRegressor
from tests.contracts.parity_models import CASES
from tests.contracts.parity_models.case import BATCH, EPOCHS

pytestmark = pytest.mark.slow

FIT = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False}


def joined(outputs):
    return np.concatenate([np.asarray(part) for part in keras.tree.flatten(outputs)], axis=-1)


class Bare(KerasRegressor):
    """A wrapper that gives a model what a case says, and its outputs as they come.

    Parameters
    ----------
    case : Case
    """

    def __init__(self, case=None, **params):
        super().__init__(lambda: case.model(), random_state=0, **FIT, **params)
        self.case = case

    @property
    def feature_encoder(self):
        return FunctionTransformer(self.case.inputs)

    @property
    def target_encoder(self):
        return FunctionTransformer(self.case.targets, inverse_func=joined, check_inverse=False)


def values(model):
    """All that training may change, by its name."""
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    return [(v.path, keras.ops.convert_to_numpy(v)) for v in variables]


def by_keras(case):
    model = case.model(**({"jit_compile": True} if case.jit else {"run_eagerly": True}))
    start = values(model)
    history = model.fit(
        case.inputs(case.X),
        case.targets(case.y),
        sample_weight=case.sample_weight,
        verbose=0,
        **{**FIT, **case.fit},
    ).history
    moved = [np.abs(a - b).max() for (_, a), (_, b) in zip(start, values(model), strict=True)]
    least = min(moved) if case.all_learn else max(moved)
    assert least > 1e-3, "the comparison means nothing where Keras learns nothing"
    return model, history


@pytest.mark.parametrize("name", CASES)
def test_training_ends_where_keras_ends(name, request):
    case = CASES[name]
    # XLA has code of its own for each kind of layer, and draws other random numbers.
    if name.startswith("layer:") or case.jit:
        request.getfixturevalue("small_models_compiled")
    net = Bare(case).fit(case.X, case.y, case.sample_weight, **case.fit)
    trained_by = "keras" if net.engine_ == "keras" else "program"
    assert case.trained_by in (None, trained_by), net.engine_reason_
    assert case.reason in (net.engine_reason_ or "")
    expected, history = by_keras(case)
    assert set(net.history_) == set(history)
    for log, values_ in history.items():
        np.testing.assert_allclose(net.history_[log], values_, rtol=1e-4, atol=1e-6, err_msg=log)
    for (path, theirs), (_, ours) in zip(values(expected), values(net.model_), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=case.rtol, atol=1e-5, err_msg=path)
    # Called, not through `predict`: that takes longer, and computes the same.
    outputs = joined(expected(case.inputs(case.X), training=False))
    np.testing.assert_allclose(net.predict(case.X), outputs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("class_weight", [{0: 1.0, 1: 4.0, 2: 0.5}, "balanced"])
def test_class_weights(class_weight):
    """Classes weigh as in Keras, together with sample weights."""
    case = CASES["loss: SparseCategoricalCrossentropy"]
    y = case.y.ravel()
    net = KerasClassifier(
        lambda: case.model(), class_weight=class_weight, random_state=0, **FIT
    ).fit(case.X, y, sample_weight=case.sample_weight)
    balanced = dict(enumerate(len(y) / (3 * np.bincount(y))))
    expected = case.model(run_eagerly=True)
    # Keras takes one kind of weights or the other.
    factors = np.vectorize((balanced if class_weight == "balanced" else class_weight).get)(y)
    history = expected.fit(
        case.X, y[:, None], sample_weight=case.sample_weight * factors, verbose=0, **FIT
    ).history
    assert net.engine_ == "graph", net.engine_reason_
    np.testing.assert_allclose(net.history_["loss"], history["loss"], rtol=1e-4)
    for (path, theirs), (_, ours) in zip(values(expected), values(net.model_), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5, err_msg=path)
    np.testing.assert_allclose(net.predict_proba(case.X), expected(case.X), atol=1e-5)

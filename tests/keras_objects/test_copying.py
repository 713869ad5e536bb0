"""Clones of estimators whose parameters are objects of the user's own Keras classes.

None of the classes is registered with Keras, and no config holds ``factor``.
"""

import pickle

import keras
import numpy as np
import pytest
from keras import layers, ops
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skhp import KerasClassifier, MLPClassifier

pytestmark = pytest.mark.slow


class Times(keras.losses.Loss):
    """A loss whose constructor has an argument, and that has no get_config."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, y, predicted):
        return self.factor * ops.mean(ops.square(y - predicted), axis=-1)


class TimesMean(keras.metrics.Mean):
    factor = 1.0

    def update_state(self, y, predicted, sample_weight=None):
        super().update_state(self.factor * ops.abs(y - predicted))


class TimesStep(keras.optimizers.SGD):
    factor = 1.0

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(self.factor * gradient, variable, learning_rate)


class TimesLayer(layers.Layer):
    factor = 1.0

    def call(self, x):
        return self.factor * x


def with_factor(value, factor=3.0):
    value.factor = factor
    return value


def build(*hidden):
    last = layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input((4,)), *hidden, last])


def wrapper(*hidden, **params):
    settings = {"loss": "mse", "optimizer": "sgd", "random_state": 0, "epochs": 2}
    return KerasClassifier(lambda: build(*hidden), **{**settings, **params})


def perceptron(**params):
    return MLPClassifier(0, **{"random_state": 0, "epochs": 2, **params})


def losses(net, binary):
    return net.fit(*binary).history_["loss"]


OBJECTS = {
    "loss": Times(3.0),
    "metrics": [with_factor(TimesMean())],
    "optimizer": with_factor(TimesStep(0.1)),
    "activation": with_factor(TimesLayer()),
}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("make", [wrapper, perceptron])
def test_a_clone_has_a_copy(make, name):
    if make is wrapper and name == "activation":
        pytest.skip("no parameter of a wrapper")
    net = make(**{name: OBJECTS[name]})
    given, got = (keras.tree.flatten(getattr(n, name))[0] for n in (net, clone(net)))
    assert got is not given and type(got) is type(given) and got.factor == 3.0


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("make", [wrapper, perceptron])
def test_a_clone_measures_with_the_function_of_a_metric(make, binary):
    metric = keras.metrics.MeanMetricWrapper(lambda y, p, by: by * abs(y - p), "own", by=2.0)
    history = clone(make(metrics=[metric, "mae"])).fit(*binary).history_
    np.testing.assert_allclose(history["own"], np.multiply(2.0, history["mae"]), rtol=1e-6)


@pytest.mark.parametrize("make", [wrapper, perceptron])
def test_a_clone_trains_with_the_loss_of_the_estimator(make, binary):
    once, thrice = (make(loss=Times(factor)) for factor in (1.0, 3.0))
    assert losses(clone(thrice), binary) == losses(thrice, binary)
    assert losses(thrice, binary)[0] > 2 * losses(once, binary)[0]
    assert np.isfinite(cross_val_score(thrice, *binary, cv=2)).all()


def test_a_fit_trains_with_the_optimizer_and_the_metric_that_were_given(binary):
    metrics = [with_factor(TimesMean(name="error")), with_factor(TimesMean(name="one"), 1.0)]
    net = wrapper(optimizer=with_factor(TimesStep(0.1)), metrics=metrics).fit(*binary)
    np.testing.assert_allclose(
        net.history_["error"], np.multiply(3.0, net.history_["one"]), rtol=1e-5
    )
    expected = losses(wrapper(optimizer=keras.optimizers.SGD(0.3)), binary)
    np.testing.assert_allclose(net.history_["loss"], expected, rtol=1e-5)


def test_a_model_keeps_what_its_layers_were_given_later(binary):
    X, y = binary
    net = wrapper(with_factor(TimesLayer())).fit(X, y)
    loaded = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))
    assert clone(KerasClassifier(net.model_)).model.layers[0].factor == 3.0


def test_a_copy_of_an_optimizer_excludes_the_same_weights_from_weight_decay():
    optimizer = keras.optimizers.AdamW(0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    copied = clone(wrapper(optimizer=optimizer)).optimizer
    bias, kernel = (keras.Variable([1.0], name=name) for name in ("bias", "kernel"))
    copied.apply([ops.zeros(1), ops.zeros(1)], [bias, kernel])
    assert bias.numpy() == 1.0 and kernel.numpy() < 1.0


class Falls(keras.optimizers.schedules.LearningRateSchedule):
    """InverseTimeDecay of 0.1, without a get_config."""

    def __call__(self, step):
        return 0.1 / (1.0 + ops.cast(step, "float32"))


def optimizer_with(schedule):
    return {"optimizer": keras.optimizers.SGD(schedule)}


@pytest.mark.parametrize(
    "make, params",
    [
        (wrapper, optimizer_with),
        (perceptron, lambda schedule: {**optimizer_with(schedule), "learning_rate": None}),
        (perceptron, lambda schedule: {"optimizer": "sgd", "learning_rate": schedule}),
    ],
    ids=["wrapper", "perceptron", "learning_rate"],
)
def test_a_schedule_needs_no_config(make, params, binary):
    known = keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 1.0)
    net = clone(make(**params(Falls()))).fit(*binary)
    np.testing.assert_allclose(
        net.history_["loss"], losses(make(**params(known)), binary), rtol=1e-5
    )
    loaded = pickle.loads(pickle.dumps(net))
    assert loaded.partial_fit(*binary).history_ == net.partial_fit(*binary).history_


class OfOutputs(Times):
    """A loss that compares what a model makes of the targets and the predictions."""

    def __init__(self, model):
        super().__init__(1.0)
        self.model = model

    def call(self, y, predicted):
        return super().call(self.model(y), self.model(predicted))


def test_a_loss_may_hold_a_model(binary):
    doubled = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    doubled.set_weights([np.full((1, 1), 2.0), np.zeros(1)])
    X, y = binary
    rows = X, y.astype("float32")
    expected = losses(wrapper(loss=Times(4.0)), rows)
    for net in (wrapper(loss=OfOutputs(doubled)), clone(wrapper(loss=OfOutputs(doubled)))):
        np.testing.assert_allclose(losses(net, rows), expected, rtol=1e-5)


class NeedsMore(keras.metrics.Metric):
    def __init__(self, more):
        super().__init__()
        self.more = more


@pytest.mark.parametrize("make", [wrapper, perceptron])
def test_an_object_that_cannot_be_made_again_is_named(make):
    with pytest.raises(TypeError, match=r"NeedsMore cannot be copied.*get_config"):
        clone(make(metrics=[NeedsMore(1)]))

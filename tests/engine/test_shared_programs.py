"""What looks alike and is not must not share a program; what is the model's own stays its own."""

import importlib
import pickle
import sys

import keras
import numpy as np
import pytest
from keras import layers

from skhp import KerasClassifier, MLPClassifier, MLPRegressor
from skhp.engine import compile_count

pytestmark = pytest.mark.slow

LOSS = "sparse_categorical_crossentropy"
NET = {"n_layers": 1, "width": 6, "epochs": 2, "random_state": 0}


def softmax_network(*hidden):
    outputs = layers.Dense(3, activation="softmax")
    return keras.Sequential([keras.Input((4,)), *hidden, outputs])


def test_functions_of_one_name_in_two_modules_of_keras(binary):
    first = MLPClassifier(**NET, activation="gelu").fit(*binary)
    second = MLPClassifier(**NET, activation=keras.ops.gelu).fit(*binary)
    assert first.history_["loss"] != second.history_["loss"]
    X, _ = binary
    np.testing.assert_allclose(second.predict_proba(X)[:, 1], second.model_(X)[:, 0], 1e-5)


def within(factor):
    def inner(y_true, y_pred):
        return factor * keras.ops.mean(y_pred, axis=-1)

    return keras.metrics.MeanMetricWrapper(inner, name="inner")


def test_wrapped_closures_of_one_name(binary, multiclass):
    mlps = [MLPClassifier(**NET, metrics=[within(n)]).fit(*binary) for n in (1, 2)]
    nets = [
        KerasClassifier(softmax_network, loss=LOSS, metrics=[within(n)], random_state=0)
        for n in (1, 2)
    ]
    for one, two in (mlps, [net.fit(*multiclass) for net in nets]):
        np.testing.assert_allclose(
            2 * np.array(one.history_["inner"]), two.history_["inner"], rtol=1e-5
        )


def test_a_function_of_a_reloaded_module_is_a_new_one(regression, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "losses_to_edit.py"
    source = "def loss(y_true, y_pred):\n    return {} * ((y_true - y_pred) ** 2)[:, 0]\n"
    file.write_text(source.format(1.0))
    module = importlib.import_module("losses_to_edit")
    first = MLPRegressor(**NET, loss=module.loss).fit(*regression).history_["loss"][0]
    file.write_text(source.format(3.0))
    importlib.reload(module)
    second = MLPRegressor(**NET, loss=module.loss).fit(*regression).history_["loss"][0]
    assert 2 < second / first < 4


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """In no register of Keras's."""

    def __init__(self, top):
        self.top = top

    def __call__(self, step):
        return self.top * keras.ops.minimum(1.0, keras.ops.cast(step + 1, "float32") / 10)

    def get_config(self):
        return {"top": self.top}


class Hidden(Warmup):
    """Has no config: its attributes are its settings."""

    def get_config(self):
        raise NotImplementedError


@pytest.mark.parametrize("kind", [Warmup, Hidden])
def test_a_schedule_of_the_users_own(multiclass, kind):
    def build(top):
        model = softmax_network()
        model.compile(keras.optimizers.SGD(kind(top)), LOSS)
        return model

    X, y = multiclass
    losses = []
    for top in (0.1, 0.5):
        net = KerasClassifier(build, top=top, shuffle=False, epochs=2, random_state=0)
        start = net.initialize(X, y).model_.get_weights()
        net.fit(X, y)
        assert net.engine_ == "graph"
        by_keras = build(top)
        by_keras.set_weights(start)
        by_keras.run_eagerly = True
        losses.append(by_keras.fit(X, y, epochs=2, shuffle=False, verbose=0).history["loss"])
        np.testing.assert_allclose(net.history_["loss"], losses[-1], rtol=1e-5)
    assert losses[0] != losses[1]


def test_an_mlp_takes_a_schedule_of_the_users_own(binary):
    slow, fast = (
        MLPClassifier(**NET, optimizer="sgd", learning_rate=Warmup(top)).fit(*binary)
        for top in (0.001, 0.5)
    )
    assert slow.engine_ == "compiled"
    assert fast.history_["loss"][-1] < slow.history_["loss"][-1]


def test_a_number_after_a_schedule(binary):
    net = MLPClassifier(**NET, warm_start=True, learning_rate=Warmup(0.01)).fit(*binary)
    net.set_params(learning_rate=0.01).fit(*binary)
    net.set_params(learning_rate=Warmup(0.01)).fit(*binary)
    assert net.n_epochs_ == 6


def test_metrics_go_by_the_names_they_were_given(multiclass):
    for name in ("one", "two"):
        metrics = [keras.metrics.SparseCategoricalAccuracy(name=name)]
        net = KerasClassifier(softmax_network, loss=LOSS, metrics=metrics).fit(*multiclass)
        assert set(net.history_) == {"loss", name}


class Own(keras.Model):
    """Cannot be told from another of its class."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.dense(x)


def test_a_class_of_the_users_own_trains_with_keras(multiclass):
    """Two of its models cannot be compared, and a program a fit would cost too much."""
    X, y = multiclass
    before = compile_count()
    net = KerasClassifier(Own, loss=LOSS, optimizer="adam", random_state=0)
    for _ in range(3):
        net.fit(X, y)
    assert net.engine_ == "keras" and "Own is a class of its own" in net.engine_reason_
    assert compile_count() == before


class Penalized(keras.Sequential):
    """Adds to the loss, which its config does not say."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training) + 100.0


def test_a_subclass_of_sequential_is_not_taken_for_one(multiclass):
    def build(kind):
        return kind([keras.Input((4,)), layers.Dense(3, activation="softmax")])

    losses = [
        KerasClassifier(build, kind=kind, loss=LOSS, random_state=0).fit(*multiclass).history_
        for kind in (keras.Sequential, Penalized)
    ]
    np.testing.assert_allclose(losses[0]["loss"][0] + 100, losses[1]["loss"][0], rtol=1e-4)


def test_metrics_that_are_lambdas(multiclass):
    metrics = [lambda y_true, y_pred: keras.ops.max(y_pred, axis=-1)]
    net = KerasClassifier(softmax_network, loss=LOSS, metrics=metrics, random_state=0)
    assert 1 / 3 < net.fit(*multiclass).history_["lambda"][0] < 1


def test_classes_that_the_loss_ignores(multiclass):
    """The mean is over the other rows, padding rows not among them."""
    X, y = multiclass

    def build():
        model = softmax_network()
        loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=1)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    net = KerasClassifier(build, shuffle=False, epochs=2, random_state=0)
    start = net.initialize(X, y).model_.get_weights()
    by_keras = build()
    by_keras.set_weights(start)
    wanted = by_keras.fit(X, y, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(net.fit(X, y).history_["loss"], wanted, rtol=1e-5)


def test_rows_that_a_layer_adapted_to(multiclass):
    """Training and prediction see the same means, and so does a copy."""
    X, y = multiclass
    X = 50 + 10 * X

    def build():
        scaling = layers.Normalization()
        scaling.adapt(X)
        return softmax_network(scaling)

    net = KerasClassifier(build, loss=LOSS, optimizer="adam", epochs=1, random_state=0)
    start = net.initialize(X, y).model_
    before = start.predict(X, verbose=0)
    net.set_params(shuffle=False, batch_size=len(X)).fit(X, y)
    own = -np.log(before[np.arange(len(y)), y]).mean()
    np.testing.assert_allclose(net.history_["loss"][0], own, rtol=1e-4)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))

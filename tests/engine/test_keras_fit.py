"""Where no program can train, Keras's own fit does: to the same end, and says why."""

import keras
import numpy as np
import pytest

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow

NET = {"n_layers": 1, "width": 8, "epochs": 3, "random_state": 0}


class Batches(keras.callbacks.Callback):
    """Looks at every batch, so that Keras must train."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def assert_same(one, other, exactly=False):
    close = {"rtol": 0, "atol": 0} if exactly else {"rtol": 1e-4, "atol": 1e-6}
    pairs = zip(one.model_.get_weights(), other.model_.get_weights(), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, **close)
    assert one.history_.keys() == other.history_.keys()
    for name in one.history_:
        np.testing.assert_allclose(one.history_[name], other.history_[name], **close)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_engines_take_the_same_rows_in_the_same_order(shuffle, early_stopping, binary):
    settings = {**NET, "shuffle": shuffle, "early_stopping": early_stopping, "batch_size": 16}
    compiled = MLPClassifier(**settings).fit(*binary)
    by_keras = MLPClassifier(**settings, callbacks=[Batches()]).fit(*binary)
    assert (compiled.engine_, by_keras.engine_) == ("compiled", "keras")
    assert_same(compiled, by_keras)


def test_early_stopping_ends_at_the_same_epoch_with_the_same_weights(regression):
    X, y = regression
    settings = {**NET, "epochs": 60, "learning_rate": 0.05, "early_stopping": True, "patience": 2}
    nets = [
        MLPRegressor(**settings, callbacks=callbacks).fit(
            X[::2], y[::2], X_val=X[1::2], y_val=-y[1::2]
        )
        for callbacks in (None, [Batches()])
    ]
    assert [net.engine_ for net in nets] == ["compiled", "keras"]
    assert nets[0].n_epochs_ == nets[1].n_epochs_ < 60
    assert_same(*nets)


def test_reproducible_whatever_the_global_seed(binary):
    """Dropout's masks too follow from random_state, anew for each call and seed."""
    nets = []
    for global_seed, random_state in [(1, 0), (2, 0), (1, 1)]:
        keras.utils.set_random_seed(global_seed)
        settings = {**NET, "dropout": 0.5, "random_state": random_state}
        nets.append(MLPClassifier(**settings, callbacks=[Batches()]).fit(*binary))
    assert {net.engine_ for net in nets} == {"keras"}
    assert_same(nets[0], nets[1], exactly=True)
    assert nets[0].history_ != nets[2].history_


def test_dropout_masks_are_drawn_anew_at_each_call(regression):
    """With weights that stay, only the masks can make the losses differ."""
    net = MLPRegressor(**NET, dropout=0.5, learning_rate=1e-30, optimizer="sgd", shuffle=False)
    net.set_params(callbacks=[Batches()])
    for _ in range(3):
        net.partial_fit(*regression)
    assert net.engine_ == "keras"
    assert len(set(net.history_["loss"])) == 3


# Optimizers that no pure function is had of -> a word of the reason
NOT_PURE = {
    "accumulates": lambda: keras.optimizers.SGD(0.05, gradient_accumulation_steps=2),
    "moving average": lambda: keras.optimizers.SGD(
        0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ),
    "weight decay": lambda: excluding(keras.optimizers.AdamW(0.05, weight_decay=0.5)),
}


def excluding(optimizer):
    """An optimizer that leaves biases out of weight decay."""
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize("reason", NOT_PURE)
def test_optimizers_without_a_pure_form(reason, regression):
    X, y = regression
    settings = {**NET, "optimizer": NOT_PURE[reason](), "learning_rate": None, "shuffle": False}
    net = MLPRegressor(**settings).fit(X, y)
    assert net.engine_ == "keras" and reason in net.engine_reason_

    settings.update(optimizer="sgd", learning_rate=1e-30)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    )
    model.set_weights(MLPRegressor(**settings).fit(X, y).model_.get_weights())
    model.compile(NOT_PURE[reason](), "mse", run_eagerly=True)
    history = model.fit(X, y, epochs=3, batch_size=32, shuffle=False, verbose=0).history
    np.testing.assert_allclose(net.history_["loss"], history["loss"], rtol=1e-4)
    for ours, theirs in zip(net.model_.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


class TowardsTheStart(keras.optimizers.SGD):
    """The user's own optimizer, whose state begins as a copy of the weights."""

    def build(self, variables):
        super().build(variables)
        self.starts = [
            self.add_variable_from_reference(v, "start", initializer="zeros") for v in variables
        ]
        for start, variable in zip(self.starts, variables, strict=True):
            self.assign(start, variable)

    def update_step(self, gradient, variable, learning_rate):
        start = self.starts[self._get_variable_index(variable)]
        pull = keras.ops.subtract(variable, start)
        step = keras.ops.multiply(learning_rate, keras.ops.add(gradient, pull))
        self.assign_sub(variable, step)


def test_an_optimizer_whose_state_starts_from_the_weights(regression):
    settings = {**NET, "optimizer": TowardsTheStart(0.1), "learning_rate": None}
    compiled = MLPRegressor(**settings).fit(*regression)
    by_keras = MLPRegressor(**settings, callbacks=[Batches()]).fit(*regression)
    assert (compiled.engine_, by_keras.engine_) == ("compiled", "keras")
    assert_same(compiled, by_keras)
    plain = MLPRegressor(**{**settings, "optimizer": "sgd", "learning_rate": 0.1}).fit(*regression)
    assert plain.history_["loss"] != compiled.history_["loss"]

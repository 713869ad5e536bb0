"""Settings that would reach no model are said, and so are those that a warm start cannot follow."""

import functools

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skhp import KerasClassifier, KerasRegressor, from_hypermodel

pytestmark = pytest.mark.slow

LOSS = "sparse_categorical_crossentropy"


def build(width=8):
    hidden = keras.layers.Dense(width, activation="relu")
    outputs = keras.layers.Dense(3, "softmax")
    return keras.Sequential([keras.Input((4,)), hidden, outputs])


def build_compiled(width=8, optimizer="adam"):
    model = build(width)
    model.compile(optimizer, LOSS, metrics=["accuracy"])
    return model


def build_reading(compile_kwargs, width=8):
    model = build(width)
    model.compile(**compile_kwargs)
    return model


def build_from_params(params):
    model = build()
    model.compile(params["optimizer"], LOSS)
    return model


IGNORED = [
    {"optimizer": "sgd"},
    {"optimizer": keras.optimizers.SGD},
    {"optimizer": keras.optimizers.Adam(0.5)},
    {"optimizer": "adam", "optimizer__learning_rate": 0.5},
    {"optimizer__learning_rate": 0.5},
    {"loss": LOSS, "loss__from_logits": True},
    {"metrics": ["sparse_categorical_crossentropy"]},
    {"run_eagerly": True},
    {"compile__jit_compile": False},
    {"weighted_metrics": ["accuracy"]},
]


@pytest.mark.parametrize("params", IGNORED, ids=lambda params: "-".join(params))
def test_settings_that_a_compiled_model_does_not_read(params, multiclass):
    name = list(params)[-1]
    with pytest.raises(ValueError, match=rf"(?s){name}=.*build_compiled.*compile_kwargs.*uncomp"):
        KerasClassifier(build_compiled, **params).fit(*multiclass)
    with pytest.raises(ValueError, match=rf"{name}=.*given keras.Model.*not compiled"):
        KerasClassifier(build_compiled(), **params).fit(*multiclass)


@pytest.mark.parametrize("grid", [{"optimizer": ["sgd", "nadam"]},
                                  {"optimizer__learning_rate": [0.1, 1.0]},
                                  {"metrics": [["mse"], ["mae"]]}])  # fmt: skip
def test_a_search_over_settings_that_nothing_reads_is_an_error(grid, multiclass):
    with pytest.raises(ValueError, match=r"All the 4 fits failed[\s\S]*build_compiled"):
        GridSearchCV(KerasClassifier(build_compiled), grid, cv=2).fit(*multiclass)


READ = [
    (build_compiled, {}),
    (build_compiled, {"optimizer": "rmsprop"}),  # the default
    (build_compiled, {"optimizer": "adam"}),
    (build_compiled, {"optimizer": keras.optimizers.Adam(), "metrics": ["accuracy"]}),
    (build_compiled, {"loss": LOSS}),
    (build_compiled, {"optimizer": None}),
    (build_reading, {"loss": LOSS, "optimizer": "sgd", "optimizer__learning_rate": 0.5}),
    (build_from_params, {"optimizer": "sgd"}),
    (build, {"loss": LOSS, "optimizer": "sgd", "metrics": ["accuracy"]}),
]


@pytest.mark.parametrize("builder, params", READ, ids=range(len(READ)))
def test_settings_that_hold_are_no_error(builder, params, multiclass):
    net = KerasClassifier(builder, **params).fit(*multiclass)
    if "sgd" in params.values():
        assert type(net.model_.optimizer) is keras.optimizers.SGD


def test_a_builders_argument_of_the_name_of_a_setting(multiclass):
    X, y = multiclass
    net = KerasClassifier(build_compiled, model__optimizer="sgd").fit(X, y)
    assert type(net.model_.optimizer) is keras.optimizers.SGD
    with pytest.raises(ValueError, match="use model__optimizer"):
        KerasClassifier(build_compiled, optimizer="sgd").fit(X, y)


class Own(KerasClassifier):
    def _keras_build_fn(self):
        model = build()
        model.compile(keras.optimizers.SGD(self.optimizer__learning_rate), LOSS)
        return model


def test_a_method_of_the_estimator_may_read_its_settings(multiclass):
    net = Own(optimizer__learning_rate=0.25).fit(*multiclass)
    assert float(net.model_.optimizer.learning_rate) == 0.25


def test_a_hypermodel_that_compiles(multiclass):
    def tuned(hp):
        model = build(hp.Int("width", 2, 8))
        model.compile(keras.optimizers.SGD(hp.Float("rate", 0.1, 0.5)), LOSS)
        return model

    net, _ = from_hypermodel(tuned)
    net.fit(*multiclass)
    with pytest.raises(ValueError, match=r"optimizer__learning_rate=0.1 would be ignored.*tuned"):
        net.set_params(optimizer__learning_rate=0.1).fit(*multiclass)


# Warm starts -----------------------------------------------------------------------------


def test_a_warm_start_follows_what_does_not_make_the_model(multiclass, tmp_path):
    X, y = multiclass

    class Seen(keras.callbacks.Callback):
        epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            Seen.epochs += 1

    net = KerasClassifier(build, loss=LOSS, warm_start=True, optimizer="sgd").fit(X, y)
    net.set_params(epochs=3, batch_size=45, callbacks=[Seen()], shuffle=False, random_state=3)
    net.set_params(class_weight="balanced", validation_split=0.1, predict__batch_size=7)
    net.set_params(max_seconds=600, memory=tmp_path, scoring="accuracy").fit(X, y)
    assert len(net.history_["val_accuracy"]) == 3
    assert net.n_epochs_ == Seen.epochs == 3 and len(net.history_["val_loss"]) == 3
    assert int(net.model_.optimizer.iterations) == 3 + 3 * 2


def test_a_warm_start_takes_another_learning_rate(multiclass):
    X, y = multiclass
    net = KerasClassifier(build, loss=LOSS, warm_start=True, optimizer="sgd", epochs=2)
    net.fit(X, y)
    before = net.model_.get_weights()
    net.set_params(optimizer__learning_rate=0.0).fit(X, y)
    assert all(map(np.array_equal, before, net.model_.get_weights()))
    net.set_params(optimizer__learning_rate=0.5).partial_fit(X, y)
    assert float(net.model_.optimizer.learning_rate) == 0.5
    net.model_.optimizer.learning_rate = 0.0  # by hand: it stays until the parameter changes
    assert float(net.fit(X, y).model_.optimizer.learning_rate) == 0.0


@pytest.mark.parametrize(
    "params, name",
    [
        ({"width": 16}, "width"),
        ({"model": build_reading}, "model"),
        ({"optimizer": "adam"}, "optimizer"),
        ({"optimizer": keras.optimizers.SGD(0.5)}, "optimizer"),
        ({"optimizer__momentum": 0.5}, "optimizer__momentum"),
        ({"loss": "kl_divergence"}, "loss"),
        ({"loss__label_smoothing": 0.1}, "loss__label_smoothing"),
        ({"metrics": ["accuracy"]}, "metrics"),
        ({"run_eagerly": True}, "run_eagerly"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_warm_start_refuses_another_model(params, name, multiclass):
    X, y = multiclass
    net = KerasClassifier(build, loss=LOSS, warm_start=True, optimizer="sgd", width=8).fit(X, y)
    proba = net.predict_proba(X)
    for fit in (net.set_params(**params).fit, net.partial_fit):
        with pytest.raises(
            ValueError, match=rf"(?s)other values of {name} \(now.*warm_start=False"
        ):
            fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), proba)
    fresh = clone(net)
    if "loss" not in "".join(params):
        assert fresh.fit(X, y).n_epochs_ == 1


def test_a_warm_start_refuses_an_edited_builder(regression):
    def build_one():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    net = KerasRegressor(build_one, loss="mse", warm_start=True, random_state=0).fit(*regression)

    def build_one():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, use_bias=False)])

    with pytest.raises(ValueError, match=r"other values of model \(now"):
        net.set_params(model=build_one).fit(*regression)

    def capturing(units):
        def build_captured():
            return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])

        return build_captured

    net = KerasRegressor(capturing(1), loss="mse", warm_start=True).fit(*regression)
    net.set_params(model=capturing(1)).fit(*regression)
    with pytest.raises(ValueError, match=r"other values of model \(now"):
        net.set_params(model=capturing(2)).fit(*regression)


def test_equal_settings_are_no_other_ones(regression):
    def one(width):
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    builder = functools.partial(one, width=2)
    net = KerasRegressor(builder, loss=keras.losses.Huber(0.5), warm_start=True,
                         optimizer=keras.optimizers.Adam(0.1), metrics=["mae"])  # fmt: skip
    net.fit(*regression)
    net.set_params(optimizer=keras.optimizers.Adam(0.1), metrics=["mae"]).fit(*regression)
    assert int(net.model_.optimizer.iterations) == 4

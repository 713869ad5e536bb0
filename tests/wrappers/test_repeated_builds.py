"""A builder that is called again with equal arguments need not build a model again."""

import copy
import functools
import pickle
import random

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.random import default_rng
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from skhp import KerasClassifier, KerasRegressor
from tests.call_counts import counted_calls

UNITS = 3
LOSS = "sparse_categorical_crossentropy"


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X).astype("float32"), y


def dense(width=4, dropout=0.0):
    rate = [layers.Dropout(dropout)] if dropout else []
    return compiled(
        [keras.Input((4,)), layers.Dense(width, "relu"), *rate, layers.Dense(UNITS, "softmax")]
    )


def compiled(parts):
    model = keras.Sequential(parts)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def recurrent(meta):
    return compiled(
        [
            keras.Input((4,)),
            layers.Reshape((meta["n_features_in_"], 1)),
            layers.Bidirectional(layers.LSTM(2, dropout=0.2)),
            layers.BatchNormalization(),
            layers.Dense(meta["n_classes_"], "softmax", kernel_initializer="he_normal"),
        ]
    )


def two_branches():
    inputs = keras.Input((4,))
    left = layers.Dense(2, "tanh", kernel_initializer="orthogonal")(inputs)
    right = layers.GaussianNoise(0.1)(layers.Dense(2, bias_initializer="random_normal")(inputs))
    outputs = layers.Dense(UNITS, "softmax")(layers.Concatenate()([left, right]))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def uncompiled(meta):
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(4, "relu"), layers.Dense(meta["n_classes_"], "softmax")]
    )


class Always:
    """The same builder as an object, whose models are always built."""

    def __init__(self, build):
        self.build = build

    def __call__(self, meta):
        return self.build(meta) if "meta" in self.build.__code__.co_varnames else self.build()


def weights(net):
    return [v.numpy() for v in net.model_.variables] + [
        v.numpy() for v in net.model_.optimizer.variables
    ]


def same(first, second):
    assert len(first) == len(second)
    return all(map(np.array_equal, first, second))


def n_built(function):
    with counted_calls(["add_weight"]) as counts:
        function()
    return counts["add_weight"]


SETTINGS = {
    uncompiled: {
        "loss": "sparse_categorical_crossentropy",
        "optimizer": "adam",
        "optimizer__learning_rate": 0.01,
        "metrics": ["accuracy"],
    }
}


@pytest.mark.parametrize("build", [dense, recurrent, two_branches, uncompiled])
def test_equal_seeds_give_equal_bits_whether_a_model_was_built_or_not(build, iris):
    X, y = iris

    def fitted(model, seed):
        settings = SETTINGS.get(build, {})
        return KerasClassifier(model, epochs=2, random_state=seed, **settings).fit(X, y)

    nets = [fitted(build, seed) for seed in (0, 1, 2, 3)]
    assert n_built(lambda: fitted(build, 4)) == 0
    for net, seed in zip(nets, range(4), strict=True):
        built = fitted(Always(build), seed)
        assert np.array_equal(net.predict_proba(X), built.predict_proba(X))
        assert same(weights(net), weights(built))
        assert net.history_ == built.history_
        assert np.array_equal(net.predict_proba(X), built.predict_proba(X))


def test_without_a_seed_the_global_generator_gives_the_same_numbers(iris):
    def three_nets(model):
        random.seed(5)
        nets = [KerasClassifier(model, epochs=1, shuffle=False, batch_size=150) for _ in range(4)]
        return [weights(net.fit(*iris)) for net in nets], random.random()

    found, after = three_nets(dense)
    wanted, after_always = three_nets(Always(lambda: dense()))
    assert all(map(same, found, wanted))
    assert after == after_always


def test_a_search_builds_each_candidate_twice(iris):
    def build(width, rate):
        model = dense(width)
        model.optimizer.learning_rate = rate
        return model

    def search(build):
        net = KerasClassifier(build, width=2, rate=0.1, epochs=2, random_state=0)
        grid = {"width": [2, 5], "rate": [0.1, 0.01]}
        return GridSearchCV(net, grid, cv=5, refit=False).fit(*iris)

    # Four weights a model. A program needs some more, for its optimizer.
    assert n_built(lambda: search(build)) < 4 * 4 * 3 + 20
    first = search(build).cv_results_["mean_test_score"]
    assert n_built(lambda: search(build)) == 0
    assert np.array_equal(first, search(build).cv_results_["mean_test_score"])


def test_a_model_is_built_when_it_is_read(iris):
    X, y = iris
    first, second, third = (KerasClassifier(dense, epochs=2, random_state=s) for s in (0, 1, 2))
    for net in (first, second, third):
        net.fit(X, y)
    before = third.predict_proba(X)
    third.model_.layers[0].trainable = False
    assert third.model_ is third.model_
    assert second.model_ is not third.model_
    assert second.model_.layers[0].trainable
    assert np.array_equal(third.predict_proba(X), before)
    assert np.array_equal(third.model_.predict(X, verbose=0), before)
    assert np.array_equal(
        pickle.loads(pickle.dumps(second)).predict_proba(X), second.predict_proba(X)
    )
    later = KerasClassifier(dense, epochs=2, random_state=2).fit(X, y)
    assert same(
        weights(later), weights(KerasClassifier(Always(dense), epochs=2, random_state=2).fit(X, y))
    )


def test_a_model_that_is_read_may_be_trained_further(iris):
    def trained(model):
        net = KerasClassifier(model, epochs=2, random_state=0, warm_start=True)
        return weights(net.fit(*iris).fit(*iris).partial_fit(*iris))

    found = [trained(dense) for _ in range(3)]
    assert all(same(one, trained(Always(dense))) for one in found)


def test_callbacks_see_the_model_itself(iris):
    class Freezes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = self.model
            self.model.optimizer.learning_rate = 0.001

    for seed in range(4):
        callback = Freezes()
        net = KerasClassifier(dense, epochs=2, random_state=seed, callbacks=callback).fit(*iris)
        assert callback.seen is net.model_
        other = KerasClassifier(Always(dense), epochs=2, random_state=seed, callbacks=Freezes())
        assert same(weights(net), weights(other.fit(*iris)))


def test_a_scorer_is_measured_on_each_model(iris):
    settings = {"epochs": 3, "validation_split": 0.2, "scoring": "accuracy"}
    for seed in range(4):
        net = KerasClassifier(dense, random_state=seed, **settings).fit(*iris)
        other = KerasClassifier(Always(dense), random_state=seed, **settings).fit(*iris)
        assert net.history_ == other.history_


def test_threads_share_no_weights(iris):
    def scores(model, **settings):
        net = KerasClassifier(model, epochs=3)
        grid = {"random_state": list(range(6))}
        return GridSearchCV(net, grid, cv=3, **settings).fit(*iris).cv_results_["mean_test_score"]

    one = scores(Always(dense))
    with joblib.parallel_config("threading"):
        assert np.array_equal(scores(dense, n_jobs=2), one)


def test_what_the_builder_reads_may_change(iris, monkeypatch):
    X, y = iris
    nets = [KerasClassifier(dense, epochs=1, random_state=s).fit(X, y) for s in range(3)]
    monkeypatch.setitem(globals(), "UNITS", 4)
    # Built when it is read, and by then the builder gives four units.
    assert nets[2].model_.output_shape == (None, 3)
    with pytest.raises(ValueError, match="4 unit"):
        KerasClassifier(dense, epochs=1, random_state=0).fit(X, y)


counted = []


def counts_calls():
    counted.append(1)
    return dense()


def draws_a_constant():
    return dense_with(
        layers.Dense(4, kernel_initializer=lambda shape, dtype: tf.random.normal(shape))
    )


def draws_from_numpy():
    first = np.random.normal(size=(4, 4))  # noqa: NPY002
    return dense_with(layers.Dense(4, kernel_initializer=lambda shape, dtype: first))


def prints():
    print("building")
    return dense()


def dense_with(layer):
    return compiled([keras.Input((4,)), layer, layers.Dense(3, "softmax")])


def loads(path):
    return dense_with(layers.Dense(4, kernel_initializer=lambda shape, dtype: np.load(path)))


def draws_an_activation():
    name = "relu" if tf.random.uniform(()) < 0.5 else "tanh"
    return dense_with(layers.Dense(4, name))


def draws_an_activation_with_numpy():
    name = "relu" if default_rng().integers(2) else "tanh"
    return dense_with(layers.Dense(4, name))


@pytest.mark.parametrize(
    "build",
    [
        counts_calls,
        draws_a_constant,
        draws_from_numpy,
        prints,
        draws_an_activation,
        draws_an_activation_with_numpy,
    ],
)
def test_a_builder_that_does_more_is_called_in_each_fit(build, iris):
    for seed in range(3):
        KerasClassifier(build, epochs=1, random_state=seed).fit(*iris)
    again = KerasClassifier(build, epochs=1, random_state=0)
    assert n_built(lambda: again.fit(*iris)) >= 4


def test_a_builder_that_reads_a_file_is_called_in_each_fit(iris, tmp_path):
    path = str(tmp_path / "first.npy")
    net = KerasClassifier(loads, model__path=path, epochs=1, random_state=0)
    for value in (0.1, 0.1, 0.1, 0.2):
        np.save(path, np.full((4, 4), value, "float32"))
        kernel = net.initialize(*iris).model_.layers[0].get_weights()[0]
        net.fit(*iris)
        assert (kernel == np.float32(value)).all()


def test_a_builder_with_a_closure_that_changes():
    X, y = np.zeros((6, 1), "float32"), np.arange(6.0)
    n = 0

    def build():
        nonlocal n
        n += 1
        model = keras.Sequential([keras.Input((1,)), layers.Dense(n), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    for width in (1, 2, 3, 4):
        assert KerasRegressor(build).fit(X, y).model_.layers[0].units == width


def test_registered_functions_may_change(iris):
    def build():
        return dense_with(layers.Dense(4, keras.saving.get_registered_object("scaled")))

    for factor in (1.0, 1.0, 1.0, 2.0):
        with keras.saving.CustomObjectScope({"scaled": lambda x, factor=factor: factor * x}):
            net = KerasClassifier(build, random_state=0).fit(*iris)
            assert net.model_.layers[0].activation(1.0) == factor


def test_arguments_with_seeds_are_other_arguments(iris):
    def build(init):
        return dense_with(layers.Dense(4, kernel_initializer=init))

    for seed in (1, 1, 1, 2):
        init = keras.initializers.GlorotUniform(seed)
        net = KerasClassifier(build, init=init, epochs=1, random_state=0).fit(*iris)
        kernel = net.initialize(*iris).model_.layers[0].get_weights()[0]
        assert np.array_equal(kernel, init((4, 4)))


def test_values_of_meta_count_only_if_they_are_read(iris):
    X, y = iris

    def counts_classes(meta):
        return compiled([keras.Input((4,)), layers.Dense(meta["n_classes_"], "softmax")])

    def counts_rows(meta):
        return dense_with(layers.Dense(meta["X_shape_"][0] // 10))

    def copies_meta(meta):
        return counts_rows(dict(**meta))

    def fit(build, step):
        net = KerasClassifier(build, random_state=0)
        return net.fit(X[::step], y[::step])

    built = [n_built(functools.partial(fit, counts_classes, step)) > 0 for step in (1, 2, 3, 4)]
    assert built == [True, True, False, False]
    for build in (counts_rows, copies_meta):
        for step in (1, 2, 3, 1, 2, 3, 3):
            assert fit(build, step).model_.layers[0].units == 150 // step // 10


def test_a_diverged_or_failed_fit_leaves_no_trace(iris):
    X, y = iris
    for seed in range(3):
        with pytest.raises(ValueError, match="diverged"):
            KerasClassifier(dense, random_state=seed, epochs=3).fit(X * 1e30, y)
    assert same(
        weights(KerasClassifier(dense, random_state=7).fit(X, y)),
        weights(KerasClassifier(Always(dense), random_state=7).fit(X, y)),
    )


def test_settings_of_optimizers_are_settings_of_the_model(iris):
    def fitted(model, **settings):
        optimizer = keras.optimizers.Adam(name="adam", **settings)
        return KerasClassifier(model, optimizer=optimizer, random_state=0, loss=LOSS).fit(*iris)

    for settings in ({"learning_rate": 0.01}, {"learning_rate": 0.3}, {"beta_1": 0.5}):
        for _ in range(3):
            found = fitted(uncompiled, **settings).history_
        assert found == fitted(Always(uncompiled), **settings).history_


def test_names_of_metrics_are_names_in_the_history(iris):
    for name in ("a", "a", "a", "b"):
        metrics = [keras.metrics.SparseCategoricalAccuracy(name=name)]
        net = KerasClassifier(uncompiled, metrics=metrics, random_state=0, loss=LOSS)
        assert set(net.fit(*iris).history_) == {"loss", name}


def test_a_model_that_is_read_has_the_seeds_of_its_fit(iris):
    def seeds(model, seed):
        random.seed(seed)
        net = KerasClassifier(model, random_state=None if seed == 5 else seed).fit(*iris)
        return [layer.kernel_initializer.seed for layer in net.model_.layers]

    for seed in (0, 1, 2, 3, 5):
        assert seeds(dense, seed) == seeds(Always(dense), seed)


def test_a_model_that_the_user_changed_is_no_pattern(iris):
    def build():
        return dense(5)

    for seed in range(3):
        net = KerasClassifier(build, random_state=seed).initialize(*iris)
        net.model_.layers[0].trainable = False
        net.partial_fit(*iris)
    net = KerasClassifier(build, random_state=3).fit(*iris)
    assert same(weights(net), weights(KerasClassifier(Always(build), random_state=3).fit(*iris)))


def test_arguments_that_change_after_the_fit(iris):
    def build(settings):
        model = dense()
        model.compile(keras.optimizers.Adam(0.01, **settings), model.loss)
        return model

    settings = {"beta_1": 0.5}
    nets = [
        KerasClassifier(build, model__settings=settings, random_state=s).fit(*iris)
        for s in range(3)
    ]
    settings["beta_1"] = 0.6
    assert [net.model_.optimizer.beta_1 for net in nets] == [0.5, 0.5, 0.5]


def test_copies_share_one_model(iris):
    for seed in range(3):
        net = KerasClassifier(dense, random_state=seed).fit(*iris)
        copied = copy.copy(net)
        net.model_.fit(*iris, verbose=0)
        trained = weights(net)
        assert copied.model_ is net.model_
        assert same(weights(net), trained)


def changes_meta(meta):
    n = meta["n_classes_"]
    meta["n_classes_"] = n + 1
    return compiled(
        [keras.Input((4,)), layers.Dense(meta["n_classes_"]), layers.Dense(n, "softmax")]
    )


def keeps_meta(meta):
    n = meta["n_classes_"]

    def loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred) * meta["X_shape_"][0]

    model = keras.Sequential([keras.Input((4,)), layers.Dense(n, "softmax")])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("build", [changes_meta, keeps_meta])
def test_a_builder_may_change_or_keep_meta(build, iris):
    for n_classes, n_rows in [(3, 150)] * 3 + [(4, 150)] * 2 + [(3, 50)]:
        X, y = iris[0][:n_rows], np.arange(n_rows) % n_classes
        net = KerasClassifier(build, random_state=0).fit(X, y)
        other = KerasClassifier(Always(build), random_state=0).fit(X, y)
        assert same(weights(net), weights(other))


def test_a_builder_that_is_called_in_each_fit_gets_a_plain_dict(iris):
    kinds = []

    def build(meta):
        kinds.append(type(meta))
        return uncompiled(meta)

    KerasClassifier(Always(build), loss=LOSS).initialize(*iris)
    assert kinds == [dict]


def draws_a_rate(width):
    return dense(width, dropout=float(abs(keras.initializers.RandomUniform(0.1, 0.5)(()))))


def draws_a_learning_rate(width):
    model = dense(width)
    model.optimizer.learning_rate = float(abs(keras.initializers.RandomUniform(0.1, 0.5)(())))
    return model


@pytest.mark.parametrize("seeds", [(0, 1, 2), (0, 0, 1, 2)])
@pytest.mark.parametrize("build", [draws_a_rate, draws_a_learning_rate])
def test_a_builder_that_draws_more_than_weights(build, seeds, iris):
    width = len(seeds)  # the calls of the other seeds are not repeated
    for seed in seeds:
        net = KerasClassifier(build, width=width, random_state=seed).fit(*iris)
        always = Always(lambda meta: build(width))
        other = KerasClassifier(always, random_state=seed).fit(*iris)
        assert np.array_equal(net.predict_proba(iris[0]), other.predict_proba(iris[0]))

"""Training of KerasClassifier and KerasRegressor: what a fit does, and what it leaves alone."""

import gc
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler

from skhp import KerasClassifier, KerasRegressor
from skhp.wrappers import BaseWrapper

pytestmark = pytest.mark.slow

LOSS = "sparse_categorical_crossentropy"


def build(meta, width=8):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def build_regressor(meta):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(meta["n_outputs_"])])


def classifier(function=build, **params):
    return KerasClassifier(function, **{"loss": LOSS, "epochs": 2, "random_state": 0, **params})


def same_weights(a, b):
    return all(map(np.array_equal, a.model_.get_weights(), b.model_.get_weights()))


def test_partial_fit_trains_one_epoch_more_each_time(multiclass):
    X, y = multiclass
    net = classifier(epochs=5)
    for n in (1, 2, 3):
        assert len(net.partial_fit(X, y).history_["loss"]) == net.n_epochs_ == n
        assert net.current_epoch == n
    whole = classifier(epochs=3, shuffle=False).fit(X, y)
    parts = classifier(shuffle=False)
    for _ in range(3):
        parts.partial_fit(X, y)
    assert same_weights(whole, parts)
    for name in ("epochs", "initial_epoch"):
        with pytest.raises(TypeError, match=name):
            net.partial_fit(X, y, **{name: 3})


def test_partial_fit_of_rows_without_some_of_the_classes(multiclass):
    X, y = multiclass
    net = classifier().partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    assert net.target_type_ == "multiclass" and net.predict_proba(X).shape == (len(X), 3)
    net.partial_fit(X[y == 2], y[y == 2])
    with pytest.raises(ValueError, match="not those of the first call"):
        net.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not among the classes"):
        net.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="'balanced' needs all rows"):
        classifier(class_weight="balanced").partial_fit(X, y)
    with pytest.raises(ValueError, match="'balanced' needs all rows"):
        net.partial_fit(X, y, class_weight="balanced")


def test_callbacks_see_the_epochs_of_partial_fit_counted_on(multiclass):
    class Epochs(keras.callbacks.Callback):
        seen = []

        def on_epoch_begin(self, epoch, logs=None):
            self.seen.append(epoch)

    net = classifier(callbacks=[Epochs()])
    net.partial_fit(*multiclass).partial_fit(*multiclass)
    assert Epochs.seen == [0, 1]


@pytest.mark.parametrize("name", ["initial_epoch", "fit__initial_epoch"])
def test_the_number_of_the_first_epoch_is_a_parameter(name, multiclass):
    seen = []
    noting = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch))
    classifier(callbacks=noting, **{name: 3}).fit(*multiclass)
    classifier(callbacks=noting).fit(*multiclass, initial_epoch=3)
    assert seen == [3, 4] * 2


def test_warm_start_goes_on_and_counts_anew(multiclass):
    X, y = multiclass
    net = classifier(warm_start=True, shuffle=False, epochs=2).fit(X, y)
    model = net.model_
    net.fit(X, y)
    assert net.model_ is model and net.n_epochs_ == 2
    assert same_weights(net, classifier(shuffle=False, epochs=4).fit(X, y))
    cold = classifier(shuffle=False).fit(X, y)
    assert same_weights(cold.fit(X, y), classifier(shuffle=False).fit(X, y))


def test_initialize_builds_and_does_not_train(multiclass):
    X, y = multiclass
    net = classifier().initialize(X, y)
    first = net.predict_proba(X)
    assert net.initialized_ and not hasattr(net, "history_")
    np.testing.assert_array_equal(first, clone(net).initialize(X, y).predict_proba(X))
    names = np.array(["a", "b", "c"])[y]
    assert set(net.initialize(X, names).predict(X)) <= {"a", "b", "c"}


def test_a_random_state_is_enough_to_get_the_same_weights(multiclass):
    X, y = multiclass

    class MakesWeightsLate(keras.layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 3), initializer="glorot_uniform")

        def call(self, x):
            return keras.ops.softmax(keras.ops.matmul(x, self.kernel))

    def late():
        return keras.Sequential([keras.layers.Dropout(0.3), MakesWeightsLate()])

    for builder in (build, late):
        net = KerasClassifier(builder, loss=LOSS, epochs=2)
        for seed in (0, np.int64(3), np.random.RandomState(1), np.random.default_rng(2)):
            net.set_params(random_state=seed)
            first = net.fit(X, y).model_.get_weights()
            keras.utils.set_random_seed(5)
            again = net.fit(X, y).model_.get_weights()
            assert all(map(np.array_equal, first, again))
        assert not np.array_equal(clone(net).set_params(random_state=9).fit(X, y)
                                  .model_.get_weights()[0], first[0])  # fmt: skip


def test_a_seeded_fit_leaves_global_generators_and_determinism_alone(multiclass):
    X, y = multiclass
    before = random.getstate(), np.random.get_state()[1]  # noqa: NPY002 (Keras draws from it)
    classifier(random_state=3).fit(X, y)
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    plain = build({"n_features_in_": 4, "n_classes_": 3})
    plain.add(keras.layers.Dropout(0.5))
    plain.compile("adam", loss=LOSS)
    plain.fit(X, y, verbose=0)  # with TensorFlow's op determinism on: "Random ops require a seed"
    classifier(random_state=None).fit(X, y)


def test_row_weights_multiply_class_weights_and_the_callers_array_is_kept(multiclass):
    X, y = multiclass
    weight = np.linspace(0.5, 2, len(y))
    kept = weight.copy()
    by_class = classifier(class_weight={0: 1, 1: 2, 2: 3}).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(weight, kept)
    assert same_weights(by_class, classifier().fit(X, y, sample_weight=weight * (y + 1)))
    rare = np.r_[np.flatnonzero(y == 0)[:6], np.flatnonzero(y == 1), np.flatnonzero(y == 2)]
    share = len(rare) / (3 * np.bincount(y[rare]))
    balanced = classifier(class_weight="balanced").fit(X[rare], y[rare])
    assert same_weights(balanced, classifier().fit(X[rare], y[rare], sample_weight=share[y[rare]]))


def test_rows_of_weight_zero_are_left_out(multiclass):
    X, y = multiclass
    weight = np.where(np.arange(len(y)) % 3, 1.0, 0.0)
    kept = weight > 0
    weighted = classifier(shuffle=False).fit(X, y, sample_weight=weight)
    left_out = classifier(shuffle=False).fit(X[kept], y[kept], sample_weight=weight[kept])
    assert same_weights(weighted, left_out)
    with pytest.raises(ValueError, match="adds up to zero"):
        classifier().fit(X, y, sample_weight=np.zeros(len(y)))


@pytest.mark.parametrize("argument", [{"validation_steps": 1}, {"validation_freq": 2}])
def test_arguments_that_only_keras_knows(multiclass, argument):
    X, y = multiclass
    nets = [classifier(validation_split=0.2, epochs=2).fit(X, y, **argument) for _ in range(2)]
    assert nets[0].engine_ == "keras" and next(iter(argument)) in nets[0].engine_reason_
    assert same_weights(*nets)
    assert len(nets[0].history_["loss"]) == 2


def test_an_optimizer_or_metric_object_serves_many_fits(multiclass):
    optimizer = keras.optimizers.Adam(0.01)
    metric = keras.metrics.SparseCategoricalAccuracy(name="m")
    net = classifier(optimizer=optimizer, metrics=[metric])
    first = net.fit(*multiclass).history_
    assert net.fit(*multiclass).history_ == first
    assert not optimizer.built and float(metric.result()) == 0


def test_a_metric_called_loss_replaces_the_loss_as_in_keras(multiclass):
    accuracy = keras.metrics.SparseCategoricalAccuracy
    net = classifier(metrics=[accuracy("loss"), accuracy("other")]).fit(*multiclass)
    assert net.history_["loss"] == net.history_["other"] and net.n_epochs_ == 2


def test_metrics_of_the_history_are_those_of_evaluate(multiclass):
    X, y = multiclass
    net = classifier(metrics=["accuracy"], epochs=1, optimizer="sgd",
                     optimizer__learning_rate=0.0).fit(X, y)  # fmt: skip
    expected = dict(zip(["loss", "accuracy"], net.model_.evaluate(X, y, verbose=0), strict=True))
    assert {k: v[0] for k, v in net.history_.items()} == pytest.approx(expected, rel=1e-5)
    assert net.score(X, y) == pytest.approx(net.history_["accuracy"][0])


# Encoders of the user's own --------------------------------------------------------------


class Halves(KerasClassifier):
    """Two inputs, from the columns of one X."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(lambda X: {"left": X[:, :2], "right": X[:, 2:]})


def build_halves():
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    hidden = keras.layers.Concatenate()([left, right])
    return keras.Model([left, right], keras.layers.Dense(3, activation="softmax")(hidden))


def build_whole():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def test_a_feature_encoder_may_split_X(multiclass):
    X, y = multiclass
    halves = Halves(build_halves, loss=LOSS, random_state=0, epochs=2).fit(X, y)
    whole = KerasClassifier(build_whole, loss=LOSS, random_state=0, epochs=2).fit(X, y)
    assert halves.engine_ == "graph"
    np.testing.assert_allclose(halves.predict_proba(X), whole.predict_proba(X), rtol=1e-4)


class TwoTargets(BaseEstimator, TransformerMixin):
    """A class and a value, as the two outputs of a model."""

    def fit(self, y):
        self.labels_ = LabelEncoder().fit(y[:, 0])
        self.scaler_ = StandardScaler().fit(y[:, 1:])
        return self

    def transform(self, y):
        return {"kind": self.labels_.transform(y[:, 0]), "size": self.scaler_.transform(y[:, 1:])}

    def inverse_transform(self, outputs, return_proba=False):
        if return_proba:
            return outputs["kind"]
        kind = self.labels_.inverse_transform(outputs["kind"].argmax(axis=1))
        return np.column_stack([kind, self.scaler_.inverse_transform(outputs["size"])])

    def get_metadata(self):
        return {"n_outputs_expected_": 2, "n_kinds_": len(self.labels_.classes_)}


class TwoOutputs(BaseWrapper):
    @property
    def target_encoder(self):
        return TwoTargets()

    @staticmethod
    def scorer(y_true, y_pred, **kwargs):
        return (
            accuracy_score(y_true[:, 0], y_pred[:, 0]) + r2_score(y_true[:, 1], y_pred[:, 1])
        ) / 2


def build_two(meta):
    x = keras.Input((4,))
    kind = keras.layers.Dense(meta["n_kinds_"], activation="softmax", name="kind")(x)
    size = keras.layers.Dense(1, name="size")(x)
    return keras.Model(x, {"kind": kind, "size": size})


def test_two_outputs_of_different_kinds(multiclass):
    X, labels = multiclass
    y = np.column_stack([labels, X[:, 0] * 2 + 1])
    net = TwoOutputs(
        build_two, loss={"kind": LOSS, "size": "mse"}, optimizer="adam", random_state=0,
        metrics={"kind": ["accuracy"]}, epochs=60, optimizer__learning_rate=0.05,
    ).fit(X, y)  # fmt: skip
    assert net.engine_ == "graph" and "kind_accuracy" in net.history_
    assert net.predict(X).shape == y.shape and net.score(X, y) > 0.8
    with pytest.raises(ValueError, match=r"build_whole.*1 outputs.*TwoTargets.*2"):
        TwoOutputs(build_whole, loss=LOSS).fit(X, y)


def shared_models(compiled=False):
    """A whole network, and its first part."""
    x = keras.Input((4,))
    code = keras.layers.Dense(3, activation="tanh")(x)
    whole, part = keras.Model(x, keras.layers.Dense(4)(code)), keras.Model(x, code)
    if compiled:
        whole.compile(keras.optimizers.Adam(0.05), "mse")
    return whole, part


SETTINGS = {"loss": "mse", "optimizer": "adam", "random_state": 0, "epochs": 3}


@pytest.mark.parametrize("compiled", [False, True])
def test_a_given_model_is_trained_itself_and_each_fit_starts_where_it_was_given(
    compiled, multiclass
):
    X, _ = multiclass
    whole, part = shared_models(compiled)
    settings = {"random_state": 0, "epochs": 3} if compiled else SETTINGS
    net, encoder = KerasRegressor(whole, **settings), BaseWrapper(part).initialize(X)
    at_first = encoder.predict(X)
    assert net.fit(X, X).model_ is whole
    trained = encoder.predict(X)
    assert not np.allclose(at_first, trained)
    first = whole.get_weights()
    net.fit(X, X)
    assert all(map(np.array_equal, first, whole.get_weights()))
    copied = clone(net)  # as given, not as trained
    assert copied.model is not whole
    assert all(map(np.array_equal, first, copied.fit(X, X).model_.get_weights()))
    again = pickle.loads(pickle.dumps(net))
    assert all(map(np.array_equal, first, again.fit(X, X).model_.get_weights()))
    np.testing.assert_array_equal(encoder.predict(X), trained)
    net.partial_fit(X, X)
    assert not any(map(np.array_equal, first, whole.get_weights()))
    part.set_weights([np.zeros((4, 3)), np.zeros(3)])  # by the user: the new start
    assert net.fit(X, X, epochs=1).model_ is whole
    assert not any(map(np.array_equal, first, whole.get_weights()))


def test_a_given_model_left_uncompiled_is_compiled_with_the_settings_of_each_fit(multiclass):
    X, _ = multiclass
    net = KerasRegressor(shared_models()[0], **SETTINGS).fit(X, X)
    rates = [0.5, 0.25]
    for estimator in (net, clone(net)):
        for rate in rates:
            estimator.set_params(optimizer__learning_rate=rate).fit(X, X)
            assert float(estimator.model_.optimizer.learning_rate) == rate
    search = GridSearchCV(net, {"optimizer__learning_rate": rates}, cv=2, refit=False).fit(X, X)
    assert len(set(search.cv_results_["mean_test_score"])) == 2


class AutoEncoder(TransformerMixin, BaseWrapper):
    """As scikeras's guide writes one."""

    def _keras_build_fn(self, meta, width=2):
        x = keras.Input((meta["n_features_in_"],))
        code = keras.layers.Dense(width, activation="tanh")(x)
        self.encoder_model_ = keras.Model(x, code)
        return keras.Model(x, keras.layers.Dense(meta["n_features_in_"])(code))

    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, X, sample_weight=sample_weight)
        return self

    def transform(self, X):
        return np.asarray(self.encoder_model_(X))


class OwnFit(keras.Sequential):
    """Has a fit that expects arrays, and scales them."""

    def fit(self, x, y, **kwargs):
        assert isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
        return super().fit(x / 10, y, **kwargs)


def test_a_model_is_trained_through_its_own_fit(multiclass):
    X, y = multiclass

    def with_own_fit(meta):
        return OwnFit(build(meta).layers)

    global_seeds = iter(range(9))

    def fitted(**params):
        keras.utils.set_random_seed(next(global_seeds))
        return classifier(with_own_fit, metrics=["accuracy"], **params).fit(X, y)

    net = fitted(validation_split=0.2)
    assert net.engine_ == "keras" and "fit of its own" in net.engine_reason_
    assert {*net.history_} == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert same_weights(net, fitted(validation_split=0.2))
    plain = classifier(shuffle=False).fit(X / 10, y)
    pairs = zip(fitted(shuffle=False).model_.get_weights(), plain.model_.get_weights(), strict=True)
    for ours, expected in pairs:
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)
    weighted = fitted(shuffle=False).fit(X, y, sample_weight=np.arange(len(y)))
    assert not same_weights(weighted, fitted(shuffle=False))


def test_an_autoencoder_is_a_transformer(multiclass):
    X, _ = multiclass
    net = AutoEncoder(loss="mse", optimizer="adam", width=3, epochs=2, random_state=0)
    codes = net.fit_transform(X)
    assert codes.shape == (len(X), 3)
    kernel, bias = net.model_.layers[1].get_weights()  # the trained ones
    np.testing.assert_allclose(codes, np.tanh(X @ kernel + bias), rtol=1e-4, atol=1e-5)


def test_regressors_of_one_and_two_outputs(regression):
    X, y = regression
    params = {"loss": "mse", "optimizer": "adam", "optimizer__learning_rate": 0.1, "epochs": 60}
    one = KerasRegressor(build_regressor, **params).fit(X, y)
    assert one.predict(X).shape == y.shape and one.score(X, y) > 0.9
    two = KerasRegressor(build_regressor, **params).fit(X, np.column_stack([y, -y]))
    assert two.predict(X).shape == (len(y), 2)
    assert two.predict(X[:1]).shape == (1, 2)


# Persistence and memory ------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_pickled_estimator_predicts_the_same_and_trains_on_the_same(multiclass, optimizer):
    X, y = multiclass
    net = classifier(metrics=["accuracy"], optimizer=optimizer).fit(X, y)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    assert same_weights(again.partial_fit(X, y), net.partial_fit(X, y))
    assert again.history_ == net.history_
    again = pickle.loads(pickle.dumps(net))
    assert same_weights(again.fit(X, y), clone(net).fit(X, y))
    assert {again.engine_, net.engine_} == {"graph"}


def test_memory_stays_flat_over_many_fits(multiclass):
    X, y = multiclass
    psutil = pytest.importorskip("psutil")
    net = classifier(epochs=1)

    def resident_after(fits):
        for _ in range(fits):
            net.fit(X, y)
        gc.collect()
        return psutil.Process().memory_info().rss

    first = resident_after(100)
    growth = (resident_after(256) - first) / 256
    assert growth < 80_000  # scikeras: 6 MB a fit; Keras alone, building the model: 200 kB


def test_a_row_is_predicted_alike_in_any_batch(multiclass):
    def build_normalized(meta):
        layers = [keras.layers.BatchNormalization(), *build(meta).layers]
        return keras.Sequential([keras.Input((4,)), *layers])

    X, y = multiclass
    net = classifier(build_normalized).fit(X, y)
    outputs = net.predict_proba(X)
    for order in (np.arange(1), np.arange(7), np.arange(32), np.arange(89)[::-1], np.arange(1, 90)):
        np.testing.assert_array_equal(net.predict_proba(X[order]), outputs[order])


def test_a_model_that_looks_at_its_rows_together_sees_no_others(multiclass):
    @keras.saving.register_keras_serializable("tests")
    class Centred(keras.layers.Layer):
        def call(self, x):
            return x - keras.ops.mean(x, axis=0)

    def build_centred(meta):
        return keras.Sequential([keras.Input((4,)), Centred(), *build(meta).layers])

    X, y = multiclass
    net = classifier(build_centred).fit(X, y)
    expected = net.model_.predict(X[:5], verbose=0)
    np.testing.assert_allclose(net.predict_proba(X[:5]), expected, rtol=1e-6)


def test_a_learning_rate_set_on_the_model_counts(multiclass):
    net = classifier(optimizer="sgd").partial_fit(*multiclass)
    net.model_.optimizer.learning_rate = 0.0
    before = net.model_.get_weights()
    model = net.model_
    net.partial_fit(*multiclass)
    assert all(map(np.array_equal, before, net.model_.get_weights()))
    assert int(model.optimizer.iterations) == 6  # of three batches each


def test_without_a_random_state_numpys_generator_decides_the_order(multiclass):
    def fit():
        keras.utils.set_random_seed(3)
        return classifier(random_state=None).fit(*multiclass)

    assert same_weights(fit(), fit())


def test_threads_that_first_predict_with_an_unpickled_estimator(multiclass):
    X, y = multiclass
    net = pickle.loads(pickle.dumps(classifier().fit(X, y)))
    with ThreadPoolExecutor(8) as pool:
        predictions = list(pool.map(lambda _: net.predict(X), range(8)))
    assert all(np.array_equal(one, predictions[0]) for one in predictions)

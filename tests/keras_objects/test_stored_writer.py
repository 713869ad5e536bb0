"""Estimators in the open: what a file would load can be listed, and comes back the same."""

import copy
import pickle
import pickletools
import threading

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import KerasClassifier, KerasRegressor, MLPClassifier, MLPRegressor
from skhp.keras_objects.stored_forms import StoredCode, StoredName
from skhp.keras_objects.stored_reader import from_stored
from skhp.keras_objects.stored_writer import to_stored
from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

NET = {"n_layers": 1, "width": 4, "epochs": 2, "random_state": 0}


def build(units=3, activation="relu"):
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(units, activation=activation), Shifted(1.0),
         layers.Dense(2, activation="softmax")]
    )  # fmt: skip


def build_plain():
    outputs = layers.Dense(2, activation="softmax")
    return keras.Sequential([keras.Input((4,)), outputs])


def build_one():
    return keras.Sequential([keras.Input((4,)), layers.Dense(1)])


class Shifted(layers.Layer):
    def __init__(self, by, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, x):
        return x + self.by


class Silent(keras.optimizers.schedules.LearningRateSchedule):
    """Has no get_config."""

    def __init__(self, first):
        self.first = first

    def __call__(self, step):
        return self.first / (keras.ops.cast(step, "float32") + 1)


class Falling(Silent):
    def get_config(self):
        return {"first": self.first}


class Counts(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1


def classifier(model=build, **settings):
    settings = {"loss": "sparse_categorical_crossentropy", "optimizer": "adam", **settings}
    return KerasClassifier(model, **settings, epochs=2, random_state=0)


ESTIMATORS = {
    "MLPClassifier": lambda: MLPClassifier(**NET, metrics=["accuracy"]),
    "MLPRegressor": lambda: MLPRegressor(**{**NET, "random_state": np.random.RandomState(0)}),
    "MLP, pipeline": lambda: make_pipeline(StandardScaler(), MLPClassifier(**NET, dropout=0.2)),
    "MLP, objects of Keras": lambda: MLPClassifier(
        **NET,
        optimizer=keras.optimizers.SGD(momentum=0.9),
        loss=keras.losses.BinaryFocalCrossentropy(gamma=3.0),
        activation=keras.activations.gelu,
        kernel_initializer=keras.initializers.HeNormal(seed=1),
        metrics=[keras.metrics.AUC(name="auc")],
        callbacks=[keras.callbacks.EarlyStopping(monitor="loss")],
    ),
    "MLP, schedule": lambda: MLPRegressor(
        **NET, learning_rate=keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    ),
    "KerasClassifier": classifier,
    "KerasClassifier, Keras alone": lambda: classifier(build_plain),
    "KerasClassifier, model": lambda: classifier(build()),
    "KerasClassifier, objects of Keras": lambda: classifier(
        activation=keras.activations.tanh,
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9)),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="hits")],
    ),
    "KerasRegressor": lambda: KerasRegressor(build_one, loss="mse", random_state=0),
}

# What each would load beside skhp's own types and those of scikit-learn, scikeras and NumPy.
THE_USERS_OWN = {
    "KerasClassifier": {"build", "Shifted"},
    "KerasClassifier, Keras alone": {"build_plain"},
    "KerasClassifier, model": {"Shifted"},
    "KerasClassifier, objects of Keras": {"build", "Shifted"},
    "KerasRegressor": {"build_one"},
}
KNOWN = ("sklearn", "scikeras", "numpy")


def outputs(net, X):
    return net.predict_proba(X) if hasattr(net, "predict_proba") else net.predict(X)


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request, binary):
    return request.param, ESTIMATORS[request.param]().fit(*binary)


def test_skops_lists_what_it_loads_and_loads_it(fitted, binary):
    sio = pytest.importorskip("skops.io")
    (name, net), (X, y) = fitted, binary
    data = sio.dumps(net)
    listed = sio.get_untrusted_types(data=data)
    others = {t for t in listed if t.split(".")[0] not in ("skhp", *KNOWN)}
    assert others == {f"{__name__}.{own}" for own in THE_USERS_OWN.get(name, ())}
    assert f"{StoredCode.__module__}.StoredCode" not in listed
    again = sio.loads(data, trusted=listed)
    np.testing.assert_array_equal(outputs(again, X), outputs(net, X))
    again.fit(X, y)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor", "MLP, objects of Keras"])
def test_skops_loads_a_perceptron_when_skhps_types_alone_are_trusted(name, binary):
    sio = pytest.importorskip("skops.io")
    X, y = binary
    net = ESTIMATORS[name]().fit(X, y)
    data = sio.dumps(net)
    own = [t for t in sio.get_untrusted_types(data=data) if t.startswith("skhp.")]
    np.testing.assert_array_equal(outputs(sio.loads(data, trusted=own), X), outputs(net, X))


def test_a_pickle_holds_no_pickle(fitted):
    operations = list(pickletools.genops(pickle.dumps(fitted[1])))
    assert "StoredCode" not in [argument for _, argument, _ in operations]
    within = [argument for _, argument, _ in operations if isinstance(argument, bytes)]
    assert not [value for value in within if value[:1] == pickle.PROTO and value[-1:] == b"."]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_predicts_and_fits_to_the_same(again, fitted, binary):
    (_, net), (X, y) = fitted, binary
    copied = again(net)
    np.testing.assert_array_equal(outputs(copied, X), outputs(net, X))
    np.testing.assert_array_equal(
        outputs(again(net).fit(X, y), X), outputs(clone(net).fit(X, y), X)
    )


def test_skops_sees_that_a_lambda_is_kept_by_value(binary):
    sio = pytest.importorskip("skops.io")
    X, y = binary
    net = classifier(lambda: build_plain()).fit(X, y)
    data = sio.dumps(net)
    listed = sio.get_untrusted_types(data=data)
    assert f"{StoredCode.__module__}.StoredCode" in listed
    with pytest.raises(Exception, match="StoredCode"):
        sio.loads(data, trusted=[t for t in listed if not t.endswith("StoredCode")])
    again = sio.loads(data, trusted=listed)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


LOCAL = {
    "schedule": lambda: classifier(optimizer=keras.optimizers.SGD(Falling(0.5))),
    "schedule without a config": lambda: classifier(optimizer=keras.optimizers.SGD(Silent(0.5))),
    "callback": lambda: classifier(callbacks=[Counts()]),
    "class": lambda: classifier(callbacks=Counts),
    "lambda in an MLP": lambda: MLPClassifier(**NET, activation=lambda x: x * 0.5),
    "metric of a function": lambda: classifier(metrics=[scaled_error(lambda a, b: error(a, b))]),
    "the same in an MLP": lambda: MLPClassifier(**NET, metrics=[scaled_error(error)]),
}


def error(y_true, y_pred):
    return keras.ops.abs(y_true - y_pred)


def scaled_error(function):
    return keras.metrics.MeanMetricWrapper(lambda a, b, by: by * function(a, b), "scaled", by=2.0)


@pytest.mark.parametrize("name", LOCAL)
def test_the_users_own_objects(name, binary):
    X, y = binary
    net = LOCAL[name]().fit(X, y)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(outputs(again, X), outputs(net, X))
    np.testing.assert_array_equal(outputs(again.fit(X, y), X), outputs(net, X))


class NoConfig(keras.optimizers.SGD):
    def get_config(self):
        raise NotImplementedError


def test_an_optimizer_that_cannot_be_made_again_says_so():
    with pytest.raises(TypeError, match=r"optimizer NoConfig cannot be pickled: .* get_config"):
        pickle.dumps(classifier(optimizer=NoConfig(0.5)))


def test_an_object_met_twice_is_one_object_again():
    twice = {"shared": [1]}
    twice["itself"] = twice
    counts = Counts()
    again = from_stored(pickle.loads(pickle.dumps(to_stored([twice, counts, counts]))))
    assert again[0]["itself"] is again[0] and again[1] is again[2] is not counts


def test_names_that_keras_does_not_offer_are_refused():
    for name in (
        StoredName("os", "system"),
        StoredName("keras.src.utils.io_utils", "sys.exit"),
        StoredName("keras.src.utils.python_utils", "func_load"),
        StoredName("keras.layers", "NoSuchLayer"),
    ):
        with pytest.raises(ValueError, match="Keras has no class"):
            from_stored(name)


def test_bytecode_in_a_config_is_refused():
    packed = to_stored(build_plain())
    packed.config["layers"][1]["config"]["activation"] = {"class_name": "__lambda__", "config": {}}
    with pytest.raises(ValueError, match="has bytecode of a function in its config"):
        from_stored(packed)


# Vocabularies -----------------------------------------------------------------------


def build_text(words=None, lookup=None):
    layer = lookup or layers.StringLookup(vocabulary=words, output_mode="multi_hot")
    inputs = keras.Input((1,))
    # scikit-learn's numbers become the words "0", "1", ...
    texts = layers.Lambda(as_words, output_shape=(1,))(inputs)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layer(texts)))


def as_words(x):
    import tensorflow as tf

    return tf.strings.as_string(tf.cast(x, "int32"))


def test_an_adapted_layer_among_the_builders_arguments():
    lookup = layers.StringLookup(output_mode="multi_hot")
    lookup.adapt(np.array(["0", "1", "2"]))
    net = classifier(build_text, lookup=lookup, run_eagerly=True)
    for again in (clone(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        copied = again.get_params()["lookup"]
        assert copied is not lookup and copied.get_vocabulary() == lookup.get_vocabulary()


def test_a_model_that_is_given_keeps_its_vocabulary():
    X, y = np.arange(12.0)[:, None] % 4, np.arange(12) % 4 // 2
    lookup = layers.StringLookup(output_mode="multi_hot")
    lookup.adapt(np.array(["0", "1", "2", "3"]))
    net = classifier(build_text(lookup=lookup), run_eagerly=True)
    expected = clone(net).fit(X, y).predict_proba(X)
    fitted = net.fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)
    assert len(np.unique(expected, axis=0)) == 4
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), expected)


def test_a_model_that_is_given_is_stored_once(binary):
    output = layers.Dense(2, activation="softmax", name="stored_once")
    net = classifier(keras.Sequential([keras.Input((4,)), output]))
    before = pickle.dumps(net).count(b"stored_once")
    assert pickle.dumps(net.fit(*binary)).count(b"stored_once") == before > 0


# Other processes and threads --------------------------------------------------------


PREDICT = """
import json, pickle
from pathlib import Path
import numpy as np
folder = Path(__file__).parent
net = pickle.loads((folder / "net.pickle").read_bytes())
print(json.dumps(net.predict_proba(np.load(folder / "X.npy")).tolist()))
"""


def test_another_process_predicts(binary, tmp_path):
    X, y = binary
    net = classifier().fit(X, y)
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "net.pickle").write_bytes(pickle.dumps(net))
    found = run_script(tmp_path / "predict.py", PREDICT)
    np.testing.assert_array_equal(np.asarray(found, "float32"), net.predict_proba(X))


def in_threads(function, n=4):
    found, start = [None] * n, threading.Barrier(n)

    def run(i):
        start.wait()
        found[i] = function()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_pickles_from_several_threads_are_whole(binary):
    X, y = binary
    for _ in range(5):
        net = classifier(activation=lambda x: x * 2).fit(X, y)
        for pickled in in_threads(lambda net=net: pickle.dumps(net)):
            again = pickle.loads(pickled)
            variables = [v.numpy() for v in again.model_.optimizer.variables]
            expected = [v.numpy() for v in net.model_.optimizer.variables]
            for value, other in zip(variables, expected, strict=True):
                np.testing.assert_array_equal(value, other)
            assert again.get_params()["activation"].__name__ == "<lambda>"


def test_threads_that_load_one_estimator_share_its_model(binary):
    net = pickle.loads(pickle.dumps(classifier().fit(*binary)))
    assert len({id(model) for model in in_threads(lambda: net.model_)}) == 1


def test_a_builder_may_ask_for_the_model_that_another_thread_loads(binary):
    """With a lock around each, the two waited for one another."""
    X, y = binary
    pickled = pickle.dumps(classifier().fit(X, y))
    one, two = pickle.loads(pickled), pickle.loads(pickled)
    in_builder, loaded = threading.Event(), threading.Event()

    def transfer():
        in_builder.set()
        loaded.wait(30)
        return keras.Sequential([keras.Input((4,)), *two.model_.layers])

    def load():
        in_builder.wait(30)
        one.predict(X)
        loaded.set()

    threads = [
        threading.Thread(target=lambda: classifier(transfer).fit(X, y), daemon=True),
        threading.Thread(target=load, daemon=True),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert loaded.is_set() and not any(thread.is_alive() for thread in threads)


def test_a_fit_after_loading_trains_a_new_model(binary):
    X, y = binary
    net = classifier().fit(X, y)
    again = pickle.loads(pickle.dumps(net)).set_params(random_state=1).fit(X, y)
    expected = clone(net).set_params(random_state=1).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), expected.predict_proba(X))

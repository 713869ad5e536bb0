"""Keras models at rest: small, whole, and with the user's own code."""

import copy
import pickle
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.base import clone

from skhp import KerasClassifier
from skhp.keras_objects.storage import copy_model
from skhp.keras_objects.stored_reader import from_stored
from skhp.keras_objects.stored_writer import to_stored
from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow


def dump(value):
    return pickle.dumps(to_stored(value))


def load(pickled):
    return from_stored(pickle.loads(pickled))


def doubled(x):
    return x * 2


class Shifted(layers.Layer):
    """Takes no ``name``, ``dtype`` or ``trainable``, and has no get_config."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def call(self, x):
        return x + self.by


class Halved(keras.regularizers.Regularizer):
    def __call__(self, weight):
        return 0.5 * keras.ops.sum(weight * weight)

    def get_config(self):
        return {}


class Net(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.width = width
        self.layer = layers.Dense(width)

    def call(self, x):
        return self.layer(x)


class NeedsMore(keras.metrics.Metric):
    def __init__(self, more):
        super().__init__()
        self.more = more

    def update_state(self, *args, **kwargs): ...

    def result(self):
        return self.more


def sequential(*middle):
    return keras.Sequential([keras.Input((4,)), *middle, layers.Dense(2)])


MODELS = {
    "own activation": lambda: sequential(layers.Dense(3, activation=doubled)),
    "lambda": lambda: sequential(layers.Dense(3, activation=lambda x: x - 1)),
    "lambda layer": lambda: sequential(layers.Lambda(lambda x: x - 1)),
    "own layer": lambda: sequential(Shifted(2.0)),
    "own regularizer": lambda: sequential(layers.Dense(3, kernel_regularizer=Halved())),
    "layers in a layer": lambda: sequential(
        keras.Sequential([Shifted(1.0), layers.BatchNormalization()])
    ),
    "subclass": lambda: Net(2),
}

X = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("again", [copy_model, lambda model: load(dump(model))])
def test_a_model_is_the_same_again(name, again):
    model = MODELS[name]()
    model(X)
    model.compile("adam", loss="mse", run_eagerly=True)  # there is no need to trace
    model.fit(X, np.zeros((8, 2), "float32"), verbose=0)
    other = again(model)
    np.testing.assert_array_equal(np.asarray(other(X)), np.asarray(model(X)))
    for one in (model, other):
        one.fit(X, np.ones((8, 2), "float32"), verbose=0, shuffle=False)
    for a, b in zip(model.weights, other.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-7)


def adapted(layer, data):
    layer.adapt(np.array(data))
    return layer


class Counted(layers.Layer):
    """Keeps what it learned in an attribute, and saves it as Keras asks for."""

    learned = b""

    def call(self, x):
        return x + len(self.learned)

    def save_assets(self, folder):
        Path(folder, "learned.bin").write_bytes(self.learned)

    def load_assets(self, folder):
        self.learned = Path(folder, "learned.bin").read_bytes()


def counted():
    layer = Counted()
    layer.learned = b"abc"
    return layer


TEXT = ["red green", "green\x85blue", "red", ""]
WORDS = ["a", "b\nc", "b", ""]
PREPROCESSING = {
    "StringLookup": (lambda: adapted(layers.StringLookup(), WORDS), WORDS),
    "StringLookup, given": (lambda: layers.StringLookup(vocabulary=WORDS[:3]), WORDS),
    "StringLookup, multi-hot": (
        lambda: adapted(layers.StringLookup(output_mode="multi_hot", max_tokens=3), WORDS),
        WORDS,
    ),
    "IntegerLookup": (lambda: adapted(layers.IntegerLookup(mask_token=0), [5, 7, -2]), [5, -2, 0]),
    "TextVectorization": (lambda: adapted(layers.TextVectorization(), TEXT), TEXT),
    "TextVectorization, tf-idf": (
        lambda: adapted(
            layers.TextVectorization(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True),
            TEXT,
        ),
        TEXT,
    ),
    "Hashing": (lambda: layers.Hashing(5, salt=3), WORDS),
    "Discretization": (lambda: adapted(layers.Discretization(num_bins=3), range(9)), [1.0, 7.5]),
    "Normalization": (lambda: adapted(layers.Normalization(axis=None), [1.0, 5.0]), [2.0, 3.0]),
    "with assets of its own": (counted, [1.0, 2.0]),
}


@pytest.mark.parametrize("name", PREPROCESSING)
@pytest.mark.parametrize("again", [copy_model, lambda model: load(dump(model))])
def test_a_model_keeps_what_its_layers_adapted_to(name, again):
    make, X = PREPROCESSING[name]
    X = keras.ops.convert_to_tensor(np.array(X)[:, None])
    model = keras.Sequential([keras.Input((1,), dtype=X.dtype), make()])
    expected = keras.ops.convert_to_numpy(model(X))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(model)(X)), expected)


def test_a_copied_layer_that_has_not_adapted_yet_can_adapt():
    model = keras.Sequential([keras.Input((1,), dtype="string"), layers.StringLookup()])
    again = copy_model(model).layers[0]
    again.adapt(np.array(["a", "b"]))
    assert again.get_vocabulary() == ["[UNK]", "b", "a"]


class Holds(keras.Model):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def call(self, x):
        return self.part(x)


def test_a_model_that_cannot_be_made_again_says_so():
    model = Holds(layers.Dense(2))
    model(X)
    with pytest.raises(TypeError, match=r"Holds cannot be pickled.*get_config"):
        dump(model)


class Calls(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


def test_a_layer_that_cannot_be_made_again_is_named():
    with pytest.raises(TypeError, match=r"Calls cannot be pickled.*get_config"):
        copy_model(sequential(Calls(lambda x: x)))


def test_two_functions_of_one_name_are_not_taken_for_one_another():
    def scaled(factor):
        def activation(x):
            return x * factor

        return activation

    model = sequential(*(layers.Dense(3, activation=scaled(k)) for k in (1.0, 2.0)))
    again = load(dump(model))
    np.testing.assert_array_equal(np.asarray(again(X)), np.asarray(model(X)))
    assert model.layers[0].activation.__name__ == "activation"


def test_two_classes_of_one_name_are_refused():
    def local():
        class Local(layers.Layer):
            def call(self, x):
                return x

        return Local()

    with pytest.raises(ValueError, match=r"two different classes named 'Local'"):
        dump(sequential(local(), local()))


def test_a_metric_that_cannot_be_made_again_says_so():
    with pytest.raises(TypeError, match=r"NeedsMore cannot be pickled.*get_config"):
        dump(NeedsMore(3))


def test_a_pickle_is_smaller_than_a_keras_file(tmp_path):
    model = sequential(layers.Dense(64))
    model.compile("adam", loss="mse")
    model.fit(X, np.zeros((8, 2), "float32"), verbose=0)
    model.save(tmp_path / "net.keras")
    assert len(dump(model)) < (tmp_path / "net.keras").stat().st_size / 2


def build(activation=doubled):
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation=activation), Shifted(1.0),
         layers.Dense(2, activation="softmax")]
    )  # fmt: skip


def mean_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


def test_estimators_with_code_of_the_users_own(binary):
    X, y = binary
    net = KerasClassifier(build, loss=mean_loss, activation=lambda x: x * 3, random_state=0)
    net.fit(X, y)
    expected = net.predict_proba(X)
    for again in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    np.testing.assert_array_equal(clone(net).fit(X, y).predict_proba(X), expected)
    model = build(lambda x: x * 3)  # Keras's own deep copy does not find Shifted again
    assert clone(KerasClassifier(model, loss=mean_loss)).fit(X, y).model_ is not model


OF_MAIN = """
import json, keras, numpy as np, pickle
from pathlib import Path
from skhp import KerasClassifier

def act(x):
    return x * 0.5

def build():
    hidden = keras.layers.Dense(3, activation=act)
    return keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(2, "softmax")])

folder = Path(__file__).parent
rows = np.load(folder / "rows.npz")
net = KerasClassifier(build, loss="sparse_categorical_crossentropy", random_state=0)
net.fit(rows["X"], rows["y"])
(folder / "net.pickle").write_bytes(pickle.dumps(net))
print(json.dumps(net.predict_proba(rows["X"]).tolist()))
"""


def test_functions_of_main_are_found_in_another_process(binary, tmp_path):
    X, y = binary
    np.savez(tmp_path / "rows.npz", X=X, y=y)
    expected = run_script(tmp_path / "script.py", OF_MAIN)
    net = pickle.loads((tmp_path / "net.pickle").read_bytes())
    np.testing.assert_array_equal(net.predict_proba(X), np.asarray(expected, "float32"))


def test_a_saved_model_loads_in_plain_keras(multiclass, tmp_path):
    X, y = multiclass

    def plain():
        return keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])

    net = KerasClassifier(plain, loss="sparse_categorical_crossentropy").fit(X, y)
    net.model_.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), net.predict_proba(X), rtol=1e-5)

"""What KerasClassifier takes as X beside numbers: text, and columns for several inputs."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skhp import KerasClassifier, KerasRegressor
from skhp.callback import LearningCurves
from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

TEXTS = np.array(["good film", "bad play", "good play", "so bad"] * 10, dtype=object)
LABELS = np.array(["up", "down", "up", "down"] * 10)
PARAMS = {
    "loss": "binary_crossentropy",
    "optimizer": "adam",
    "optimizer__learning_rate": 0.1,
    "epochs": 12,
    "random_state": 0,
}


def words(output_mode="multi_hot"):
    layer = keras.layers.TextVectorization(output_mode=output_mode)
    layer.adapt(["good bad film play", "so good"])
    return layer


def dense(width):
    return [
        keras.layers.Dense(width, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]


def build_text(width=8, output_mode="multi_hot"):
    text = keras.Input((1,), dtype="string")
    return keras.Sequential([text, words(output_mode), *dense(width)])


def build_without_input(width=8):
    return keras.Sequential([words(), *dense(width)])


def build_lookup(width=8):
    lookup = keras.layers.StringLookup(vocabulary=sorted(set(TEXTS)), output_mode="one_hot")
    return keras.Sequential([keras.Input((1,), dtype="string"), lookup, *dense(width)])


class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.words, self.out = words(), keras.layers.Dense(1, activation="sigmoid")

    def call(self, x):
        return self.out(self.words(x))


BUILDERS = [build_text, build_without_input, build_lookup, Reader]


@pytest.mark.parametrize("builder", BUILDERS, ids=lambda builder: builder.__name__)
def test_text_reaches_a_model_that_reads_it(builder):
    net = KerasClassifier(builder, **PARAMS, validation_split=0.2)
    net.fit(TEXTS, LABELS)
    assert net.engine_ == "keras" and net.engine_reason_
    assert net.score(TEXTS, LABELS) == 1 and "val_loss" in net.history_
    outputs = net.model_(tf.constant(TEXTS[:4, None]), training=False)
    np.testing.assert_allclose(net.predict_proba(TEXTS[:4])[:, [1]], outputs, rtol=1e-5)
    forms = [list(TEXTS), TEXTS[:, None], TEXTS.astype(str), pd.Series(TEXTS)]
    for X in forms:
        assert net.score(X, LABELS) == 1
    frame = pd.DataFrame({"text": TEXTS})
    assert clone(net).set_params(epochs=1).fit(frame, LABELS).predict(frame).shape == LABELS.shape


@pytest.mark.parametrize("output_mode", ["multi_hot", "tf_idf", "count"])
def test_a_vocabulary_is_pickled_and_copied(output_mode):
    net = KerasClassifier(build_text, **PARAMS, output_mode=output_mode).fit(TEXTS, LABELS)
    again = pickle.loads(pickle.dumps(net))
    new = np.array(["good new film", "bad", ""], dtype=object)
    np.testing.assert_array_equal(again.predict_proba(new), net.predict_proba(new))
    given = clone(KerasClassifier(build_text(output_mode=output_mode), **PARAMS))
    assert given.fit(TEXTS, LABELS).score(TEXTS, LABELS) == 1


def test_a_vocabulary_in_another_process(tmp_path):
    net = KerasClassifier(build_text(), **PARAMS).fit(TEXTS, LABELS)
    path = tmp_path / "net.pickle"
    path.write_bytes(pickle.dumps(net))
    source = f"""
import json, pickle
net = pickle.load(open({str(path)!r}, "rb"))
print(json.dumps(net.predict(["good", "bad"]).tolist()))
"""
    assert run_script(tmp_path / "predict.py", source) == ["up", "down"]


def test_text_in_a_pipeline_a_search_and_a_callback():
    pipeline = make_pipeline(
        FunctionTransformer(np.char.lower), KerasClassifier(build_text, **PARAMS)
    )
    grid = {"kerasclassifier__width": [6, 8]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
    search.fit(TEXTS.astype(str), LABELS)
    assert list(search.cv_results_["mean_test_score"]) == [1, 1]
    curves = LearningCurves()
    net = KerasClassifier(build_text, **PARAMS).set_callbacks(curves)
    net.fit(TEXTS, LABELS)
    assert len(net.history_["loss"]) == 12


def test_learned_bins_are_pickled():
    def build_bins():
        bins = keras.layers.Discretization(num_bins=4, output_mode="one_hot")
        bins.adapt(np.arange(40.0)[:, None])
        return keras.Sequential([keras.Input((1,)), bins, keras.layers.Flatten(), *dense(2)])

    X = np.arange(40.0)[:, None]
    net = KerasClassifier(build_bins, **PARAMS).fit(X, X[:, 0] > 20)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


def build_numbers():
    return keras.Sequential([keras.Input((1,)), *dense(2)])


@pytest.mark.parametrize(
    "builder, X, message",
    [
        (build_numbers, TEXTS, r"X holds text.*build_numbers.*takes numbers.*TextVectorization"),
        (build_text, np.ones((40, 1)), r"X holds numbers.*build_text.*takes text.*astype\(str\)"),
        (build_text, np.where(np.arange(40) == 3, None, TEXTS), "1 values are missing"),
        (build_text, [*TEXTS[:-1].tolist(), np.nan], "1 values are missing"),
        (build_text, pd.Series(TEXTS, dtype="string").shift().to_frame(), "1 values are missing"),
        (build_text, TEXTS[:30], "inconsistent numbers of samples"),
    ],
    ids=[
        "text for numbers",
        "numbers for text",
        "missing",
        "missing in a list",
        "missing in a frame",
        "too few",
    ],
)
def test_text_that_does_not_suit(builder, X, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        KerasClassifier(builder, **PARAMS).fit(X, LABELS)


# Several inputs ----------------------------------------------------------------------------


def build_two():
    text, size = keras.Input((), name="text", dtype="string"), keras.Input((1,), name="size")
    hidden = keras.layers.Concatenate()([words()(text), size])
    return keras.Model([text, size], keras.layers.Dense(1, activation="sigmoid")(hidden))


def build_sum():
    a, b = keras.Input((1,), name="a"), keras.Input((1,), name="b")
    total = keras.layers.Add()([a, keras.layers.Rescaling(10.0)(b)])
    return keras.Model([a, b], keras.layers.Dense(1, kernel_initializer="ones")(total))


def test_columns_of_a_frame_go_to_the_inputs_of_their_names():
    X = pd.DataFrame({"size": np.linspace(0, 1, 40), "text": TEXTS})
    net = KerasClassifier(build_two, **PARAMS).fit(X, LABELS)
    assert net.score(X, LABELS) == 1
    inputs = {"text": tf.constant(TEXTS), "size": tf.constant(X[["size"]], "float32")}
    np.testing.assert_allclose(net.predict_proba(X)[:, [1]], net.model_(inputs), rtol=1e-4)
    assert cross_val_score(net, X, LABELS, cv=2).min() == 1
    assert pickle.loads(pickle.dumps(net)).score(X, LABELS) == 1
    net.fit(X, LABELS, validation_data=(X, LABELS))
    assert len(net.history_["val_loss"]) == 12


def test_columns_of_numbers_train_in_a_program():
    X = pd.DataFrame({"b": np.arange(40.0), "a": np.ones(40)})  # in another order than the inputs
    net = KerasRegressor(build_sum, loss="mse", optimizer="sgd", optimizer__learning_rate=0.0)
    net.fit(X, np.ones(40))
    assert net.engine_ == "graph"
    np.testing.assert_allclose(net.predict(X), 1 + 10 * X["b"])
    assert cross_val_predict(net, X, np.ones(40), cv=2).shape == (40,)


NUMBERS = {"a": np.ones((40, 1)), "b": np.ones((40, 1))}


def rows():
    yield from np.ones((40, 1))


@pytest.mark.parametrize(
    "X, message",
    [
        (NUMBERS, r"Got a dict of inputs \(a, b\).*data frame.*feature_encoder"),
        (list(NUMBERS.values()), "Got a list of 2 arrays of 40 rows.*feature_encoder"),
        (np.ones((40, 2)), "2 inputs, 'a', 'b', and X has no named columns.*feature_encoder"),
        (pd.DataFrame({"a": np.ones(40), "c": np.ones(40)}), "X has columns 'a', 'c'"),
        (pd.DataFrame(np.ones((40, 3)), columns=list("abc")), "X has columns 'a', 'b', 'c'"),
        (pd.DataFrame(index=range(40)), "data frame.*40 rows and no columns"),
        (pd.DataFrame(np.ones((40, 2)), columns=["a", "a"]), "several columns named 'a'.*Rename"),
        (rows(), "X is a generator, which yields batches.*np.concatenate"),
        (tf.data.Dataset.from_tensors(np.ones((40, 1))), "X is a .*Dataset.*np.concatenate"),
        (tf.ragged.constant([[1.0], [1.0, 2.0]]), "rows of equal length.*RaggedTensor.*to_tensor"),
    ],
    ids=[
        "dict",
        "list",
        "array",
        "other columns",
        "more columns",
        "no columns",
        "columns of one name",
        "generator",
        "dataset",
        "ragged tensor",
    ],
)
def test_inputs_that_are_refused_by_name(X, message):
    net = KerasRegressor(build_sum, loss="mse")
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        net.fit(X, np.ones(40))


def test_a_dataset_alone():
    data = tf.data.Dataset.from_tensor_slices((np.ones((4, 1)), np.ones(4))).batch(2)
    with pytest.raises(TypeError, match="takes X and y as arrays"):
        KerasRegressor(build_sum, loss="mse").fit(data)


def test_a_lazy_frame():
    frame = pytest.importorskip("polars").LazyFrame({"a": np.ones(40)})
    with pytest.raises(TypeError, match=r"takes X as an array.*X.collect\(\)"):
        KerasRegressor(build_sum, loss="mse").fit(frame, np.ones(40))

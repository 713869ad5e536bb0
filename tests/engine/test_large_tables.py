"""A large X streams in blocks: the same bits as all rows at once, from any kind of table."""

import copy
import threading

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skhp import KerasClassifier, KerasRegressor, MLPClassifier
from skhp.engine import compile_count, large_table
from skhp.search import FitStore

pytestmark = pytest.mark.slow

N, N_FEATURES, BATCH = 203, 6, 16


@pytest.fixture
def data():
    random = np.random.RandomState(0)
    X = random.standard_normal((N, N_FEATURES)).astype("float32")
    X[random.uniform(size=X.shape) < 0.5] = 0
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


@pytest.fixture
def tiny_blocks(monkeypatch):
    """Let tables count as large from 100 rows, and have blocks of 48 rows."""

    def use():
        monkeypatch.setattr(large_table, "BLOCK_BYTES", 50 * 4 * N_FEATURES)

    return use


def weights_of(estimator):
    return estimator.model_.get_weights()


def check_same(estimator, other):
    for ours, theirs in zip(weights_of(estimator), weights_of(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert estimator.history_ == other.history_


def mlp(**settings):
    settings = {"batch_size": BATCH, "epochs": 2, "random_state": 0, **settings}
    return MLPClassifier(1, 8, **settings)


def of_one_input():
    layers = [keras.layers.Dense(4), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((N_FEATURES,)), *layers])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def of_two_inputs():
    a, b = keras.Input((1,), name="a"), keras.Input((1,), name="b")
    joined = keras.layers.Concatenate()([a, keras.layers.Dense(3)(b)])
    model = keras.Model([a, b], keras.layers.Dense(2, "softmax")(joined))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def wrapper(build, **settings):
    settings = {"batch_size": BATCH, "epochs": 2, "random_state": 0, "verbose": 0, **settings}
    return KerasClassifier(build, **settings)


SETTINGS = {
    "dropout": {"dropout": 0.3},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.6, "patience": 1},
    "no shuffling": {"shuffle": False, "metrics": ["accuracy"]},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_perceptron_has_the_same_bits_in_blocks(data, tiny_blocks, settings):
    X, y = data
    weight = np.linspace(0, 2, N)
    whole = mlp(**settings).fit(X, y, weight)
    tiny_blocks()
    check_same(mlp(**settings).fit(X, y, weight), whole)


def test_validation_rows_come_in_blocks(data, tiny_blocks):
    X, y = data
    whole = mlp().fit(X[:20], y[:20], X_val=X, y_val=y)
    tiny_blocks()
    check_same(mlp().fit(X[:20], y[:20], X_val=X, y_val=y), whole)


def test_a_model_has_the_same_bits_in_blocks(data, tiny_blocks, small_models_compiled):
    X, y = data
    weight = np.arange(N) % 3  # rows of weight 0 are left out
    settings = {"validation_split": 0.2}
    whole = wrapper(of_one_input, **settings).fit(X, y, weight)
    assert whole.engine_ == "compiled"
    tiny_blocks()
    check_same(wrapper(of_one_input, **settings).fit(X, y, weight), whole)


def test_a_graph_has_the_same_bits_in_blocks(data, tiny_blocks):
    def build():
        layers = [keras.Input((N_FEATURES,)), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
        model = keras.Sequential([*layers, keras.layers.Softmax()])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    X, y = data
    whole = wrapper(build).fit(X, y)
    assert whole.engine_ == "graph"
    tiny_blocks()
    check_same(wrapper(build).fit(X, y), whole)


def test_a_last_batch_that_is_not_padded(data, tiny_blocks, small_models_compiled):
    def build():
        model = keras.Sequential(
            [keras.Input((N_FEATURES,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
        )
        model.compile("sgd", "mse")
        return model

    X, _ = data
    y = X[:, :2]

    def fit():
        settings = {"batch_size": BATCH, "epochs": 2, "random_state": 0, "validation_split": 0.3}
        return KerasRegressor(build, verbose=0, **settings).fit(X, y)

    whole = fit()
    assert whole.engine_ == "compiled"
    tiny_blocks()
    check_same(fit(), whole)


def test_two_inputs(data, tiny_blocks):
    X, y = data
    frame = pd.DataFrame(np.vstack([X[:, :2]] * 3), columns=["a", "b"])
    y = np.tile(y, 3)
    whole = wrapper(of_two_inputs).fit(frame, y)
    tiny_blocks()
    streamed = wrapper(of_two_inputs).fit(frame, y)
    check_same(streamed, whole)
    wanted = whole.model_.predict([frame[["a"]], frame[["b"]]], verbose=0)
    np.testing.assert_allclose(streamed.predict_proba(frame), wanted, rtol=1e-5)


def as_memmap(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


TABLES = {
    "float64": lambda X, folder: X.astype("float64"),
    "every other column": lambda X, folder: np.repeat(X, 2, axis=1)[:, ::2],
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "float64 in Fortran order": lambda X, folder: np.asfortranarray(X, "float64"),
    "memory map": as_memmap,
    "CSR": lambda X, folder: sparse.csr_array(X),
    "COO matrix": lambda X, folder: sparse.coo_matrix(X),
    "data frame": lambda X, folder: pd.DataFrame(X),
    "data frame of float64": lambda X, folder: pd.DataFrame(X.astype("float64")),
    "data frame of two types": lambda X, folder: pd.DataFrame(X).astype({1: "float64"}),
}


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_all_tables_train_and_predict_alike(data, tiny_blocks, tmp_path, make):
    X, y = data
    whole = mlp().fit(X, y)
    tiny_blocks()
    given = make(X, tmp_path)
    streamed = mlp().fit(given, y)
    check_same(streamed, whole)
    wanted = whole.model_.predict(X, verbose=0)
    np.testing.assert_allclose(streamed.predict_proba(given)[:, 1:], wanted, rtol=1e-5)
    by_model = wrapper(of_one_input).fit(given, y)
    np.testing.assert_allclose(
        by_model.predict_proba(given), by_model.model_.predict(X, verbose=0), rtol=1e-5
    )


def test_a_fit_with_more_rows_uses_the_same_program(data, tiny_blocks):
    X, y = data
    tiny_blocks()
    mlp().fit(X[:120], y[:120])
    before = compile_count()
    mlp().fit(X, y)
    assert compile_count() == before


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("make", [mlp, lambda: wrapper(of_one_input)], ids=["mlp", "model"])
def test_wrong_numbers_are_refused(data, tiny_blocks, make, wrong):
    X, y = data
    X = X.astype("float64")
    X[-1, -1] = wrong
    tiny_blocks()
    with pytest.raises(ValueError, match=r"Input X contains|X contains"):
        make().fit(X, y)


def test_no_thread_is_left_after_an_error(data, tiny_blocks):
    class Refuses(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("no more")

    tiny_blocks()
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="no more"):
        mlp(callbacks=[Refuses()]).fit(*data)
    assert threading.active_count() == before


def test_keras_trains_a_large_table_too(data, tiny_blocks):
    def fit(X):
        looks = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
        settings = {"callbacks": [looks], "early_stopping": True, "validation_fraction": 0.6}
        return mlp(**settings).fit(X, y)

    X, y = data
    whole = fit(X)
    assert whole.engine_ == "keras"
    tiny_blocks()
    check_same(fit(sparse.csr_array(X)), whole)


def test_keras_predicts_a_large_table_in_batches(data, tiny_blocks, monkeypatch):
    class Doubled(keras.Sequential):
        def predict_step(self, data):
            return 2 * super().predict_step(data)

    def build():
        layers = [keras.Input((N_FEATURES,)), keras.layers.Dense(2, "softmax")]
        return Doubled(layers)

    X, y = data
    net = wrapper(build, loss="sparse_categorical_crossentropy").fit(X, y)
    wanted = 2 * keras.ops.convert_to_numpy(net.model_(X))
    tiny_blocks()
    monkeypatch.setattr(sparse.csr_array, "toarray", only_few_rows(sparse.csr_array.toarray))
    np.testing.assert_allclose(net.predict_proba(sparse.csr_array(X)), wanted, rtol=1e-5)


def only_few_rows(to_array):
    def checked(self, *args, **kwargs):
        assert self.shape[0] < N // 2
        return to_array(self, *args, **kwargs)

    return checked


def mapped(X, path):
    rows = np.memmap(path, X.dtype, "w+", shape=X.shape)
    rows[:] = X
    return rows


def test_memory_finds_the_fit_of_a_large_table(data, tiny_blocks, tmp_path):
    X, y = data
    tiny_blocks()
    tables = {
        "float64": X.astype("float64"),
        "Fortran order": np.asfortranarray(X),
        "backwards": X[::-1],
        "mapped": mapped(X, tmp_path / "rows"),
        "CSR": sparse.csr_array(X),
    }
    for name, table in tables.items():
        memory = tmp_path / name
        stops = {"early_stopping": True} if name == "mapped" else {}
        first = mlp(**stops, memory=memory).fit(table, y)
        again = mlp(**stops, memory=memory, epochs=3).fit(table, y)
        check_same(again, mlp(**stops, epochs=3).fit(table, y))
        check_same(mlp(**stops, memory=memory).fit(copy.copy(table), y), first)
        assert FitStore(memory).frame()["epochs"].tolist() == [2, 3]
        assert FitStore(memory).frame()["fit"].nunique() == 1


def test_memory_tells_large_tables_apart(tiny_blocks, tmp_path, monkeypatch):
    # The transposed square has the same bytes in memory.
    square = np.random.RandomState(0).standard_normal((N_FEATURES, N_FEATURES)).astype("float32")
    other = square.copy()
    other[-1, -1] += 1e-6
    monkeypatch.setattr(large_table, "BLOCK_BYTES", 40)
    for X in (square, square.T, other, square[::-1], square.astype("float64")):
        mlp(memory=tmp_path).fit(X, [0, 1] * 3)
    for fraction in (1 / 3, 1 / 2):
        stops = {"early_stopping": True, "validation_fraction": fraction}
        mlp(**stops, memory=tmp_path).fit(square, [0, 1] * 3)
    assert FitStore(tmp_path).frame()["fit"].nunique() == 7

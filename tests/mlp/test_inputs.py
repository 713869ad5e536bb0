"""The kinds of X and y that the estimators take."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skhp import MLPClassifier, MLPRegressor

NET = {"n_layers": 1, "width": 16, "learning_rate": 0.01, "epochs": 10, "random_state": 0}


@pytest.fixture(scope="module")
def data(binary):
    """Integers from 0 to 9, which every kind of X can hold, many of them zero."""
    X = np.clip(np.round(binary[0] * 2), 0, 9)
    return X, binary[1]


@pytest.fixture(scope="module")
def expected(data):
    X, y = data
    return MLPClassifier(**NET).fit(X, y).predict_proba(X)


def read_only_memmap(X, folder):
    path = folder / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def polars_frame(X, folder):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(X, schema=list("abcd"))


KINDS = {
    "float64": lambda X, folder: X.astype(np.float64),
    "float32": lambda X, folder: X.astype(np.float32),
    "float16": lambda X, folder: X.astype(np.float16),
    "int64": lambda X, folder: X.astype(np.int64),
    "uint8": lambda X, folder: X.astype(np.uint8),
    "object": lambda X, folder: X.astype(object),
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "strided": lambda X, folder: np.repeat(X, 2, axis=0)[::2],
    "list": lambda X, folder: X.tolist(),
    "read-only memmap": read_only_memmap,
    "CSR array": lambda X, folder: sparse.csr_array(X),
    "CSR matrix": lambda X, folder: sparse.csr_matrix(X),
    "CSC array": lambda X, folder: sparse.csc_array(X),
    "COO array": lambda X, folder: sparse.coo_array(X),
    "pandas": lambda X, folder: pd.DataFrame(X, columns=list("abcd")),
    "pandas of mixed dtypes": lambda X, folder: pd.DataFrame(
        {"a": X[:, 0], "b": X[:, 1].astype("int8"), "c": pd.array(X[:, 2], "Int64"), "d": X[:, 3]}
    ),
    "polars": polars_frame,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_x_gives_the_same_network(kind, data, expected, tmp_path):
    X = KINDS[kind](data[0], tmp_path)
    net = MLPClassifier(**NET).fit(X, data[1])
    np.testing.assert_array_equal(net.predict_proba(X), expected)
    names = getattr(net, "feature_names_in_", None)
    assert (names is not None) == (kind.startswith("pandas") or kind == "polars")
    if names is not None:
        assert list(names) == list("abcd")


def test_x_is_left_as_it_was(data):
    X, y = data[0].copy(), data[1].copy()
    MLPClassifier(**NET).fit(X, y)
    np.testing.assert_array_equal(X, data[0])
    np.testing.assert_array_equal(y, data[1])


@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
@pytest.mark.parametrize("shape", [(2, 2), (1, 2, 2), (2, 2, 1)])
def test_images_are_flattened(shape, make, data, expected):
    images = make(data[0].reshape(60, *shape))
    net = MLPClassifier(**NET).fit(images, data[1])
    assert net.n_features_in_ == 4
    np.testing.assert_array_equal(net.predict_proba(images), expected)


LABELS = {
    "strings": ["no", "yes"],
    "bool": [False, True],
    "int8": np.array([3, 7], np.int8),
    "negative": [-1, 1],
    "object": np.array(["no", "yes"], object),
    "float": [0.0, 1.0],
    "uint64": np.array([2, 2**63], np.uint64),
    "far apart": [-(10**12), 10**12],
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_type(kind, data, expected):
    X, numbers = data
    labels = np.asarray(LABELS[kind])
    net = MLPClassifier(**NET).fit(X, labels[numbers])
    np.testing.assert_array_equal(net.classes_, labels)
    assert net.classes_.dtype == labels.dtype
    np.testing.assert_array_equal(net.predict_proba(X), expected)
    predicted = net.predict(X)
    assert predicted.dtype == labels.dtype
    np.testing.assert_array_equal(predicted, labels[expected.argmax(axis=1)])
    assert net.score(X, labels[numbers]) == (expected.argmax(axis=1) == numbers).mean()


def test_labels_as_a_pandas_categorical(data):
    X, numbers = data
    y = pd.Series(np.array(["no", "yes"])[numbers], dtype="category")
    assert set(MLPClassifier(**NET).fit(X, y).predict(X)) == {"no", "yes"}


def test_sorted_labels_end_up_in_every_part(multiclass):
    X, y = multiclass
    order = np.argsort(y, kind="stable")
    net = MLPClassifier(**{**NET, "epochs": 40}, early_stopping=True).fit(X[order], y[order])
    assert net.score(X, y) > 0.8


def test_classes_at_partial_fit_that_the_first_rows_lack(multiclass):
    X, y = multiclass
    net = MLPClassifier(**NET)
    for _ in range(40):
        for label in range(3):
            net.partial_fit(X[y == label], y[y == label], classes=[0, 1, 2])
    assert net.score(X, y) > 0.8


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_multilabel(make, binary):
    X, _ = binary
    Y = (X[:, :3] > 0).astype(int)
    net = MLPClassifier(**{**NET, "epochs": 60}).fit(X, make(Y))
    assert net.predict_proba(X).shape == (60, 3) == net.predict(X).shape
    assert net.n_outputs_ == 3 and list(net.classes_) == [0, 1, 2]
    assert (net.predict(X) == Y).mean() > 0.9


def test_several_targets(regression):
    X, y = regression
    Y = np.column_stack([y, -y])
    net = MLPRegressor(**{**NET, "epochs": 60}).fit(X, Y)
    assert net.n_outputs_ == 2 and net.predict(X).shape == (60, 2)
    assert net.score(X, Y) > 0.8


@pytest.mark.parametrize("columns", [(), (1,)])
def test_predictions_have_the_shape_of_y(columns, regression):
    X, y = regression
    predicted = MLPRegressor(**NET).fit(X, y.reshape(60, *columns)).predict(X)
    assert predicted.shape == (60, *columns)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool, object])
def test_targets_of_every_dtype(dtype, regression):
    X, y = regression
    y = (y > 0).astype(dtype)
    want = MLPRegressor(**NET).fit(X, y.astype(float)).predict(X)
    np.testing.assert_array_equal(MLPRegressor(**NET).fit(X, y).predict(X), want)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_a_row_is_predicted_alike_in_any_batch(activation, binary):
    X, y = binary
    net = MLPClassifier(**NET, activation=activation).fit(X, y)
    together = net.predict_proba(X)
    for size in (1, 2, 7, 33):
        parts = [net.predict_proba(X[start : start + size]) for start in range(0, 60, size)]
        np.testing.assert_array_equal(np.vstack(parts), together)


def test_log_proba_is_the_log_of_proba(binary):
    X, y = binary
    net = MLPClassifier(**NET).fit(X, y)
    np.testing.assert_array_equal(net.predict_log_proba(X), np.log(net.predict_proba(X)))

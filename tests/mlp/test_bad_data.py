"""X, y and weights of kinds that cannot be trained on, and numbers of unusual types that can."""

import datetime
from decimal import Decimal
from fractions import Fraction

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skhp import MLPClassifier, MLPRegressor

SMALL = {"n_layers": 1, "width": 16, "epochs": 2, "random_state": 0}
DAYS = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
ROWS = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
LABELS = np.arange(60) % 2


def frame(first_column):
    return pd.DataFrame({"a": first_column, "b": np.arange(60.0)})


def nullable(dtype, value):
    return frame(pd.array([None, *[value] * 59], dtype=dtype))


def lazy_frame():
    return pytest.importorskip("polars").LazyFrame({"a": LABELS})


def dataset(*arrays):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(arrays).batch(20)


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return ROWS[:20], LABELS[:20]


BAD_X = {
    "Int64 with NA": (lambda: nullable("Int64", 1), "Input X contains NaN.*SimpleImputer"),
    "Float64 with NA": (lambda: nullable("Float64", 1.5), "Input X contains NaN"),
    "boolean with NA": (lambda: nullable("boolean", True), "Input X contains NaN"),
    "only Int64 with NA": (lambda: nullable("Int64", 1)[["a"]], "Input X contains NaN"),
    "objects with NA": (lambda: nullable("Int64", 1).to_numpy(object), "Input X contains NaN"),
    "dates": (lambda: np.column_stack([DAYS, DAYS]), r"dates.*datetime64\[D\].*timedelta64"),
    "durations": (lambda: np.column_stack([DAYS - DAYS[0]] * 2), "durations.*timedelta64"),
    "a column of dates": (lambda: frame(pd.Series(DAYS)), "Timestamp.*turn dates into numbers"),
    "columns of dates": (lambda: pd.DataFrame({"a": DAYS, "b": DAYS}), "dates.*datetime64"),
    "columns of one name": (lambda: frame(1.0)[["a", "a"]], "several columns named 'a'.*Rename"),
    "no columns": (lambda: frame(1.0)[[]], "data frame.*60 rows and no columns"),
    "records": (lambda: np.zeros(60, [("u", "f4"), ("v", "f4")]), "fields u, v.*DataFrame"),
    "lazy frame": (lazy_frame, r"type LazyFrame.*X.collect\(\)"),
    "masked": (lambda: np.ma.masked_less(ROWS, -1), "masked array with masked.*SimpleImputer"),
    "dict": (lambda: {"a": ROWS}, r"type dict.*pandas.DataFrame\(X\)"),
    "set": (lambda: {1, 2}, "type set.*list of rows"),
    "generator": (lambda: (row for row in ROWS), r"type generator.*list\(X\)"),
    "text in StringDType": (
        lambda: np.full(ROWS.shape, "x", np.dtypes.StringDType()),
        "objects that are not numbers.*OneHotEncoder",
    ),
    "text": (lambda: "abc", "type str"),
    "None": (lambda: None, "Got None"),
    "number": (lambda: 3, "type int"),
    "Dataset": (lambda: dataset(ROWS, LABELS), "type _BatchDataset.*pass arrays"),
    "PyDataset": (lambda: Sequence(), "type Sequence.*pass arrays"),
}


@pytest.fixture(scope="module")
def fitted():
    return MLPClassifier(**SMALL).fit(ROWS, LABELS)


@pytest.mark.parametrize("kind", BAD_X)
def test_x_of_another_kind(kind, fitted):
    make, said = BAD_X[kind]
    for call in (lambda X: MLPClassifier(**SMALL).fit(X, LABELS), fitted.predict):
        with pytest.raises((ValueError, TypeError), match=said):
            call(make())


@pytest.mark.parametrize("make", [lambda: dataset(ROWS, LABELS), Sequence])
def test_a_dataset_alone(make):
    with pytest.raises(TypeError, match="pass arrays"):
        MLPClassifier(**SMALL).fit(make())


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "Int8"])
def test_nullable_columns_without_missing_values(dtype):
    values = ROWS[:, 0] > 0
    net = MLPClassifier(**SMALL).fit(frame(pd.array(values.astype(int), dtype=dtype)), LABELS)
    plain = MLPClassifier(**SMALL).fit(frame(values.astype(float)), LABELS)
    np.testing.assert_array_equal(
        net.predict_proba(frame(pd.array(values.astype(int), dtype=dtype))),
        plain.predict_proba(frame(values.astype(float))),
    )


BAD_VALUES = {
    "sparse": (sparse.csr_matrix(ROWS[:, :2]), r"sparse matrix.*y.toarray\(\)"),
    "sparse column": (sparse.csr_matrix(ROWS[:, :1]), "sparse matrix"),
    "numbers as text": (np.array(["1.5"] * 60), r"text, such as '1.5'.*astype\(float\)"),
    "text objects": (np.array(["1.5"] * 60, object), "text, such as '1.5'"),
    "text column": (pd.Series(["a"] * 60), "text, such as 'a'.*MLPClassifier"),
    "dates": (DAYS, r"dates.*datetime64\[D\].*timedelta64"),
    "durations": (DAYS - DAYS[0], "durations of dtype timedelta64"),
    "column of dates": (pd.Series(DAYS), "dates"),
    "date objects": ([datetime.date(2020, 1, 1)] * 60, "dates, such as datetime.date"),
    "None": ([1.0, None] * 30, "Input y contains NaN"),
    "missing": (pd.Series(pd.array([1.0, None] * 30, dtype="Float64")), "Input y contains NaN"),
}


@pytest.mark.parametrize("kind", BAD_VALUES)
def test_targets_that_are_no_numbers(kind):
    y, said = BAD_VALUES[kind]
    with pytest.raises(ValueError, match=said):
        MLPRegressor(**SMALL).fit(ROWS, y)


@pytest.mark.parametrize(
    "make",
    [
        lambda y: pd.Series(pd.array(y, dtype="Int64")),
        lambda y: y.astype(bool),
        lambda y: [Fraction(int(v)) for v in y],
        lambda y: [Decimal(int(v)) for v in y],
    ],
    ids=["Int64", "bool", "Fraction", "Decimal"],
)
def test_targets_that_are_numbers(make):
    y = (ROWS[:, 0] > 0).astype(int)
    expected = MLPRegressor(**SMALL).fit(ROWS, y).predict(ROWS)
    np.testing.assert_array_equal(MLPRegressor(**SMALL).fit(ROWS, make(y)).predict(ROWS), expected)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("y", [{"a": [0, 1] * 30}, {0, 1}])
def test_targets_without_an_order(estimator, y):
    with pytest.raises(TypeError, match=f"y must be an array.*Got a {type(y).__name__}"):
        estimator(**SMALL).fit(ROWS, y)


@pytest.mark.parametrize(
    "y, said",
    [
        (np.array(["a", None] * 30, object), "several types: None, str"),
        (np.array([1, "a"] * 30, object), "several types: number, str"),
        (np.array([1, 2] * 30, object), r"numbers in an array of dtype object.*y.astype"),
        (pd.Series(["a", None] * 30), "NaN"),
        (["a", np.nan] * 30, "Input y contains NaN"),
        ([["a"], ["a", "b"]] * 30, "y is a list of rows.*MultiLabelBinarizer"),
        (pd.Series(pd.period_range("2020", periods=2, freq="M").repeat(30)), "objects.*Period"),
        (pd.Series(pd.array([1, None] * 30, dtype="Int64")), "Input y contains NaN"),
    ],
)
def test_labels_that_are_missing_or_cannot_be_sorted(y, said):
    with pytest.raises(ValueError, match=said):
        MLPClassifier(**SMALL).fit(ROWS, y)


def test_labels_in_numpys_string_type():
    labels = np.where(LABELS, "a", "b")
    strings = labels.astype(np.dtypes.StringDType())
    with pytest.raises(TypeError, match=r"y has the dtype StringDType.*y.astype\(object\)"):
        MLPClassifier(**SMALL).fit(ROWS, strings)
    with pytest.raises(TypeError, match="classes has the dtype StringDType"):
        MLPClassifier(**SMALL).partial_fit(ROWS, labels, classes=np.unique(strings))
    assert MLPClassifier(**SMALL).fit(ROWS, strings.astype(object)).classes_.tolist() == ["a", "b"]


WEIGHTS = [
    ({0: -1, 1: 1}, "Got -1 for class 0"),
    ({0: np.nan, 1: 1}, "Got nan for class 0"),
    ({0: 1, 1: np.inf}, "Got inf for class 1"),
    ({0: "a", 1: 1}, "Got 'a' for class 0"),
    ([1, 2], r"must be one dict.*Got \[1, 2\]"),
]


@pytest.mark.parametrize("class_weight, said", WEIGHTS)
def test_class_weights(class_weight, said):
    with pytest.raises(ValueError, match=f"class_weight.*{said}"):
        MLPClassifier(**SMALL, class_weight=class_weight).fit(ROWS, LABELS)


def test_class_weights_of_several_labels():
    labels = (ROWS[:, :2] > 0).astype(int)
    for class_weight, said in [
        ({0: 1, 1: 2}, "list with one dict"),
        ([{0: 1, 1: -2}] * 2, "Got -2"),
    ]:
        with pytest.raises(ValueError, match=said):
            MLPClassifier(**SMALL, class_weight=class_weight).fit(ROWS, labels)
    MLPClassifier(**SMALL, class_weight=[{0: 1, 1: 2}] * 2).fit(ROWS, labels)


@pytest.mark.parametrize("weight", ["balanced", {0: 1.0}])
def test_sample_weight_that_is_no_array(weight):
    with pytest.raises(TypeError, match=r"sample_weight must be an array.*class_weight"):
        MLPClassifier(**SMALL).fit(ROWS, LABELS, sample_weight=weight)


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize("name", ["learning_rate", "dropout", "l2", "weight_decay"])
def test_a_fraction_is_a_number(name):
    nets = [MLPClassifier(**SMALL, **{name: kind(1, 8)}) for kind in (Fraction, lambda a, b: a / b)]
    np.testing.assert_array_equal(*(net.fit(ROWS, LABELS).predict_proba(ROWS) for net in nets))


def test_a_fraction_of_the_rows():
    stop = {"early_stopping": True, "min_delta": Fraction(1, 100)}
    net = MLPClassifier(**SMALL, **stop, validation_fraction=Fraction(1, 4)).fit(ROWS, LABELS)
    assert net.n_epochs_ == 2


@pytest.mark.parametrize(
    "params, said",
    [
        ({"learning_rate": 1e300}, "learning_rate=1e[+]300 becomes inf in float32.*smaller"),
        ({"learning_rate": 1e-300}, "learning_rate=1e-300 becomes 0.0 in float32.*larger"),
        ({"l2": 1e300}, "l2=1e[+]300 becomes inf"),
        ({"weight_decay": 1e300}, "weight_decay=1e[+]300 becomes inf"),
        ({"dropout": 1 - 1e-12}, "dropout=0.999.* becomes 1.0 in float32"),
        ({"learning_rate": Decimal("0.1")}, "'learning_rate'.*Got Decimal"),
        ({"weight_decay": -0.1}, "'weight_decay'.*Got -0.1"),
        *(({name: True}, f"'{name}'.*Got True") for name in ("epochs", "n_layers", "width")),
        (
            {"optimizer": keras.optimizers.AdamW(weight_decay=0.2), "weight_decay": 0.1},
            r"AdamW.*sets its weight decay to 0.2.*weight_decay=None",
        ),
    ],
)
def test_numbers_that_cannot_be_used(params, said):
    with pytest.raises(ValueError, match=said):
        MLPClassifier(**{**SMALL, **params}).fit(ROWS, LABELS)

"""Rows of the wrappers: those to validate on are treated as those to train on."""

from decimal import Decimal

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from keras import ops
from sklearn.exceptions import NotFittedError
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from skhp import KerasClassifier, KerasRegressor
from skhp.wrappers import BaseWrapper

pytestmark = pytest.mark.slow

LOSS = "sparse_categorical_crossentropy"
NAMES = np.array(["a", "b", "c"])


def build(meta):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def build_regressor():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


def classifier(function=build, **params):
    return KerasClassifier(function, **{"loss": LOSS, "epochs": 2, "random_state": 0, **params})


def same_weights(a, b):
    return all(map(np.array_equal, a.model_.get_weights(), b.model_.get_weights()))


# Validation rows -------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [LOSS, "categorical_crossentropy"])
def test_validation_labels_are_encoded_as_training_labels(loss, multiclass):
    X, y = multiclass
    net = classifier(loss=loss, metrics=["accuracy"])
    net.fit(X, NAMES[y], validation_data=(X, NAMES[y]))
    codes = y if loss == LOSS else np.eye(3)[y]
    expected = net.model_.evaluate(X, codes, verbose=0, return_dict=True)
    assert net.history_["val_loss"][-1] == pytest.approx(expected["loss"], rel=1e-4)
    assert net.history_["val_accuracy"][-1] == pytest.approx(net.score(X, NAMES[y]))
    routed = classifier(loss=loss, fit__validation_data=(X, NAMES[y])).fit(X, NAMES[y])
    assert routed.history_["val_loss"] == pytest.approx(net.history_["val_loss"])


def test_validation_rows_pass_the_feature_encoder_and_the_checks(multiclass, regression):
    X, y = multiclass
    columns = list("wxyz")
    frame = pd.DataFrame(X, columns=columns)
    net = classifier().fit(frame, y, validation_data=(frame, y))
    assert net.history_["val_loss"][-1] == pytest.approx(net.model_.evaluate(X, y, verbose=0))
    bad = [
        ((frame[columns[::-1]], y), "same order"),
        ((frame[columns[:3]], y), "Feature names|features"),
        ((frame.where(frame > 0), y), "NaN"),
        ((frame, y[:5]), "inconsistent numbers"),
        ((frame, y + 1), r"y holds \[3\], which are not among the classes"),
        ((frame, y, -np.ones(len(y))), "[Nn]egative"),
        ((frame,), "tuple of 1 parts"),
        ((frame, None), "has no y"),
        (3, "Got int"),
    ]
    for given, message in bad:
        with pytest.raises(ValueError, match=f"(?s)(?=.*validation_data).*({message})"):
            classifier().fit(frame, y, validation_data=given)
    X, y = regression
    net = KerasRegressor(build_regressor, loss="mse").fit(X, y, validation_data=(X, y))
    assert net.history_["val_loss"][0] == pytest.approx(net.model_.evaluate(X, y, verbose=0))


def weighted_loss(net, X, y, weight):
    """Keras's loss: the rows' weighted losses, divided by the number of rows."""
    proba = net.predict_proba(X)[np.arange(len(y)), y]
    return float(np.mean(-np.log(proba) * weight))


def test_class_weights_and_sample_weights_count_in_validation(multiclass):
    X, y = multiclass
    weight = np.linspace(0.5, 2, len(y))
    by_class = {"a": 1.0, "b": 2.0, "c": 0.5}
    net = classifier(class_weight=by_class)
    net.fit(X, NAMES[y], validation_data=(X, NAMES[y], weight))
    expected = weighted_loss(net, X, y, weight * np.array([1.0, 2.0, 0.5])[y])
    assert net.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-4)
    # "balanced" says how the training rows are spread, whatever the others are.
    few = np.flatnonzero((y != 1) | (np.arange(len(y)) % 3 == 0))
    net = classifier(class_weight="balanced").fit(X[few], y[few], validation_data=(X, y))
    shares = len(few) / (3 * np.bincount(y[few]))
    expected = weighted_loss(net, X, y, shares[y])
    assert net.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-4)


def test_validation_rows_of_weight_zero_are_left_out(multiclass):
    X, y = multiclass
    weight = (np.arange(len(y)) % 2).astype(float)
    net = classifier().fit(X, y, validation_data=(X, y, weight))
    odd = weight > 0
    expected = net.model_.evaluate(X[odd], y[odd], verbose=0)
    assert net.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-4)


def test_a_split_that_leaves_no_rows(multiclass):
    with pytest.raises(ValueError, match=r"^validation_split=0.999 of 90 rows leaves 0 to train"):
        classifier(validation_split=0.999).fit(*multiclass)


# Class weights -------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [{"a": 1, "b": 2, "c": 3}, {"b": 5.0}, "balanced"])
def test_class_weights_mean_the_same_in_fit_and_in_the_constructor(weights, multiclass):
    X, y = multiclass[0][10:], NAMES[multiclass[1][10:]]
    constructed = classifier(class_weight=weights).fit(X, y)
    assert same_weights(constructed, classifier().fit(X, y, class_weight=weights))
    assert same_weights(constructed, classifier(fit__class_weight=weights).fit(X, y))
    by_row = compute_sample_weight(weights, y)
    assert same_weights(constructed, classifier().fit(X, y, sample_weight=by_row))
    other = classifier(class_weight={"a": 9.0}).fit(X, y, class_weight=weights)  # this fit's counts
    assert same_weights(constructed, other)


@pytest.mark.parametrize(
    "weights, message",
    [
        ({"d": 1.0}, r"weights for \['d'\].*classes are \['a', 'b', 'c'\]"),
        ({0: 1.0}, r"weights for \[0\].*labels in y"),
        ({"a": -1.0}, "Got -1.0 for the class 'a'"),
        ({"a": np.nan}, "Got nan"),
        ({"a": "much"}, "Got 'much'"),
        ({"a": 0, "b": 0, "c": 0}, "adds up to zero"),
        ("balance", "'balanced'"),
    ],
)
def test_class_weights_that_cannot_be(weights, message, multiclass):
    X, y = multiclass[0], NAMES[multiclass[1]]
    for fit in (
        lambda: classifier(class_weight=weights).fit(X, y),
        lambda: classifier().fit(X, y, class_weight=weights),
    ):
        with pytest.raises(ValueError, match=message):
            fit()


def test_class_weights_of_a_regressor(regression):
    with pytest.raises(ValueError, match=r"class_weight is for classes.*sample_weight"):
        KerasRegressor(build_regressor, loss="mse").fit(*regression, class_weight={0: 1.0})


# Targets as the outputs have them --------------------------------------------------------


def r2(y, predicted):
    return 1 - ops.sum(ops.square(y - predicted)) / ops.sum(ops.square(y - ops.mean(y)))


def rank(y, predicted):
    return ops.convert_to_tensor(float(len(y.shape) + len(predicted.shape)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        return self.dense(x)


def called():
    model = Subclassed()
    model(np.zeros((1, 4), "float32"))
    return model


def built():  # Keras sets `built`, but cannot build the layer
    model = Subclassed()
    with pytest.warns(UserWarning, match="unbuilt state"):
        model.build((None, 4))
    return model


class OfBatches(Subclassed):
    """Takes batches of 20 rows only."""

    def call(self, x):
        assert x.shape[0] in (20, None)
        return super().call(x)


def test_a_model_that_is_built_may_take_batches_of_one_size(regression):
    def build():
        model = OfBatches()
        model(np.zeros((20, 4), "float32"))
        return model

    net = KerasRegressor(build, loss="mse", batch_size=20).fit(*regression)
    assert net.predict(regression[0]).shape == (60,)


@pytest.mark.parametrize("make", [build_regressor, Subclassed, called, built])
def test_a_metric_of_ones_own_sees_targets_in_the_shape_of_the_outputs(make, regression):
    X, y = regression
    net = KerasRegressor(make, loss="mse", metrics=[r2, rank], batch_size=-1,
                         optimizer="sgd", optimizer__learning_rate=0.0)  # fmt: skip
    net.fit(X, y, validation_data=(X, y))
    for name in ("r2", "val_r2"):
        assert net.history_[name][0] == pytest.approx(net.score(X, y), rel=1e-4)
    assert net.history_["rank"] == net.history_["val_rank"] == [4.0]
    assert net.predict(X).shape == y.shape


def test_a_loss_of_ones_own_is_what_keras_computes_of_a_series(regression):
    def squared(y, predicted):
        return ops.mean(ops.square(y - predicted), axis=-1)

    X, y = regression
    net = KerasRegressor(build_regressor, loss=squared, random_state=0, shuffle=False)
    theirs = keras.models.clone_model(net.initialize(X, y).model_)
    theirs.set_weights(net.model_.get_weights())
    theirs.compile("rmsprop", squared, run_eagerly=True)
    theirs.fit(X, pd.Series(y), shuffle=False, verbose=0)
    for ours, expected in zip(
        net.fit(X, y).model_.get_weights(), theirs.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


# A fit that fails ------------------------------------------------------------------------


class Interrupts(keras.callbacks.Callback):
    def __init__(self, epoch=0):
        super().__init__()
        self.at = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.at:
            raise KeyboardInterrupt


class PerBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        """Make Keras train, in whose hands the weights change at each step."""


def test_a_failed_fit_leaves_an_estimator_that_is_not_fitted(multiclass):
    X, y = multiclass
    fits = [
        lambda net: net.set_params(callbacks=[Interrupts()]).fit(X, y),
        lambda net: net.set_params(callbacks=[Interrupts()]).partial_fit(X, y),
        lambda net: net.fit(X[:0], y[:0]),
        lambda net: net.fit(X, y, validation_data=(X, y + 1)),
    ]
    for fit in fits:
        for net in (classifier(), classifier().fit(X, y)):
            if net.initialized_ and fit is fits[1]:
                continue  # that is a warm start
            with pytest.raises((KeyboardInterrupt, ValueError)):
                fit(net)
            with pytest.raises(NotFittedError):
                check_is_fitted(net)
            with pytest.raises(NotFittedError, match="not fitted"):
                net.predict(X)
            assert not hasattr(net, "model_") and not hasattr(net, "history_")
            assert net.set_params(callbacks=None).fit(X, y).n_epochs_ == 2


@pytest.mark.parametrize("callbacks", [[], [PerBatch()]], ids=["compiled", "keras"])
def test_a_failed_warm_start_leaves_the_model_as_it_was(callbacks, multiclass):
    X, y = multiclass
    net = classifier(warm_start=True, epochs=3, callbacks=callbacks).fit(X, y)
    before, history, proba = net.model_.get_weights(), dict(net.history_), net.predict_proba(X)
    steps = int(net.model_.optimizer.iterations)
    net.set_params(callbacks=[*callbacks, Interrupts(1)])
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y)
    assert all(map(np.array_equal, before, net.model_.get_weights()))
    np.testing.assert_array_equal(net.predict_proba(X), proba)
    assert net.history_ == history and int(net.model_.optimizer.iterations) == steps
    with pytest.raises(ValueError, match="features"):
        net.fit(X[:, :2], y)
    assert net.set_params(callbacks=callbacks).fit(X, y).n_epochs_ == 3


# Data that cannot be ---------------------------------------------------------------------

STRINGS = np.dtypes.StringDType()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X, y: (X * 1e300, y), "Input X contains infinity or a value too large"),
        (lambda X, y: (X.astype("M8[D]"), y), "X holds dates.*numbers"),
        (lambda X, y: (X.astype("m8[D]"), y), "X holds durations"),
        (lambda X, y: (X.astype(str), y), None),  # numbers, though written as text
        (lambda X, y: (np.full(X.shape, "x"), y), "X holds text.*TextVectorization.*OneHotEncoder"),
        (lambda X, y: (np.ma.masked_less(X, -1), y), "X is a masked array.*SimpleImputer"),
        (lambda X, y: (X, np.ma.masked_equal(y, 2)), "y is a masked array.*Leave these rows out"),
        (lambda X, y: (np.ma.masked_less(X, -1e9), y), None),  # none is masked
        (lambda X, y: (X.astype(STRINGS), y), None),
        (lambda X, y: (np.full(X.shape, "x", STRINGS), y), "X holds text.*OneHotEncoder"),
        (lambda X, y: (X, NAMES[y].astype(STRINGS)), r"y has the dtype String.*astype\(object\)"),
        (lambda X, y: (X, NAMES[y].astype(STRINGS).astype(object)), None),
        (lambda X, y: (X, np.c_[y, y]), "2 columns of classes.*MultiOutputClassifier"),
        (lambda X, y: (X, np.where(y == 0, None, NAMES[y])), "30 of 90 labels are missing"),
        (lambda X, y: (X, [*NAMES[y][:-1], 3]), None),
        (lambda X, y: (X, np.array([*NAMES[y][:-1], 3], object)), "y mixes text and other"),
        (lambda X, y: (X, y.astype(object)), r"dtype object.*y.astype\(int\)"),
        (lambda X, y: (X.astype("S8"), y), None),
        (lambda X, y: (np.zeros(90, "f4,f4"), y), r"fields f0, f1.*pandas.DataFrame"),
        (lambda X, y: ([*X.tolist()[:-1], [1.0]], y), "X is a list of rows of different lengths"),
        (lambda X, y: (X, [[1, 2]] * 89 + [[1]]), "y is a list of rows.*MultiLabelBinarizer"),
        (lambda X, y: (X, [*NAMES[y][:-1], np.nan]), "NaN"),
        (lambda X, y: (np.array([[1, "a"]] * 90, object), y), "text and numbers.*ColumnTrans"),
        (lambda X, y: (pd.DataFrame({"d": y.astype("M8[D]"), "a": y}), y), r"columns \['d'\]"),
        (lambda X, y: (X, {"a": y}), "y is a dict"),
        (lambda X, y: (X, iter(y)), "y is a .*iterator"),
        (lambda X, y: (None, y), "needs X: got None"),
        (lambda X, y: ({1, 2}, y), "X is a set"),
        (lambda X, y: ("text", y), "X is a str"),
    ],
)
def test_data_at_the_door(change, message, multiclass):
    X, y = change(multiclass[0].astype(np.float64), multiclass[1])
    if message is None:
        classifier().fit(X, y).predict(X)
        return
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        classifier().fit(X, y)


@pytest.mark.parametrize(
    "y, message",
    [
        (np.array(["a", "b"] * 30), "y holds text.*KerasClassifier"),
        (np.arange(60).astype("M8[D]"), "y holds dates"),
        (np.full(60, np.nan), "Input y contains NaN"),
    ],
    ids=["text", "dates", "missing"],
)
def test_targets_that_are_no_numbers(y, message, regression):
    with pytest.raises(ValueError, match=message):
        KerasRegressor(build_regressor, loss="mse").fit(regression[0], y)


def test_targets_of_three_dimensions(regression):
    X, y = regression
    with pytest.raises(ValueError, match=r"y has the shape \(20, 3, 1\).*y.reshape.*Flatten"):
        KerasRegressor(build_regressor, loss="mse").fit(X[:20], y.reshape(20, 3, 1))


def test_targets_that_are_decimals(regression):
    X, y = regression
    net = KerasRegressor(build_regressor, loss="mse", random_state=0)
    decimals = [Decimal(float(value)) for value in y]
    np.testing.assert_array_equal(net.fit(X, decimals).predict(X), net.fit(X, y).predict(X))


def test_sparse_targets(multiclass):
    X, y = multiclass
    with pytest.raises(TypeError, match=r"Sparse data was passed for y.*toarray\(\)"):
        KerasClassifier(build, loss=LOSS).fit(X, scipy.sparse.csr_matrix(y[:, None]))


def test_sample_weights_that_are_no_numbers(multiclass):
    X, y = multiclass
    for weight in (["a"] * 90, np.ones(3), np.full(90, np.nan), -np.ones(90), np.ones((90, 2))):
        with pytest.raises(ValueError, match="sample_weight must"):
            classifier().fit(X, y, sample_weight=weight)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_values_too_large_for_float32(regression, multiclass):
    X, y = regression
    net = KerasRegressor(build_regressor, loss="mse")
    with pytest.raises(ValueError, match="Input y contains infinity or a value too large"):
        net.fit(X, y * 1e300)
    net.fit(X, y * 1e30)  # too large for an int64 only
    with pytest.raises(ValueError, match=r"sample_weight.* too large"):
        net.fit(X, y, sample_weight=np.full(len(y), 1e300))
    with pytest.raises(ValueError, match="Input X contains infinity"):
        classifier().fit(*multiclass).predict(np.full((1, 4), 1e300))


def test_labels_and_values_beyond_int32(multiclass):
    X, y = multiclass
    labels = y + 3_000_000_000
    net = classifier(epochs=30).fit(X, labels, validation_data=(X, labels))
    assert set(net.predict(X)) <= set(labels) and net.predict(X).dtype == labels.dtype
    regressor = KerasRegressor(build_regressor, loss="mse", optimizer="sgd",
                               optimizer__learning_rate=0.5, epochs=60, batch_size=-1)  # fmt: skip
    values = np.full(len(X), 3_000_000_000)
    big = np.zeros(X.shape, np.int64)
    regressor.fit(big, values, validation_data=(big, values))
    assert regressor.predict(big[:1])[0] == pytest.approx(3e9, rel=1e-3)
    assert regressor.history_["val_loss"][-1] < 1e12


class AnyTargets(BaseWrapper):
    """Of no kind: class weights are then Keras's, by encoded class."""


def test_class_weights_of_a_plain_wrapper_are_keras_own(multiclass):
    X, y = multiclass
    net = AnyTargets(lambda: build({"n_features_in_": 4, "n_classes_": 3}), loss=LOSS,
                     random_state=0).fit(X, y, class_weight={0: 1.0, 1: 2.0, 2: 3.0})  # fmt: skip
    assert net.engine_ == "keras" and "class_weight" in net.engine_reason_

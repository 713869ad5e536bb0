"""What cannot be trained on: each message names what came, what is allowed, the way out."""

import inspect
import pickle
import re
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skhp import MLPClassifier, MLPRegressor
from skhp.callback import LearningCurves

SMALL = {"n_layers": 1, "width": 16, "epochs": 2, "random_state": 0}


def message_of(call, *args, **kwargs):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def warnings_of(category, call, *args):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", category)
        call(*args)
    return caught


def assert_says(message, *parts):
    for part in parts:
        assert part in message, f"{part!r} is not said by: {message}"


# ------------------------------------------------------------------ parameters

PARAMETERS = [
    # parameters, what the message says
    ({"activation": "rely"}, ["activation 'rely'", "Did you mean 'relu'", "tanh", "Your own"]),
    ({"activation": 3}, ["'activation'", "Got 3", "str", "callable"]),
    ({"optimizer": "adm"}, ["optimizer 'adm'", "Did you mean 'adam'", "rmsprop", "Your own"]),
    ({"optimizer": 3}, ["'optimizer'", "Got 3", "str"]),
    ({"optimizer": keras.optimizers.Adam}, ["the class Adam", "optimizer=Adam(...)"]),
    ({"optimizer": keras.optimizers.Optimizer(0.1)}, ["optimizer is Optimizer", "base class"]),
    ({"activation": keras.layers.ReLU}, ["the class ReLU", "activation=ReLU(...)"]),
    ({"learning_rate": keras.optimizers.schedules.ExponentialDecay}, ["instance: learning_rate="]),
    ({"callbacks": keras.callbacks.Callback}, ["the class Callback", "callbacks=[Callback(...)]"]),
    ({"loss": "binary_crosentropy"}, ["loss", "Did you mean 'binary_crossentropy'", "hinge"]),
    ({"loss": 3}, ["'loss'", "Got 3", "str", "callable"]),
    ({"kernel_initializer": "he_norml"}, ["kernel_initializer", "Did you mean 'he_normal'"]),
    ({"kernel_initializer": "constant"}, ["kernel_initializer 'constant'", "Your own"]),
    ({"kernel_initializer": "stft"}, ["kernel_initializer 'stft'", "Keras knows"]),
    ({"kernel_initializer": 3}, ["'kernel_initializer'", "Got 3"]),
    ({"metrics": ["acuracy"]}, ["metrics 'acuracy'", "accuracy", "Keras knows"]),
    ({"metrics": 5}, ["'metrics'", "Got 5", "a callable"]),
    ({"metrics": [3]}, ["metrics", "Got 3", "Names:"]),
    ({"metrics": ["mse", "mse"]}, ["two metrics named 'mse'", "another name"]),
    ({"metrics": [keras.metrics.MeanSquaredError(name="loss")]}, ["'loss'", "history_", "name="]),
    ({"metrics": keras.metrics.MeanSquaredError(name="val_a")}, ["'val_a'", "history_", "name="]),
    ({"n_layers": -1}, ["'n_layers'", "Got -1", "[0, 1000]"]),
    ({"n_layers": 10**6}, ["'n_layers'", "Got 1000000", "[0, 1000]"]),
    ({"width": 10**7, "n_layers": 2}, ["n_layers=2", "width", "weights", "GiB", "smaller width"]),
    ({"n_layers": 1.5}, ["'n_layers'", "Got 1.5", "an int"]),
    ({"width": 0}, ["'width'", "Got 0", "[1, inf)"]),
    ({"width": -4}, ["'width'", "Got -4"]),
    ({"width": "wide"}, ["'width'", "Got 'wide'", "an int"]),
    ({"width": 2.5}, ["'width'", "Got 2.5"]),
    ({"n_layers": 2, "width": [8, 0]}, ["width", "Got [8, 0]", "positive int"]),
    ({"n_layers": 2, "width": [8, True]}, ["width", "positive int"]),
    (
        {"n_layers": 2, "width": [8, 8, 8]},
        ["has 3 values", "n_layers=2", "set n_layers=3", "leave out n_layers"],
    ),
    ({"n_layers": 0, "width": (8,)}, ["has 1 values", "n_layers=0"]),
    ({"epochs": 0}, ["'epochs'", "Got 0", "[1, inf)"]),
    ({"epochs": -3}, ["'epochs'", "Got -3"]),
    ({"batch_size": 0}, ["'batch_size'", "Got 0", "[1, inf)"]),
    ({"batch_size": -32}, ["'batch_size'", "Got -32"]),
    ({"learning_rate": 0}, ["'learning_rate'", "Got 0", "(0.0, inf)"]),
    ({"learning_rate": -1e-3}, ["'learning_rate'", "Got -0.001"]),
    ({"learning_rate": float("nan")}, ["'learning_rate'", "Got nan"]),
    ({"learning_rate": "fast"}, ["'learning_rate'", "Got 'fast'", "a float"]),
    ({"dropout": 1.0}, ["'dropout'", "Got 1.0", "[0.0, 1.0)"]),
    ({"dropout": -0.1}, ["'dropout'", "Got -0.1"]),
    ({"l2": -1.0}, ["'l2'", "Got -1.0", "[0.0, inf)"]),
    ({"batch_norm": "yes"}, ["'batch_norm'", "Got 'yes'", "bool"]),
    ({"shuffle": 2}, ["'shuffle'", "Got 2"]),
    ({"early_stopping": "yes"}, ["'early_stopping'", "Got 'yes'"]),
    ({"validation_fraction": 0.0}, ["'validation_fraction'", "Got 0.0", "(0.0, 1.0)"]),
    ({"validation_fraction": 1.0}, ["'validation_fraction'", "Got 1.0"]),
    ({"patience": 0}, ["'patience'", "Got 0"]),
    ({"warm_start": "no"}, ["'warm_start'", "Got 'no'"]),
    ({"random_state": "seed"}, ["'random_state'", "Got 'seed'"]),
    ({"verbose": -1}, ["'verbose'", "Got -1"]),
    ({"callbacks": [object()]}, ["callbacks", "keras.callbacks.Callback", "<object object"]),
    ({"callbacks": 3}, ["'callbacks'", "Got 3"]),
    ({"callbacks": LearningCurves()}, ["a LearningCurves", "set_callbacks"]),
    ({"callbacks": [LearningCurves()]}, ["a LearningCurves", "set_callbacks"]),
    (
        {"callbacks": [keras.callbacks.EarlyStopping]},
        ["the class EarlyStopping", "callbacks=[EarlyStopping(...)]"],
    ),
    (
        {"optimizer": keras.optimizers.SGD(0.5), "learning_rate": 0.1},
        ["SGD", "0.5", "learning_rate=0.1", "learning_rate=None"],
    ),
    (
        {"activation": keras.layers.PReLU(name="with_weights")},
        ["activation", "has weights", "another activation"],
    ),
]


def parameter_id(value):
    """The same in every process: an address would be another in each of pytest-xdist's."""
    return re.sub(r" at 0x\w+", "", str(value)) if isinstance(value, dict) else ""


@pytest.mark.parametrize("params, said", PARAMETERS, ids=parameter_id)
@pytest.mark.parametrize("estimator_class", [MLPClassifier, MLPRegressor])
def test_parameters(estimator_class, params, said, binary):
    assert_says(message_of(estimator_class(**{**SMALL, **params}).fit, *binary), *said)


@pytest.mark.parametrize(
    "class_weight, said",
    [
        ("balance", ["'class_weight'", "Got 'balance'", "'balanced'"]),
        (3, ["'class_weight'", "Got 3"]),
        ({5: 1.0}, ["classes", "[0, 1]", "class_weight"]),
    ],
)
def test_class_weight(class_weight, said, binary):
    assert_says(message_of(MLPClassifier(**SMALL, class_weight=class_weight).fit, *binary), *said)


def test_class_weight_balanced_at_partial_fit(binary):
    net = MLPClassifier(**SMALL, class_weight="balanced")
    message = message_of(net.partial_fit, *binary, classes=[0, 1])
    assert_says(message, "'balanced'", "partial_fit", "dict", "compute_class_weight")


@pytest.mark.parametrize(
    "estimator, said",
    [
        (MLPRegressor(loss="binary_crossentropy"), ["is for classes", "'auto'", "MLPClassifier"]),
        (MLPRegressor(loss="hinge"), ["'hinge'", "is for classes"]),
    ],
    ids=["crossentropy", "hinge"],
)
def test_loss_of_another_kind_of_targets(estimator, said, regression):
    assert_says(message_of(estimator.fit, *regression), *said)


def test_multiclass_loss_for_several_labels(binary):
    X, _ = binary
    net = MLPClassifier(loss="sparse_categorical_crossentropy")
    message = message_of(net.fit, X, (X[:, :2] > 0).astype(int))
    assert_says(message, "one class per row", "'binary_crossentropy'")


def test_poisson_loss_of_negative_targets(regression):
    message = message_of(MLPRegressor(**SMALL, loss="poisson").fit, *regression)
    assert_says(message, "y >= 0", str(regression[1].min())[:4], "loss='auto'")


# ------------------------------------------------------------------ values


@pytest.mark.parametrize(
    "value, name", [(np.nan, "NaN"), (np.inf, "infinity"), (1e300, "too large")]
)
class TestNotFinite:
    def test_in_x(self, value, name, binary):
        X, y = binary[0].astype(float), binary[1]
        X[3, 1] = value
        assert_says(message_of(MLPClassifier(**SMALL).fit, X, y), "Input X contains", name)

    def test_in_x_to_predict(self, value, name, fitted):
        X = np.zeros((2, 4))
        X[0, 0] = value
        assert_says(message_of(fitted.predict, X), "Input X contains", name)

    def test_in_sparse_x(self, value, name, binary):
        X = sparse.csr_array(binary[0].astype(float))
        X.data[3] = value
        assert_says(message_of(MLPClassifier(**SMALL).fit, X, binary[1]), "Input X contains", name)

    def test_in_y(self, value, name, regression):
        X, y = regression[0], regression[1].copy()
        y[5] = value
        assert_says(message_of(MLPRegressor(**SMALL).fit, X, y), "y", name)

    def test_in_validation_y(self, value, name, regression):
        X, y = regression
        bad = y.copy()
        bad[5] = value
        assert_says(message_of(MLPRegressor(**SMALL).fit, X, y, X_val=X, y_val=bad), "y", name)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_values_of_both_signs_too_large_for_float32(fitted):
    X = np.array([[1e300, -1e300, 0, 0]] * 2)
    for call in (fitted.predict, lambda X: MLPClassifier(**SMALL).fit(X, [0, 1])):
        assert_says(message_of(call, X), "Input X contains", "too large")


@pytest.fixture(scope="module")
def fitted(binary):
    return MLPClassifier(**SMALL).fit(*binary)


@pytest.mark.parametrize("value, name", [(np.nan, "NaN"), (np.inf, "infinity"), (-1.0, "egative")])
def test_weights(value, name, binary):
    X, y = binary
    weight = np.ones(len(X))
    weight[2] = value
    message = message_of(MLPClassifier(**SMALL).fit, X, y, sample_weight=weight)
    assert_says(message, "sample_weight", name)


def test_weights_that_are_all_zero(binary):
    message = message_of(MLPClassifier(**SMALL).fit, *binary, sample_weight=np.zeros(60))
    assert_says(message, "sample_weight", "zero", "positive weight")


def test_weights_of_another_length(binary):
    message = message_of(MLPClassifier(**SMALL).fit, *binary, sample_weight=np.ones(3))
    assert_says(message, "sample_weight", "(3,)", "60 rows")


def test_nan_among_the_labels(binary):
    X, y = binary
    y = y.astype(float)
    y[3] = np.nan
    assert_says(message_of(MLPClassifier(**SMALL).fit, X, y), "Input y contains NaN")


# ------------------------------------------------------------------ shapes and types


def test_another_width_at_predict(fitted):
    assert_says(message_of(fitted.predict, np.zeros((2, 5))), "5 features", "expecting 4")


def test_other_feature_names_at_predict(binary):
    X, y = binary
    net = MLPClassifier(**SMALL).fit(pd.DataFrame(X, columns=list("abcd")), y)
    message = message_of(net.predict, pd.DataFrame(X, columns=list("abcx")))
    assert_says(message, "feature names", "- x", "- d")


def test_one_class(binary):
    message = message_of(MLPClassifier(**SMALL).fit, binary[0], np.full(60, "spam"))
    assert_says(message, "at least two classes", "one class", "'spam'", "Give rows")


@pytest.mark.parametrize("estimator_class", [MLPClassifier, MLPRegressor])
def test_zero_rows(estimator_class):
    message = message_of(estimator_class(**SMALL).fit, np.empty((0, 4)), [])
    assert_says(message, "0 sample(s)", "minimum of 1 is required")


def test_zero_features():
    message = message_of(MLPRegressor(**SMALL).fit, np.empty((5, 0)), np.arange(5.0))
    assert_says(message, "0 feature(s)", "minimum of 1 is required")


def test_zero_rows_to_predict(fitted):
    assert_says(message_of(fitted.predict, np.empty((0, 4))), "0 sample(s)", "minimum of 1")


@pytest.mark.parametrize("estimator_class", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "y, said",
    [
        (np.zeros(59), ["inconsistent numbers of samples", "60", "59"]),
        (np.zeros((60, 2, 2)), ["dim 3"]),
        (None, ["requires y"]),
    ],
    ids=["length", "3-D", "None"],
)
def test_y_of_the_wrong_shape(estimator_class, y, said, binary):
    assert_says(message_of(estimator_class(**SMALL).fit, binary[0], y), *said)


def test_several_columns_of_classes(binary):
    X, y = binary
    message = message_of(MLPClassifier(**SMALL).fit, X, np.column_stack([y, y + 1]))
    assert_says(message, "1d array", "(60, 2)", "MultiOutputClassifier")


def test_numbers_for_a_classifier(regression):
    assert_says(message_of(MLPClassifier(**SMALL).fit, *regression), "continuous", "classifier")


def test_words_for_a_regressor(binary):
    message = message_of(MLPRegressor(**SMALL).fit, binary[0], np.repeat(["a", "b"], 30))
    assert_says(message, "'a'", "MLPRegressor", "MLPClassifier")


def test_complex_y(binary):
    message = message_of(MLPRegressor(**SMALL).fit, binary[0], np.ones(60, complex))
    assert_says(message, "omplex")


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, pd.DataFrame, np.ndarray.tolist])
def test_complex_x(make, binary):
    X = make(binary[0].astype(complex))
    message = message_of(MLPClassifier(**SMALL).fit, X, binary[1])
    assert_says(message, "Complex data not supported")


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_x_of_words(make, binary):
    X = make(np.tile(np.array(["red", "green"], object), (60, 2)))
    message = message_of(MLPClassifier(**SMALL).fit, X, binary[1])
    assert_says(message, "X", "'red'", "OneHotEncoder")


def test_x_of_things(binary):
    X = np.full((60, 4), None)
    X[:] = [[{} for _ in range(4)]]
    assert_says(message_of(MLPClassifier(**SMALL).fit, X, binary[1]), "X", "dict", "numeric")


def test_ragged_x():
    message = message_of(MLPRegressor(**SMALL).fit, [[1.0, 2.0], [3.0]], [0.0, 1.0])
    assert_says(message, "X", "equal length")


def test_one_dimensional_x(binary):
    message = message_of(MLPClassifier(**SMALL).fit, binary[0][:, 0], binary[1])
    assert_says(message, "Expected 2D array", "Reshape your data")


@pytest.mark.parametrize("shape", [(60,), (60, 2, 2)])
def test_sparse_x_of_other_than_two_dimensions(shape, binary):
    X = sparse.coo_array(np.ones(shape, np.float32))
    message = message_of(MLPClassifier(**SMALL).fit, X, binary[1])
    assert_says(message, "two dimensions", str(shape), "reshape")


# ------------------------------------------------------------------ validation rows


def test_a_class_too_small_to_hold_out(binary):
    X, y = binary[0], np.array(["yes"] * 59 + ["no"])
    message = message_of(MLPClassifier(**SMALL, early_stopping=True).fit, X, y)
    assert_says(message, "validation_fraction=0.1", "60 rows of 2 classes", "has the class 'no'")
    assert_says(message, "X_val", "early_stopping=False")


def test_a_fraction_that_leaves_no_row(regression):
    X, y = regression
    net = MLPRegressor(**SMALL, early_stopping=True, validation_fraction=0.9)
    assert_says(message_of(net.fit, X[:1], y[:1]), "validation_fraction=0.9", "of 1 rows", "X_val")


def test_a_fraction_that_leaves_training_without_a_class(multiclass):
    X, y = multiclass
    net = MLPClassifier(**SMALL, early_stopping=True, validation_fraction=0.98)
    assert_says(message_of(net.fit, X, y), "validation_fraction=0.98", "90 rows of 3 classes")


def test_a_fraction_that_leaves_validation_without_a_class_is_warned_of(binary):
    X, y = binary[0], np.array([0] * 57 + [1] * 3)
    net = MLPClassifier(**SMALL, early_stopping=True)
    (warning,) = warnings_of(UserWarning, net.fit, X, y)
    assert_says(str(warning.message), "validation_fraction=0.1", "1 of 2 classes", "X_val")


def test_weights_of_zero_for_all_rows_of_one_part(regression):
    X, y = regression
    net = MLPRegressor(**SMALL, early_stopping=True, validation_fraction=0.5)
    # One row counts. It is in one part, and the other part has weight zero.
    messages = [message_of(net.fit, X, y, sample_weight=one) for one in np.eye(60)[:20]]
    for message in messages:
        assert_says(message, "validation_fraction=0.5 of 60 rows", "weight zero", "X_val")
    assert {part for m in messages for part in ("30 training", "30 held-out") if part in m} == {
        "30 training",
        "30 held-out",
    }


@pytest.mark.parametrize("given, missing", [("X_val", "y_val"), ("y_val", "X_val")])
def test_half_of_the_validation_rows(given, missing, binary):
    X, y = binary
    message = message_of(MLPClassifier(**SMALL).fit, X, y, **{given: X if given == "X_val" else y})
    assert_says(message, f"{given} was given without {missing}")


def test_validation_weights_alone(binary):
    message = message_of(MLPClassifier(**SMALL).fit, *binary, sample_weight_val=np.ones(60))
    assert_says(message, "sample_weight_val", "without X_val and y_val")


def test_validation_rows_of_another_width(binary):
    X, y = binary
    message = message_of(MLPClassifier(**SMALL).fit, X, y, X_val=X[:, :3], y_val=y)
    assert_says(message, "X_val and y_val cannot be used", "3 features", "expecting 4")


def test_validation_rows_of_another_class(binary):
    X, y = binary
    message = message_of(MLPClassifier(**SMALL).fit, X, y, X_val=X, y_val=y + 1)
    assert_says(message, "X_val and y_val", "[2]", "not among the classes of this network: [0, 1]")
    assert_says(message, "Leave these rows out")


# ------------------------------------------------------------------ going on


def test_partial_fit_without_classes_takes_those_it_sees(binary):
    net = MLPClassifier(**SMALL).partial_fit(*binary)
    assert net.classes_.tolist() == [0, 1]


def test_labels_at_partial_fit_that_are_not_in_classes(binary):
    X, y = binary
    message = message_of(MLPClassifier(**SMALL).partial_fit, X, y, classes=["a", "b"])
    assert_says(message, "not among the classes", "'a'", "classes=[...]")
    net = MLPClassifier(**SMALL).partial_fit(X, y, classes=[0, 1])
    message = message_of(net.partial_fit, X, y + 5)
    assert_says(message, "[5, 6]", "[0, 1]", "For partial_fit", "its first call")


def test_other_classes_at_a_later_partial_fit(binary):
    net = MLPClassifier(**SMALL).partial_fit(*binary, classes=[0, 1])
    message = message_of(net.partial_fit, *binary, classes=[0, 1, 2])
    assert_says(message, "[0, 1, 2]", "[0, 1]", "Pass the same")


@pytest.mark.parametrize("change", [{"width": 8}, {"n_layers": 2}, {"batch_norm": True}])
def test_another_network_at_a_warm_start(change, binary):
    net = MLPClassifier(**SMALL, warm_start=True).fit(*binary)
    message = message_of(net.set_params(**change).fit, *binary)
    assert_says(message, "(4, 16)", "width", "warm_start=False")


def test_other_targets_at_a_warm_start(binary, regression):
    X, y = binary
    classifier = MLPClassifier(**SMALL, warm_start=True).fit(X, y)
    assert_says(
        message_of(classifier.fit, X, y + 1), "not among the classes of this network: [0, 1]"
    )
    message = message_of(classifier.fit, X, (X[:, :2] > 0).astype(int))
    assert_says(message, "(60, 2)", "one class per row", "Fit a new estimator")
    regressor = MLPRegressor(**SMALL, warm_start=True).fit(*regression)
    message = message_of(regressor.fit, X, np.ones((60, 3)))
    assert_says(message, "3 columns", "fitted with 1")


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predict_before_fit(method):
    with pytest.raises(NotFittedError, match="fit"):
        getattr(MLPClassifier(), method)(np.zeros((2, 4)))
    with pytest.raises(NotFittedError):
        _ = MLPClassifier().model_


# ------------------------------------------------------------------ divergence


DIVERGING = {"optimizer": "sgd", "learning_rate": 1e6, "epochs": 50}


def test_divergence_is_an_error_with_epoch_and_learning_rate(regression):
    X, y = regression
    net = MLPRegressor(1, 16, random_state=0, **DIVERGING)
    message = message_of(net.fit, X, 100 * y)
    assert_says(message, "diverged", "at epoch ", "learning_rate=1000000.0", "Lower the")
    with pytest.raises(NotFittedError):
        net.predict(X)


def test_divergence_names_the_optimizers_own_learning_rate(regression):
    X, y = regression
    own = {"optimizer": keras.optimizers.SGD(1e6), "learning_rate": None}
    net = MLPRegressor(1, 16, epochs=50, random_state=0, **own)
    assert_says(message_of(net.fit, X, 100 * y), "learning_rate=1000000.0")


@pytest.mark.parametrize("go_on", ["fit", "partial_fit"])
def test_a_network_that_diverges_when_it_goes_on_keeps_its_weights(go_on, regression):
    X, y = regression
    net = MLPRegressor(1, 16, optimizer="sgd", epochs=20, warm_start=True, random_state=0)
    before = net.fit(X, y).predict(X)
    with pytest.raises(ValueError, match="diverged"):
        getattr(net, go_on)(X, 3e38 * np.sign(y))
    np.testing.assert_array_equal(net.predict(X), before)
    assert net.n_epochs_ == len(net.history_["loss"]) == 20


def test_a_diverging_candidate_scores_error_score(regression):
    grid = {"learning_rate": [1e-3, 1e6]}
    net = MLPRegressor(1, 16, random_state=0, optimizer="sgd", epochs=50)
    X, y = regression
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
        search = GridSearchCV(net, grid, cv=2, error_score=np.nan).fit(X, 100 * y)
    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), [0, 1])
    assert search.best_params_ == {"learning_rate": 1e-3}
    with pytest.raises(ValueError, match="diverged"):
        GridSearchCV(net, grid, cv=2, error_score="raise").fit(X, 100 * y)


def test_a_search_of_which_every_candidate_diverges_fails(regression):
    X, y = regression
    net = MLPRegressor(1, 16, random_state=0, **DIVERGING)
    with pytest.raises(ValueError, match=r"All the 4 fits failed[\s\S]*diverged"):
        GridSearchCV(net, {"learning_rate": [1e6, 1e7]}, cv=2).fit(X, 100 * y)


def test_early_stopping_keeps_the_finite_weights_of_a_run_that_diverged(regression):
    X, y = regression

    class Explode(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                self.model.optimizer.learning_rate.assign(1e9)

    net = MLPRegressor(
        1, 16, optimizer="sgd", epochs=20, random_state=0, early_stopping=True,
        callbacks=[Explode()],
    )  # fmt: skip
    (warning,) = warnings_of(ConvergenceWarning, net.fit, X, y)
    assert_says(str(warning.message), "no longer finite")
    assert np.isfinite(net.predict(X)).all()


OTHER_NAMES = {
    "hidden_layer_sizes": "width=(64, 32)",
    "max_iter": "epochs",
    "lr": "learning_rate",
    "learning_rate_init": "learning_rate",
    "validation_split": "validation_fraction",
    "alpha": "l2",
    "momentum": "optimizer=keras.optimizers.SGD(momentum=...)",
    "nesterovs_momentum": "nesterov=True",
    "beta_1": "optimizer=keras.optimizers.Adam(beta_1=...)",
}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_of_other_libraries_get_ours(name):
    with pytest.raises(TypeError, match=f"MLPClassifier.*{name!r}.*{re.escape(OTHER_NAMES[name])}"):
        MLPClassifier(**{name: 1})
    pipeline = make_pipeline(MLPRegressor())
    with pytest.raises(ValueError, match=f"MLPRegressor.*{re.escape(OTHER_NAMES[name])}"):
        pipeline.set_params(**{f"mlpregressor__{name}": 1})


def test_the_constructor_still_says_what_it_takes():
    with pytest.raises(TypeError, match="unexpected keyword argument 'widht'"):
        MLPClassifier(widht=1)
    parameters = inspect.signature(MLPClassifier).parameters
    assert list(parameters)[:2] == ["n_layers", "width"]
    assert set(parameters) == set(MLPClassifier().get_params())
    assert clone(MLPClassifier(width=(8, 4))).width == (8, 4)


class Narrow(MLPClassifier):
    def __init__(self, width=4, extra=1):
        super().__init__(1, width, epochs=2, random_state=0)
        self.extra = extra


def test_a_subclass_may_take_fewer_parameters(binary):
    X, y = binary
    net, plain = Narrow(16).fit(X, y), MLPClassifier(**SMALL).fit(X, y)
    assert set(net.get_params()) == {"width", "extra"}
    for again in (net, clone(net).fit(X, y), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(again.predict_proba(X), plain.predict_proba(X))
    with pytest.raises(ValueError, match="Invalid parameter 'activation'"):
        net.set_params(activation="tanh")


def test_a_subclass_may_use_such_a_name():
    class Short(MLPClassifier):
        def __init__(self, max_iter=3):
            super().__init__(epochs=max_iter)
            self.max_iter = max_iter

    assert Short(max_iter=5).set_params(max_iter=7).max_iter == 7


@pytest.mark.parametrize(
    ("name", "ours"), [("logistic", "sigmoid"), ("identity", "linear"), ("ReLU", "relu")]
)
def test_an_activation_with_another_name_gets_ours(binary, name, ours):
    with pytest.raises(ValueError, match=f"Unknown activation '{name}'.*Did you mean '{ours}'"):
        MLPClassifier(activation=name).fit(*binary)


def test_widths_need_no_number_of_layers(binary):
    network = MLPClassifier(width=[8, 4], epochs=1, random_state=0).fit(*binary)
    assert [layer.units for layer in network.model_.layers if hasattr(layer, "units")] == [8, 4, 1]
    same = MLPClassifier(2, [8, 4], epochs=1, random_state=0).fit(*binary)
    assert same.history_ == network.history_
    assert MLPClassifier(width=8).count_parameters(network) == 4 * 8 + 8 + 8 * 8 + 8 + 8 + 1

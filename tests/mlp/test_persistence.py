"""Fitted estimators stored, copied and taken up again."""

import copy
import io
import pickle
import subprocess
import sys

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow

NET = {"n_layers": 1, "width": 16, "epochs": 3, "random_state": 0}


def through_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": through_joblib,
    "deepcopy": copy.deepcopy,
}


def assert_same_weights(a, b):
    for ours, theirs in zip(a.model_.get_weights(), b.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(params=COPIES)
def duplicate(request):
    return COPIES[request.param]


@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.SGD(momentum=0.9)])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_goes_on_as_if_never_stored(duplicate, optimizer, dropout, binary):
    X, y = binary
    net = MLPClassifier(**NET, optimizer=optimizer, dropout=dropout, warm_start=True).fit(X, y)
    stored = duplicate(net)
    np.testing.assert_array_equal(stored.predict_proba(X), net.predict_proba(X))
    for going_on in (net, stored):
        going_on.partial_fit(X, y).fit(X, y)
    assert_same_weights(stored, net)
    assert stored.history_ == net.history_ and stored.n_epochs_ == 7


def test_optimizer_state_matters_to_going_on(binary):
    # The test above could not fail, were the optimizer's state of no consequence.
    X, y = binary
    net = MLPClassifier(**NET, warm_start=True).fit(X, y)
    forgetful = clone(net).set_params(warm_start=True).fit(X, y)
    forgetful._state.optimizer_variables = None
    net.fit(X, y), forgetful.fit(X, y)
    assert not np.array_equal(net.predict_proba(X), forgetful.predict_proba(X))


def test_pipeline(duplicate, regression):
    X, y = regression
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(**NET)).fit(X, y)
    np.testing.assert_array_equal(duplicate(pipeline).predict(X), pipeline.predict(X))


def test_clone_is_unfitted_and_fits_to_the_same(binary):
    X, y = binary
    net = MLPClassifier(**NET, optimizer=keras.optimizers.SGD(momentum=0.9)).fit(X, y)
    again = clone(net)
    assert not hasattr(again, "classes_")
    np.testing.assert_array_equal(again.fit(X, y).predict_proba(X), net.predict_proba(X))


SETTINGS = {
    "loss object": {"loss": keras.losses.BinaryFocalCrossentropy(gamma=3.0)},
    "activation layer": {"activation": keras.layers.LeakyReLU(0.3)},
    "metric object": {"metrics": [keras.metrics.AUC(name="auc")]},
    "initializer object": {"kernel_initializer": keras.initializers.HeNormal()},
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)},
    "callback": {"callbacks": [keras.callbacks.EarlyStopping(monitor="loss")]},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_keras_objects_as_parameters(name, binary):
    X, y = binary
    net = MLPClassifier(**{**NET, **SETTINGS[name]}).fit(X, y)
    expected = net.predict_proba(X)
    for copied in (clone(net), *(make(net) for make in COPIES.values())):
        if hasattr(copied, "classes_"):
            np.testing.assert_array_equal(copied.predict_proba(X), expected)
        np.testing.assert_array_equal(copied.fit(X, y).predict_proba(X), expected)


def test_stored_file_is_small_and_free_of_the_model(binary):
    net = MLPClassifier(**NET).fit(*binary)
    before = len(pickle.dumps(net))
    _ = net.model_
    assert len(pickle.dumps(net)) == before < 20_000


LOAD_AND_PREDICT = """
import sys
from pathlib import Path

import keras, numpy as np

for folder in map(Path, sys.argv[1:]):
    model = keras.models.load_model(folder / "net.keras")
    np.save(folder / "out.npy", model.predict(np.load(folder / "X.npy"), verbose=0))
assert "skhp" not in sys.modules
"""


def test_models_load_in_plain_keras(binary, tmp_path):
    X, y = binary
    settings = {"batch_norm": True, "dropout": 0.1, "l2": 1e-4, "activation": "tanh"}
    expected = {}
    for estimator_class in (MLPClassifier, MLPRegressor):
        net = estimator_class(**NET, **settings).fit(X, y)
        folder = tmp_path / estimator_class.__name__
        folder.mkdir()
        net.model_.save(folder / "net.keras")
        np.save(folder / "X.npy", X)
        is_regressor = estimator_class is MLPRegressor
        expected[folder] = net.predict(X) if is_regressor else net.predict_proba(X)[:, 1]
    subprocess.run([sys.executable, "-c", LOAD_AND_PREDICT, *expected], check=True)
    for folder, ours in expected.items():
        outputs = np.load(folder / "out.npy")[:, 0]
        np.testing.assert_allclose(outputs, ours, rtol=1e-5, atol=1e-6)


@keras.saving.register_keras_serializable()
class Half(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 0.5, dtype=dtype)


INITIALIZERS = ["glorot_uniform", keras.initializers.HeNormal(), keras.initializers.HeNormal(3)]


@pytest.mark.parametrize("initializer", [*INITIALIZERS, Half()])
def test_a_clone_of_the_model_is_the_network_that_was_asked_for(initializer, binary):
    settings = {"batch_norm": True, "dropout": 0.1, "l2": 1e-4, "kernel_initializer": initializer}
    settings["activation"] = keras.layers.LeakyReLU(0.3)
    net = MLPClassifier(**{**NET, "n_layers": 2}, **settings).fit(*binary)
    clone_ = keras.models.clone_model(net.model_)
    dense = [layer for layer in clone_.layers if isinstance(layer, keras.layers.Dense)]
    assert len(dense) == 3
    for layer in dense:
        assert type(layer.kernel_initializer) is type(keras.initializers.get(initializer))
        assert np.isclose(layer.kernel_regularizer.l2, 1e-4)
        assert np.abs(keras.ops.convert_to_numpy(layer.kernel)).max() > 0
    kinds = {type(layer) for layer in clone_.layers}
    assert {keras.layers.Dropout, keras.layers.BatchNormalization} <= kinds


def test_a_clone_of_the_model_learns_as_the_estimator_did(multiclass):
    X, y = multiclass
    net = MLPClassifier(1, 16, learning_rate=0.03, epochs=20, random_state=0).fit(X, y)
    before = [weight.copy() for weight in net.model_.get_weights()]
    clone_ = keras.models.clone_model(net.model_)
    clone_.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    clone_.fit(X, y, epochs=20, verbose=0)
    predicted = clone_.predict(X, verbose=0).argmax(axis=1)
    assert net.score(X, y) > 0.8 and (predicted == y).mean() > 0.8
    for ours, fitted in zip(net.model_.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, fitted)


def test_model_is_a_copy(binary):
    X, y = binary
    net = MLPClassifier(**NET).fit(X, y)
    before = net.predict_proba(X)
    model = net.model_
    assert model is net.model_ and isinstance(model, keras.Model)
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, 0], before[:, 1], rtol=1e-5)
    model.fit(X, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(net.predict_proba(X), before)


def test_model_evaluates_to_the_history(binary):
    X, y = binary
    net = MLPClassifier(**NET, metrics=["accuracy"]).fit(X, y, X_val=X, y_val=y)
    loss, accuracy = net.model_.evaluate(X, y, verbose=0)
    np.testing.assert_allclose(loss, net.history_["val_loss"][-1], rtol=1e-5)
    np.testing.assert_allclose(accuracy, net.history_["val_accuracy"][-1], rtol=1e-5)

"""A fitted network predicts in a process that has neither Keras nor TensorFlow."""

import pickle
import pickletools
from pathlib import Path

import cloudpickle
import joblib
import keras
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor
from skhp.engine.rowwise import is_rowwise_activation
from skhp.keras_objects.late_attributes import current_attributes
from skhp.keras_objects.stored_forms import StoredByConfig, StoredName
from skhp.mlp.activations import ACTIVATIONS
from tests.fresh_process import run_script

pytestmark = pytest.mark.slow

SMALL = {"n_layers": 1, "width": 16, "epochs": 2, "random_state": 0}

# Loads each file, and predicts with it. What is not installed in a serving environment
# cannot be imported.
SERVE = """
import json, pickle, sys, time
MISSING = {missing}

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {{name!r}}")

sys.meta_path.insert(0, NotInstalled())
import joblib, numpy as np, sklearn.pipeline, sklearn.preprocessing
folder = {folder!r}
X, y = np.load(folder + "/X.npy"), np.load(folder + "/y.npy")
began = time.process_time()
first = pickle.load(open(folder + "/pipeline.pickle", "rb"))
first.predict_proba(X)
seconds = time.process_time() - began
status = open("/proc/self/status").read() if sys.platform == "linux" else "VmHWM: 0"
memory = int(status.split("VmHWM:")[1].split()[0]) / 1024  # the most so far, in MB
found = {{"pipeline": [first.predict_proba(X).tolist(), first.predict(X).tolist()]}}
for name in ("cloudpickle", "objects", "regressor"):
    net = pickle.load(open(folder + f"/{{name}}.pickle", "rb"))
    found[name] = [net.predict(X).tolist(), net.score(X, y)]
found["joblib"] = joblib.load(folder + "/net.joblib").predict_proba(X).tolist()
if "skops" not in MISSING:
    import skops.io as sio
    data = open(folder + "/net.skops", "rb").read()
    net = sio.loads(data, trusted=sio.get_untrusted_types(data=data))
    found["skops"] = net.predict_proba(X).tolist()
loaded = sorted(MISSING & sys.modules.keys())
print(json.dumps({{"found": found, "loaded": loaded, "seconds": seconds, "memory": memory}}))
"""

NOT_NEEDED = {"keras", "tensorflow", "jax", "torch", "pandas", "scikeras"}


def objects_of_keras():
    """Settings given as Keras's objects, none of which a prediction needs."""
    return {
        "optimizer": keras.optimizers.SGD(momentum=0.9),
        "loss": keras.losses.BinaryCrossentropy(),
        "kernel_initializer": keras.initializers.HeNormal(),
        "activation": keras.activations.relu,
        "metrics": [keras.metrics.AUC(name="auc")],
        "callbacks": [keras.callbacks.EarlyStopping(monitor="loss")],
    }


@pytest.fixture(scope="module")
def fitted(binary):
    X, y = binary
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL, batch_norm=True))
    return {
        "pipeline": pipeline.fit(X, y),
        "objects": MLPClassifier(**SMALL, **objects_of_keras()).fit(X, y),
        "regressor": MLPRegressor(**SMALL).fit(X, y),
    }


def store(fitted, binary, folder):
    folder = Path(folder)
    np.save(folder / "X.npy", binary[0])
    np.save(folder / "y.npy", binary[1])
    for name, net in fitted.items():
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(net))
    (folder / "cloudpickle.pickle").write_bytes(cloudpickle.dumps(fitted["objects"]))
    joblib.dump(fitted["objects"], folder / "net.joblib")
    try:
        import skops.io as sio
    except ModuleNotFoundError:
        return NOT_NEEDED | {"skops"}
    (folder / "net.skops").write_bytes(sio.dumps(fitted["objects"]))
    return NOT_NEEDED


def test_predicts_where_keras_and_tensorflow_are_not_installed(fitted, binary, tmp_path):
    X, y = binary
    missing = store(fitted, binary, tmp_path)
    script = SERVE.format(missing=missing, folder=str(tmp_path))
    result = run_script(tmp_path / "serve.py", script)
    found, (pipeline, objects, regressor) = result["found"], fitted.values()
    probabilities, labels = map(np.asarray, found["pipeline"])
    np.testing.assert_array_equal(probabilities.astype("float32"), pipeline.predict_proba(X))
    np.testing.assert_array_equal(labels, pipeline.predict(X))
    for name, net in {"cloudpickle": objects, "objects": objects, "regressor": regressor}.items():
        np.testing.assert_array_equal(found[name][0], net.predict(X))
        assert found[name][1] == net.score(X, y)
    for name in {"joblib", "skops"} & found.keys():
        there = np.asarray(found[name], "float32")
        np.testing.assert_array_equal(there, objects.predict_proba(X))
    assert result["loaded"] == []
    # Beyond the import of scikit-learn; processor seconds, which a busy machine does not change.
    assert result["seconds"] < 0.5
    assert result["memory"] < 250


def test_a_pickle_names_nothing_of_keras(fitted):
    for name in ("pipeline", "regressor"):
        operations = pickletools.genops(pickle.dumps(fitted[name]))
        texts = {argument for _, argument, _ in operations if isinstance(argument, str)}
        assert not {text for text in texts if text.split(".")[0] in ("keras", "tensorflow")}


def test_objects_of_keras_are_made_when_they_are_used(fitted, binary):
    net = pickle.loads(pickle.dumps(fitted["objects"]))
    expected = fitted["objects"]
    waiting = current_attributes(net)
    assert isinstance(waiting["optimizer"], StoredByConfig)
    assert isinstance(waiting["activation"], StoredName)
    again = pickle.loads(pickle.dumps(net))  # stored once more, before they are used
    for copied in (net, again):
        assert copied.optimizer.momentum == 0.9
        assert copied.get_params()["activation"] is keras.activations.relu
        assert copied.callbacks[0] is copied.callbacks_[0]
        np.testing.assert_array_equal(
            copied.fit(*binary).predict_proba(binary[0]), expected.predict_proba(binary[0])
        )


def test_a_parameter_set_after_loading_counts(fitted):
    net = pickle.loads(pickle.dumps(fitted["objects"])).set_params(optimizer="adam")
    assert net.optimizer == "adam"
    assert pickle.loads(pickle.dumps(net)).optimizer == "adam"


def test_what_is_missing_is_said_as_usual(fitted):
    net = pickle.loads(pickle.dumps(fitted["objects"]))
    with pytest.raises(AttributeError, match="'MLPClassifier' object has no attribute 'size_'"):
        _ = net.size_
    with pytest.raises(AttributeError, match="not fitted yet"):
        _ = MLPClassifier().model_


CALLED_THROUGH_KERAS = """
import json, pickle, sys
import numpy as np
net = pickle.load(open({folder!r} + "/net.pickle", "rb"))
before = "keras" in sys.modules
outputs = net.predict(np.load({folder!r} + "/X.npy")).tolist()
layers = [type(layer).__name__ for layer in net.model_.layers]
print(json.dumps([before, "keras" in sys.modules, outputs, layers]))
"""


def test_an_activation_of_the_users_imports_keras_when_it_is_needed(binary, tmp_path):
    X, y = binary
    net = MLPRegressor(**SMALL, activation=lambda x: x * keras.ops.sigmoid(x)).fit(X, y)
    (tmp_path / "net.pickle").write_bytes(pickle.dumps(net))
    np.save(tmp_path / "X.npy", X)
    script = CALLED_THROUGH_KERAS.format(folder=str(tmp_path))
    before, after, outputs, layers = run_script(tmp_path / "load.py", script)
    assert (before, after) == (False, True)
    np.testing.assert_array_equal(outputs, net.predict(X))
    assert layers == ["Dense", "Activation", "Dense"]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_numpy_computes_the_activations_of_keras(name):
    x = np.random.RandomState(0).normal(0, 3, (50, 7))
    x[0, :5] = [0, 0.5, -0.5, 1, -1]
    expected = keras.ops.convert_to_numpy(keras.activations.get(name)(keras.ops.array(x)))
    computed = ACTIVATIONS[name].compute(x.copy())
    np.testing.assert_allclose(computed, expected, rtol=1e-5, atol=1e-6)
    assert is_rowwise_activation(keras.activations.get(name))
    # A value depends on the others in its row only where the table says so.
    x[:, 1:] += 1
    alone = ACTIVATIONS[name].compute(x.copy())[:, 0]
    assert (alone == computed[:, 0]).all() == ACTIVATIONS[name].is_elementwise

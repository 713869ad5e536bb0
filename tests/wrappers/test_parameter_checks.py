"""Each parameter of the wrappers, and each argument of fit and predict, is checked at the door."""

import keras
import numpy as np
import pytest

from skhp import KerasClassifier, KerasRegressor
from skhp.callback import LearningCurves

NAN = float("nan")


def build(width=4):
    layers = [keras.layers.Dense(width), keras.layers.Dense(1, activation="sigmoid")]
    return keras.Sequential([keras.Input((4,)), *layers])


def build_named():
    last = keras.layers.Dense(1, activation="sigmoid", name="out")
    return keras.Sequential([keras.Input((4,)), last])


def returns_none(y, predicted):
    return None


# Parameter: values that are refused, and what the error says is allowed.
TABLE = {
    "warm_start": (["yes", 1, None], "True or False"),
    "random_state": ([-1, 2**40, 1.5, [1, 2], True, "seed"], "an int from 0 to"),
    "optimizer": (
        [3, ["adam"], object(), keras.losses.Huber(), keras.optimizers.Optimizer, {}],
        "a name, a keras.optimizers.Optimizer",
    ),
    "loss": ([3, object(), keras.losses.Loss, {"x": 3}, [3]], "a name, function"),
    "metrics": ([3, [3], keras.metrics.Metric, {"x": [object()]}], "a name, function"),
    "batch_size": ([0, -5, 32.5, NAN, "32", True, [32]], "an int of at least 1, None, or -1"),
    "validation_batch_size": ([0, -5, "a", 1.5, False], "an int of at least 1, None, or -1"),
    "verbose": (["a", 7, -1, None, 1.5], "0, 1, 2, 'auto'"),
    "callbacks": (
        [3, "EarlyStopping", ["EarlyStopping"], [LearningCurves()], LearningCurves(), object],
        "keras.callbacks.Callback.*set_callbacks",
    ),
    "validation_split": ([1.0, 1.5, -0.5, "0.2", NAN, True, None], "at least 0 and less than 1"),
    "shuffle": (["no", "batch", 1, None], "True or False"),
    "run_eagerly": (["no", 0, None], "True or False"),
    "epochs": ([0, -1, 2.7, None, NAN, True, "3", [3]], "an int of at least 1"),
    "scoring": ([3, "balanced", ["accuracy"], True], "a name in sklearn.metrics.get_scorer_names"),
    "max_seconds": ([0, -1.0, float("inf"), NAN, "1", True], "a number greater than 0, or None"),
    "memory": ([3, ["fits"], object(), True], "a path, a skhp.search.FitStore or None"),
    "class_weight": (["balance", 3, True], "a dict of label to weight"),
    "initial_epoch": ([-1, 0.5, None], "an int of at least 0"),
    "validation_steps": ([0, 1.5, "a"], "an int of at least 1, or None"),
    "validation_freq": ([0, [0], "a", None], "an int of at least 1, or a list"),
    "steps": ([0, "a"], "an int of at least 1, or None"),
    "weighted_metrics": ([3], "a name, function"),
}
CASES = [(name, value) for name, (values, _) in TABLE.items() for value in values]
EXTRA = {"initial_epoch", "validation_steps", "validation_freq", "steps", "weighted_metrics"}
FIT = ["batch_size", "validation_batch_size", "verbose", "callbacks", "validation_split", "shuffle",
       "epochs", "initial_epoch", "validation_steps", "validation_freq"]  # fmt: skip


def refused(name, value, label=None):
    said = rf"(?s)'?{label or name}'? parameter of Keras\w+ must be .*{TABLE[name][1]}.*Got"
    return pytest.raises(ValueError, match=said)


def test_every_parameter_of_the_constructor_is_in_the_table():
    names = set(KerasClassifier()._get_param_names()) - {"model", "build_fn"}
    assert names == set(TABLE) - EXTRA


@pytest.mark.parametrize("name, value", CASES, ids=range(len(CASES)))
def test_constructor_parameters(name, value, binary):
    X, y = binary
    net = KerasClassifier(build, **{"loss": "binary_crossentropy", name: value})
    for method in (net.fit, net.partial_fit, net.initialize):
        with refused(name, value):
            method(X, y)
    if name != "class_weight":
        with refused(name, value):
            KerasRegressor(build, **{"loss": "mse", name: value}).fit(X, y)


@pytest.mark.parametrize("name", FIT)
def test_arguments_of_fit_by_prefix_and_by_call(name, binary):
    for value in TABLE[name][0]:
        with refused(name, value, f"fit__{name}"):
            KerasClassifier(build, loss="mse", **{f"fit__{name}": value}).fit(*binary)
        if not (name == "callbacks" and value is None):
            with refused(name, value):
                KerasClassifier(build, loss="mse").fit(*binary, **{name: value})


@pytest.mark.parametrize("name, value", [("batch_size", 0), ("batch_size", -7), ("verbose", 3),
                                         ("steps", 0), ("callbacks", [3])])  # fmt: skip
def test_arguments_of_predict(name, value, binary):
    X, y = binary
    with refused(name, value, f"predict__{name}"):
        KerasClassifier(build, loss="mse", **{f"predict__{name}": value}).fit(X, y)
    net = KerasClassifier(build, loss="binary_crossentropy").fit(X, y)
    with refused(name, value):
        net.predict(X, **{name: value})


ADAM = keras.optimizers.Adam()
ROUTED = [
    ({"optimizer__learning_rate": -1.0}, "must be a finite number of at least 0.*Got -1.0"),
    ({"optimizer__learning_rate": NAN}, "must be a finite number.*Got nan"),
    ({"optimizer__learning_rate": "fast"}, "must be a finite number.*Got 'fast'"),
    ({"optimizer__nope": 1}, "optimizer__nope=1 cannot be set on optimizer='rmsprop'"),
    (
        {"optimizer": ADAM, "optimizer__learning_rate": 0.1},
        "is an object, which has its settings.*Adam",
    ),
    ({"optimizer": None, "optimizer__learning_rate": 0.1}, "has no optimizer to go to"),
    ({"loss": keras.losses.Huber(), "loss__delta": 0.1}, "is an object, which has its settings"),
    ({"loss__nope": 1}, "loss__nope=1 cannot be set on loss='binary_crossentropy'"),
    ({"metrics__name": "m"}, "metrics__name='m' has no metrics to go to"),
    ({"callbacks__patience": 3}, "callbacks__patience=3 has no callbacks to go to"),
    ({"fit__callbacks__patience": 3}, "has no fit__callbacks to go to"),
    ({"callbacks": keras.callbacks.EarlyStopping(), "callbacks__patience": 3}, "EarlyStopping"),
    ({"fit__epoch": 3}, "'fit__epoch'.*Did you mean 'epochs'"),
    ({"fit__x": 3}, "'fit__x'.*no argument 'x'"),
    ({"predict__batchsize": 3}, "'predict__batchsize'.*Did you mean 'batch_size'"),
    ({"compile__jit": True}, "'compile__jit'.*jit_compile"),
    ({"score__nope": 3}, "'score__nope'.*no argument 'nope'"),
    ({"model__width__x": 3}, "'model__width__x'.*'model__width' takes no settings"),
    ({"fit__epochs__x": 3}, "'fit__epochs__x'.*takes no settings"),
    ({"predict__steps__x": 3}, "'predict__steps__x'.*takes no settings"),
    (
        {"compile__optimizer__learning_rate": 0.1},
        "takes no settings. Use 'optimizer__learning_rate'",
    ),
    (
        {"optimizer__learning_rate__decay_steps": 3},
        "decay_steps=3 is a setting of the argument 'learning_rate', which was not given",
    ),
    ({"optimizer__0__learning_rate": 0.1}, "optimizer__0__learning_rate=0.1 cannot be set"),
    ({"loss__0__delta": 0.1}, "loss__0__delta=0.1 cannot be set on loss='binary_crossentropy'"),
    (
        {"metrics": ["mse"], "metrics__1__name": "m"},
        "metrics__1__name='m' cannot be set.*setting of the item '1', and there are the items 0",
    ),
    (
        {"callbacks": {"stop": keras.callbacks.EarlyStopping}, "callbacks__stopp__patience": 3},
        "setting of the item 'stopp', and there are the items stop",
    ),
    ({"optimizer__": 3}, "'optimizer__'.*Did you mean 'optimizer'"),
    ({"loss": returns_none}, "'returns_none' returned None.*return"),
    ({"metrics": [returns_none]}, "metric function 'returns_none' returned None"),
    (
        {"loss": lambda y: y},
        r"takes 1 positional argument.*while the model of the builder build\(\) was trained on",
    ),
    ({"model": keras.layers.Dense(1)}, "model must be a function that returns a keras.Model"),
    ({"loss": ["mse", "mse"]}, "2 losses.*one output"),
    ({"model": build_named, "loss": {"out": "mse"}}, "build_named.*Sequential.*without a dict"),
    ({"metrics": {"x": "mse"}}, r"names the outputs \['x'\].*only one.*without a dict"),
    ({"model": keras.Model}, "model must be a function that returns a keras.Model"),
    ({"model": keras.Sequential}, "model must be a function that returns a keras.Model"),
]


@pytest.mark.parametrize("params, message", ROUTED, ids=[m for _, m in ROUTED])
def test_settings_with_a_prefix(params, message, binary):
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        KerasClassifier(**{"model": build, "loss": "binary_crossentropy", **params}).fit(*binary)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda net, X, y: net.fit(X, y, epoch=3), "no argument 'epoch'.*Did you mean 'epochs'"),
        (lambda net, X, y: net.partial_fit(X, y, batchsize=3), "Did you mean 'batch_size'"),
        (lambda net, X, y: net.fit(X, y).predict(X, batchsize=3), "Did you mean 'batch_size'"),
    ],
    ids=["fit", "partial_fit", "predict"],
)
def test_unknown_arguments(call, message, binary):
    with pytest.raises(TypeError, match=message):
        call(KerasClassifier(build, loss="binary_crossentropy"), *binary)


def test_callbacks_given_to_fit_are_objects(binary):
    net = KerasClassifier(build, loss="binary_crossentropy", epochs=3)
    with pytest.raises(ValueError, match=r"Got the class EarlyStopping.*constructor"):
        net.fit(*binary, callbacks=[keras.callbacks.EarlyStopping])
    stop = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100.0)
    assert net.fit(*binary, callbacks=stop).n_epochs_ == 2


def test_an_error_of_keras_has_no_colour_codes(binary):
    class ForThreeColumns(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras.layers.Dense(1)
            self.last.build((None, 3))

        def call(self, rows):
            return self.last(rows)

    with pytest.raises(ValueError, match="have value 3") as caught:
        KerasClassifier(ForThreeColumns, loss="mse").fit(*binary)
    assert "\x1b" not in str(caught.value)


def test_an_error_in_the_builder_says_what_it_was_called_with(binary):
    with pytest.raises(ValueError, match="units") as caught:
        KerasClassifier(build, loss="mse", width=-3).fit(*binary)
    assert caught.value.__notes__ == ["Raised while the builder build() was called with "
                                      "{'width': -3}."]  # fmt: skip


class Scored(KerasClassifier):
    @staticmethod
    def scorer(y_true, y_pred, power=1, sample_weight=None):
        return float(np.mean(y_true == y_pred) ** power)


def test_settings_of_a_scorer_of_ones_own(binary):
    Scored(build, loss="binary_crossentropy", score__power=2).fit(*binary)
    with pytest.raises(TypeError, match=r"'score__norm'.*It has power, sample_weight"):
        Scored(build, loss="binary_crossentropy", score__norm=2).fit(*binary)


def test_values_that_are_taken(binary):
    X, y = binary
    net = KerasClassifier(
        build, loss="binary_crossentropy", batch_size=np.int64(-1), epochs=np.int32(2),
        validation_split=0.25, validation_batch_size=None, verbose=False, random_state=np.int64(3),
        callbacks={"stop": [keras.callbacks.EarlyStopping]}, shuffle=np.True_, metrics="accuracy",
        fit__validation_freq=[1, 2], score__normalize=True, predict__verbose=0,
        optimizer=keras.optimizers.SGD, validation_steps=1,
    ).fit(X, y)  # fmt: skip
    assert net.n_epochs_ == 2 and type(net.model_.optimizer) is keras.optimizers.SGD


def test_a_model_before_fit():
    net = KerasClassifier(build)
    assert not hasattr(net, "model_")
    with pytest.raises(AttributeError, match=r"not fitted yet\. Call fit first"):
        net.model_  # noqa: B018 (it is read)

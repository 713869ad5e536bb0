"""Each page of scikeras's documentation: the same calls, by scikeras and by skhp.

A page is a function of the module that the wrappers are imported from, the only thing in
which the two differ. It returns what a reader would look at, and this is compared: names,
shapes, types and parameters exactly, scores up to what other first weights may change.
"""

import pickle
import warnings
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_digits, make_classification, make_moons, make_regression
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.metrics import accuracy_score, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, OneHotEncoder, StandardScaler

import skhp
from skhp.compat.scikeras import import_scikeras

pytestmark = pytest.mark.slow

layers = keras.layers
SCIKERAS = import_scikeras("scikeras.wrappers")


def classes(n=120, n_features=8, **params):
    X, y = make_classification(
        n, n_features, n_informative=5, class_sep=2.0, random_state=0, **params
    )
    return X.astype(np.float32), y


def seen(value):
    """What is compared of a value: of arrays the kind of numbers and the shape."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind, value.shape
    return value


@contextmanager
def eager_steps():
    """Let Keras trace and compile nothing: that costs more than a few steps."""
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Even though the `tf.config", UserWarning)
            yield
    finally:
        tf.config.run_functions_eagerly(False)


def assert_same_page(page, band=0.2, few_steps=False):
    """Run a page with both packages; return what skhp's run returned."""
    with eager_steps() if few_steps else nullcontext():
        keras.utils.set_random_seed(0)  # pages give no seed, and few epochs end differently
        theirs = page(SCIKERAS)
    keras.utils.set_random_seed(0)
    ours = page(skhp)
    assert vars(theirs).keys() == vars(ours).keys()
    for name, expected in vars(theirs).items():
        value = getattr(ours, name)
        if isinstance(expected, float):
            assert value == pytest.approx(expected, abs=band), name
        else:
            assert seen(value) == seen(expected), name
    return ours


# ------------------------------------------------------------------ quick start


def dense_classifier(hidden_layer_dim, meta):
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            layers.Dense(meta["n_features_in_"], activation="relu"),
            layers.Dense(hidden_layer_dim, activation="relu"),
            layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def quick_start(w):
    X, y = classes()
    loss = "sparse_categorical_crossentropy"
    clf = w.KerasClassifier(dense_classifier, loss=loss, hidden_layer_dim=12, verbose=0)
    probabilities = clf.fit(X, y).predict_proba(X)
    pipe = Pipeline([("scale", StandardScaler()), ("clf", clone(clf).set_params(epochs=9))])
    scaled = pipe.fit(X, y).predict_proba(X)
    grid = {
        "hidden_layer_dim": [6],
        "loss": [loss],
        "optimizer": ["adam", "sgd"],
        "optimizer__learning_rate": [0.1],
    }
    search = GridSearchCV(clone(clf).set_params(epochs=5), grid, refit=False, cv=2).fit(X, y)
    return SimpleNamespace(
        probabilities=probabilities,
        scaled=scaled,
        params=search.cv_results_["params"],
        best=set(search.best_params_),
        score=float(search.best_score_),
    )


def test_quick_start():
    assert assert_same_page(quick_start, few_steps=True).score > 0.8


# ------------------------------------------------------------------ basic usage


def hidden_layers(meta, hidden_layer_sizes, dropout):
    model = keras.Sequential([keras.Input((meta["n_features_in_"],))])
    for size in hidden_layer_sizes:
        model.add(layers.Dense(size, activation="relu"))
        model.add(layers.Dropout(dropout))
    return model


def sigmoid_classifier(meta, hidden_layer_sizes, dropout):
    model = hidden_layers(meta, hidden_layer_sizes, dropout)
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def regressor(meta, hidden_layer_sizes, dropout):
    model = hidden_layers(meta, hidden_layer_sizes, dropout)
    model.add(layers.Dense(1))
    return model


class StopAbove(keras.callbacks.Callback):
    def __init__(self, monitor, threshold):  # as on the page, without Keras's own __init__
        self.monitor = monitor
        self.threshold = threshold

    def on_epoch_end(self, epoch, logs=None):
        if logs[self.monitor] > self.threshold:
            self.model.stop_training = True


def basic_classifier(w):
    X, y = make_moons(100, noise=0.2, random_state=0)
    settings = {
        "model": sigmoid_classifier, "loss": "binary_crossentropy", "dropout": 0.1,
        "hidden_layer_sizes": (20,), "metrics": ["binary_accuracy"],
        "fit__validation_split": 0.2, "epochs": 20, "verbose": False, "random_state": 0,
    }  # fmt: skip
    clf = w.KerasClassifier(**settings, optimizer="adam", optimizer__learning_rate=0.05)
    clf.fit(X, y)
    stopped = w.KerasClassifier(
        **settings, callbacks=[StopAbove(monitor="val_binary_accuracy", threshold=-1)]
    ).fit(X, y)
    return SimpleNamespace(
        classes=clf.predict(X[:5]),
        probabilities=clf.predict_proba(X[:5]),
        epochs=len(clf.history_["loss"]),
        names=set(clf.history_),
        accuracy=float(clf.history_["val_binary_accuracy"][-1]),
        stopped_after=len(stopped.history_["loss"]),
        score=float(clf.score(X, y)),
    )


def test_basic_usage_of_a_classifier():
    page = assert_same_page(basic_classifier)
    assert page.stopped_after == 1 and page.score > 0.8


def basic_regressor(folder):
    def page(w):
        X, y = make_regression(100, 6, n_informative=4, random_state=0)
        reg = w.KerasRegressor(
            model=regressor, loss="mse", metrics=[keras.metrics.R2Score],
            hidden_layer_sizes=(20,), dropout=0.1, verbose=0, epochs=2,
        ).fit(X, y)  # fmt: skip
        predicted = reg.predict(X)
        again = pickle.loads(pickle.dumps(reg))
        np.testing.assert_allclose(again.predict(X), predicted, rtol=1e-5)
        reg.model_.save(folder / "model.keras")
        loaded = w.KerasRegressor(keras.saving.load_model(folder / "model.keras"), verbose=0)
        loaded.initialize(X, y)
        np.testing.assert_allclose(loaded.predict(X), predicted, rtol=1e-5)
        return SimpleNamespace(
            predictions=predicted[:5],
            names={name.replace("r2_score_1", "r2_score") for name in reg.history_},
            fitted_again=hasattr(loaded, "history_"),
        )

    return page


def test_basic_usage_of_a_regressor(tmp_path):
    assert_same_page(basic_regressor(tmp_path), few_steps=True)


def basic_search(w):
    X, y = make_moons(60, noise=0.2, random_state=0)
    clf = w.KerasClassifier(
        model=sigmoid_classifier, loss="binary_crossentropy", optimizer="adam",
        optimizer__learning_rate=0.1, model__hidden_layer_sizes=(8,), model__dropout=0.5,
        verbose=False, epochs=9,
    )  # fmt: skip
    grid = {
        "optimizer__learning_rate": [0.1],
        "model__hidden_layer_sizes": [(5, 5)],
        "model__dropout": [0],
    }
    search = GridSearchCV(clf, grid, scoring="accuracy", cv=2).fit(X, y)
    assert search.best_estimator_.score(X, y) > 0.5
    return SimpleNamespace(
        columns={name for name in search.cv_results_ if name.startswith("param_")},
        shape=np.asarray(search.cv_results_["mean_test_score"]),
        score=float(search.best_score_),
    )


def test_basic_usage_in_a_search():
    assert assert_same_page(basic_search, few_steps=True).score > 0.7


# ------------------------------------------------------------------ advanced usage


def one_layer(meta, units=1):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            layers.Dense(units, activation="sigmoid"),
        ]
    )


def chooses_its_optimizer(meta, compile_kwargs, params):
    optimizer = compile_kwargs["optimizer"]
    if optimizer is None:
        optimizer = keras.optimizers.SGD(0.25)
    assert params["epochs"] == 1
    model = one_layer(meta)
    model.compile(optimizer=optimizer, loss=compile_kwargs["loss"])
    return model


def compilation(w):
    X, y = classes()

    def fitted(model=one_layer, **params):
        net = w.KerasClassifier(model, **{"loss": "binary_crossentropy", "verbose": 0, **params})
        return net.fit(X, y)

    own = fitted(chooses_its_optimizer, optimizer=None).model_.optimizer
    routed = fitted(optimizer=keras.optimizers.SGD, optimizer__learning_rate=0.0625)
    smoothed = fitted(loss=keras.losses.BinaryCrossentropy, loss__label_smoothing=0.5)
    metrics = [keras.metrics.BinaryAccuracy, keras.metrics.AUC(name="area")]
    metered = fitted(metrics=metrics, metrics__0__threshold=0.75, metrics__0__name="above")
    with pytest.raises(ValueError, match="loss"):
        fitted(loss=None)
    with pytest.raises(ValueError, match="optimizer"):
        fitted(lambda meta, compile_kwargs: chooses_its_optimizer(
            meta, {**compile_kwargs, "optimizer": 3}, {"epochs": 1}))  # fmt: skip
    return SimpleNamespace(
        own_rate=str(float(own.learning_rate)),
        routed_rate=str(float(routed.model_.optimizer.learning_rate)),
        smoothing=str(smoothed.model_.loss.label_smoothing),
        names=set(metered.history_),
        given=clone(routed).get_params()["optimizer__learning_rate"] == 0.0625,
    )


def test_compilation():
    page = assert_same_page(compilation, few_steps=True)
    assert (page.own_rate, page.routed_rate, page.smoothing) == ("0.25", "0.0625", "0.5")


def two_outputs(meta):
    x = keras.Input((meta["n_features_in_"],))
    outputs = [layers.Dense(1, activation="sigmoid", name=name)(x) for name in ("out1", "out2")]
    return keras.Model(x, outputs)


class Twice(FunctionTransformer):
    """y for two outputs, and the first of them back."""

    def __init__(self):
        super().__init__(
            lambda y: [y.reshape(-1, 1)] * 2,
            lambda y: (y[0] > 0.5).astype(int),
            check_inverse=False,
        )


def losses_and_metrics_by_output(w):
    class TwoOutputs(w.BaseWrapper):
        @property
        def target_encoder(self):
            return Twice()

    X, y = classes()
    loss, accuracy = keras.losses.BinaryCrossentropy, keras.metrics.BinaryAccuracy
    settings = {
        "loss__from_logits": False, "metrics__out1__threshold": 0.75, "verbose": 0,
        "metrics": {"out1": accuracy, "out2": [accuracy, keras.metrics.AUC(name="auc")]},
        "metrics__out2__0__name": "half",
    }  # fmt: skip
    names, smoothing = [], []
    for losses, second in (([loss, loss], "1"), ({"out1": loss, "out2": loss}, "out2")):
        routed = {f"loss__{second}__label_smoothing": 0.5}
        net = TwoOutputs(two_outputs, loss=losses, **settings, **routed).fit(X, y)
        names.append(set(net.history_))
        smoothing.append([part.label_smoothing for part in keras.tree.flatten(net.model_.loss)])
    return SimpleNamespace(names=names, smoothing=smoothing, predictions=net.predict(X))


def test_losses_and_metrics_of_several_outputs():
    page = assert_same_page(losses_and_metrics_by_output, few_steps=True)
    assert page.smoothing == [[0, 0.5]] * 2


class Notes(keras.callbacks.Callback):
    """Writes down which of its methods are called."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def on_train_begin(self, logs=None):
        self.calls.append("train")

    def on_test_begin(self, logs=None):
        self.calls.append("test")

    def on_predict_begin(self, logs=None):
        self.calls.append("predict")


class Schedule:
    def __init__(self, wait_until_epoch=10, coef=0.1):
        self.wait_until_epoch = wait_until_epoch
        self.coef = coef

    def __call__(self, epoch, rate):
        return rate if epoch < self.wait_until_epoch else float(rate * np.exp(-self.coef))


def callbacks(w):
    X, y = classes()

    def fitted(**params):
        settings = {"loss": "binary_crossentropy", "verbose": 0, "epochs": 3}
        return w.KerasClassifier(one_layer, **settings, **params).fit(X, y)

    stop = {"monitor": "loss", "patience": 0, "min_delta": 100}
    stopping, terminate = keras.callbacks.EarlyStopping, keras.callbacks.TerminateOnNaN
    single = fitted(callbacks=stopping, **{f"callbacks__{k}": v for k, v in stop.items()})
    by_name = fitted(
        callbacks={"nan": terminate, "es": stopping},
        **{f"callbacks__es__{k}": v for k, v in stop.items()},
    )
    by_place = fitted(
        callbacks=[terminate, stopping], **{f"callbacks__1__{k}": v for k, v in stop.items()}
    )
    calls = {"both": [], "fit": [], "predict": []}
    fitted(
        callbacks=Notes(calls["both"]), fit__callbacks=[Notes(calls["fit"])],
        predict__callbacks=Notes(calls["predict"]), validation_split=0.25,
    ).predict(X)  # fmt: skip
    scheduled = fitted(
        callbacks=keras.callbacks.LearningRateScheduler, callbacks__0=Schedule,
        callbacks__0__coef=0.5, callbacks__0__wait_until_epoch=1,
    )  # fmt: skip
    rates = np.divide(scheduled.history_["learning_rate"], 0.001).round(3).tolist()
    epochs = [len(net.history_["loss"]) for net in (single, by_name, by_place)]
    return SimpleNamespace(epochs=epochs, calls=calls, rates=rates)


def test_callbacks():
    page = assert_same_page(callbacks, few_steps=True)
    assert page.epochs == [2, 2, 2] and page.rates == [1, 0.607, 0.368]
    assert page.calls["fit"] == ["train", "test", "test", "test"]


# ------------------------------------------------------------------ migration


def migration(w):
    X, y = make_regression(60, 4, random_state=0)

    def model():
        net = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
        net.compile(loss="mse", metrics=["mae"])
        return net

    reg = w.KerasRegressor(model, verbose=0, fit__batch_size=32, predict__batch_size=10)
    history = reg.fit(X, y).history_
    reg.set_params(fit__batch_size=20, predict__batch_size=5).fit(X, y, epochs=2)
    return SimpleNamespace(
        mae=len(history["mean_absolute_error"]),
        steps=int(reg.model_.optimizer.iterations),
        score_is_r2=reg.score(X, y) < 1 - mean_squared_error(y, reg.predict(X)) / y.var() + 1e-3,
        one_hot=w.KerasClassifier(
            dense_classifier, hidden_layer_dim=4, loss="categorical_crossentropy", verbose=0
        ).fit(*classes(n_classes=3)).predict_proba(classes(n_classes=3)[0]),
    )  # fmt: skip


def test_migration():
    page = assert_same_page(migration, few_steps=True)
    assert (page.mae, page.steps) == (1, 6) and page.score_is_r2


# ------------------------------------------------------------------ MLPs as subclasses


def perceptrons(w):
    class MLPClassifier(w.KerasClassifier):
        def __init__(
            self, hidden_layer_sizes=(10,), optimizer="adam", optimizer__learning_rate=0.001,
            epochs=200, verbose=0, **kwargs,
        ):  # fmt: skip
            super().__init__(**kwargs)
            self.hidden_layer_sizes = hidden_layer_sizes
            self.optimizer = optimizer
            self.epochs = epochs
            self.verbose = verbose

        def _keras_build_fn(self, compile_kwargs):
            model = keras.Sequential([keras.Input((self.n_features_in_,))])
            for size in self.hidden_layer_sizes:
                model.add(layers.Dense(size, activation="relu"))
            units, activation, loss = {
                "binary": (1, "sigmoid", "binary_crossentropy"),
                "multiclass": (self.n_classes_, "softmax", "sparse_categorical_crossentropy"),
            }[self.target_type_]
            model.add(layers.Dense(units, activation=activation))
            model.compile(loss=loss, optimizer=compile_kwargs["optimizer"])
            return model

    class MLPRegressor(w.KerasRegressor):
        def __init__(self, hidden_layer_sizes=(10,), optimizer="adam", epochs=200, **kwargs):
            super().__init__(**kwargs)
            self.hidden_layer_sizes = hidden_layer_sizes
            self.optimizer = optimizer
            self.epochs = epochs

        def _keras_build_fn(self, compile_kwargs):
            model = keras.Sequential([keras.Input((self.n_features_in_,))])
            for size in self.hidden_layer_sizes:
                model.add(layers.Dense(size, activation="relu"))
            model.add(layers.Dense(1))
            model.compile(loss="mse", optimizer=compile_kwargs["optimizer"])
            return model

    X, y = classes()
    clf = MLPClassifier(epochs=40, random_state=0).fit(X, y)
    three = MLPClassifier(epochs=1).fit(*classes(n_classes=3))
    values = np.arange(100)
    reg = MLPRegressor(epochs=2, verbose=0).fit((values / 2).reshape(-1, 1), values)
    return SimpleNamespace(
        score=float(clf.score(X, y)),
        rate=str(round(float(clf.model_.optimizer.learning_rate), 4)),
        kinds=(clf.target_type_, three.target_type_, int(three.n_classes_)),
        sizes=clf.get_params()["hidden_layer_sizes"],
        values=reg.predict((values / 2).reshape(-1, 1)),
    )


def test_perceptrons_as_subclasses():
    page = assert_same_page(perceptrons)
    assert page.score > 0.8 and page.rate == "0.001"


# ------------------------------------------------------------------ meta-estimators


def compiled_classifier(hidden_layer_sizes, meta, compile_kwargs):
    model = sigmoid_classifier(meta, hidden_layer_sizes, 0)
    model.compile(loss="binary_crossentropy", optimizer=compile_kwargs["optimizer"])
    return model


def meta_estimators(w):
    clf = w.KerasClassifier(
        model=compiled_classifier, hidden_layer_sizes=(20,), optimizer="adam",
        optimizer__learning_rate=0.05, verbose=0, random_state=0, epochs=10,
    )  # fmt: skip
    X, y = make_moons(random_state=0)
    boosted = AdaBoostClassifier(estimator=clf, n_estimators=2, random_state=0).fit(X, y)
    bagged = BaggingClassifier(estimator=clf, n_estimators=1, random_state=0).fit(X, y)
    return SimpleNamespace(
        single=float(clone(clf).fit(X, y).score(X, y)),
        boosted=float(boosted.score(X, y)),
        bagged=float(bagged.score(X, y)),
        weights=boosted.estimators_[0].model_.get_weights()[0][0, :5],
    )


def test_meta_estimators():
    page = assert_same_page(meta_estimators)
    assert min(page.single, page.boosted, page.bagged) > 0.75


# ------------------------------------------------------------------ data transformers


class TwoLabels(BaseEstimator, TransformerMixin):
    """Two columns of labels as the two outputs of a network."""

    def fit(self, y):
        self.encoders_ = [LabelEncoder().fit(column) for column in y.T]
        return self

    def transform(self, y):
        return [e.transform(column) for e, column in zip(self.encoders_, y.T, strict=True)]

    def inverse_transform(self, y, return_proba=False):
        chosen = [(y[0] > 0.5).astype(int).ravel(), y[1].argmax(axis=1)]
        pairs = zip(self.encoders_, chosen, strict=True)
        return np.column_stack([encoder.inverse_transform(index) for encoder, index in pairs])

    def get_metadata(self):
        return {"n_classes_": [len(e.classes_) for e in self.encoders_], "n_outputs_expected_": 2}


def binary_and_other(meta):
    x = keras.Input((meta["n_features_in_"],))
    hidden = layers.Dense(30, activation="relu")(x)
    outputs = [
        layers.Dense(1, activation="sigmoid")(hidden),
        layers.Dense(meta["n_classes_"][1], activation="softmax")(hidden),
    ]
    model = keras.Model(inputs=x, outputs=outputs)
    losses = ["binary_crossentropy", "sparse_categorical_crossentropy"]
    model.compile(keras.optimizers.Adam(0.05), loss=losses)
    return model


def several_outputs(w):
    class MultiOutputClassifier(w.KerasClassifier):
        @property
        def target_encoder(self):
            return TwoLabels()

        @staticmethod
        def scorer(y_true, y_pred, **kwargs):
            pairs = zip(y_true.T, y_pred.T, strict=True)
            return np.mean([accuracy_score(true, pred) for true, pred in pairs])

    random = np.random.default_rng(0)
    y = np.column_stack([random.integers(0, 2, 100), random.integers(0, 5, 100)])
    X = StandardScaler().fit_transform(y)  # labels as features, to learn them
    clf = MultiOutputClassifier(model=binary_and_other, verbose=0, random_state=0, epochs=20)
    clf.fit(X, y)
    return SimpleNamespace(
        score=float(clf.score(X, y)), predictions=clf.predict(X), n_classes=clf.n_classes_
    )


def test_several_outputs():
    assert assert_same_page(several_outputs).score > 0.8


def two_inputs():
    inputs = [keras.Input((1,)), keras.Input((1,))]
    hidden = [layers.Dense(n, activation="relu")(x) for n, x in zip((20, 10), inputs, strict=True)]
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate(axis=-1)(hidden)))
    model.compile(keras.optimizers.Adam(0.05), loss="mse")
    return model


def several_inputs(w):
    class MultiInputRegressor(w.KerasRegressor):
        @property
        def feature_encoder(self):
            return FunctionTransformer(func=lambda X: [X[:, 0], X[:, 1]])

    X = np.random.default_rng(0).random((100, 2))
    y = X.sum(axis=1)
    reg = MultiInputRegressor(model=two_inputs, verbose=0, random_state=0, epochs=20).fit(X, y)
    return SimpleNamespace(score=float(reg.score(X, y)), predictions=reg.predict(X))


def test_several_inputs():
    assert assert_same_page(several_inputs).score > 0.8


def digit_images():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), loss="sparse_categorical_crossentropy")
    return model


def digits(n=400):
    X, y = load_digits(return_X_y=True)
    return X[:n] / 16, y[:n]


def images(w):
    """Also the page of benchmarks, which trains the same network."""

    class MultiDimensionalClassifier(w.KerasClassifier):
        @property
        def feature_encoder(self):
            return FunctionTransformer(func=lambda X: X.reshape(X.shape[0], 8, 8, 1))

    X, y = digits()
    settings = {
        "epochs": 8, "batch_size": 32, "validation_split": 0.1, "random_state": 0, "verbose": 0
    }  # fmt: skip
    clf = MultiDimensionalClassifier(model=digit_images, **settings).fit(X, y)
    return SimpleNamespace(
        score=float(clf.score(X, y)), names=set(clf.history_), predictions=clf.predict(X)
    )


def test_images_and_benchmark():
    assert_same_page(images, band=0.1)  # scikeras calls Keras's fit, which the benchmark is about


# ------------------------------------------------------------------ autoencoders


def auto_encoder(w):
    class AutoEncoder(w.BaseWrapper, TransformerMixin):
        def _keras_build_fn(self, encoding_dim, hidden_layer_sizes, meta):
            n_features = meta["n_features_in_"]
            x = h = keras.Input((n_features,))
            for size in hidden_layer_sizes:
                h = layers.Dense(size, activation="relu")(h)
            encoder = keras.Model(x, layers.Dense(encoding_dim, activation="relu")(h))
            code = h = keras.Input((encoding_dim,))
            for size in reversed(hidden_layer_sizes):
                h = layers.Dense(size, activation="relu")(h)
            decoder = keras.Model(code, layers.Dense(n_features, activation="sigmoid")(h))
            whole = keras.Input((n_features,))
            self.encoder_model_ = w.BaseWrapper(encoder, verbose=self.verbose)
            self.decoder_model_ = w.BaseWrapper(decoder, verbose=self.verbose)
            return keras.Model(whole, decoder(encoder(whole)))

        def _initialize(self, X, y=None):
            X, _ = super()._initialize(X=X, y=y)
            code = self.encoder_model_.initialize(X).predict(X)
            self.decoder_model_.initialize(code)
            return X, X

        def initialize(self, X):
            self._initialize(X=X, y=X)
            return self

        def fit(self, X, *, sample_weight=None):
            super().fit(X=X, y=X, sample_weight=sample_weight)
            return self

        def score(self, X):
            return 1 - mean_squared_error(self.predict(X), X)

        def transform(self, X):
            return self.encoder_model_.predict(self.feature_encoder_.transform(X))

        def inverse_transform(self, code):
            return self.feature_encoder_.inverse_transform(self.decoder_model_.predict(code))

    return AutoEncoder


def auto_encoders(w):
    X = digits()[0].astype("float32")
    found = {}
    for name, sizes in (("plain", []), ("deep", [32])):
        net = auto_encoder(w)(
            loss="binary_crossentropy", encoding_dim=16, hidden_layer_sizes=sizes, random_state=0,
            epochs=5, verbose=False, optimizer="adam",
        )  # fmt: skip
        untrained = net.initialize(X).score(X)
        code = net.fit(X=X).transform(X)
        round_trip = net.inverse_transform(code)
        np.testing.assert_allclose(round_trip, net.predict(X), rtol=1e-4, atol=1e-5)
        found |= {f"{name}_code": code, f"{name}_images": round_trip}
        found |= {f"{name}_score": float(net.score(X)), f"{name}_learns": net.score(X) > untrained}
    return SimpleNamespace(**found)


def test_auto_encoders():
    page = assert_same_page(auto_encoders, band=0.03)
    assert page.plain_learns and page.deep_learns


# ------------------------------------------------------------------ sparse inputs


def sparse_inputs(w):
    X = np.arange(60).reshape(-1, 1)
    y = np.random.default_rng(0).uniform(0, 1, 60)

    def predicted(**encoder):
        pipe = Pipeline(
            [
                ("encoder", OneHotEncoder(**encoder)),
                ("model", w.KerasRegressor(
                    regressor, hidden_layer_sizes=(10,), dropout=0, loss="mse", epochs=2,
                    verbose=False, random_state=0,
                )),
            ]
        )  # fmt: skip
        return pipe.fit(X, y).predict(X)

    dense = predicted(sparse_output=False)
    for other in ({}, {"dtype": np.uint8}):
        np.testing.assert_allclose(predicted(sparse_output=True, **other), dense, rtol=1e-3)
    return SimpleNamespace(predictions=dense)


def test_sparse_inputs():
    assert_same_page(sparse_inputs, few_steps=True)

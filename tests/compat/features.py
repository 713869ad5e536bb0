"""Features that need private names of other libraries, each in a few lines.

A fresh process without some names runs them: see test_missing_names.py.
"""

import copy
import multiprocessing
import warnings

import numpy as np

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
y = np.repeat([0, 1], 12)
X[y == 1] += 1


def report(feature):
    """What a feature returned, what it warned of, and the error that it ended with."""
    from skhp.compat.missing_names import warn_missing

    warn_missing.cache_clear()  # it warns once in a process
    value, error = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = feature()
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
    return {
        "value": value,
        "warned": [str(w.message) for w in caught if w.category is RuntimeWarning],
        "error": error,
    }


def network(**params):
    from skhp import MLPClassifier

    return MLPClassifier(**{"n_layers": 1, "width": 4, "epochs": 2, "random_state": 0, **params})


def search(**params):
    from sklearn.model_selection import GridSearchCV

    return GridSearchCV(network(**params), {"learning_rate": [0.01, 0.1]}, cv=2)


def own_model(model=None, **params):
    from skhp import KerasClassifier

    return KerasClassifier(
        model or build, **{"epochs": 1, "random_state": 0, "verbose": 0, **params}
    )


def build():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    return model


def plain_search():
    fitted = search().fit(X, y)
    return {
        "scores": fitted.cv_results_["mean_test_score"].tolist(),
        "engine": fitted.best_estimator_.engine_,
        "reason": fitted.best_estimator_.engine_reason_,
        "predicted": fitted.predict(X).tolist(),
    }


def wrong_parameter():
    network(width=0).fit(X, y)


def callbacks_of_scikit_learn():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="accuracy")
    search().set_callbacks(monitor).fit(X, y)
    return len(monitor.get_logs().data) > 0


class Copies:
    """A callback of scikit-learn's kind that copies the estimator at each epoch's end."""

    def __init__(self):
        self.count = 0

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context):
        self.count += copy.deepcopy(estimator).n_features_in_ == 3


def copy_within_a_fit():
    copies = Copies()
    network().set_callbacks(copies).fit(X, y)
    return copies.count


def learning_curves():
    from skhp.callback import LearningCurves

    curves = LearningCurves()
    search().set_callbacks(curves).fit(X, y)
    return len(curves.frame())


def curves_of_held_out_rows():
    from skhp.callback import LearningCurves

    curves = LearningCurves(on="test_fold")
    search().set_callbacks(curves).fit(X, y)
    return sorted(curves.frame()["metric"].unique())


def tensorboard():
    import tempfile

    from skhp.callback import TensorBoard

    with tempfile.TemporaryDirectory() as folder:
        search().set_callbacks(TensorBoard(folder)).fit(X, y)


def curves_without_naming_them():
    from skhp.search import overfitting

    overfitting(search().fit(X, y))


def engine_of_network():
    fitted = network().fit(X, y)
    return [fitted.engine_, fitted.engine_reason_]


def metric_of_a_function():
    import keras

    metric = keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, name="error")
    network(metrics=[metric]).fit(X, y)


def tensorboard_of_keras():
    import tempfile

    import keras

    with tempfile.TemporaryDirectory() as folder:
        fitted = network(callbacks=[keras.callbacks.TensorBoard(folder)]).fit(X, y)
    return fitted.engine_


def weight_decay():
    fitted = network(optimizer="adamw").fit(X, y)
    return fitted.engine_


def stop_early_by_accuracy():
    network(early_stopping=True, metrics=["accuracy"], monitor="val_accuracy").fit(X, y)


def fit_own_model():
    fitted = own_model().fit(X, y)
    return [fitted.engine_, fitted.engine_reason_]


def losses_by_the_name_of_the_output():
    own_model(model=build_without_loss, loss={"last": "binary_crossentropy"}).fit(X, y)


def build_without_loss():
    import keras

    last = keras.layers.Dense(1, activation="sigmoid", name="last")
    return keras.Sequential([keras.Input((3,)), last])


def many_models():
    from skhp.keras_objects.storage import pack_model, unpack_model

    packed = pack_model(build_without_loss())
    for _ in range(64):
        unpack_model(packed)


def copy_a_model_with_a_lambda():
    import keras

    from skhp.keras_objects.storage import copy_model

    shift = keras.layers.Lambda(shifted, arguments={"by": lambda x: x})
    copy_model(keras.Sequential([keras.Input((3,)), shift]))


def shifted(x, by):
    return x + by(1.0)


def fit_a_model_with_its_own_fit():
    import keras

    class Own(keras.Sequential):
        def fit(self, *args, **kwargs):
            return super().fit(*args, **kwargs)

    def build():
        model = Own([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        return model

    fits = [own_model(model=build, epochs=2, batch_size=5).fit(X, y) for _ in range(2)]
    outputs = [fit.predict_proba(X) for fit in fits]
    return [fits[0].engine_, bool(np.array_equal(*outputs))]


def copy_own_model():
    fitted = own_model().fit(X, y)
    return bool(np.array_equal(copy.deepcopy(fitted).predict(X), fitted.predict(X)))


def start_in_a_forked_process():
    from skhp import runtime

    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply(runtime.start)

"""Keras callbacks of KerasClassifier and KerasRegressor, and what a model says after a fit."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skhp import KerasClassifier, MLPClassifier

pytestmark = pytest.mark.slow

LOSS = "binary_crossentropy"


def build(meta):
    outputs = keras.layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input((4,)), outputs])


def build_compiled():
    model = build({})
    model.compile("adam", LOSS, metrics=[keras.metrics.AUC(), "mae"])
    return model


def classifier(builder=build, **params):
    settings = {"loss": LOSS, "metrics": ["accuracy"], "validation_split": 0.2, "random_state": 0}
    return KerasClassifier(builder, **{**settings, **params})


class Batches(keras.callbacks.Callback):
    """Looks at every batch, so that Keras must train."""

    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize("others", [[], [Batches()]], ids=["graph", "keras"])
def test_early_stopping_on_accuracy_tells_when_it_stopped(binary, others):
    stop = keras.callbacks.EarlyStopping("val_accuracy", patience=2, min_delta=1)
    net = classifier(callbacks=[stop, *others], epochs=9).fit(*binary)
    assert net.engine_ == ("keras" if others else "graph")
    assert net.n_epochs_ == 3 and stop.stopped_epoch == 2
    assert stop.best == net.history_["val_accuracy"][0]
    assert net.callbacks_[0] is stop and stop.model is None
    again = pickle.loads(pickle.dumps(net))
    assert again.callbacks_[0].stopped_epoch == 2 and again.callbacks[0] is again.callbacks_[0]


class SetsMomentum(keras.callbacks.Callback):
    """Changes a setting that Keras reads in its first step."""

    def __init__(self, when):
        super().__init__()
        self.when = when

    def on_train_begin(self, logs=None):
        if self.when == "train":
            self.model.optimizer.momentum = 0.5

    def on_epoch_begin(self, epoch, logs=None):
        if self.when == epoch:
            self.model.optimizer.momentum = 0.5


@pytest.mark.parametrize(("when", "momentum"), [("train", 0.5), (0, 0.5), (1, 0.9)])
def test_a_setting_changed_by_a_callback_counts_as_in_keras(binary, when, momentum):
    def fitted(momentum, callbacks=()):
        sgd = keras.optimizers.SGD(momentum=momentum)
        settings = {"optimizer": sgd, "shuffle": False, "epochs": 3, "validation_split": 0.0}
        return classifier(callbacks=list(callbacks), **settings).fit(*binary)

    net, reference = fitted(0.9, [SetsMomentum(when)]), fitted(momentum)
    np.testing.assert_allclose(net.history_["loss"], reference.history_["loss"], rtol=1e-5)
    assert net.engine_ == ("graph" if when == 1 else "keras")
    if when != 1:
        assert net.engine_reason_ == "a callback has set momentum of the optimizer"
    np.testing.assert_array_equal(fitted(0.9).history_["loss"], fitted(0.9).history_["loss"])


def test_a_rate_changed_by_a_callback_does_not_reach_other_fits(binary):
    class NoDropout(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.layers[0].rate = 0.0

    def build_with_dropout(rate=0.5):
        return keras.Sequential([keras.Input((4,)), keras.layers.Dropout(rate), *build({}).layers])

    def losses(*callbacks, **params):
        net = classifier(build_with_dropout, callbacks=list(callbacks), epochs=2, **params)
        return net.fit(*binary).history_["loss"]

    before, changed, after = losses(), losses(NoDropout()), losses()
    assert before == after
    np.testing.assert_allclose(changed, losses(rate=1e-9), rtol=1e-5)


@pytest.mark.parametrize("others", [[], [Batches()]], ids=["graph", "keras"])
def test_logs_that_a_callback_changes_are_the_history(binary, others):
    def smooth(epoch, logs):
        logs.update(val_loss=10.0 - epoch, own=epoch)

    smoothing = keras.callbacks.LambdaCallback(on_epoch_end=smooth)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=0, start_from_epoch=1)
    net = classifier(callbacks=[smoothing, stop, *others], epochs=3).fit(*binary)
    assert net.history_["val_loss"] == [10.0, 9.0, 8.0]
    assert net.history_["own"] == [0, 1, 2]
    assert net.history_["loss"][0] != 10.0


def test_a_clone_has_callbacks_of_its_own(binary):
    stop = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=100)
    net = classifier(callbacks=stop, epochs=9)
    cloned = clone(net).fit(*binary)
    assert cloned.callbacks_[0].stopped_epoch == 1 and stop.stopped_epoch == 0
    by_class = classifier(
        callbacks=keras.callbacks.EarlyStopping, callbacks__monitor="loss", epochs=2
    ).fit(*binary)
    assert type(by_class.callbacks_[0]) is keras.callbacks.EarlyStopping
    assert classifier().fit(*binary).callbacks_ == []


def test_a_second_fit_with_the_same_callbacks_gives_the_same(binary):
    callbacks = [
        keras.callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau("val_accuracy", patience=1, factor=0.5),
    ]
    net = classifier(callbacks=callbacks, epochs=5)
    first = net.fit(*binary).model_.get_weights()
    assert all(map(np.array_equal, first, net.fit(*binary).model_.get_weights()))


class Broken(ValueError):
    pass


class Breaks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise Broken


def test_what_a_callback_raises_is_raised(binary):
    callback = Breaks()
    with pytest.raises(Broken):
        classifier(callbacks=[callback]).fit(*binary)
    assert callback.model is None


@pytest.mark.parametrize(
    "net", [classifier(epochs=4), MLPClassifier(1, 4, epochs=4)], ids=["wrapper", "MLP"]
)
def test_optuna_prunes_by_what_its_callback_reports(binary, net):
    pytest.importorskip("optuna_integration")
    import optuna
    from optuna_integration.keras import KerasPruningCallback

    fitted = []

    def objective(trial):
        cloned = clone(net).set_params(callbacks=[KerasPruningCallback(trial, "loss")])
        fitted.append(cloned)
        return cloned.fit(*binary).history_["loss"][-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    never, at_second = optuna.pruners.NopPruner(), optuna.pruners.ThresholdPruner(upper=0)
    study = optuna.create_study(pruner=never)
    study.optimize(objective, n_trials=1)
    assert list(study.trials[0].intermediate_values.values()) == fitted[0].history_["loss"]
    study = optuna.create_study(pruner=at_second)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == optuna.trial.TrialState.PRUNED
    assert list(study.trials[0].intermediate_values) == [0]


# ------------------------------------------------------------------ names


def with_metrics(*makers):
    def build_with():
        model = build({})
        model.compile("adam", LOSS, metrics=[make() for make in makers])
        return model

    return build_with


def pr_auc():
    return keras.metrics.AUC(curve="PR")


AUC = keras.metrics.AUC


@pytest.mark.parametrize("others", [[], [Batches()]], ids=["graph", "keras"])
def test_a_metric_has_one_name_in_every_fit(binary, others):
    for _ in range(2):
        stop = keras.callbacks.EarlyStopping("val_auc", patience=1, min_delta=1)
        settings = {"callbacks": [stop, *others], "epochs": 3, "metrics": None}
        net = classifier(with_metrics(AUC, pr_auc), **settings).fit(*binary)
        assert net.n_epochs_ == 2
        assert list(net.history_) == ["auc", "auc_1", "loss", "val_auc", "val_auc_1", "val_loss"]


@pytest.mark.parametrize(
    "metrics", [AUC, "AUC", lambda: [AUC()]], ids=["class", "name", "object"]
)  # fmt: skip
@pytest.mark.parametrize("net", [classifier(validation_split=0), MLPClassifier(1, 4, epochs=1)])
def test_so_has_one_given_to_the_estimator(binary, metrics, net):
    AUC(), AUC()
    for _ in range(2):
        given = metrics() if metrics is not AUC and callable(metrics) else [metrics]
        fitted = clone(net).set_params(metrics=given).fit(*binary)
        name = "AUC" if given == ["AUC"] else "auc"
        assert list(fitted.history_) == sorted([name, "loss"])


def test_names_that_are_given_stay(binary):
    X, y = binary
    net = classifier(with_metrics(lambda: AUC(name="auc_7"), AUC), metrics=None).fit(X, y)
    assert {"auc", "auc_7"} <= net.history_.keys()
    net = classifier(metrics=[AUC(name="auc_3"), AUC(name="auc_2", curve="PR")]).fit(X, y)
    assert {"auc_3", "auc_2"} <= net.history_.keys()
    assert (
        "area_3" in MLPClassifier(1, 4, epochs=1, metrics=[AUC(name="area_3")]).fit(X, y).history_
    )


# ------------------------------------------------------------------ after a fit


@pytest.mark.parametrize("split", [0, 0.2])
def test_history_and_results_are_named_and_ordered_as_keras_does(binary, split):
    X, y = binary
    net = classifier(build_compiled, metrics=None, validation_split=split, shuffle=False, epochs=2)
    net.fit(X, y, batch_size=16)
    model = build_compiled()
    model.set_weights(
        classifier(build_compiled, metrics=None).initialize(X, y).model_.get_weights()
    )
    history = model.fit(
        X, y, epochs=2, batch_size=16, shuffle=False, validation_split=split, verbose=0
    ).history
    names = [name.replace(model.metrics[1].metrics[0].name, "auc") for name in history]
    assert list(net.history_) == names
    results, expected = net.model_.get_metrics_result(), model.get_metrics_result()
    assert len(results) == len(expected) == 3
    np.testing.assert_allclose(results["mae"], expected["mae"], rtol=1e-4)
    np.testing.assert_allclose(results["loss"], expected["loss"], rtol=1e-4)
    assert net.model_.history.history.keys() == net.history_.keys()


def test_results_are_those_of_the_last_training_or_evaluation(binary):
    X, y = binary
    model = classifier(validation_split=0).fit(X, y).model_
    first = float(model.get_metrics_result()["loss"])
    loss, _ = model.evaluate(X[:20], y[:20], verbose=0)
    assert float(model.get_metrics_result()["loss"]) == pytest.approx(loss) != first
    history = model.fit(X, y, epochs=1, verbose=0).history
    assert float(model.get_metrics_result()["loss"]) == pytest.approx(history["loss"][0])
    net = classifier(validation_split=0, warm_start=True).fit(X, y)
    model = net.model_
    net.fit(X, y)
    assert float(net.model_.get_metrics_result()["loss"]) == net.history_["loss"][-1]
    on_batch = model.test_on_batch(X[:8], y[:8], return_dict=True)["loss"]
    assert float(model.get_metrics_result()["loss"]) == pytest.approx(float(on_batch))

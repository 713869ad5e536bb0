"""How training goes: stopping early, weights, callbacks, going on, seeds."""

import csv
import pickle

import cloudpickle
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.utils.class_weight import compute_sample_weight

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow

NET = {"n_layers": 1, "width": 16, "epochs": 3, "random_state": 0}


def weights(net):
    return net.model_.get_weights()


def assert_same(a, b, rtol=0.0, atol=0.0):
    for one, other in zip(weights(a), weights(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def halves(data):
    X, y = data
    return X[::2], y[::2], X[1::2], y[1::2]


# ------------------------------------------------------------------ validation


def test_early_stopping_takes_the_best_weights_and_stops_when_patience_ends(regression):
    X, y, X_val, y_val = halves(regression)
    net = MLPRegressor(
        1, 16, learning_rate=0.05, epochs=200, early_stopping=True, patience=5, random_state=0
    ).fit(X, y, X_val=X_val, y_val=y_val)
    losses = net.history_["val_loss"]
    best = int(np.argmin(losses))
    assert net.n_epochs_ == len(losses) == best + 1 + 5 < 200
    np.testing.assert_allclose(mean_squared_error(y_val, net.predict(X_val)), losses[best], 1e-4)


def test_early_stopping_holds_rows_out_from_random_state(binary):
    def fit(seed):
        net = MLPClassifier(**{**NET, "random_state": seed}, early_stopping=True)
        return net.fit(*binary).history_["val_loss"]

    assert fit(0) == fit(0) != fit(1)


def test_held_out_rows_are_not_trained_on(regression):
    X, y = regression
    # With nine of ten rows held out, the targets of most rows cannot matter.
    net = MLPRegressor(**NET, early_stopping=True, validation_fraction=0.9, patience=3)
    before = weights(net.fit(X, y))
    changed = 0
    for row in range(0, 60, 10):
        other = y.copy()
        other[row] = 0.0
        after = weights(net.fit(X, other))
        changed += any((a != b).any() for a, b in zip(before, after, strict=True))
    assert changed < 6


def test_validation_without_early_stopping_only_looks_on(binary):
    X, y, X_val, y_val = halves(binary)
    watched = MLPClassifier(**NET).fit(X, y, X_val=X_val, y_val=y_val)
    assert list(watched.history_) == ["loss", "val_loss"]
    assert_same(watched, MLPClassifier(**NET).fit(X, y), rtol=1e-6, atol=1e-7)


def test_validation_loss_is_weighted(binary):
    X, y, X_val, y_val = halves(binary)
    weight = np.linspace(0.5, 3.0, 30)
    net = MLPClassifier(**NET).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    expected = log_loss(y_val, net.predict_proba(X_val), sample_weight=weight)
    np.testing.assert_allclose(net.history_["val_loss"][-1], expected, rtol=1e-5)


def test_weights_follow_held_out_rows(binary):
    X, y = binary
    plain = MLPClassifier(**NET, early_stopping=True).fit(X, y)
    weighted = MLPClassifier(**NET, early_stopping=True)
    weighted.fit(X, y, sample_weight=np.linspace(0.1, 2.0, 60))
    assert plain.history_["val_loss"] != weighted.history_["val_loss"]


# ------------------------------------------------------------------ weights


def test_class_weight_is_a_sample_weight(multiclass):
    X, y = multiclass
    chosen = {0: 1.0, 1: 5.0, 2: 0.5}
    by_class = MLPClassifier(**NET, class_weight=chosen).fit(X, y)
    by_row = MLPClassifier(**NET).fit(X, y, sample_weight=[chosen[label] for label in y])
    assert_same(by_class, by_row)


def test_balanced_class_weight(multiclass):
    X, y = multiclass[0][:70], multiclass[1][:70].copy()
    y[:30] = 0
    names = np.array(["a", "b", "c"])[y]
    by_class = MLPClassifier(**NET, class_weight="balanced").fit(X, names)
    weight = compute_sample_weight("balanced", names)
    assert_same(by_class, MLPClassifier(**NET).fit(X, names, sample_weight=weight))


def test_class_weight_at_partial_fit_of_rows_of_one_class(binary):
    X, y = binary
    net = MLPClassifier(**NET, class_weight={1: 3.0})
    for label in (0, 1):
        net.partial_fit(X[y == label], y[y == label], classes=[0, 1])
    assert net.n_epochs_ == 2


def test_only_relative_weights_matter(binary):
    X, y = binary
    weight = np.linspace(0.125, 2.0, 16).repeat(4)[:60]  # with few digits, so none gets lost
    a = MLPClassifier(**NET).fit(X, y, sample_weight=weight)
    for factor in (1024.0, 2.0**1022, 2.0**-1060):  # their sum may overflow, their inverse too
        assert_same(a, MLPClassifier(**NET).fit(X, y, sample_weight=factor * weight))
    ones = MLPClassifier(**NET).fit(X, y, sample_weight=np.full(60, 2.0))
    assert_same(ones, MLPClassifier(**NET).fit(X, y))


# ------------------------------------------------------------------ Keras callbacks


class Batches(keras.callbacks.Callback):
    """Looks at every batch, and so makes Keras's own fit train."""

    def on_train_batch_end(self, batch, logs=None):
        pass


class CountEpochs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.count = 0

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1


SEEN = []  # by the LambdaCallback below

# name -> (the callback, what must be true of the net and the folder afterwards)
CALLBACKS = {
    "EarlyStopping": (
        lambda folder: keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=10.0),
        lambda net, folder: net.n_epochs_ == 2,
    ),
    "ReduceLROnPlateau": (
        lambda folder: keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss", patience=1, factor=0.1, min_delta=10.0
        ),
        lambda net, folder: np.allclose(net.history_["learning_rate"][-1], 1e-5),
    ),
    "LearningRateScheduler": (
        lambda folder: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        lambda net, folder: np.allclose(
            net.history_["learning_rate"], [5e-4, 2.5e-4, 1.25e-4, 6.25e-5]
        ),
    ),
    "ModelCheckpoint": (
        lambda folder: keras.callbacks.ModelCheckpoint(str(folder / "{epoch}.weights.h5"),
                                                       save_weights_only=True),
        lambda net, folder: len(list(folder.iterdir())) == 4,
    ),
    "TensorBoard": (
        lambda folder: keras.callbacks.TensorBoard(str(folder)),
        lambda net, folder: {p.name for p in folder.iterdir()} == {"train", "validation"},
    ),
    "CSVLogger": (
        lambda folder: keras.callbacks.CSVLogger(str(folder / "log.csv")),
        lambda net, folder: np.allclose(
            [float(r["val_loss"]) for r in csv.DictReader((folder / "log.csv").open())],
            net.history_["val_loss"],
        ),
    ),
    "LambdaCallback": (
        lambda folder: keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: SEEN.append(logs)
        ),
        lambda net, folder: [sorted(logs) for logs in SEEN] == [["loss", "val_loss"]] * 4,
    ),
    "TerminateOnNaN": (
        lambda folder: keras.callbacks.TerminateOnNaN(),
        lambda net, folder: net.n_epochs_ == 4,
    ),
}  # fmt: skip


def fit_with(callbacks, data):
    X, y, X_val, y_val = halves(data)
    net = MLPRegressor(1, 16, epochs=4, random_state=0, callbacks=callbacks)
    SEEN.clear()
    return net.fit(X, y, X_val=X_val, y_val=y_val)


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize("engine", ["compiled", "keras"])
def test_keras_callbacks_do_their_work_on_either_engine(name, engine, regression, tmp_path):
    make, has_worked = CALLBACKS[name]
    net = fit_with([make(tmp_path)] + [Batches()] * (engine == "keras"), regression)
    assert net.engine_ == engine
    assert has_worked(net, tmp_path)


@pytest.mark.parametrize("name", ["EarlyStopping", "ReduceLROnPlateau", "LearningRateScheduler"])
def test_engines_agree_under_callbacks(name, regression, tmp_path):
    make, _ = CALLBACKS[name]
    ours = fit_with([make(tmp_path)], regression)
    kerass = fit_with([make(tmp_path), Batches()], regression)
    assert ours.n_epochs_ == kerass.n_epochs_
    np.testing.assert_allclose(ours.history_["val_loss"], kerass.history_["val_loss"], rtol=1e-5)
    assert_same(ours, kerass, rtol=1e-4, atol=1e-6)


def test_engines_agree_and_say_why(binary):
    X, y = binary
    compiled = MLPClassifier(**NET).fit(X, y)
    assert (compiled.engine_, compiled.engine_reason_) == ("compiled", None)
    fallen_back = MLPClassifier(**NET, callbacks=[Batches()]).fit(X, y)
    assert fallen_back.engine_ == "keras"
    assert "Batches" in fallen_back.engine_reason_ and "batch" in fallen_back.engine_reason_
    assert_same(compiled, fallen_back, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "callback, engine",
    [
        (keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None), "keras"),
        (keras.callbacks.TensorBoard(update_freq="batch"), "keras"),
        (keras.callbacks.TensorBoard(profile_batch=1), "keras"),
        (keras.callbacks.ModelCheckpoint("x.weights.h5", save_freq=2), "keras"),
        (keras.callbacks.History(), "compiled"),
        (CountEpochs(), "compiled"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_callbacks_need_keras(callback, engine, binary, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if hasattr(callback, "save_weights_only"):
        callback.save_weights_only = True
    net = MLPClassifier(**{**NET, "epochs": 1}, callbacks=[callback]).fit(*binary)
    assert net.engine_ == engine


def test_terminate_on_nan_ends_a_diverging_run(regression):
    X, y = regression
    net = MLPRegressor(
        1, 16, optimizer="sgd", learning_rate=1e6, epochs=50, random_state=0,
        callbacks=[keras.callbacks.TerminateOnNaN()],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"diverged.*at epoch [1-9] "):
        net.fit(X, 100 * y)


def test_the_callbacks_that_were_given_are_those_that_run(binary):
    callback = CountEpochs()
    net = MLPClassifier(**NET, callbacks=[callback]).fit(*binary)
    assert callback.count == NET["epochs"] and net.callbacks_ == [callback]
    assert callback.model is None  # else a clone would copy it
    clone(net).fit(*binary)
    assert callback.count == NET["epochs"]


MONITORS = {
    "EarlyStopping": lambda folder: keras.callbacks.EarlyStopping("val_accuracy", min_delta=1),
    "ReduceLROnPlateau": lambda folder: keras.callbacks.ReduceLROnPlateau(
        "val_accuracy", patience=1, min_delta=1
    ),
    "ModelCheckpoint": lambda folder: keras.callbacks.ModelCheckpoint(
        str(folder / "best.keras"), "val_accuracy", save_best_only=True
    ),
}


@pytest.mark.parametrize("name", MONITORS)
def test_callbacks_find_out_that_more_accuracy_is_better(name, binary, tmp_path):
    X, y, X_val, y_val = halves(binary)
    callback = MONITORS[name](tmp_path)
    net = MLPClassifier(**NET, metrics=["accuracy"], callbacks=[callback])
    net.fit(X, y, X_val=X_val, y_val=y_val)
    assert net.engine_ == "compiled"
    assert callback.monitor_op(2, 1) and not callback.monitor_op(1, 2)
    if name == "ModelCheckpoint":
        assert callback.best == pytest.approx(max(net.history_["val_accuracy"]))


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_net_that_ran_with_callbacks_can_be_cloned_and_pickled(name, regression, tmp_path):
    make, _ = CALLBACKS[name]
    net = fit_with([make(tmp_path)], regression)
    X = regression[0]
    assert clone(net).get_params().keys() == net.get_params().keys()
    again = pickle.loads(cloudpickle.dumps(net))  # as joblib does for its workers
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    assert type(again.callbacks_[0]) is type(net.callbacks_[0])


# ------------------------------------------------------------------ going on


def test_two_fits_of_three_epochs_are_one_of_six(binary):
    once = MLPClassifier(**{**NET, "epochs": 6}, shuffle=False).fit(*binary)
    twice = MLPClassifier(**NET, shuffle=False, warm_start=True).fit(*binary).fit(*binary)
    assert_same(once, twice)
    assert once.history_ == twice.history_ and twice.n_epochs_ == 6


def test_partial_fit_is_an_epoch(binary):
    once = MLPClassifier(**NET, shuffle=False).fit(*binary)
    steps = MLPClassifier(**NET, shuffle=False)
    for _ in range(3):
        steps.partial_fit(*binary)
    assert_same(once, steps)


def test_partial_fit_goes_on_from_fit_and_fit_starts_afresh(regression):
    net = MLPRegressor(**NET).fit(*regression)
    before = weights(net)
    net.partial_fit(*regression)
    assert net.n_epochs_ == 4
    net.fit(*regression)
    assert net.n_epochs_ == 3
    for one, other in zip(before, weights(net), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "change", [{"learning_rate": 0.1}, {"l2": 0.1}, {"dropout": 0.5}, {"activation": "tanh"}]
)
def test_a_changed_setting_takes_effect_at_a_warm_start(change, binary):
    same = MLPClassifier(**NET, warm_start=True).fit(*binary).fit(*binary)
    changed = MLPClassifier(**NET, warm_start=True).fit(*binary).set_params(**change).fit(*binary)
    assert any((a != b).any() for a, b in zip(weights(same), weights(changed), strict=True))


def test_an_interrupted_warm_start_leaves_the_network_as_it_was(binary):
    class Interrupts(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    whole, stopped = (MLPClassifier(**NET, warm_start=True).fit(*binary) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        stopped.set_params(callbacks=[Interrupts()], activation="tanh").fit(*binary)
    assert_same(stopped, whole)
    assert_same(stopped.set_params(**whole.get_params()).fit(*binary), whole.fit(*binary))


def test_another_optimizer_at_a_warm_start(binary):
    net = MLPClassifier(**NET, warm_start=True).fit(*binary)
    net.set_params(optimizer="sgd", learning_rate=0.1).fit(*binary)
    assert net.n_epochs_ == 6
    assert net.history_["loss"][-1] < net.history_["loss"][0]


def test_another_optimizer_starts_with_a_fresh_state(binary):
    """After a change of the optimizer only the weights are those of the last fit."""
    settings = {**NET, "shuffle": False, "warm_start": True}
    net = MLPClassifier(**settings).fit(*binary)
    net.set_params(optimizer="rmsprop").fit(*binary)
    model = MLPClassifier(**settings).fit(*binary).model_
    model.compile(keras.optimizers.RMSprop(1e-3), "binary_crossentropy", run_eagerly=True)
    X, y = binary
    history = model.fit(X, y[:, None], batch_size=32, epochs=3, shuffle=False, verbose=0).history
    np.testing.assert_allclose(net.history_["loss"][3:], history["loss"], rtol=1e-5)


def test_history_has_a_value_an_epoch_in_every_list(binary):
    X, y = binary
    net = MLPClassifier(**NET, warm_start=True).fit(X, y)
    net.set_params(early_stopping=True, metrics=["accuracy"]).fit(X, y)
    net.set_params(early_stopping=False, metrics=None).fit(X, y)
    net.partial_fit(X, y)
    assert {len(values) for values in net.history_.values()} == {net.n_epochs_} == {10}
    assert set(net.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    measured = {name: np.isfinite(values).tolist() for name, values in net.history_.items()}
    assert all(measured.pop("loss"))
    for values in measured.values():
        assert values == [False] * 3 + [True] * 3 + [False] * 4


def test_a_fitted_network_stays_what_it_was_when_parameters_change(binary):
    X, y = binary
    net = MLPClassifier(**NET, metrics=["accuracy"]).fit(X, y)
    before, predicted = net.predict_proba(X), net.predict(X)
    net.set_params(loss="hinge", activation="tanh", optimizer="sgd", width=3, metrics=None)
    np.testing.assert_array_equal(net.predict_proba(X), before)
    np.testing.assert_array_equal(net.predict(X), predicted)
    model = net.model_
    assert model.loss is keras.losses.get("binary_crossentropy") or "Binary" in str(model.loss)
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, 0], before[:, 1], rtol=1e-5)


# ------------------------------------------------------------------ seeds and settings


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_fit_depends_on_its_own_random_state_alone(dropout, binary):
    first = MLPClassifier(**NET, dropout=dropout).fit(*binary)
    np.random.seed(1)  # noqa: NPY002
    keras.utils.set_random_seed(2)
    MLPClassifier(**{**NET, "random_state": 5}, dropout=dropout).fit(*binary)
    assert_same(first, MLPClassifier(**NET, dropout=dropout).fit(*binary))
    same = MLPClassifier(**{**NET, "random_state": np.random.RandomState(0)}, dropout=dropout)
    assert_same(first, same.fit(*binary))


def test_a_fit_leaves_global_generators_alone(binary):
    np.random.seed(3)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    MLPClassifier(**NET, dropout=0.5, early_stopping=True).fit(*binary)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_random_states_differ(binary):
    nets = [MLPClassifier(**{**NET, "random_state": seed}).fit(*binary) for seed in (0, 1, None)]
    first = [weights(net)[0] for net in nets]
    assert not np.allclose(first[0], first[1]) and not np.allclose(first[0], first[2])


def test_metrics_are_recorded(binary):
    X, y = binary
    net = MLPClassifier(**NET, metrics=["accuracy", keras.metrics.AUC(name="auc")])
    net.fit(X, y, X_val=X, y_val=y)
    assert set(net.history_) == {"loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc"}
    np.testing.assert_allclose(net.history_["val_accuracy"][-1], net.score(X, y), rtol=1e-6)


@pytest.mark.parametrize("metric", ["accuracy", keras.metrics.BinaryAccuracy(name="accuracy")])
def test_one_metric_needs_no_list(metric, binary):
    one, listed = (MLPClassifier(**NET, metrics=m).fit(*binary) for m in (metric, ["accuracy"]))
    assert one.history_ == listed.history_


def test_verbose_prints_a_line_an_epoch(binary, capsys):
    MLPClassifier(**NET, verbose=1).fit(*binary)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[0].startswith("Epoch 1/3") and "loss" in lines[0]
    MLPClassifier(**NET).fit(*binary)
    assert capsys.readouterr().out == ""


def test_no_hidden_layer_is_a_linear_model():
    X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    y = X @ [1.0, -2.0, 0.0, 3.0] + 0.5
    net = MLPRegressor(0, learning_rate=0.1, epochs=200, random_state=0).fit(X, y)
    kernel, bias = weights(net)
    np.testing.assert_allclose(kernel[:, 0], [1, -2, 0, 3], atol=1e-2)
    np.testing.assert_allclose(bias, 0.5, atol=1e-2)


def test_the_network_is_the_one_described(binary):
    net = MLPClassifier(
        3, (8, 4, 2), "tanh", batch_norm=True, dropout=0.1, l2=1e-3, epochs=1, random_state=0
    ).fit(*binary)
    kinds = [type(layer).__name__ for layer in net.model_.layers]
    assert kinds == ["Dense", "BatchNormalization", "Activation", "Dropout"] * 3 + ["Dense"]
    dense = [layer for layer in net.model_.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.units for layer in dense] == [8, 4, 2, 1]
    assert all(np.isclose(layer.kernel_regularizer.l2, 1e-3) for layer in dense)
    assert all(layer.rate == 0.1 for layer in net.model_.layers[3::4])


def test_the_optimizer_is_the_one_described(binary):
    net = MLPClassifier(
        **NET, optimizer=keras.optimizers.SGD(momentum=0.9, nesterov=True), learning_rate=0.02
    ).fit(*binary)
    optimizer = net.model_.optimizer
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert np.isclose(float(optimizer.learning_rate), 0.02)


def test_learning_rate_none_keeps_the_optimizers_own(binary):
    own = MLPClassifier(**NET, optimizer=keras.optimizers.SGD(0.02), learning_rate=None)
    said = MLPClassifier(**NET, optimizer="sgd", learning_rate=0.02)
    assert_same(own.fit(*binary), said.fit(*binary))


def test_learning_rate_counts_for_an_optimizer_given_as_an_object(binary):
    default = MLPClassifier(**NET, optimizer=keras.optimizers.SGD()).fit(*binary)
    assert np.isclose(float(default.model_.optimizer.learning_rate), 1e-3)
    named = MLPClassifier(**NET, optimizer="sgd", learning_rate=None).fit(*binary)
    assert np.isclose(float(named.model_.optimizer.learning_rate), 0.01)


def test_weight_decay_is_the_optimizers(binary):
    of_object = keras.optimizers.AdamW(weight_decay=0.3)
    expected = MLPClassifier(**NET, optimizer=of_object).fit(*binary)
    for optimizer in ("adam", "adamw", keras.optimizers.Adam(), keras.optimizers.AdamW()):
        net = MLPClassifier(**NET, optimizer=optimizer, weight_decay=0.3).fit(*binary)
        assert np.isclose(net.model_.optimizer.weight_decay, 0.3)
        assert_same(net, expected)


def test_weight_decay_may_change_at_a_warm_start(binary):
    """It is a number, like the learning rate: the optimizer's state goes on."""
    settings = {**NET, "shuffle": False, "warm_start": True, "weight_decay": 0.1}
    same = MLPClassifier(**settings).fit(*binary).fit(*binary)
    changed = MLPClassifier(**settings).fit(*binary).set_params(weight_decay=0.1 + 1e-12)
    assert_same(same, changed.fit(*binary))


@pytest.mark.parametrize(
    "name, instead",
    [
        ("optimizer__weight_decay", "Set the parameter weight_decay."),
        ("optimizer__learning_rate", "Set the parameter learning_rate."),
        ("optimizer__momentum", r"SGD\(momentum=...\)"),
        ("kernel_initializer__seed", "as kernel_initializer"),
    ],
)
def test_parameters_of_parameters_are_refused_with_a_way_out(name, instead):
    with pytest.raises(ValueError, match=f"Invalid parameter.*'{name}'.*{instead}"):
        MLPClassifier().set_params(**{name: 0.5})
    with pytest.raises(TypeError, match=f"unknown parameter: '{name}'.*{instead}"):
        MLPClassifier(**{name: 0.5})


# ------------------------------------------------------------------ what goes wrong


def test_a_diverged_fit_ends_alike_however_many_epochs_a_call_runs(regression):
    """The first fit's calls run one epoch, to measure; a later one's run many."""
    X, y = regression

    def fit(state):
        net = MLPRegressor(1, 7, optimizer="sgd", learning_rate=50.0, epochs=40)
        with pytest.raises(ValueError, match="diverged") as caught:
            net.set_params(random_state=state).fit(X, y)
        return str(caught.value), state.randint(1000)

    first, second = (fit(np.random.RandomState(0)) for _ in range(2))
    assert first == second  # the epoch, and what is drawn next


def test_a_fit_that_fails_leaves_no_fitted_estimator(binary):
    X, y = binary
    net = MLPClassifier(**NET).fit(X, y)
    with pytest.raises(ValueError, match="sample_weight"):
        net.fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(NotFittedError):
        net.predict(X)


def test_classes_of_multilabel_rows_are_their_columns(binary):
    X, y = binary
    labels = np.column_stack([y, 1 - y, y])
    net = MLPClassifier(**NET).partial_fit(X, labels, classes=[0, 1, 2])
    assert net.predict(X).shape == labels.shape


def test_counts_its_weights(binary):
    X, y = binary
    net = MLPClassifier(1, 16, epochs=1, batch_norm=True).fit(X, y)
    assert net.count_parameters() == net.model_.count_params() == 4 * 16 + 16 + 4 * 16 + 17
    assert MLPClassifier(0).count_parameters(like=net) == 5
    two_outputs = MLPClassifier(0, loss="categorical_crossentropy")
    assert two_outputs.count_parameters(like=net) == two_outputs.fit(X, y).count_parameters() == 10
    with pytest.raises(ValueError, match="not fitted yet"):
        MLPClassifier().count_parameters()


def test_evaluation_is_that_of_the_model(binary):
    X, y = binary
    net = MLPClassifier(1, 16, epochs=1, metrics=["accuracy"], class_weight="balanced").fit(X, y)
    measured = net.evaluation(X[:20], y[:20])(net._state)
    loss, accuracy = net.model_.evaluate(X[:20], y[:20], verbose=0)
    assert measured == pytest.approx({"loss": loss, "accuracy": accuracy}, rel=1e-5)

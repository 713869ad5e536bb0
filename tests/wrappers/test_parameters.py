"""Parameters of KerasClassifier and KerasRegressor: whose they are and where they go."""

import functools
import inspect

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skhp import KerasClassifier, KerasRegressor
from skhp.engine import compile_count

pytestmark = pytest.mark.slow

LOSS = "sparse_categorical_crossentropy"


def build(meta, width=8, depth=1):
    layers = [keras.layers.Dense(width, activation="relu") for _ in range(depth)]
    outputs = keras.layers.Dense(meta["n_classes_"], activation="softmax")
    return keras.Sequential([keras.Input((meta["n_features_in_"],)), *layers, outputs])


def build_compiled(meta, compile_kwargs, width=8):
    model = build(meta, width)
    model.compile(**compile_kwargs)
    return model


class Maker:
    def method(self, meta, width=8):
        return build(meta, width)

    def __call__(self, meta, width=8):
        return build(meta, width)


class OwnBuilder(KerasClassifier):
    def _keras_build_fn(self, meta, width=8):
        return build(meta, width)


class Declared(KerasClassifier):
    """A subclass as scikeras's guide writes them: its parameters in __init__."""

    def __init__(self, width=8, loss=LOSS, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.loss = loss

    def _keras_build_fn(self, meta, compile_kwargs):
        return build_compiled(meta, compile_kwargs, self.width)


def width_of(estimator):
    return estimator.model_.layers[0].units


class Subclass(keras.Model):
    def __init__(self, width=8, **kwargs):
        super().__init__(**kwargs)
        self.hidden = keras.layers.Dense(width, activation="relu")
        self.last = keras.layers.Dense(3, activation="softmax")

    def call(self, rows):
        return self.last(self.hidden(rows))


FORMS = {
    "function": build,
    "compiled": build_compiled,
    "bound method": Maker().method,
    "callable object": Maker(),
    "partial": functools.partial(build, depth=1),
    "lambda": lambda meta, width=8: build(meta, width),
    "class of models": Subclass,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_builder_in_any_form_has_its_arguments_as_parameters(multiclass, form):
    X, y = multiclass
    net = clone(KerasClassifier(FORMS[form], loss=LOSS, random_state=0))
    assert net.get_params()["width"] == 8
    net.set_params(width=5).fit(X, y)
    assert width_of(net) == 5 and net.get_params()["width"] == net.width == 5
    assert "meta" not in net.get_params() and "compile_kwargs" not in net.get_params()


def test_subclasses_with_a_builder_of_their_own(multiclass):
    X, y = multiclass
    assert width_of(OwnBuilder(loss=LOSS, width=5).fit(X, y)) == 5
    net = clone(Declared(width=5, optimizer="adam", optimizer__learning_rate=0.5))
    assert width_of(net.fit(X, y)) == 5
    assert float(net.model_.optimizer.learning_rate) == pytest.approx(0.5)
    assert {"width", "optimizer__learning_rate", "class_weight", "epochs"} <= {*net.get_params()}
    with pytest.raises(ValueError, match="has a method _keras_build_fn"):
        OwnBuilder(build, loss=LOSS).fit(X, y)


def test_build_fn_is_an_old_name_of_model(multiclass):
    assert width_of(KerasClassifier(build_fn=build, width=5, loss=LOSS).fit(*multiclass)) == 5


@pytest.mark.parametrize("compiled", [False, True])
def test_a_given_model_is_copied_and_its_weights_are_the_first(multiclass, compiled):
    X, y = multiclass
    model = build({"n_classes_": 3, "n_features_in_": 4})
    if compiled:
        model.compile("adam", loss=LOSS)
    before = model.get_weights()
    net = clone(KerasClassifier(model, loss=None if compiled else LOSS, random_state=0))
    rows = X[:48]  # which need no padding, so that bits can be compared
    expected = np.asarray(model(rows))
    np.testing.assert_array_equal(net.initialize(X, y).predict_proba(rows), expected)
    net.fit(X, y)
    assert not np.array_equal(net.predict_proba(rows), expected)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_what_a_builder_may_ask_for(multiclass):
    X, y = multiclass
    seen = {}

    def asking(meta, compile_kwargs, params, **others):
        seen.update(meta=meta, compile_kwargs=compile_kwargs, params=params, others=others)
        return build(meta)

    KerasClassifier(asking, extra=1, model__more=2, loss=LOSS, metrics=["accuracy"]).fit(X, y)
    meta = seen["meta"]
    assert (meta["n_features_in_"], meta["n_classes_"], meta["n_outputs_expected_"]) == (4, 3, 1)
    assert meta["target_type_"] == "multiclass" and meta["X_shape_"] == X.shape
    assert meta["X_dtype_"] == X.dtype and meta["y_ndim_"] == 1
    np.testing.assert_array_equal(meta["classes_"], [0, 1, 2])
    assert isinstance(seen["compile_kwargs"]["optimizer"], keras.optimizers.RMSprop)
    assert seen["compile_kwargs"]["loss"] == LOSS
    assert seen["params"]["metrics"] == ["accuracy"]
    assert seen["others"] == {"extra": 1, "more": 2}


def fitted(multiclass, **params):
    return KerasClassifier(build, **{"loss": LOSS, "random_state": 0, **params}).fit(*multiclass)


@pytest.mark.parametrize("name", ["optimizer", "epochs", "class_weight", "memory"])
def test_an_argument_of_the_builder_with_the_name_of_a_parameter(name, multiclass):
    seen = []

    def build_noting(**given):
        seen.append(given.get(name, "default"))
        return build({"n_classes_": 3, "n_features_in_": 4})

    only = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default="default")
    build_noting.__signature__ = inspect.Signature([only])
    KerasClassifier(build_noting, loss=LOSS).initialize(*multiclass)
    KerasClassifier(build_noting, loss=LOSS, **{f"model__{name}": 7}).initialize(*multiclass)
    assert seen == ["default", 7]


def test_settings_of_a_named_optimizer_or_a_class(multiclass):
    for optimizer in ("SGD", "sgd", keras.optimizers.SGD):
        net = fitted(
            multiclass, optimizer=optimizer, optimizer__momentum=0.5, optimizer__learning_rate=0.25
        )
        config = net.model_.optimizer.get_config()
        assert type(net.model_.optimizer) is keras.optimizers.SGD and config["momentum"] == 0.5
        assert config["learning_rate"] == pytest.approx(0.25)


def test_settings_of_a_class_within_a_class(multiclass):
    net = fitted(
        multiclass,
        optimizer="sgd",
        optimizer__learning_rate=keras.optimizers.schedules.InverseTimeDecay,
        optimizer__learning_rate__initial_learning_rate=0.5,
        optimizer__learning_rate__decay_steps=3,
        optimizer__learning_rate__decay_rate=0.5,
    )
    schedule = net.model_.optimizer.get_config()["learning_rate"]["config"]
    assert (schedule["initial_learning_rate"], schedule["decay_steps"]) == (0.5, 3)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", keras.losses.CategoricalCrossentropy])
def test_settings_of_a_loss(multiclass, loss):
    net = fitted(multiclass, loss=loss, loss__label_smoothing=0.25)
    assert net.model_.loss.label_smoothing == 0.25
    assert set(net.predict(multiclass[0])) <= {0, 1, 2}


def test_settings_of_metrics_by_place_and_for_all(multiclass):
    metrics = [keras.metrics.SparseTopKCategoricalAccuracy, "sparse_categorical_crossentropy"]
    routed = {"metrics__0__k": 1, "metrics__0__name": "top", "metrics__1__name": "ce"}
    net = fitted(multiclass, metrics=metrics, **routed)
    assert list(net.history_) == ["ce", "loss", "top"]
    assert net.history_["ce"] == pytest.approx(net.history_["loss"], rel=1e-5)
    named = fitted(multiclass, metrics=keras.metrics.SparseCategoricalAccuracy, metrics__name="m")
    assert "m" in named.history_


def test_callbacks_as_list_dict_class_or_object(multiclass):
    stop = keras.callbacks.EarlyStopping
    settings = {"monitor": "loss", "patience": 0, "min_delta": 100.0}
    forms = [
        {"callbacks": stop, **{f"callbacks__{k}": v for k, v in settings.items()}},
        {"callbacks": [stop], **{f"callbacks__0__{k}": v for k, v in settings.items()}},
        {"callbacks": {"bl": stop}, **{f"callbacks__bl__{k}": v for k, v in settings.items()}},
        {"fit__callbacks": stop, **{f"fit__callbacks__{k}": v for k, v in settings.items()}},
        {"callbacks": stop(**settings)},
    ]
    assert [fitted(multiclass, epochs=5, **form).n_epochs_ for form in forms] == [2] * 5
    with pytest.raises(TypeError, match="callbacks"):
        fitted(multiclass, callbacks=["EarlyStopping"])


def test_fit_and_predict_settings_by_prefix(multiclass):
    X, y = multiclass
    net = KerasClassifier(
        build, loss=LOSS, epochs=3, fit__epochs=2, fit__batch_size=-1, predict__batch_size=7,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    assert net.n_epochs_ == 2
    assert int(net.model_.optimizer.iterations) == 2
    np.testing.assert_allclose(
        net.predict_proba(X), net.predict_proba(X, batch_size=len(X)), rtol=1e-5
    )
    assert net.fit(X, y, epochs=4).n_epochs_ == 4
    routed = KerasClassifier(build, loss=LOSS, compile__loss_weights=[2.0], random_state=0)
    plain = KerasClassifier(build, loss=LOSS, random_state=0)
    losses = [n.fit(X, y).history_["loss"][0] for n in (routed, plain)]
    assert losses[0] > 1.5 * losses[1]


@pytest.mark.parametrize("name", ["widht", "lerning_rate", "optimzer__learning_rate", "meta"])
def test_a_typo_is_an_error_and_never_a_parameter(name):
    net = KerasClassifier(build, loss=LOSS)
    with pytest.raises(ValueError, match=f"Invalid parameter '{name}'.*builder build"):
        net.set_params(**{name: 1})
    with pytest.raises(TypeError, match=f"Invalid parameter '{name}'"):
        KerasClassifier(build, **{name: 1})
    assert name not in net.get_params()


def test_a_typo_is_told_its_near_misses():
    with pytest.raises(ValueError, match="Did you mean 'width'"):
        KerasClassifier(build).set_params(widht=1)


def test_the_signature_of_a_class_is_that_of_its_constructor():
    class Wide(KerasClassifier):
        def __init__(self, model=None, *, width=3, **kwargs):
            super().__init__(model, **kwargs)

    class Wider(Wide):
        pass

    assert list(inspect.signature(KerasRegressor).parameters)[:2] == ["model", "build_fn"]
    for kind in (Wide, Wider):
        assert list(inspect.signature(kind).parameters) == ["model", "width", "kwargs"]


def test_parameters_set_as_attributes():
    net = KerasClassifier(build, optimizer__learning_rate=0.1)
    net.width = 3
    net.optimizer__learning_rate = 0.2
    assert net.get_params()["width"] == 3
    assert clone(net).get_params()["optimizer__learning_rate"] == 0.2


def test_a_grid_over_builders_each_with_its_own_arguments(multiclass):
    def other(meta, units=5):
        return build(meta, units)

    grid = [{"model": [build], "width": [3]}, {"model": [other], "units": [4, 6]}]
    search = GridSearchCV(KerasClassifier(build, loss=LOSS, random_state=0), grid, cv=2)
    search.fit(*multiclass)
    assert len(search.cv_results_["mean_test_score"]) == 3
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_a_grid_over_learning_rates_and_unequal_folds_compiles_once_an_architecture(multiclass):
    X, y = multiclass[0][:77], multiclass[1][:77]
    net = KerasClassifier(build, loss=LOSS, optimizer="adam", random_state=0, batch_size=16)
    grid = {"width": [9, 10], "optimizer__learning_rate": [1e-3, 1e-2], "random_state": [0, 1]}
    before = compile_count()
    GridSearchCV(net, grid, cv=3).fit(X, y)
    assert compile_count() - before == 2


def test_the_builder_is_called_once_a_fit(multiclass):
    calls = []

    def counted(meta):
        calls.append(1)
        return build(meta)

    net = KerasClassifier(counted, loss=LOSS, epochs=2)
    for n in (1, 2):
        net.fit(*multiclass).predict(multiclass[0])
        assert len(calls) == n


class Routed(KerasClassifier):
    """Names a routed parameter in its constructor and does not store it."""

    def __init__(self, optimizer="adam", optimizer__learning_rate=0.125, **kwargs):
        super().__init__(**kwargs)
        self.optimizer = optimizer

    def _keras_build_fn(self, meta, compile_kwargs):
        model = build(meta)
        model.compile(compile_kwargs["optimizer"], LOSS)
        return model


def test_a_subclass_may_name_routed_parameters(multiclass):
    def rate(net):
        return float(net.fit(*multiclass).model_.optimizer.learning_rate)

    assert Routed().get_params()["optimizer__learning_rate"] == rate(Routed()) == 0.125
    assert rate(clone(Routed(optimizer__learning_rate=0.25))) == 0.25
    assert rate(clone(Routed().set_params(optimizer__learning_rate=0.5))) == 0.5
    search = GridSearchCV(Routed(), {"optimizer__learning_rate": [0.25]}, cv=2, refit=True)
    assert float(search.fit(*multiclass).best_estimator_.model_.optimizer.learning_rate) == 0.25


def test_a_loss_given_to_the_builder_and_the_estimator(multiclass):
    def sparse(meta, compile_kwargs):
        return build_compiled(meta, compile_kwargs)

    kind = keras.losses.SparseCategoricalCrossentropy
    for loss in (LOSS, kind, kind(), keras.losses.sparse_categorical_crossentropy):
        KerasClassifier(sparse, loss=loss).fit(*multiclass)


def returns_nothing():
    build({"n_classes_": 3, "n_features_in_": 4})


def two_units():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


def five_inputs():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])


def one_hot_inside(meta):
    return build_compiled(meta, {"optimizer": "adam", "loss": "categorical_crossentropy"})


def without_loss(meta):
    return build_compiled(meta, {"optimizer": "adam"})


def without_optimizer(meta, compile_kwargs):
    return build_compiled(meta, compile_kwargs)


def focal(meta):
    loss = keras.losses.BinaryFocalCrossentropy(gamma=1.0)
    return build_compiled(meta, {"optimizer": "adam", "loss": loss})


def needs_optimizer(optimizer):
    return optimizer


@pytest.mark.parametrize(
    ("builder", "params", "message"),
    [
        (returns_nothing, {}, "returns_nothing.*must return a keras.Model"),
        (two_units, {}, "two_units.*2 unit.*needs 3"),
        (five_inputs, {}, r"shape \(4,\).*five_inputs.*shape \(5,\).*n_features_in_"),
        (one_hot_inside, {"loss": None}, "one_hot_inside.*one-hot"),
        (without_loss, {"loss": None}, "without_loss.*without a loss"),
        (needs_optimizer, {}, "needs_optimizer.*model__optimizer"),
        (build, {"loss": None}, "builder build.*no loss"),
        (build, {"loss": [None]}, r"builder build.*no loss.*loss=\[None\]"),
        (build, {"optimizer": None}, "builder build.*no optimizer"),
        (
            without_optimizer,
            {"optimizer": None},
            "without_optimizer.*optimizer=None.*pass optimizer=",
        ),
        (focal, {"loss": keras.losses.MeanSquaredError()}, "focal.*is compiled with"),
        (focal, {"loss": keras.losses.MeanSquaredError}, "focal.*is compiled with"),
        (focal, {"loss": keras.losses.BinaryFocalCrossentropy(gamma=2.0)}, "focal.*is compiled"),
        (build, {"width": 3, "model__width": 4}, "twice to the builder build.*width"),
        (build, {"model__widht": 4}, "build.*takes no argument 'widht'"),
        (one_hot_inside, {"loss": "mse"}, "one_hot_inside.*is compiled with"),
        (build, {"optimizer": "admm"}, "Unknown optimizer 'admm'.*adam"),
        (build, {"loss": "crossentropi"}, "Unknown loss 'crossentropi'"),
        (3, {}, "model must be a function"),
    ],
)
def test_bad_builders(multiclass, builder, params, message):
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        KerasClassifier(builder, **{"loss": LOSS, **params}).fit(*multiclass)


def test_outputs_that_do_not_fit_values(regression):
    with pytest.raises(ValueError, match=r"two_units.*2 unit.*needs 1"):
        KerasRegressor(two_units, loss="mse").fit(*regression)


class SetsItsLoss(KerasClassifier):
    def _keras_build_fn(self, meta, params):
        params["metrics"] = ["accuracy"]  # a copy: nothing reads it
        self.loss, self.epochs = LOSS, 5
        return build(meta)


def test_a_builder_may_set_parameters_of_its_estimator(multiclass):
    net = SetsItsLoss(random_state=0).fit(*multiclass)
    assert net.model_.loss == LOSS and list(net.history_) == ["loss"]
    assert net.n_epochs_ == 1  # read before the builder ran
    assert net.fit(*multiclass).n_epochs_ == 5

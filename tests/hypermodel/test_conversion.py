"""from_hypermodel: what a keras-tuner build function becomes."""

import copy
import functools
import inspect
import pickle
import random

import keras
import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)
from sklearn.preprocessing import scale

from skhp import KerasClassifier, KerasRegressor, from_hypermodel

# from_hypermodel warns of failed builds: none may fail unawares here.
pytestmark = pytest.mark.filterwarnings("error::UserWarning")


class Holder(BaseEstimator):
    """The least an estimator class must be: it keeps its model."""

    def __init__(self, model=None, epochs=1, optimizer="adam"):
        self.model = model
        self.epochs = epochs
        self.optimizer = optimizer


def space_of(build, **options):
    return from_hypermodel(build, task=Holder, **options)[1]


def builder_of(build, **options):
    return from_hypermodel(build, task=Holder, **options)[0].model


def values_of(build, **arguments):
    """The values that a build meets when its builder is called with some arguments."""
    met = {}

    def recorded(hp):
        model = build(hp)
        met.clear()
        met.update(hp.values)
        return model

    builder_of(recorded)(**arguments)
    return met


def every_kind(hp):
    hp.Int("plain", 2, 6)
    hp.Int("wide", 1, 1000)
    hp.Int("stepped", 6, 13, step=3, default=9)
    hp.Int("powers", 2, 32, step=2, sampling="log")
    hp.Int("log_int", 1, 50, sampling="log")
    hp.Int("reverse_int", 1, 50, sampling="reverse_log")
    hp.Int("reverse_powers", 1, 16, step=2, sampling="reverse_log")
    hp.Int("many_steps", 0, 900, step=3)
    hp.Float("uniform", -1, 2)
    hp.Float("log", 1e-4, 1e-1, sampling="log", default=1e-3)
    hp.Float("reverse_log", 1.0, 100.0, sampling="reverse_log")
    hp.Float("quarters", 0, 1, step=0.25)
    hp.Float("decades", 0.001, 10, step=10, sampling="log")
    hp.Choice("activation", ["relu", "tanh", "gelu"])
    hp.Choice("batch", [16, 32, 64], ordered=True, default=32)
    hp.Choice("rate", [0.1, 0.01])
    hp.Boolean("bias")
    hp.Boolean("norm", default=True)
    hp.Fixed("momentum", 0.9)
    return keras.Sequential()


def conditional(hp):
    kind = hp.Choice("kind", ["mlp", "cnn"])
    with hp.conditional_scope("kind", ["cnn"]):
        size = hp.Choice("size", [3, 5])
        depth = hp.Int("depth", 1, 3)
        if kind == "cnn":
            assert size in (3, 5)
            with hp.conditional_scope("depth", [2]):
                hp.Int("pool", 2, 4)
                if depth == 2:
                    hp.Float("pool_rate", 0.0, 0.5)
        else:
            assert size is None
    hp.Int("hidden", 8, 16, step=8, parent_name="kind", parent_values=["mlp"])
    return keras.Sequential()


def looped(hp):
    for i in range(hp.Int("layers", 0, 3)):
        hp.Int(f"units_{i}", 8, 32, step=8)
        if hp.Boolean(f"drop_{i}"):
            hp.Float(f"rate_{i}", 0.1, 0.5)
    return keras.Sequential()


# --- the same space as keras-tuner's ------------------------------------------------------


def tuner_space(build, tmp_path, **fixed):
    """What keras-tuner itself finds before a search, under some values."""
    kt = pytest.importorskip("keras_tuner")
    tuner = kt.RandomSearch(build, objective="val_loss", directory=tmp_path, project_name="t")
    hp = tuner.oracle.get_space()
    hp.values.update(fixed)
    build(hp)
    return {one.name: one for one in hp.space}


def drawn(distribution, size):
    if isinstance(distribution, list):
        return np.random.RandomState(0).choice(np.array(distribution), size)
    return distribution.rvs(size=size, random_state=0)


@pytest.mark.parametrize("build", [every_kind, conditional])
def test_names_and_defaults_are_keras_tuners(build, tmp_path):
    theirs = tuner_space(build, tmp_path)
    parameters = inspect.signature(builder_of(build)).parameters
    assert set(parameters) == set(theirs)
    assert {n: p.default for n, p in parameters.items()} == {
        n: one.default for n, one in theirs.items()
    }
    fixed = {n for n, one in theirs.items() if type(one).__name__ == "Fixed"}
    assert set(space_of(build)) == set(theirs) - fixed


def test_computed_names_are_keras_tuners(tmp_path):
    deepest = {"layers": 3, "drop_0": True, "drop_1": True, "drop_2": True}
    assert set(space_of(looped)) == set(tuner_space(looped, tmp_path, **deepest))


def test_draws_are_keras_tuners(tmp_path):
    theirs, space = tuner_space(every_kind, tmp_path), space_of(every_kind)
    for name, distribution in space.items():
        expected = [theirs[name].random_sample(seed) for seed in range(2000)]
        found = drawn(distribution, 2000).tolist()
        assert type(found[0]) is type(expected[0]), name
        if isinstance(distribution, list):
            assert set(distribution) == set(expected), name
        if not isinstance(expected[0], str):
            assert stats.ks_2samp(found, expected).pvalue > 1e-3, name


def test_grids_are_keras_tuners(tmp_path):
    theirs, space = tuner_space(every_kind, tmp_path), space_of(every_kind, as_grid=True)
    for name, values in space.items():
        assert isinstance(values, list)
        expected = list(theirs[name].values)
        if isinstance(values[0], str):
            assert set(values) == set(expected)
        else:
            np.testing.assert_allclose(sorted(values), sorted(expected), err_msg=name)


def test_build_meets_the_values_that_keras_tuner_would_give(tmp_path):
    kt = pytest.importorskip("keras_tuner")
    tuner = kt.RandomSearch(conditional, objective="val_loss", directory=tmp_path)
    known = tuner.oracle.get_space()
    for arguments in ParameterSampler(space_of(conditional), 20, random_state=0):
        hp = known.copy()
        hp.values = dict(arguments)
        hp.ensure_active_values()
        conditional(hp)
        active = {name: v for name, v in hp.values.items() if hp.is_active(name)}
        assert values_of(conditional, **arguments) == active


def test_a_hypermodel_of_keras_tuner(tmp_path):
    kt = pytest.importorskip("keras_tuner")

    class Net(kt.HyperModel):
        def declare_hyperparameters(self, hp):
            hp.Int("epochs_of_mine", 1, 5)

        def build(self, hp, meta):
            hp.Int("units", 8, meta["n_features_in_"])
            return keras.Sequential()

    net, space = from_hypermodel(Net(), task=Holder, meta={"n_features_in_": 10})
    assert space == {"epochs_of_mine": [1, 2, 3, 4, 5], "units": [8, 9, 10]}
    assert "meta" in inspect.signature(net.model).parameters
    assert isinstance(clone(net).model(meta={"n_features_in_": 10}, units=9), keras.Model)


def test_an_untunable_hypermodel_keeps_its_defaults():
    kt = pytest.importorskip("keras_tuner")

    class Net(kt.HyperModel):
        def build(self, hp):
            hp.Int("units", 8, 9)
            return keras.Sequential()

    assert space_of(Net(tunable=False)) == {}


# --- what a search takes ------------------------------------------------------------------


def test_small_finite_sets_are_lists_and_the_rest_distributions():
    space = space_of(every_kind)
    assert space["plain"] == [2, 3, 4, 5, 6]
    assert space["stepped"] == [6, 9, 12]
    assert space["powers"] == [2, 4, 8, 16, 32]
    assert space["activation"] == ["relu", "tanh", "gelu"]
    assert sorted(space["bias"]) == [False, True]
    np.testing.assert_allclose(space["decades"], [0.001, 0.01, 0.1, 1, 10])
    assert space["wide"].support() == (1, 1000)
    assert space["uniform"].support() == (-1, 2)
    assert "momentum" not in space
    assert len(list(ParameterSampler(space, 5, random_state=0))) == 5


def test_the_last_step_is_kept_where_rounding_would_lose_it():
    space = space_of(lambda hp: (hp.Float("rate", 0, 1, step=0.2), keras.Sequential())[1])
    np.testing.assert_allclose(space["rate"], [0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_log_sampling_is_uniform_in_the_logarithm():
    space = space_of(every_kind)
    for distribution, low, high in [(space["log"], 1e-4, 1e-1)]:
        logs = np.log(distribution.rvs(size=3000, random_state=1))
        span = stats.uniform(np.log(low), np.log(high / low))
        assert stats.kstest(logs, span.cdf).pvalue > 1e-3
    integers = space["log_int"].rvs(size=20000, random_state=1)
    share = np.bincount(integers, minlength=51)[1:] / 20000
    expected = np.log((np.arange(1, 51) + 1) / np.arange(1, 51)) / np.log(51)
    np.testing.assert_allclose(share, expected, atol=0.015)


@pytest.mark.parametrize("seed", [0, np.random.RandomState(0), np.random.default_rng(0)])
def test_draws_take_any_random_state(seed):
    distribution = space_of(every_kind)["log_int"]
    assert distribution.rvs(size=(2, 3), random_state=seed).shape == (2, 3)
    assert 1 <= distribution.rvs(random_state=seed) <= 50


def test_draws_repeat_and_survive_pickling():
    distribution = space_of(every_kind)["many_steps"]
    copied = pickle.loads(pickle.dumps(distribution))
    first, second = (d.rvs(size=20, random_state=3) for d in (distribution, copied))
    assert np.array_equal(first, second) and len(set(first)) > 1
    assert set(first % 3) == {0}


# --- what is found ------------------------------------------------------------------------


def test_conditions_and_loops_are_followed_to_the_end():
    assert set(space_of(conditional)) == {"kind", "depth", "size", "pool", "pool_rate", "hidden"}
    assert set(space_of(looped)) == {
        "layers", *(f"{name}_{i}" for name in ("units", "drop", "rate") for i in range(3))
    }  # fmt: skip


def test_values_amid_a_range_are_tried_where_its_ends_differ():
    def build(hp):
        # A draw at random would hardly leave the gate open.
        gate, n = hp.Float("gate", 0, 1), hp.Int("n", 1, 15)
        if n > 1 and gate < 1e-3:
            hp.Boolean(f"only_at_{n}")
        return keras.Sequential()

    assert set(space_of(build)) == {"gate", "n", *(f"only_at_{n}" for n in range(2, 16))}


def test_a_condition_on_a_value_amid_its_range_is_entered():
    def build(hp):
        n = hp.Int("n", 1, 10**6)
        with hp.conditional_scope("n", [37]):
            if n == 37:
                hp.Boolean("inside")
        return keras.Sequential()

    assert set(space_of(build)) == {"n", "inside"}


def test_what_two_values_bring_about_together_is_found():
    def build(hp):
        if hp.Boolean("a") & (hp.Choice("b", ["x", "y"]) == "y"):
            hp.Int("both", 1, 2)
        return keras.Sequential()

    assert set(space_of(build)) == {"a", "b", "both"}


def test_max_builds_is_held_and_told():
    calls = []

    def build(hp):
        calls.append(hp)
        return looped(hp)

    with pytest.warns(UserWarning, match="Raise max_builds"):
        space_of(build, max_builds=4)
    assert len(calls) == 4


def test_a_name_met_later_keeps_its_default_and_warns():
    def build(hp):
        if hp.Float("x", 0, 1) == 0.123:
            assert hp.Int("late", 4, 8) == 4
        return keras.Sequential()

    builder = builder_of(build)
    with pytest.warns(UserWarning, match="late"):
        builder(x=0.123)


def test_builds_that_fail_beside_the_defaults_are_told():
    def build(hp):
        if hp.Int("kernel", 1, 4) > 3:
            raise ArithmeticError("kernel too large")
        hp.Boolean("after")
        return keras.Sequential()

    with pytest.warns(UserWarning, match=r"builds failed.*'kernel': 4.*kernel too large"):
        assert set(space_of(build)) == {"kernel", "after"}


def test_a_build_that_fails_at_its_defaults_fails():
    def build(hp):
        raise ArithmeticError("no defaults")

    with pytest.raises(ArithmeticError, match="no defaults"):
        space_of(build)


def test_looking_for_names_draws_nothing_from_global_generators():
    def build(hp):
        return keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(hp.Int("units", 1, 2)),
                keras.layers.Dropout(0.1),
            ]
        )

    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert space_of(build) == {"units": [1, 2]}
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_partials_methods_and_classes_build_too():
    class Net(keras.Model):
        def __init__(self, hp, units=4):
            super().__init__()
            hp.Int("units", 1, units)

        @classmethod
        def made(cls, hp):
            return cls(hp)

    expected = {"units": [1, 2, 3, 4]}
    assert space_of(Net) == space_of(Net.made) == expected
    assert space_of(functools.partial(Net, units=3)) == {"units": [1, 2, 3]}


# --- the estimator's builder --------------------------------------------------------------


def test_inactive_values_are_ignored_and_active_ones_arrive():
    met = values_of(conditional, kind="mlp", size=5, hidden=16, pool=999)
    assert met == {"kind": "mlp", "hidden": 16}
    met = values_of(conditional, kind="cnn", size=5, depth=np.int64(2), pool=3)
    assert met == {"kind": "cnn", "depth": 2, "size": 5, "pool": 3, "pool_rate": 0.0}
    assert type(met["depth"]) is int


def test_hp_answers_as_keras_tuners():
    answers = {}

    def build(hp):
        with hp.name_scope("conv"):
            hp.Int("size", 3, 5)
            answers["inner"] = hp.get("size")
        hp.Choice("off", [1], parent_name="conv/size", parent_values=[4])
        answers.update(
            outer=hp["conv/size"],
            there="conv/size" in hp,
            inactive="off" in hp,
            missing="nothing" in hp,
        )
        if hp["conv/size"] != 4:
            with pytest.raises(ValueError, match="not active"):
                hp.get("off")
        with pytest.raises(KeyError, match="nothing"):
            hp.get("nothing")
        return keras.Sequential()

    builder_of(build)(conv_size=5)
    assert answers == {"inner": 5, "outer": 5, "there": True, "inactive": False, "missing": False}


def test_builder_survives_copy_clone_and_pickle():
    # A function of a function, which plain pickle refuses.
    def build(hp):
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 3, 9))])

    net = from_hypermodel(build, task=Holder)[0]
    for builder in (
        copy.deepcopy(net.model),
        clone(net).model,
        pickle.loads(pickle.dumps(net.model)),
    ):
        assert inspect.signature(builder) == inspect.signature(net.model)
        assert builder(units=7).output_shape == (None, 7)


def test_names_that_no_parameter_can_have():
    expected = {
        "optimizer": "hp_optimizer",  # the estimator's
        "get_params": "hp_get_params",
        "steps": "hp_steps",  # Keras's, of predict
        "lambda": "hp_lambda",  # Python's
        "1st": "hp_1st",
        "a__b": "a_b",  # scikit-learn's separator
        "with space": "with_space",
        "_c_": "c",
        "größe": "größe",
    }

    def build(hp):
        for name in expected:
            hp.Boolean(name)
        return keras.Sequential()

    net, space = from_hypermodel(build, task=Holder)
    assert list(space) == list(expected.values())
    assert net.model.names == {new: old for old, new in expected.items()}


def test_estimator_parameters_are_passed_on():
    assert from_hypermodel(every_kind, task=Holder, epochs=7)[0].epochs == 7


def dense_net(hp):
    """A build function as keras-tuner's guide has them: layers in a loop, compiled."""
    model = keras.Sequential([keras.Input((30,))])
    for i in range(hp.Int("layers", 1, 2)):
        model.add(keras.layers.Dense(hp.Int(f"units_{i}", 4, 8, step=4), activation="relu"))
    model.add(keras.layers.Dense(1, "sigmoid"))
    choice = hp.Choice("optimizer", ["adam", "sgd"])
    rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log", default=0.02)
    model.compile(
        keras.optimizers.get({"class_name": choice, "config": {"learning_rate": rate}}),
        loss="binary_crossentropy",
    )
    return model  # fmt: skip


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), np.array(["malignant", "benign"])[y]


def test_random_search_over_a_compiled_net(cancer):
    net, space = from_hypermodel(dense_net, epochs=10, random_state=0)
    assert isinstance(net, KerasClassifier)
    search = RandomizedSearchCV(net, space, n_iter=2, cv=2, random_state=1, error_score="raise")
    search.fit(*cancer)
    assert search.best_score_ > 0.9
    best, model = search.best_params_, search.best_estimator_.model_
    assert set(best) == {"layers", "units_0", "units_1", "hp_optimizer", "learning_rate"}
    units = [layer.units for layer in model.layers]
    assert units == [best[f"units_{i}"] for i in range(best["layers"])] + [1]
    assert type(model.optimizer).__name__.lower() == best["hp_optimizer"]
    assert float(model.optimizer.learning_rate) == pytest.approx(best["learning_rate"])
    rates = search.cv_results_["param_learning_rate"]
    assert len(set(rates)) == 2 and min(rates) >= 1e-3 and max(rates) <= 1e-1


def test_grid_search_and_a_pickled_estimator(cancer):
    def local_net(hp):  # plain pickle refuses functions of functions
        return dense_net(hp)

    net, space = from_hypermodel(local_net, as_grid=True, epochs=5, random_state=0)
    assert len(ParameterGrid(space)) == 2 * 2 * 2 * 2 * 10
    grid = {"learning_rate": space["learning_rate"][-2:]}
    search = GridSearchCV(net, grid, cv=2, error_score="raise").fit(*cancer)
    assert search.best_score_ > 0.9
    loaded = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(loaded.predict_proba(cancer[0]), search.predict_proba(cancer[0]))
    again = clone(loaded).fit(*cancer)
    assert np.array_equal(again.predict_proba(cancer[0]), search.predict_proba(cancer[0]))


def test_regressor_with_meta_and_an_uncompiled_net():
    X, y = load_diabetes(return_X_y=True)

    def build(hp, meta, compile_kwargs):
        assert "n_features_in_" in meta
        model = keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])
        if hp.Boolean("compiled", default=True):
            model.compile(**compile_kwargs)
        return model

    net, space = from_hypermodel(build, task="regressor", loss="mse", epochs=2, random_state=0)
    assert space == {"compiled": [False, True]}
    assert isinstance(net, KerasRegressor)
    given, left = (clone(net).set_params(compiled=c).fit(X, y) for c in (True, False))
    assert given.model_.input_shape == (None, 10)
    assert np.array_equal(given.predict(X), left.predict(X))


def test_estimator_errors_name_the_build_function(cancer):
    net = from_hypermodel(dense_net)[0]
    with pytest.raises(ValueError, match=r"Invalid parameter 'unit_0'.*dense_net.*'units_0'"):
        net.set_params(unit_0=4)
    with pytest.raises(ValueError, match="units_0=64 is out of range"):
        net.set_params(units_0=64).fit(*cancer)
    with pytest.raises(ValueError, match='"classifier", "regressor" or an estimator class'):
        from_hypermodel(dense_net, task="clustering")


# --- errors -------------------------------------------------------------------------------


def registering(*calls):
    def build(hp):
        for method, *arguments in calls:
            getattr(hp, method)(*arguments)
        return keras.Sequential()

    return build


@pytest.mark.parametrize(
    "calls, message",
    [
        ([("Int", "a", 1, 3), ("Int", "a", 1, 4)], r"'a' is registered twice.*1, 4.*another name"),
        ([("Int", "a", 1, 3), ("Boolean", "a")], "'a' is registered twice"),
        ([("Boolean", "a/b"), ("Boolean", "a b")], "'a/b' and 'a b' both become .*'a_b'"),
        ([("Int", "a", 3, 1)], "min_value is above max_value"),
        ([("Int", "a", 1.5, 3)], "min_value must be an integer. Got 1.5"),
        ([("Float", "a", 0, 1, None, "log")], "needs min_value above 0"),
        ([("Float", "a", 0.1, 1, 1, "log")], "step must be above 0.*above 1"),
        ([("Float", "a", 0, 1, None, "cubic")], '"linear", "log" or "reverse_log"'),
        ([("Float", "a", 0, 1, None, "linear", 2)], "default is outside"),
        ([("Choice", "a", [])], "at least one"),
        ([("Choice", "a", [1, 2], None, 3)], "default=3 is not among"),
        ([("Choice", "a", ["x", "y"], True)], "ordered"),
        (
            [("Int", "a", 1, 3, None, None, None, "b", [1])],
            "'b' of a condition is not registered",
        ),
    ],
)
def test_what_makes_no_space(calls, message):
    with pytest.raises(ValueError, match=message):
        space_of(registering(*calls))


def test_a_definition_that_changes_later_is_an_error():
    def build(hp):
        hp.Int("second", 1, hp.Int("first", 1, 5))
        return keras.Sequential()

    with pytest.raises(ValueError, match=r"'second' is registered twice.*not depend on another"):
        space_of(build)


def test_an_unknown_method_names_the_known():
    with pytest.raises(AttributeError, match=r"hp.Integer is unknown. Did you mean hp.Int\?"):
        space_of(registering(("Integer", "a", 1, 3)))


def test_a_build_without_a_model_is_named():
    def forgetful(hp):
        hp.Boolean("a")

    with pytest.raises(TypeError, match=r"forgetful must return a keras.Model. It returned None"):
        space_of(forgetful)


@pytest.mark.parametrize(
    "name, value, allowed",
    [
        ("plain", 7, "integer from 2 to 6"),
        ("plain", 2.5, "integer from 2 to 6"),
        ("plain", None, "integer from 2 to 6"),
        ("plain", True, "integer from 2 to 6"),
        ("log", 1.0, "number from 0.0001 to 0.1"),
        ("log", float("nan"), "number from"),
        ("log", "0.01", "number from"),
        ("activation", "selu", r"\['relu', 'tanh', 'gelu'\]"),
        ("momentum", 0.5, r"\[0.9\]"),
    ],
)
def test_values_out_of_range(name, value, allowed):
    with pytest.raises(ValueError, match=rf"{name}=.* is out of range.*{allowed}"):
        builder_of(every_kind)(**{name: value})


def test_an_unknown_argument_of_the_builder():
    with pytest.raises(TypeError, match=r"looped has no hyperparameters \['unit'\]"):
        builder_of(looped)(unit=1)


def test_what_is_no_build_function():
    with pytest.raises(TypeError, match="function of hp"):
        from_hypermodel(3, task=Holder)
    with pytest.raises(TypeError, match="is a model already"):
        from_hypermodel(keras.Sequential(), task=Holder)

    class Net:
        def build(self, hp):
            return keras.Sequential()

    with pytest.raises(TypeError, match=r"is the class .*Net\. Pass an instance"):
        from_hypermodel(Net, task=Holder)
    assert space_of(Net()) == {}


def test_a_fit_of_ones_own_is_told_to_be_left_out():
    class Net:
        def build(self, hp):
            return keras.Sequential()

        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, batch_size=hp.Choice("batch_size", [8, 16]), **kwargs)

    with pytest.warns(UserWarning, match="Net.fit is not called"):
        space_of(Net())

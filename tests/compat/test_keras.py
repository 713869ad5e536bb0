"""Private names of Keras: they do what skhp takes them to do."""

import contextlib

import numpy as np
import pytest

from skhp import runtime
from skhp.compat.keras import (
    bookkeeping_attributes,
    compile_arguments,
    config_of,
    config_with_function,
    excluded_names,
    excludes_from_weight_decay,
    flat_metrics,
    fresh_keras_generator,
    fresh_metric_names,
    layer_of_output,
    layers_within,
    metric_mode,
    schedule_of,
    stateless_optimizer_class,
    tensorboard_profiles,
    unlisted_variables,
    unsafe_deserialization,
    weights_of,
    without_sum_over_replicas,
    wrapped_function,
)

runtime.start()

import keras  # noqa: E402
from keras import ops  # noqa: E402
from keras.src.backend.common.global_state import get_global_attribute  # noqa: E402

OPTIMIZERS = [
    keras.optimizers.SGD(0.1, momentum=0.9),
    keras.optimizers.Adam(0.1),
    keras.optimizers.AdamW(0.1),
    keras.optimizers.Nadam(0.1),
    keras.optimizers.RMSprop(0.1, momentum=0.5),
]


@pytest.mark.parametrize("prototype", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_stateless_optimizer_takes_the_steps_that_keras_takes(prototype):
    start, gradient = np.array([1.0, -2.0], "float32"), np.array([0.5, 1.0], "float32")
    theirs = type(prototype).from_config(prototype.get_config())
    variable = keras.Variable(start)
    for _ in range(3):
        theirs.apply([ops.convert_to_tensor(gradient)], [variable])

    pure = stateless_optimizer_class(type(prototype)).from_config(prototype.get_config())
    own = keras.Variable(start)
    pure.build([own])
    value, slots = [ops.convert_to_tensor(start)], [v.value for v in pure.variables]
    for _ in range(3):
        value, slots = pure.stateless_apply(slots, [ops.convert_to_tensor(gradient)], value)
    np.testing.assert_allclose(value[0], variable, rtol=1e-6)
    np.testing.assert_array_equal(own, start)  # only the arguments were worked on
    assert id(own) in pure.variable_owners.values()


def test_unlisted_variables():
    # Whether Keras lists Nadam's product of momenta depends on the class's bases.
    for kind in (
        keras.optimizers.Nadam,
        stateless_optimizer_class(keras.optimizers.Nadam),
    ):
        optimizer = kind()
        optimizer.build([keras.Variable(np.zeros(2))])
        everything = [*optimizer.variables, *unlisted_variables(optimizer)]
        # iterations, learning rate, momentum, velocity, product
        assert len({id(variable) for variable in everything}) == len(everything) == 5


def test_tensorboard_profiles(tmp_path):
    folder = str(tmp_path)
    assert not tensorboard_profiles(keras.callbacks.TensorBoard(folder))
    assert tensorboard_profiles(keras.callbacks.TensorBoard(folder, profile_batch=2))


def test_excludes_from_weight_decay():
    optimizer = keras.optimizers.AdamW()
    assert not excludes_from_weight_decay(optimizer)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert excludes_from_weight_decay(optimizer)


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(
        loss="mse",
        loss_weights=2.0,
        metrics=["mae"],
        weighted_metrics=[keras.metrics.MeanSquaredError()],
    )
    model.train_on_batch(np.zeros((2, 2)), np.zeros((2, 1)))
    return model


def test_compile_arguments(model):
    arguments = compile_arguments(model)
    assert (arguments["loss"], arguments["loss_weights"]) == ("mse", 2.0)
    assert arguments["metrics"] == ["mae"]
    assert isinstance(arguments["weighted_metrics"][0], keras.metrics.MeanSquaredError)


def test_compile_arguments_of_a_model_without_any():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd")
    assert not any(compile_arguments(model).values())


def test_flat_metrics(model):
    flat = flat_metrics(model)
    assert [weighted for _, weighted in flat] == [False, True]
    assert isinstance(flat[1][0], keras.metrics.MeanSquaredError)


def test_layers_within():
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="deep")])
    outer = keras.Sequential([keras.Input((2,)), inner])
    assert "deep" in {layer.name for layer in layers_within(outer)}
    assert "deep" not in {layer.name for layer in outer.layers}


def test_unsafe_deserialization():
    layer = keras.layers.Lambda(lambda x: x + 1)
    config = keras.saving.serialize_keras_object(layer)
    with pytest.raises(ValueError, match="lambda"):
        keras.saving.deserialize_keras_object(config)
    with unsafe_deserialization():
        loaded = keras.saving.deserialize_keras_object(config)
    assert float(loaded(np.float32(1))) == 2.0


def test_excluded_names():
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    assert not excluded_names(optimizer)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert excluded_names(optimizer)


def test_schedule_of_an_optimizer():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    assert schedule_of(keras.optimizers.SGD(schedule)) is schedule
    assert schedule_of(keras.optimizers.SGD(0.1)) is None


def test_function_of_a_wrapping_metric():
    metric = keras.metrics.MeanMetricWrapper(ops.abs, name="m", extra=1)
    assert wrapped_function(metric) == (ops.abs, {"extra": 1})
    named = {"name": "m", "dtype": "float32"}
    assert config_with_function(metric) == {**named, "fn": ops.abs, "extra": 1}


def test_names_of_metrics_are_numbered_as_in_a_new_process():
    class Own(keras.metrics.Mean):
        pass

    def names():
        return [keras.metrics.AUC().name, keras.metrics.AUC().name, Own(name=None).name]

    before = names()
    with fresh_metric_names():
        assert names() == ["auc", "auc_1", "own"]
        assert keras.layers.Dense(1).name != keras.layers.Dense(1).name != "dense"
    number = int(before[1].removeprefix("auc_"))
    assert names()[0] == f"auc_{number + 1}"


def test_mode_of_a_metric():
    modes = {"AUC": "max", "SparseCategoricalAccuracy": "max", "MeanSquaredError": "min"}
    for name, mode in modes.items():
        assert metric_mode(getattr(keras.metrics, name)()) == mode
    assert metric_mode(keras.metrics.MeanMetricWrapper(keras.losses.huber)) == "min"
    assert metric_mode(keras.metrics.Mean()) is None


def test_keras_generator_of_a_thread_is_put_aside():
    keras.random.normal((1,))
    before = get_global_attribute("global_seed_generator")
    state = before.state.numpy().tolist()
    with fresh_keras_generator():
        keras.random.normal((1,))
        assert get_global_attribute("global_seed_generator") is not before
    assert get_global_attribute("global_seed_generator") is before
    assert before.state.numpy().tolist() == state


def test_the_layer_of_an_output():
    x = keras.Input((3,))
    first, last = keras.layers.Dense(2), [keras.layers.Dense(1) for _ in range(3)]
    models = [
        keras.Sequential([x, last[0]]),
        keras.Model(x, last[1](first(x))),
        keras.Model(x, keras.Sequential([keras.layers.Dense(2), last[2]])(x)),
    ]
    assert [layer_of_output(model) for model in models] == last
    two = keras.Model(x, [keras.layers.Dense(1)(x), keras.layers.Dense(1)(x)])
    assert layer_of_output(two) is layer_of_output(keras.Sequential()) is None


@pytest.mark.parametrize(
    "make, computes",
    [
        (lambda: keras.layers.Dense(3), "units"),
        (lambda: keras.layers.Dropout(0.5), "rate"),
        (lambda: keras.metrics.TopKCategoricalAccuracy(), "_fn_kwargs"),
        (lambda: keras.optimizers.SGD(0.1, momentum=0.5), "momentum"),
    ],
)
def test_bookkeeping_is_no_setting(make, computes):
    made, again = make(), make()
    left_out = bookkeeping_attributes(made)
    assert {"name"} <= left_out or {"_name"} <= left_out or "built" in left_out
    assert computes in vars(made) and computes not in left_out
    assert {"_dtype_policy", "_trainable"}.isdisjoint(bookkeeping_attributes(keras.layers.Layer()))
    assert bookkeeping_attributes(again) == left_out
    assert not bookkeeping_attributes(object())


def test_an_optimizer_without_its_sum_over_replicas_takes_the_same_step():
    steps = []
    for context in (contextlib.nullcontext, without_sum_over_replicas):
        optimizer, variable = keras.optimizers.SGD(0.5), keras.Variable([1.0, 2.0])
        with context(optimizer):
            optimizer.apply([ops.convert_to_tensor([1.0, -1.0])], [variable])
        assert "_all_reduce_sum_gradients" not in vars(optimizer)
        steps.append(variable.numpy().tolist())
    assert steps[0] == steps[1] == [0.5, 2.5]


def test_the_weights_of_an_optimizer():
    optimizer, weights = keras.optimizers.SGD(0.5), [keras.Variable([1.0]), keras.Variable([2.0])]
    optimizer.build(weights[1:])
    assert list(map(id, weights_of(optimizer))) == [id(weights[1])]


def test_a_config_with_a_schedule():
    class Constant(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5

    schedule = Constant()
    optimizer = keras.optimizers.SGD(schedule, momentum=0.25)
    config = config_of(optimizer)
    assert config["learning_rate"] is schedule and config["momentum"] == 0.25
    assert config_of(keras.optimizers.SGD(0.5))["learning_rate"] == 0.5
    assert schedule_of(optimizer) is schedule

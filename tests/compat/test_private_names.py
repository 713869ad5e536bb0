"""Private names of other libraries, borrowed in skhp.compat: they are there, and do as we hold.

Those of callbacks and searches are in test_sklearn_callback.py.
"""

import ast
from fractions import Fraction
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pytest

from skhp import runtime
from skhp.compat.keras import (
    compile_arguments,
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
    wrapped_function,
)
from skhp.compat.scikeras import (
    import_scikeras,
    route_params,
    scikeras_base_wrapper,
    unflatten_params,
)
from skhp.compat.sklearn import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    check_sample_weight,
)
from skhp.compat.sklearn_callback import CALLBACKS_ATTRIBUTE, own_callbacks
from skhp.compat.tensorflow import (
    backend_seeded,
    clear_eager_kernels,
    flat_caller,
    freed_with_model,
)

runtime.start()

import keras  # noqa: E402
from keras import ops  # noqa: E402
from keras.src.backend.common.global_state import get_global_attribute  # noqa: E402


@pytest.mark.parametrize(
    "constraint, taken, refused, said",
    [
        (
            Interval(Integral, 1, None, closed="left"),
            [1, np.int8(3)],
            [0, 1.5, True],
            "[1, inf)",
        ),
        (
            Interval(Real, 0, 1, closed="left"),
            [0, 0.5, Fraction(1, 2), np.float32(0.5)],
            [1.0, np.nan, "a", False, Fraction(3, 2)],
            "[0.0, 1.0)",
        ),
        (StrOptions({"balanced"}), ["balanced"], ["other", 1], "'balanced'"),
        (HasMethods(["append", "pop"]), [[]], [(), 1], "'append' and 'pop'"),
    ],
    ids=["int", "float", "options", "methods"],
)
def test_constraints(constraint, taken, refused, said):
    assert all(constraint.is_satisfied_by(value) for value in taken)
    assert not any(constraint.is_satisfied_by(value) for value in refused)
    assert said in str(constraint)


def test_check_sample_weight():
    X = np.zeros((3, 2))
    assert check_sample_weight(None, X, dtype=np.float64).tolist() == [1, 1, 1]
    assert check_sample_weight([1, 0, 2], X, dtype=np.float64).dtype == np.float64
    assert check_sample_weight([0, 0, 0], X, dtype=np.float64).tolist() == [0, 0, 0]
    for wrong in ([1, 2], [1, 2, -1], [1, 2, np.nan]):
        with pytest.raises(ValueError, match="sample_weight"):
            check_sample_weight(wrong, X, dtype=np.float64)


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
    assert id(own) in pure.slot_owners.values()


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


def test_importing_scikeras_leaves_keras_as_it_was():
    before = [
        getattr(kind, "__reduce__")  # noqa: B009
        for kind in (keras.Model, keras.losses.Loss, keras.optimizers.Optimizer)
    ]
    assert hasattr(import_scikeras(), "KerasClassifier")
    after = [
        getattr(kind, "__reduce__")  # noqa: B009
        for kind in (keras.Model, keras.losses.Loss, keras.optimizers.Optimizer)
    ]
    assert before == after


def test_scikeras_base_wrapper():
    wrapper = scikeras_base_wrapper()
    assert not hasattr(wrapper, "_more_tags") and hasattr(wrapper, "get_params")


def test_scikeras_routing():
    params = {"optimizer__lr": 1, "optimizer": "sgd", "loss__x": 2}
    routed = route_params(params, destination="optimizer", pass_filter=set(), strict=True)
    assert routed == {"lr": 1}
    made = unflatten_params(keras.optimizers.SGD, {"learning_rate": 0.5})
    assert isinstance(made, keras.optimizers.SGD) and np.isclose(float(made.learning_rate), 0.5)


def test_excluded_names():
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    assert not excluded_names(optimizer)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert excluded_names(optimizer)


LIBRARIES = ("keras", "scikeras", "sklearn", "sklearn_callback", "tensorflow")


def test_every_borrowed_name_is_tested():
    trees = [ast.parse(path.read_text()) for path in Path(__file__).parent.glob("test_*.py")]
    used = {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}
    for library in LIBRARIES:
        module = import_module(f"skhp.compat.{library}")
        own = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and getattr(value, "__module__", "").startswith(("skhp", "sklearn"))
        ]
        assert own and not set(own) - used


def test_flat_caller_calls_with_tensors_and_what_was_captured():
    import tensorflow as tf

    captured = tf.constant([10.0, 20.0])
    traced = tf.function(lambda x, y: [x + captured, y * x], jit_compile=True, autograph=False)
    concrete = traced.get_concrete_function(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]))
    assert concrete.captured_inputs
    total, product = flat_caller(concrete)(tf.constant([5.0, 6.0]), tf.constant([7.0, 8.0]))
    np.testing.assert_array_equal(total, [15, 26])
    np.testing.assert_array_equal(product, [35, 48])


def test_schedule_of_an_optimizer():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    assert schedule_of(keras.optimizers.SGD(schedule)) is schedule
    assert schedule_of(keras.optimizers.SGD(0.1)) is None


def test_function_of_a_wrapping_metric():
    metric = keras.metrics.MeanMetricWrapper(ops.abs, name="m", extra=1)
    assert wrapped_function(metric) == (ops.abs, {"extra": 1})


def test_eager_kernels_are_cleared_and_made_again():
    clear_eager_kernels()
    assert float(ops.sum(ops.ones(3))) == 3


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


def test_a_seed_for_the_backend_is_for_a_while():
    import tensorflow as tf

    def draw():
        return tf.random.uniform(()).numpy()

    with backend_seeded(5):  # before any seed is set
        first = draw()
    assert first != draw() != draw()
    tf.random.set_seed(3)
    expected = [draw(), draw()]
    tf.random.set_seed(3)
    first = draw()
    within = []
    for _ in range(2):
        with backend_seeded(5):
            within.append(draw())
    assert within[0] == within[1] not in expected
    assert [first, draw()] == expected


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


def test_the_error_of_a_parameter_is_of_both_kinds():
    assert issubclass(InvalidParameterError, ValueError)
    assert issubclass(InvalidParameterError, TypeError)


def fit_one_batch(model):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return np.ones((2, 3), "float32"), np.ones((2, 1), "float32")

    model.fit(Batches(), verbose=0)


def test_what_a_fit_makes_in_tensorflow_goes_with_the_model():
    from tensorflow.python.framework import ops as tf_ops

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    gradients = len(tf_ops.gradient_registry.list())
    generators = getattr(tf_ops.get_default_graph(), "_py_funcs_used_in_graph", ())
    n_generators = len(generators)
    kernel = model.layers[0].kernel.numpy()
    with freed_with_model(model.optimizer):
        fit_one_batch(model)
    assert not np.array_equal(model.layers[0].kernel.numpy(), kernel)
    assert len(tf_ops.gradient_registry.list()) == gradients
    generators = getattr(tf_ops.get_default_graph(), "_py_funcs_used_in_graph", ())
    assert len(generators) == n_generators
    # Without it, both grow: else it is not needed any more.
    model.compile("sgd", loss="mse")
    fit_one_batch(model)
    assert len(tf_ops.gradient_registry.list()) > gradients
    assert len(tf_ops.get_default_graph()._py_funcs_used_in_graph) > n_generators


def test_callbacks_attribute():
    from skhp import MLPClassifier
    from skhp.callback import LearningCurves

    callback = LearningCurves()
    net = MLPClassifier().set_callbacks(callback)
    assert getattr(net, CALLBACKS_ATTRIBUTE) == [callback] == own_callbacks(net)

"""Private names of TensorFlow: they do what skhp takes them to do."""

import sys

import numpy as np
import pytest

from skhp import runtime
from skhp.compat.tensorflow import (
    backend_seeded,
    clear_eager_kernels,
    define_functions,
    flat_caller,
    freed_with_model,
    hide_native_errors,
    is_running,
    numbered_from,
    shared_variable_kernels,
)
from tests.preloaded_process import run_script as run_preloaded

runtime.start()

import keras  # noqa: E402
from google.protobuf import text_format  # noqa: E402
from keras import ops  # noqa: E402

THREADS = """
import json, os, sys
from pathlib import Path
import keras
import tensorflow as tf
from skhp import runtime
from skhp.compat.tensorflow import is_running

def seen():
    names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
    return is_running(), any(name.startswith("tf_") for name in names)

found = [seen()]
runtime.start()
keras.utils.set_random_seed(0)
found.append(seen())
tf.constant(1.0) + 1.0
found.append(seen())
context = sys.modules["tensorflow.python.eager.context"]
del context.context_safe
print(json.dumps([*found, is_running()]))
"""


def test_tensorflow_runs_after_an_operation():
    ops.zeros(1)
    assert is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the names of threads")
def test_tensorflow_runs_as_soon_as_it_has_threads_and_no_earlier(tmp_path):
    imported, started, used, unknown = run_preloaded(tmp_path / "threads.py", THREADS)
    assert (imported, started) == ([False, False], [False, False])
    assert used[0]  # also if this version starts its threads a little later
    assert unknown  # without the private names, a fork must not train


def test_flat_caller_calls_with_tensors_and_what_was_captured():
    import tensorflow as tf

    captured = tf.constant([10.0, 20.0])
    traced = tf.function(lambda x, y: [x + captured, y * x], jit_compile=True, autograph=False)
    concrete = traced.get_concrete_function(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]))
    assert concrete.captured_inputs
    total, product = flat_caller(concrete)(tf.constant([5.0, 6.0]), tf.constant([7.0, 8.0]))
    np.testing.assert_array_equal(total, [15, 26])
    np.testing.assert_array_equal(product, [35, 48])


def test_native_errors_are_hidden_where_tensorflow_has_the_function(tmp_path):
    assert hide_native_errors()
    (tmp_path / "libtensorflow_framework.so").write_bytes(b"another library")
    with pytest.warns(RuntimeWarning, match="absl::SetMinLogLevel.* are not kept on disk"):
        assert not hide_native_errors(tmp_path)


def test_eager_kernels_are_cleared_and_made_again():
    clear_eager_kernels()
    assert float(ops.sum(ops.ones(3))) == 3


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


def name_of_a_traced_function():
    import tensorflow as tf

    traced = tf.function(lambda x: x + 1, autograph=False)
    return traced.get_concrete_function(tf.constant(1.0)).name


def test_traced_functions_are_numbered_from_a_given_number():
    before = name_of_a_traced_function()
    names = []
    for _ in range(2):
        with numbered_from(2**50):
            names.append(name_of_a_traced_function())
    after = name_of_a_traced_function()
    assert names[0] == names[1] and str(2**50)[:12] in names[0].decode()
    assert len({before, after, names[0]}) == 3


def test_functions_that_an_imported_graph_calls_are_defined():
    import tensorflow as tf

    def power(x):
        return tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * x), (0, x))[1]

    def imported(x):
        (found,) = tf.graph_util.import_graph_def(graph, {given: x}, [returned], name="")
        return found

    traced = tf.function(power).get_concrete_function(tf.constant(2.0))
    graph = traced.graph.as_graph_def()
    given, returned = traced.inputs[0].name, traced.outputs[0].name
    names = {function.signature.name for function in graph.library.function}
    text = str(graph)
    for name in names:
        text = text.replace(f'"{name}"', f'"renamed_{name}"')
    graph = text_format.Parse(text, tf.compat.v1.GraphDef())
    with pytest.raises(tf.errors.OpError, match="renamed_while"):
        tf.function(imported)(tf.constant(2.0))
    define_functions(graph.library.function)
    assert tf.function(imported)(tf.constant(2.0)) == 16


def test_variables_share_kernels_and_keep_their_names():
    import tensorflow as tf

    with shared_variable_kernels():
        variables = [keras.Variable([value], name=f"number_{value}") for value in (1.0, 2.0)]
        named = tf.Variable([3.0], name="third")
    assert [variable.name for variable in variables] == ["number_1.0", "number_2.0"]
    assert named.name == "third:0"
    variables[0].assign([5.0])
    assert [float(variable[0]) for variable in variables] == [5.0, 2.0]

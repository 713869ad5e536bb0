"""A traced function is frozen only if it needs nothing of the process that traced it."""

import numpy as np
import pytest

from skhp import runtime

runtime.start()

import tensorflow as tf  # noqa: E402

from skhp.engine.backends.frozen_graph import FrozenGraph, freeze  # noqa: E402


def traced(function, *examples):
    return tf.function(function, autograph=False).get_concrete_function(*examples)


def halve_until_small(x, unused, least):
    (x,) = tf.while_loop(lambda x: x > least, lambda x: (x / 2,), (x,))
    return [x, least]


def test_a_frozen_function_computes_the_same():
    examples = [tf.constant(value) for value in (20.0, 1, 3.0)]
    frozen = freeze(traced(halve_until_small, *examples), [None, None])
    again = FrozenGraph.from_bytes(frozen.to_bytes())
    assert again == frozen and again.lengths == [None, None]
    result = tf.function(again.function())(tf.constant(40.0), tf.constant(1), tf.constant(4.0))
    np.testing.assert_array_equal(result, [2.5, 4.0])


variable = tf.Variable(2.0)

# What the function needs -> the function
OF_THIS_PROCESS = {
    "a variable": lambda x: [x * variable],
    "a Python function": lambda x: [tf.numpy_function(np.sin, [x], tf.float32)],
    "a Python function, in a loop": lambda x: tf.while_loop(
        lambda x: x > 1,
        lambda x: (tf.ensure_shape(tf.numpy_function(np.sin, [x], tf.float32), ()),),
        (x,),
    ),
}


@pytest.mark.parametrize("needed", OF_THIS_PROCESS)
def test_what_needs_this_process_is_not_frozen(needed):
    assert freeze(traced(OF_THIS_PROCESS[needed], tf.constant(2.0)), [None]) is None


def select(condition, x):
    return [tf.raw_ops.Select(condition=condition, x=x, y=-x)]


def operations(frozen):
    return {node.op for node in tf.compat.v1.GraphDef.FromString(frozen.graph).node}


def test_values_are_selected_by_an_operation_that_xla_compiles_fast():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    frozen = freeze(traced(select, x > 2, x), [None])
    assert "SelectV2" in operations(frozen) and "Select" not in operations(frozen)
    (selected,) = tf.function(frozen.function())(x > 2, x)
    np.testing.assert_array_equal(selected, [[-1, -2], [3, 4]])


def test_whole_rows_are_still_selected_as_rows():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    rows = tf.constant([True, False])
    (selected,) = tf.function(freeze(traced(select, rows, x), [None]).function())(rows, x)
    np.testing.assert_array_equal(selected, [[1, 2], [-3, -4]])

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

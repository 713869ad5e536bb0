"""Private names of Keras: weights that become TensorFlow's variables when they are read.

Keras draws the first values of a weight, and TensorFlow makes a variable of them. A search reads
the values, trains them in a program, predicts with the new ones and forgets the model. It needs
no variables, and making and setting them takes as long as training a small network.

So a weight that a wrapper's builder makes holds a tensor first. When Keras or the user reads its
value, it becomes the variable that TensorFlow would have made at once.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

# The attribute that holds the value of a weight without a variable.
_PLACE = "skhp_value"

_local = threading.local()

# One thread at a time makes variables. It waits for no other lock.
_making = threading.RLock()


@dataclass
class _Value:
    """The value of a weight without a variable, and where its variable belongs."""

    tensor: Any
    name_scope: str
    trainable: bool
    initializer: Any


@contextlib.contextmanager
def variables_made_when_read() -> Iterator[None]:
    """Let the weights that this thread makes hold tensors, until someone reads them."""
    _install()
    before = getattr(_local, "is_on", False)
    _local.is_on = True
    try:
        yield
    finally:
        _local.is_on = before


def _install() -> None:
    import keras

    kind: Any = keras.Variable
    if hasattr(kind, "__getattr__"):  # it is installed
        return
    original = getattr(kind, "_initialize_with_initializer", None)
    names = {"_value", "_dtype"} & vars(keras.Variable(0.0, name="probe")).keys()
    if not (original and hasattr(kind, "_initialize") and len(names) == 2):
        return  # then all variables are made at once
    if keras.backend.backend() != "tensorflow" or not _has_one_device():
        return

    def initialize(self: Any, initializer: Any) -> None:
        # In a graph there is no value. If Keras itself makes a weight later, its value is None.
        if getattr(_local, "is_on", False) and "_value" not in vars(self) and _is_eager():
            vars(self)[_PLACE] = _first_value(self, initializer)
        else:
            original(self, initializer)

    def missing_attribute(self: Any, name: str) -> Any:
        if name == "_value" and _PLACE in vars(self):
            return _made(self)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    kind._initialize_with_initializer = initialize
    kind.__getattr__ = missing_attribute


def _is_eager() -> bool:
    import tensorflow as tf

    return tf.executing_eagerly()


def _has_one_device() -> bool:
    import tensorflow as tf

    # With another device, where a variable is made decides where it is.
    return len(tf.config.list_logical_devices()) == 1


def _first_value(variable: Any, initializer: Any) -> _Value:
    import keras
    import tensorflow as tf

    shape, dtype = tuple(variable.shape), variable._dtype
    if type(initializer) is keras.initializers.Zeros:
        tensor = _zeros(shape, dtype)
    else:
        tensor = tf.convert_to_tensor(initializer(shape, dtype=dtype), dtype=dtype)
    return _Value(tensor, tf.get_current_name_scope(), variable.trainable, initializer)


@functools.lru_cache(maxsize=256)
def _zeros(shape: tuple[int, ...], dtype: str) -> Any:
    import tensorflow as tf

    return tf.zeros(shape, dtype)


def _made(variable: Any) -> Any:
    """Make the variable of a weight."""
    import tensorflow as tf

    own = vars(variable)
    with _making:
        value = own.get(_PLACE)
        if value is not None:
            now = variable.trainable
            variable.trainable = value.trainable  # as when the weight was made
            scope = f"{value.name_scope}/" if value.name_scope else ""
            with tf.init_scope(), tf.name_scope(scope):
                variable._initialize(value.tensor)
            variable.trainable = now
            del own[_PLACE]
    return own["_value"]


def read_variables(variables: Iterable[Any]) -> list[np.ndarray]:
    """Copies of the values of Keras variables.

    Parameters
    ----------
    variables : iterable of keras.Variable
    """
    return [_read(variable) for variable in variables]


def _read(variable: Any) -> np.ndarray:
    value = vars(variable).get(_PLACE)
    return (variable if value is None else value.tensor).numpy()


def set_variables(variables: Iterable[Any], arrays: Iterable[Any]) -> None:
    """Set Keras variables to arrays of their shapes.

    Parameters
    ----------
    variables : iterable of keras.Variable
    arrays : iterable of ndarray
    """
    import tensorflow as tf

    for variable, array in zip(variables, arrays, strict=True):
        with _making:
            value = vars(variable).get(_PLACE)
            if value is None or value.tensor.shape != array.shape:
                variable.assign(array)
            else:
                value.tensor = tf.constant(array, value.tensor.dtype)


def as_tensors(
    variables: Iterable[Any], arrays: Iterable[Any] | None = None
) -> contextlib.AbstractContextManager[Any]:
    """A context in which Keras takes the values of weights without making variables.

    Parameters
    ----------
    variables : iterable of keras.Variable
    arrays : iterable of ndarray, optional
        Values to take in place of their own.
    """
    import keras
    import tensorflow as tf

    if arrays is not None:
        pairs = zip(variables, arrays, strict=True)
        values = [(variable, tf.constant(array)) for variable, array in pairs]
    else:
        found = [(variable, vars(variable).get(_PLACE)) for variable in variables]
        values = [(variable, value.tensor) for variable, value in found if value is not None]
    return keras.StatelessScope(state_mapping=values) if values else contextlib.nullcontext()


def initializers_of(variables: Iterable[Any]) -> list[Any] | None:
    """What drew the first values of some weights, which still have these values.

    Parameters
    ----------
    variables : iterable of keras.Variable

    Returns
    -------
    list of callable, or None
        None if a weight has a variable already.
    """
    values = [vars(variable).get(_PLACE) for variable in variables]
    return None if None in values else [value.initializer for value in values]

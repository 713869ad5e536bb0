"""What programs need from TensorFlow."""

from __future__ import annotations

import functools
import hashlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from skhp.compat.keras import stateless_optimizer_class
from skhp.compat.tensorflow import flat_caller, numbered_from
from skhp.engine.backends.frozen_graph import FrozenGraph, freeze
from skhp.engine.block_memory import new_memory
from skhp.engine.large_table import copy_rows
from skhp.runtime import compile_cache
from skhp.runtime.starting import hold_back_xla_notices

__all__ = [
    "TRACERS",
    "arrays",
    "largest",
    "padded_tensor",
    "scalar_tensors",
    "shifted",
    "split",
    "stateless_optimizer_class",
    "take_rows",
    "tensors",
    "value_and_grad",
    "value_and_grad_of_variables",
]


def tensors(arrays: Iterable[Any]) -> list[Any]:
    """Arrays as tensors."""
    return [tf.constant(array) for array in arrays]


def scalar_tensors(scalars: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Scalars or small arrays as tensors, which fits with the same values share."""
    return {
        name: _constant(value.dtype.char, value.shape, value.tobytes())
        for name, value in scalars.items()
    }


@functools.lru_cache(maxsize=256)
def _constant(kind: str, shape: tuple[int, ...], data: bytes) -> Any:
    return tf.constant(np.frombuffer(data, kind).reshape(shape))


# Arrays of at least this many bytes are not copied twice.
_LARGE = 2**22


def padded_tensor(rows: Any, length: int, which: Any, memory: Callable[[int], np.ndarray]) -> Any:
    """Rows of an array with rows of zeros below, up to a length, as a tensor.

    ``tf.constant`` makes a copy of the padded array. For a large array that would be most
    of the memory that training takes, so TensorFlow uses the padded array itself.

    Parameters
    ----------
    rows : ndarray or LargeTable
    length : int
    which : slice or ndarray of int
        The rows to take, in this order.
    memory : callable
        Takes a number of bytes and returns memory for a large tensor. Its address must be a
        multiple of 64.
    """
    shape = (length, *rows.shape[1:])
    n_bytes = int(np.prod(shape)) * rows.dtype.itemsize
    is_large = n_bytes >= _LARGE and rows.dtype.kind in "iuf"
    if not is_large or tf.config.list_logical_devices("GPU"):
        padded = np.zeros(shape, rows.dtype)
        copy_rows(rows, which, padded)
        return tf.constant(padded)
    padded = memory(n_bytes).view(rows.dtype).reshape(shape)
    n = len(range(len(rows))[which]) if isinstance(which, slice) else len(which)
    copy_rows(rows, which, padded)
    if memory is not new_memory:  # new memory is zeros, and takes no room until it is written to
        padded[n:] = 0
    return tf.experimental.dlpack.from_dlpack(padded.__dlpack__())


def arrays(tensors: Iterable[Any]) -> list[np.ndarray]:
    """Tensors as arrays."""
    return [tensor.numpy() for tensor in tensors]


class Graph:
    """A function of tensors as a TensorFlow graph, which is made at its first call.

    Later calls take tensors of the same shapes and types. Nothing checks them again: that
    would take as long as training a small network for an epoch.

    Parameters
    ----------
    function : callable
        It takes tensors in lists, tuples and dicts, and returns a tuple of tensors and lists
        of tensors.
    name : str
        A name that is the same in every process for the same program.
    key : str or None
        The key under which the traced graph is kept on disk for other processes; None to
        trace it in each process.
    """

    jit_compile = False
    is_parallel = False  # whether operations may run at the same time, in several threads

    def __init__(self, function: Callable[..., Any], name: str, key: str | None = None) -> None:
        self._function, self._name, self._key = function, name, key
        self._is_frozen = False
        self._lengths: list[int | None] = []
        self._call: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        tensors = tf.nest.flatten(args)
        call = self._call
        result = iter(self._first_call(args, tensors) if call is None else call(*tensors))
        return tuple(
            next(result) if length is None else list(itertools.islice(result, length))
            for length in self._lengths
        )

    def _first_call(self, args: Any, tensors: list[Any]) -> Any:
        try:
            return self._call_anew(args, tensors)
        except Exception:
            if not self._is_frozen:
                raise
            self._key, self._is_frozen = None, False  # the cause may be the graph on disk
            return self._call_anew(args, tensors)

    def _call_anew(self, args: Any, tensors: list[Any]) -> Any:
        call = self._caller(self._concrete(args, tensors))
        result = call(*tensors)
        self._call = call
        return result

    def _caller(self, concrete: Any) -> Callable[..., Any]:
        return _caller_with(_settings(self.is_parallel), concrete)

    def _concrete(self, args: Any, tensors: list[Any]) -> Any:
        if self._key is None:
            return self._traced(args, tensors)
        data = compile_cache.read(self._key)
        if data is None:
            concrete = self._traced(args, tensors)
            frozen = freeze(concrete, self._lengths)
            if frozen is None:
                return concrete
            data = frozen.to_bytes()
            compile_cache.write(self._key, data)
        # This process runs what other processes will load: the same graph, the same bits.
        self._is_frozen = True
        frozen = FrozenGraph.from_bytes(data)
        self._lengths = frozen.lengths
        return self._made(frozen.function(), tensors, "frozen")

    def _traced(self, args: Any, tensors: list[Any]) -> Any:
        def flat(*tensors: Any) -> list[Any]:
            result = self._function(*tf.nest.pack_sequence_as(args, tensors))
            self._lengths = [len(x) if isinstance(x, list) else None for x in result]
            return tf.nest.flatten(result)

        return self._made(flat, tensors, "traced")

    def _made(self, function: Callable[..., Any], tensors: list[Any], kind: str) -> Any:
        traced = tf.function(function, jit_compile=self.jit_compile, autograph=False)
        with numbered_from(_first_number(f"{self._name} {kind}")):
            return traced.get_concrete_function(*tensors)


class ParallelGraph(Graph):
    """A graph whose operations may run at the same time."""

    is_parallel = True


class Compiled(Graph):
    """A graph that XLA compiles. By its name, TensorFlow finds a compiled program on disk."""

    jit_compile = True

    def _caller(self, concrete: Any) -> Callable[..., Any]:
        return flat_caller(concrete)

    def _first_call(self, args: Any, tensors: list[Any]) -> Any:
        hold_back_xla_notices()
        try:
            result = super()._first_call(args, tensors)
        except tf.errors.OpError as error:
            if not compile_cache.is_on():
                raise
            # The file of the program may be the cause. The next call has another name and file.
            if isinstance(error, tf.errors.ResourceExhaustedError):
                compile_cache.make_room()
            result = super()._first_call(args, tensors)
        compile_cache.note_new_files()
        return result


# engine_, and whether operations run at the same time -> how a program's function runs
TRACERS: dict[tuple[str, bool], type[Graph]] = {
    ("compiled", False): Compiled,
    ("graph", False): Graph,
    ("graph", True): ParallelGraph,
}


def _settings(is_parallel: bool) -> Any:
    """How TensorFlow runs a graph."""
    settings = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    # It takes a third of the first call, and later calls are not faster.
    settings.graph_options.rewrite_options.disable_meta_optimizer = True
    if not is_parallel and not tf.config.list_logical_devices("GPU"):
        # To hand an operation to another thread takes longer than a small operation.
        settings.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
    return settings


def _caller_with(settings: Any, concrete: Any) -> Callable[..., Any]:
    """A traced function as a function of a flat list of tensors, run with some settings."""
    types = [tensor.dtype for tensor in concrete.outputs]
    executor, serialized = settings.experimental.executor_type, settings.SerializeToString()

    def call(*tensors: Any) -> Any:
        return tf.raw_ops.StatefulPartitionedCall(
            args=[*tensors, *concrete.captured_inputs],
            Tout=types,
            f=concrete,
            config_proto=serialized,
            executor_type=executor,
        )

    return call


_uses: Counter[str] = Counter()
_uses_lock = threading.Lock()


def _first_number(name: str) -> int:
    """A number that follows from a name and from how often this process has used it."""
    with _uses_lock:
        use = _uses[name]
        _uses[name] += 1
    digest = hashlib.sha256(f"{name} {use}".encode()).digest()
    return (int.from_bytes(digest[:5], "big") + 2**30) * 2**20


def take_rows(tensor: Any, index: Any) -> Any:
    """Rows of a tensor by their positions, none of which is negative."""
    return tf.gather(tensor, index)


def split(tensor: Any, sizes: Sequence[int], axis: int = 0) -> list[Any]:
    """Parts of a tensor along an axis. ``keras.ops.split`` takes several operations for it."""
    return tf.split(tensor, list(sizes), axis) if sizes else []


def value_and_grad(
    function: Callable[[list[Any]], tuple[Any, Any]], variables: list[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """Value and auxiliary output of a function, and the value's gradients.

    Parameters
    ----------
    function : callable
        Takes the list of tensors and returns ``(value, auxiliary)``.
    variables : list of tensor
        The tensors to differentiate by.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        value, auxiliary = function(variables)
    return (value, auxiliary), tape.gradient(
        value, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )


def value_and_grad_of_variables(
    function: Callable[[], tuple[Any, Any]], variables: list[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """Value and auxiliary output of a function, and the value's gradients.

    Parameters
    ----------
    function : callable
        Takes nothing, reads the variables and returns ``(value, auxiliary)``.
    variables : list of keras.Variable
        The variables to differentiate by. The gradient is None for a variable that the value
        does not depend on.
    """
    tensors = [variable.value for variable in variables]
    with tf.GradientTape() as tape:
        value, auxiliary = function()
    return (value, auxiliary), tape.gradient(value, tensors)


def shifted(gradient: Any, amount: Any) -> Any:
    """A gradient with an amount added to each of its values.

    Parameters
    ----------
    gradient : tensor, or tf.IndexedSlices
        An embedding's gradient has only the rows that were looked up.
    amount : float
    """
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values + amount, gradient.indices, gradient.dense_shape)
    return gradient + amount


def largest(gradient: Any) -> float:
    """The largest absolute value in a gradient.

    Parameters
    ----------
    gradient : tensor, or tf.IndexedSlices
    """
    return float(tf.reduce_max(tf.abs(tf.convert_to_tensor(gradient))))

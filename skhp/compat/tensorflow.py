"""Private names of TensorFlow."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from skhp.compat.keras import without_sum_over_replicas
from skhp.compat.missing_names import warn_missing


def is_running() -> bool:
    """Whether this process would lose TensorFlow's threads, or its GPU, in a fork.

    Importing TensorFlow starts no threads. They start with the first operation, or when devices
    are listed. This function imports nothing.
    """
    if "tensorflow" not in sys.modules:
        return False
    try:
        made = sys.modules["tensorflow.python.eager.context"].context_safe()
        if made is None:
            return False
        devices = made._physical_devices or ()  # to list GPUs starts CUDA
        return made._context_handle is not None or any(d.device_type != "CPU" for d in devices)
    except (KeyError, AttributeError):  # then forked processes cannot train
        return True


def hide_native_errors(folder: str | os.PathLike[str] | None = None) -> bool:
    """Let TensorFlow's C++ code print fatal errors only, as ``TF_CPP_MIN_LOG_LEVEL=3`` does.

    That variable has an effect only before TensorFlow is imported, and before version 2.21 not on
    all lines. Errors in Python are raised as before.

    Parameters
    ----------
    folder : path, optional
        Where TensorFlow's libraries are. By default TensorFlow says it.

    Returns
    -------
    bool
        Whether only fatal errors are printed from now on.
    """
    import tensorflow as tf

    for path in Path(folder or tf.sysconfig.get_lib()).glob("libtensorflow_framework*"):
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = data.find(_SET_LOG_LEVEL)  # many times faster than a regular expression
            start = data.rfind(_NAMESPACE, 0, max(end, 0))
            name = data[start:end] + _SET_LOG_LEVEL if start >= 0 else None
        if name is not None:
            ctypes.CDLL(os.fspath(path))[name.decode()](_FATAL)
            return True
    if os.name == "posix":  # the libraries for Windows have other names
        warn_missing(
            "tensorflow",
            "absl::SetMinLogLevel",
            "compiled programs are not kept on disk by a script that imports Keras before its "
            "first fit",
        )
    return False


# `absl::SetMinLogLevel(absl::LogSeverityAtLeast)`. The version of Abseil stands between them.
_NAMESPACE, _SET_LOG_LEVEL = b"_ZN4absl", b"14SetMinLogLevelENS0_18LogSeverityAtLeastE"
_FATAL = 3


@contextlib.contextmanager
def backend_seeded(seed: int) -> Iterator[None]:
    """Let TensorFlow draw from a seed for a while. Keras shuffles the rows of arrays with it.

    Afterwards TensorFlow draws what it would have drawn without this. On other backends Keras
    draws from NumPy's generator.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    try:
        from tensorflow.python.eager import context

        own = vars(context.context())
        own["_seed"]  # it is there from the start
        clear_kernels = context.context().clear_kernel_cache
    except (ImportError, AttributeError, KeyError):
        warn_missing(
            "tensorflow",
            "tensorflow.python.eager.context.context()._seed",
            "a fit that Keras trains sets the seed of TensorFlow's global generator",
        )
        tf.random.set_seed(seed)
        yield
        return
    before = {name: own.pop(name) for name in ("_seed", "_rng") if name in own}
    tf.random.set_seed(seed)
    try:
        yield
    finally:
        own.pop("_rng", None)  # there is none before the first seed
        own.update(before)
        clear_kernels()  # kernels hold seeds


def flat_caller(concrete: Any) -> Any:
    """A `tf.types.experimental.ConcreteFunction` as a function of a flat list of tensors.

    The public call sorts and checks its arguments each time, which takes twenty microseconds
    a tensor.

    Parameters
    ----------
    concrete : tf.types.experimental.ConcreteFunction
        It takes tensors, and returns a list of tensors.
    """
    flat = getattr(getattr(concrete, "inference_fn", None), "call_flat", None)
    if flat is None:  # the public call does the same
        return concrete

    def call(*tensors: Any) -> Any:
        return flat(*tensors, *concrete.captured_inputs)

    return call


_unnamed = threading.local()


@contextlib.contextmanager
def shared_variable_kernels() -> Iterator[None]:
    """Let the variables that this thread makes share TensorFlow's kernels.

    TensorFlow makes, and keeps, an eager kernel for each name that a variable has in error
    messages of C++. Keras numbers these names, so that each variable of each model gets a
    kernel of its own, in half a millisecond. Within this context variables have no name
    there. ``tf.Variable.name`` and all names of Keras stay.
    """
    _install_unnamed_variables()
    before = getattr(_unnamed, "is_on", False)
    _unnamed.is_on = True
    try:
        yield
    finally:
        _unnamed.is_on = before


def _install_unnamed_variables() -> None:
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    try:
        from tensorflow.python.ops import gen_resource_variable_ops as operations

        original = operations.var_handle_op
    except (ImportError, AttributeError):
        return  # then models are built more slowly
    if hasattr(original, "of_skhp"):
        return

    def var_handle_op(*args: Any, **kwargs: Any) -> Any:
        if "debug_name" in kwargs and getattr(_unnamed, "is_on", False):
            kwargs["debug_name"] = ""
        return original(*args, **kwargs)

    var_handle_op.of_skhp = True  # type: ignore[attr-defined]
    operations.var_handle_op = var_handle_op


def clear_eager_kernels() -> None:
    """Clear the kernels of operations that TensorFlow ran eagerly; it makes them again."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    try:
        from tensorflow.python.eager import context

        context.context().clear_kernel_cache()
    except (ImportError, AttributeError):
        warn_missing(
            "tensorflow",
            "tensorflow.python.eager.context.context().clear_kernel_cache",
            "memory grows with the number of models that are built",
        )


@contextlib.contextmanager
def freed_with_model(optimizer: Any) -> Iterator[None]:
    """Let TensorFlow free what ``keras.Model.fit`` makes when the model is freed.

    TensorFlow keeps every generator that feeds a dataset in the thread's default graph, and
    the gradient of every sum over replicas in a list, both until the process ends. So the fit
    gets a new default graph, and there is no sum over the only replica.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        The model's.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    try:
        from tensorflow.python.eager.context import eager_mode
    except ImportError:  # then memory grows with the number of such fits
        yield
        return
    if tf.distribute.has_strategy():
        yield
        return
    with tf.Graph().as_default(), eager_mode(), without_sum_over_replicas(optimizer):
        yield


_naming = threading.local()


@contextlib.contextmanager
def numbered_from(first: int) -> Iterator[None]:
    """Let TensorFlow number the functions that this thread traces from a given number.

    TensorFlow ends the name of each traced function with a number that counts through the
    process, and the names are part of the key of its persistent XLA cache. So two processes
    find each other's programs only if the numbers follow from the program.

    Parameters
    ----------
    first : int
        Far above any number that TensorFlow would count up to.
    """
    _install_numbering()
    _naming.next = first
    try:
        yield
    finally:
        _naming.next = None


def _install_numbering() -> None:
    from tensorflow.python.framework import ops

    original = getattr(ops, "uid", None)
    if original is None:
        warn_missing(
            "tensorflow",
            "tensorflow.python.framework.ops.uid",
            "compiled programs are not found again on disk by another process",
        )
        return
    if hasattr(original, "of_skhp"):
        return

    def uid() -> int:
        number = getattr(_naming, "next", None)
        if number is None:
            return original()
        _naming.next = number + 1
        return number

    uid.of_skhp = True  # type: ignore[attr-defined]
    ops.uid = uid


def define_functions(definitions: Iterable[Any]) -> None:
    """Define functions that an imported graph calls: the bodies of its loops.

    ``tf.graph_util.import_graph_def`` leaves them out of the process.

    Parameters
    ----------
    definitions : iterable of FunctionDef
        A name that is defined already must have the same definition.
    """
    try:
        from tensorflow.python.eager import context

        define = context.context().add_function_def
    except (ImportError, AttributeError):
        warn_missing(
            "tensorflow",
            "tensorflow.python.eager.context.context().add_function_def",
            "each process traces its programs again",
        )
        return
    for definition in definitions:
        define(definition)

"""Start Keras once a process: without notices, and with this process's share of the cores."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

from skhp.compat.tensorflow import hide_native_errors, is_running, numbered_from
from skhp.runtime import compile_cache

_lock = threading.Lock()
_started = False
_forked_too_late = False
_has_other_backend = False  # JAX may run as soon as it is imported
_prints_xla_notices = False  # at the first compile

# Part of a function's name: each process must find the same program on disk.
_NUMBER_OF_FIRST_COMPILE = 2**40

_MOST_FROZEN_BY_PYTHON = 1000  # Python 3.12 freezes some objects when it starts

# What TensorFlow prints while it loads; everything else is shown.
_NOTICES = re.compile(
    rb"oneDNN custom operations|absl::InitializeLog|cpu_feature_guard|"
    rb"rebuild TensorFlow with the appropriate|computation_placer|cuda|CUDA|TensorRT|"
    rb"Unable to register cu\w+ factory|device_compiler|XLA service|StreamExecutor (device|\[)|"
    rb"XlaSerializedCacheEntry|dump_mlir_util"
)


def start() -> None:
    """Import Keras and its backend, without the notices that TensorFlow prints.

    The first fit does this too. A script that imports Keras itself can call it before ``import
    keras``. Later calls do nothing. Processes that are forked afterwards need not import Keras
    again. They can train as long as the parent process has not run TensorFlow.

    Raises
    ------
    RuntimeError
        In a process that was forked from one in which TensorFlow was already
        running: its threads do not survive a fork, so training or predicting would hang.

    Examples
    --------
    >>> import skhp
    >>> skhp.runtime.start()
    >>> import keras
    """
    global _started
    if _forked_too_late:
        raise RuntimeError(
            "This process was forked from one in which TensorFlow was already running; "
            "TensorFlow's threads do not survive a fork, so training or predicting here would "
            'hang. In a search, use joblib\'s "loky" backend (the default) or "threading". To '
            'keep the "multiprocessing" backend, search before the script trains a network or '
            "makes an object of Keras, or set the environment variable "
            "JOBLIB_START_METHOD=forkserver before joblib is imported. In a web server, load the "
            "estimator after the fork."
        )
    if _started:
        return
    with _lock:
        if _started:
            return
        with _quiet_native_stderr(), _no_garbage_collection():
            _import_keras()
        _started = True


def is_forked_too_late() -> bool:
    """Whether `start` raises an error, because TensorFlow ran before this process was forked."""
    return _forked_too_late


def _note_fork() -> None:
    # The new process has run nothing yet. So if TensorFlow runs, it runs in the parent.
    global _forked_too_late
    _forked_too_late = _forked_too_late or is_running() or _has_other_backend


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_note_fork)


def _import_keras() -> None:
    global _has_other_backend
    is_loaded = "tensorflow" in sys.modules  # then it is too late for the next line
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    if keras.backend.backend() != "tensorflow":
        compile_cache.prepare()
        _has_other_backend = True
        return
    # The user may want to see errors. TensorFlow prints some for each program that it loads.
    is_quiet = level == "3" and _hides_errors(is_loaded)
    compile_cache.prepare(loads_quietly=is_quiet)
    _limit_tensorflow_threads()
    _note_xla_notices(is_loaded, is_quiet)


def _limit_tensorflow_threads() -> None:
    # joblib and dask give each worker its share of the cores through OMP_NUM_THREADS;
    # TensorFlow reads only its own variables.
    share = os.environ.get("OMP_NUM_THREADS", "")
    if not share.isdigit() or "TF_NUM_INTRAOP_THREADS" in os.environ:
        return
    import tensorflow as tf

    # A program that has already used TensorFlow keeps the pools it made.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(int(share))
        tf.config.threading.set_inter_op_parallelism_threads(int(share))


def _hides_errors(is_loaded: bool) -> bool:
    return not (is_loaded or _is_old()) or hide_native_errors()


def _is_old() -> bool:
    import tensorflow as tf

    return tuple(map(int, tf.__version__.split(".")[:2])) < (2, 21)


def _note_xla_notices(is_loaded: bool, is_quiet: bool) -> None:
    # Unless errors are hidden, TensorFlow prints notices when it first compiles a function with
    # XLA: always before version 2.21, and later if the log level was set too late.
    global _prints_xla_notices
    import tensorflow as tf

    _prints_xla_notices = not is_quiet and (is_loaded or _is_old())
    if is_loaded and not is_quiet:
        tf.config.list_logical_devices()  # prints a notice of its own


def hold_back_xla_notices() -> None:
    """Let TensorFlow print what it prints at its first compile, once, and do not show it."""
    global _prints_xla_notices
    with _lock:
        if not _prints_xla_notices:
            return
        import tensorflow as tf

        with _quiet_native_stderr(), numbered_from(_NUMBER_OF_FIRST_COMPILE):
            # This operation is among those that TensorFlow compiles by MLIR, with a notice too.
            relu_grad = lambda x: tf.raw_ops.ReluGrad(gradients=x, features=x)  # noqa: E731
            tf.function(relu_grad, jit_compile=True)(tf.constant([1.0]))
        _prints_xla_notices = False


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Do not look for garbage: it takes a quarter of the time of importing TensorFlow."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() < _MOST_FROZEN_BY_PYTHON:  # else the user has frozen objects
            # This makes all objects old. Else the next two collections would go through
            # everything that was imported.
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def _quiet_native_stderr() -> Iterator[None]:
    """Show what C++ code writes to file descriptor 2 only at the end, without the notices."""
    saved = _copy_of_stderr()
    if saved is None:
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            _flush_stderr()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            for line in held:
                if not _NOTICES.search(line):
                    os.write(2, line)


def _copy_of_stderr() -> int | None:
    """A copy of file descriptor 2, None if there is none or it is not known to work."""
    if os.name != "posix":
        return None
    _flush_stderr()
    try:
        return os.dup(2)
    except OSError:
        return None


def _flush_stderr() -> None:
    if sys.stderr is not None:  # a program without a console has none
        sys.stderr.flush()

"""Compiled programs on disk, for other processes of the same user and for the next run.

TensorFlow writes and reads the compiled programs (its persistent XLA cache). This module
chooses the directory, keeps it private and small, and removes damaged files before TensorFlow
reads them. Beside them it keeps the traced graphs that TensorFlow compiles.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import stat
import threading
import time
import warnings
import zlib
from importlib import metadata
from pathlib import Path
from typing import Any

from skhp.runtime.unused_versions import mark_as_used, remove_unused_versions

# A directory, or "off". Worker processes read it too.
VARIABLE = "SKHP_COMPILE_CACHE"
LIMIT_MB = 256

_FLAG = "--tf_xla_persistent_cache_directory="
_READ_ONLY_FLAG = "--tf_xla_persistent_cache_read_only=true"
_FILES = "xla_compile_cache_*.pb"
_GRAPHS = "graph_*.bin"  # the checksum, then the graph
_CHECKSUMS = "checksums.txt"
_LEFT_OVER_SECONDS = 3600  # a temporary file of this age belongs to a process that died
_CHECKSUM_BYTES = hashlib.sha256().digest_size
_YOUNG_SECONDS = 60  # another process may still have to write the checksum
_LEAST_FREE_MB = 64  # on the disk, to write anything


def set_compile_cache(directory: str | os.PathLike[str] | None) -> None:
    """Set where compiled programs are kept on disk, or that they are not kept.

    A compiled program is kept for other processes of the same user: the workers of joblib, and
    the next run of a script. They load it in about a seventh of the time that tracing and
    compiling take. A program with functions or classes of the user is traced in each process.
    By default the programs are kept in the user's cache directory (as ``platformdirs`` names
    it), in at most 256 MB; the least recently used ones are removed first. Programs of other
    versions of skhp, Keras and TensorFlow, and of other processors, are kept apart. They are
    removed when no process has used them for 30 days.

    Only traced graphs are kept if ``TF_CPP_MIN_LOG_LEVEL`` is set to another value than 3 in the
    environment: TensorFlow then prints error lines for each compiled program that it loads. If
    you set a directory, compiled programs are kept all the same.

    The environment variable ``SKHP_COMPILE_CACHE`` does the same: its value is a directory, or
    ``off``. This function sets it, so that worker processes that start later follow.

    Parameters
    ----------
    directory : path or None
        It is made if it does not exist. None turns the cache off. A directory that other users
        can write to is not used, because a program that is loaded runs as native code.

    Raises
    ------
    TypeError
        If ``directory`` is neither a path nor None.
    RuntimeError
        If Keras has been started in this process: the setting would come too late.

    Examples
    --------
    >>> from skhp.engine import set_compile_cache
    >>> set_compile_cache(3)
    Traceback (most recent call last):
        ...
    TypeError: directory must be a path, or None to keep no programs on disk. Got 3.
    """
    if directory is not None and not isinstance(directory, str | os.PathLike):
        raise TypeError(
            f"directory must be a path, or None to keep no programs on disk. Got {directory!r}."
        )
    if _cache.is_prepared:
        raise RuntimeError(
            "set_compile_cache was called after Keras had been started in this process. Call it "
            f"before the first fit, or set the environment variable {VARIABLE}."
        )
    os.environ[VARIABLE] = "off" if directory is None else os.fspath(directory)


def prepare(loads_quietly: bool = True) -> None:
    """Tell TensorFlow where to keep programs; call it before TensorFlow compiles anything.

    The first call decides; later ones change nothing.

    Parameters
    ----------
    loads_quietly : bool
        Whether TensorFlow prints nothing when it loads a program. If it does, compiled programs
        are kept only in a directory that the user has chosen.
    """
    _cache.prepare(loads_quietly)


def is_on() -> bool:
    """Whether compiled programs of this process are kept on disk."""
    return _cache.keeps_compiled


def note_new_files() -> None:
    """Store the checksums of programs that TensorFlow has written since the last call."""
    _cache.note_new_files()


def make_room() -> None:
    """Remove all programs, because the disk is full."""
    _cache.clear()


def read(key: str) -> bytes | None:
    """What an earlier process kept under a key; None if there is nothing, or it is damaged."""
    return _cache.read(key)


def write(key: str, data: bytes) -> None:
    """Keep bytes under a key: a traced graph, or a note that a program was checked."""
    _cache.write(key, data)


class _CompileCache:
    """The directory of this process, if it has one."""

    def __init__(self) -> None:
        self.is_prepared = self.is_writable = self.keeps_compiled = False
        self.directory: Path | None = None
        self._lock = threading.Lock()
        self._known: set[str] = set()  # names of files whose checksum is stored

    def prepare(self, loads_quietly: bool) -> None:
        if self.is_prepared:
            return
        self.is_prepared = True
        wanted = _wanted_directory()
        if wanted is None:
            return
        flags = _flags_of_others(wanted)
        self.directory = _private_directory(wanted / versions_and_processor(flags))
        if self.directory is None:
            return
        self.is_writable = self._can_write()
        if self.is_writable:
            mark_as_used(self.directory)
            remove_unused_versions(wanted)
            self._remove_damaged_and_old()
        # The user may have given TensorFlow another directory.
        if _FLAG in flags or not (loads_quietly or VARIABLE in os.environ):
            return
        self.keeps_compiled = True
        added = [_FLAG + os.fspath(self.directory)]
        if not self.is_writable:
            added.append(_READ_ONLY_FLAG)
        os.environ["TF_XLA_FLAGS"] = " ".join([flags, *added]).strip()

    def note_new_files(self) -> None:
        if self.directory is None or not self.keeps_compiled:
            return
        with self._lock, contextlib.suppress(OSError):
            new = [path for path in self.directory.glob(_FILES) if path.name not in self._known]
            lines = [f"{path.name} {_checksum(path)}\n" for path in new]
            with open(self.directory / _CHECKSUMS, "a") as file:
                file.write("".join(lines))
            self._known |= {path.name for path in new}

    def read(self, key: str) -> bytes | None:
        if self.directory is None:
            return None
        try:
            data = self._graph(key).read_bytes()
        except OSError:
            return None
        checksum, graph = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
        return graph if hashlib.sha256(graph).digest() == checksum else None

    def write(self, key: str, data: bytes) -> None:
        if self.directory is None or not self.is_writable:
            return
        path = self._graph(key)
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # it may be removed
            temporary.write_bytes(hashlib.sha256(data).digest() + data)
            os.replace(temporary, path)
        except OSError:
            _remove(temporary)

    def _graph(self, key: str) -> Path:
        assert self.directory is not None
        return self.directory / _GRAPHS.replace("*", key)

    def clear(self) -> None:
        if self.directory is None:
            return
        with self._lock:
            for pattern in ("xla_compile_cache_*", "graph_*"):
                for path in self.directory.glob(pattern):
                    _remove(path)

    def _can_write(self) -> bool:
        assert self.directory is not None
        probe = self.directory / f"probe-{os.getpid()}"
        try:
            probe.write_bytes(b"0")
            free = getattr(os, "statvfs", None)
            if free is not None:
                disk = free(self.directory)
                return disk.f_bavail * disk.f_frsize > _LEAST_FREE_MB * 2**20
            return True
        except OSError:
            return False
        finally:
            _remove(probe)

    def _remove_damaged_and_old(self) -> None:
        assert self.directory is not None
        now = time.time()
        for path in self.directory.glob("*.tmp"):
            if now - _modified(path) > _LEFT_OVER_SECONDS:
                _remove(path)
        stored = _stored_checksums(self.directory / _CHECKSUMS)
        whole = []
        for path in self.directory.glob(_FILES):
            is_whole = stored.get(path.name) == _checksum(path)
            if is_whole:
                whole.append(path)
            elif now - _modified(path) > _YOUNG_SECONDS:
                _remove(path)
        graphs = list(self.directory.glob(_GRAPHS))  # each is checked when it is read
        used = _most_recently_used([*whole, *graphs], LIMIT_MB * 2**20)
        for path in {*whole, *graphs} - set(used):
            _remove(path)
        kept = [path.name for path in whole if path in used]
        self._known = set(kept)
        self._rewrite_checksums({name: stored[name] for name in kept}, stored)

    def _rewrite_checksums(self, kept: dict[str, str], stored: dict[str, str]) -> None:
        if kept == stored:
            return
        assert self.directory is not None
        temporary = self.directory / f"{_CHECKSUMS}-{os.getpid()}"
        with contextlib.suppress(OSError):
            temporary.write_text("".join(f"{name} {value}\n" for name, value in kept.items()))
            os.replace(temporary, self.directory / _CHECKSUMS)


def _wanted_directory() -> Path | None:
    given = os.environ.get(VARIABLE)
    if given is not None:
        return None if given.strip().lower() in ("", "off", "0") else Path(given).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("skhp", appauthor=False) / "programs"


def _flags_of_others(ours: Path) -> str:
    # A worker inherits the flags that its parent process set.
    flags = os.environ.get("TF_XLA_FLAGS", "").split()
    own = (_FLAG + os.fspath(ours), _READ_ONLY_FLAG)
    return " ".join(flag for flag in flags if not flag.startswith(own))


def versions_and_processor(flags: str = "") -> str:
    """A name for everything else that a compiled program depends on: versions and processor.

    Parameters
    ----------
    flags : str
        TensorFlow's own flags.
    """
    import numpy as np

    names = ("skhp", "keras", "tensorflow", "tensorflow-cpu", "tf-nightly")
    versions = []
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append((name, metadata.version(name)))
    config: Any = np.show_config(mode="dicts")
    found = config.get("SIMD Extensions", {})
    processor = (platform.system(), platform.machine(), platform.processor(), found)
    key = repr((versions, processor, flags, os.environ.get("XLA_FLAGS", "")))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _private_directory(directory: Path) -> Path | None:
    """Make a directory that only the user can write to; None, with a warning, if that fails."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        problem = _why_not_private(directory)
    except OSError as error:
        problem = str(error)
    if problem is None:
        return directory
    warnings.warn(
        f"Compiled programs are not kept on disk: {problem}. Set the environment variable "
        f"{VARIABLE} to a directory that only you can write to, or to 'off'.",
        stacklevel=2,
    )
    return None


def _why_not_private(directory: Path) -> str | None:
    """Why others could put files into a directory, or None if they cannot."""
    if not hasattr(os, "getuid"):  # Windows: the user's own folders are private
        return None
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return f"{directory} is not a directory"
    if status.st_uid != os.getuid():
        return f"{directory} belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"other users can write to {directory}"
    for parent in directory.resolve().parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"other users can replace what is in {parent}"
    return None


def _most_recently_used(paths: list[Path], limit: int) -> list[Path]:
    used = {}
    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            used[path] = (max(status.st_atime, status.st_mtime), status.st_size)
    kept, total = [], 0
    for path in sorted(used, key=lambda path: used[path][0], reverse=True):
        total += used[path][1]
        if total > limit:
            break
        kept.append(path)
    return kept


def _stored_checksums(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    fields = [line.split() for line in lines]
    return {field[0]: field[1] for field in fields if len(field) == 2}


def _checksum(path: Path) -> str:
    with contextlib.suppress(OSError):
        status = path.stat()
        data = path.read_bytes()
        # Reading must not count as use: the time of the last use decides what is removed.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return f"{len(data)}-{zlib.crc32(data):08x}"
    return "unreadable"


def _modified(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


_cache = _CompileCache()

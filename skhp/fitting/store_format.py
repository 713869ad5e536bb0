"""The file of one stored fit: arrays as safetensors, and JSON in the header of the file.

A file holds no code and no pickle, so that reading one runs nothing.

**The version, and how to change it.** `VERSION` is in every file, in the marker of every
store, and in the key of every fit. Raise it by one if the old version would misread a new file, or
would mistake one fit for another. Files are never converted: a reader leaves files of other
versions alone, and the fits are trained again. A store that a newer version has written is refused,
because its user would expect to find the fits in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

VERSION = 5
SUFFIX = ".safetensors"

_FORMAT = "skhp fit"
_TEMPORARY = ".tmp"
_ABANDONED_SECONDS = 3600  # a temporary file of this age belongs to a process that died


class UnreadableFit(ValueError):
    """A file is not a stored fit, or not a whole one; the message says why."""


def write_fit(path: Path, arrays: Mapping[str, np.ndarray], fields: Mapping[str, Any]) -> None:
    """Write a file, so that others see all of it or nothing.

    Parameters
    ----------
    path : Path
        A file there is replaced.
    arrays : mapping of str to ndarray
    fields : mapping of str to object
        What JSON can hold.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # `ascontiguousarray` makes a vector of a single number.
    contiguous = {name: a.reshape(np.shape(arrays[name])) for name, a in contiguous.items()}
    header = {
        "format": _FORMAT,
        "version": VERSION,
        "checksum": _checksum(contiguous),
        "fields": dict(fields),
    }
    text = json.dumps(header)
    data = save(contiguous, metadata={"skhp": text, "crc32": str(zlib.crc32(text.encode()))})
    replace_file(path, data)


def read_fit(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the fields of a file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableFit
        If it is damaged, of another version or no stored fit.
    OSError
        If it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = path.read_bytes()
    header = _header_of(data)
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UnreadableFit(f"it is damaged ({error})") from error
    if _checksum(arrays) != header["checksum"]:
        raise UnreadableFit("it is damaged (its checksum is another)")
    return arrays, header["fields"]


def read_fields(path: Path) -> dict[str, Any]:
    """The fields of a file, without its arrays.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableFit, OSError
        As in `read_fit`.
    """
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if length > path.stat().st_size:
            raise UnreadableFit("it is damaged (its header is cut off)")
        return _header_of(start + file.read(length))["fields"]


def _header_of(data: bytes) -> dict[str, Any]:
    # As safetensors defines it: the length of the header in 8 bytes, then the header.
    try:
        length = struct.unpack("<Q", data[:8])[0]
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        header = json.loads(metadata["skhp"])
        is_ours, version = header["format"] == _FORMAT, header["version"]
        is_whole = int(metadata.get("crc32", -1)) == zlib.crc32(metadata["skhp"].encode())
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFit("it is damaged, or no stored fit") from error
    if not is_ours:
        raise UnreadableFit("it is no stored fit")
    if version != VERSION:
        raise UnreadableFit(
            f"it has version {version} of the format, and this skhp reads {VERSION}"
        )
    if not is_whole:
        raise UnreadableFit("it is damaged (the checksum of its header is another)")
    return header


def _checksum(arrays: Mapping[str, np.ndarray]) -> int:
    value = 0
    for name in sorted(arrays):
        array = arrays[name]
        value = zlib.crc32(repr((name, array.dtype.str, array.shape)).encode(), value)
        value = zlib.crc32(array.tobytes(), value)
    return value


def replace_file(path: Path, data: bytes) -> None:
    """Put a file into place at once, after its data are on the disk.

    Parameters
    ----------
    path : Path
    data : bytes
    """
    temporary = path.with_name(
        f"{path.name}.{os.getpid()}-{threading.get_ident()}-{time.time_ns()}{_TEMPORARY}"
    )
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def remove_abandoned(directory: Path) -> None:
    """Remove the temporary files that processes left in a directory when they died.

    Parameters
    ----------
    directory : Path
    """
    for path in directory.glob(f"*{_TEMPORARY}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()

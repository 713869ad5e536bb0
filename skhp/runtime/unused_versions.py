"""Compiled programs of other versions: removed when nobody has used them for a month."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

_DAYS = 30
_FOLDER = re.compile(r"[0-9a-f]{16}")
_OWN_FILES = ("xla_compile_cache_*", "graph_*", "checksums.txt*", "probe-*")


def mark_as_used(folder: Path) -> None:
    """Set the time of the last use of a version's folder to now.

    Parameters
    ----------
    folder : Path
    """
    with contextlib.suppress(OSError):
        os.utime(folder)


def remove_unused_versions(root: Path) -> None:
    """Remove the folders that no process has used for 30 days.

    A process that still runs loses nothing but time: it compiles again what it needs, and makes
    its folder again.

    Parameters
    ----------
    root : Path
        It holds one folder for each version and processor.
    """
    with contextlib.suppress(OSError):
        for folder in root.iterdir():
            if _FOLDER.fullmatch(folder.name) and _is_unused(folder):
                _remove(folder)


def _is_unused(folder: Path) -> bool:
    is_folder = folder.is_dir() and not folder.is_symlink()
    return is_folder and time.time() - folder.stat().st_mtime > _DAYS * 24 * 3600


def _remove(folder: Path) -> None:
    for pattern in _OWN_FILES:
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                path.unlink()
    with contextlib.suppress(OSError):  # it stays if it holds something else
        folder.rmdir()

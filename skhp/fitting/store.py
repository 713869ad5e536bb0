"""FitStore: fits on disk, to be loaded or continued instead of trained again."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from skhp.fitting.store_format import (
    SUFFIX,
    VERSION,
    UnreadableFit,
    read_fields,
    read_fit,
    remove_abandoned,
    replace_file,
    write_fit,
)
from skhp.fitting.warn_once import warn_once

_MARKER = "skhp_fits.json"
_KEY = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(rf"(\d{{8}})(\.part)?{re.escape(SUFFIX)}")


@dataclass(frozen=True)
class StoredFit:
    """A file of the store.

    Parameters
    ----------
    path : Path
    key : str
    epochs : int
    is_finished : bool
        Whether it holds a finished fit. If not, it is a checkpoint of a fit that still runs,
        or that was interrupted.
    """

    path: Path
    key: str
    epochs: int
    is_finished: bool


class FitStore:
    """A directory of fits on disk, which later fits load or continue.

    Pass it, or the path of its directory, as ``memory`` of an estimator. A fit that the store
    holds is loaded and not trained. A fit that it holds with fewer epochs is continued. So a
    search that was killed and is started again trains only what is missing, and
    `HalvingGridSearchCV` with ``resource="epochs"`` trains each epoch once. The weights, the
    history and the predictions are the same, bit for bit, as if the fit had been trained
    without interruption.

    Several processes may use a directory at the same time. They do not wait for each other.

    Parameters
    ----------
    directory : path
        It is made if it does not exist.
    every : float, default=10.0
        Seconds of training between two checkpoints of a fit. An interrupted fit loses at most
        this time. A checkpoint of a small network takes some milliseconds.
    max_bytes : int or None, default=None
        The most bytes that the directory may hold. The least recently used fits are removed
        first. None for no limit.

    Raises
    ------
    TypeError, ValueError
        If a parameter has another type, or ``directory`` is a file.

    See Also
    --------
    sklearn.pipeline.Pipeline : Its ``memory`` keeps fitted transformers in the same way.
    joblib.Memory : Keeps the results of functions.

    Notes
    -----
    A fit is found by everything that it depends on: the rows, targets and sample weights, the
    validation rows, the parameters except ``epochs``, the seed, the code of the user's own
    functions, the processor, and the versions of Python, skhp, Keras and TensorFlow.

    Some fits are not stored, and a warning says why:

    - fits with ``random_state=None``, because no other fit is the same;
    - fits with Keras callbacks other than ``EarlyStopping``, ``LearningRateScheduler``,
      ``ReduceLROnPlateau`` and ``TerminateOnNaN``, because they may change the training, have
      a state of their own or write files;
    - fits of models whose class is the user's own.

    If Keras's own ``fit`` trains a model, only finished fits are stored.

    Files are safetensors with JSON in their header. Reading a file runs no code from it.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skhp import MLPClassifier
    >>> from skhp.search import FitStore
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     store = FitStore(directory)
    ...     _ = MLPClassifier(epochs=2, memory=store, random_state=0).fit(X, y)
    ...     _ = MLPClassifier(epochs=5, memory=store, random_state=0).fit(X, y)  # trains 3
    ...     store.frame()[["epochs", "is_finished", "param_learning_rate"]]
       epochs  is_finished  param_learning_rate
    0       2         True                0.001
    1       5         True                0.001
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        every: float = 10.0,
        max_bytes: int | None = None,
    ) -> None:
        self.directory, self.every, self.max_bytes = directory, every, max_bytes
        if not isinstance(directory, str | os.PathLike):
            raise TypeError(f"directory must be a path. Got {directory!r}.")
        if not _is_number(every, Real) or not every >= 0:
            raise ValueError(f"every must be a number of seconds, at least 0. Got {every!r}.")
        if max_bytes is not None and (not _is_number(max_bytes, Integral) or max_bytes < 1):
            raise ValueError(
                f"max_bytes must be a positive int, or None for no limit. Got {max_bytes!r}."
            )
        # Not a Path: skops reads a string without asking, and workers may have another folder.
        self._absolute = os.path.abspath(os.path.expanduser(directory))
        self._check_directory()

    @property
    def _path(self) -> Path:
        return Path(self._absolute)

    def __repr__(self) -> str:
        return (
            f"FitStore({os.fspath(self.directory)!r}, every={self.every!r}, "
            f"max_bytes={self.max_bytes!r})"
        )

    def frame(self) -> Any:
        """What the store holds, also while searches run.

        Returns
        -------
        pandas.DataFrame
            One row for each file: ``fit`` (equal for the epochs of one fit), ``epochs``,
            ``is_finished`` (False for a checkpoint of a fit that still runs or was interrupted),
            ``loss``, ``val_loss`` and the metrics (of the last epoch; missing if the fit has
            none), ``seconds`` (of training), ``bytes``, ``last_used`` (a time in UTC) and one
            column ``param_...`` a parameter. The score that a search gives to a fit is not
            known to the fit, and so not here.
        """
        import pandas as pd

        rows = [_row_of(stored, fields) for stored, fields in self._fields_of(self.stored())]
        names = ["fit", "epochs", "is_finished", "loss", "val_loss", "seconds", "bytes"]
        frame = pd.DataFrame(rows, columns=None if rows else [*names, "last_used"])
        frame["last_used"] = pd.to_datetime(frame["last_used"], unit="s", utc=True)
        return frame

    def curves(self) -> Any:
        """The loss and the metrics of each epoch so far, also while searches run.

        Returns
        -------
        pandas.DataFrame
            One row for each epoch of a fit: ``fit`` (as in `frame`), ``epoch`` (from 1), ``loss``,
            ``val_loss`` and the metrics (missing if the fit has none).

        Examples
        --------
        >>> import tempfile
        >>> from sklearn.datasets import load_iris
        >>> from skhp import MLPClassifier
        >>> from skhp.search import FitStore
        >>> X, y = load_iris(return_X_y=True)
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     store = FitStore(directory)
        ...     _ = MLPClassifier(epochs=3, memory=store, random_state=0).fit(X, y)
        ...     store.curves()["epoch"].tolist()
        [1, 2, 3]
        """
        import pandas as pd

        longest = {stored.key: stored for stored in self.stored()}  # by their epochs
        parts = [
            pd.DataFrame(fields["history"]).assign(
                fit=stored.key, epoch=range(1, stored.epochs + 1)
            )
            for stored, fields in self._fields_of(longest.values())
        ]
        names = ["fit", "epoch", "loss", "val_loss"]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        return frame.reindex(columns=[*names, *frame.columns.difference(names)])

    def clear(self) -> None:
        """Remove all fits. Fits that are being trained go on."""
        for stored in self.stored():
            _remove(stored.path)
        for folder in self._folders():
            remove_abandoned(folder)
            with contextlib.suppress(OSError):
                folder.rmdir()

    def prepare(self) -> None:
        """Make the directory, and refuse one that is not for this version of skhp.

        Raises
        ------
        ValueError
            If it is a file, or a newer version has written to it, or its marker is not a file.
        """
        self._check_directory()
        marker = self._path / _MARKER
        if os.path.exists(marker) and not os.path.isfile(marker):
            raise ValueError(
                f"memory={os.fspath(self.directory)!r} has {_MARKER!r}, which is not a file. "
                "skhp needs a file of this name. Remove it, or give another directory."
            )
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            version = _version_in(marker)
            if version is None or version < VERSION:
                content = {"format": "skhp fits", "version": VERSION}
                replace_file(marker, json.dumps(content).encode())
        except OSError as error:
            self.report(error)
            return
        if version is not None and version > VERSION:
            raise ValueError(
                f"memory={os.fspath(self.directory)!r} was written by a newer version of skhp "
                f"(format {version}; this version writes {VERSION}). Update skhp, or give "
                "another directory."
            )

    def report(self, error: Exception) -> None:
        """Warn, once, that fits cannot be stored."""
        why = getattr(error, "strerror", None) or str(error)
        warn_once(
            f"Fits cannot be stored in memory={os.fspath(self.directory)!r}: {why}. Training goes "
            "on, and what is not stored will be trained again.",
            subject=f"fits are not stored in {self._path}",
        )

    def stored(self, key: str | None = None) -> list[StoredFit]:
        """The files of a fit, by their epochs; of all fits by default.

        Parameters
        ----------
        key : str, optional
        """
        folders = self._folders() if key is None else [self._path / key]
        found = [stored for folder in folders for stored in _files_in(folder)]
        return sorted(found, key=lambda stored: (stored.key, stored.epochs))

    def read(self, stored: StoredFit) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The arrays and fields of a file; None, with a warning, if it cannot be read."""
        try:
            parts = read_fit(stored.path)
        except FileNotFoundError:  # another process has removed it
            return None
        except (UnreadableFit, OSError) as error:
            _warn_unreadable(stored, error)
            return None
        with contextlib.suppress(OSError):
            os.utime(stored.path)  # it was used now
        remove_abandoned(stored.path.parent)
        return parts

    def write(
        self, key: str, epochs: int, is_finished: bool, arrays: dict[str, Any], fields: Any
    ) -> StoredFit | None:
        """Store a fit; None, with a warning, if that cannot be done."""
        name = f"{epochs:08d}{'' if is_finished else '.part'}{SUFFIX}"
        stored = StoredFit(self._path / key / name, key, epochs, is_finished)
        size = sum(array.nbytes for array in arrays.values())
        if self.max_bytes is not None and size > self.max_bytes:
            self.report(ValueError(f"one of {size:,} bytes exceeds max_bytes={self.max_bytes:,}"))
            return None
        try:
            stored.path.parent.mkdir(parents=True, exist_ok=True)
            write_fit(stored.path, arrays, fields)
        except (OSError, ValueError, TypeError) as error:
            self.report(error)
            return None
        remove_abandoned(stored.path.parent)
        self._make_room(stored)
        return stored

    def remove(self, stored: StoredFit) -> None:
        """Remove a file, if it is there."""
        _remove(stored.path)

    def _check_directory(self) -> None:
        if not os.fspath(self.directory):
            raise ValueError("memory='' names no directory. Give a path, or '.' for this one.")
        try:
            is_file = self._path.exists() and not self._path.is_dir()
        except OSError:  # the first write will say why
            return
        if is_file:
            raise ValueError(
                f"memory={os.fspath(self.directory)!r} is a file, and must be a directory. Give "
                "another path."
            )

    def _fields_of(self, found: Iterable[StoredFit]) -> Iterator[tuple[StoredFit, dict[str, Any]]]:
        """Files with their fields, size and time; a warning for those that cannot be read."""
        for stored in found:
            try:
                fields, status = read_fields(stored.path), stored.path.stat()
                yield stored, {**fields, "bytes": status.st_size, "last_used": status.st_mtime}
            except FileNotFoundError:  # another process has removed it
                continue
            except (UnreadableFit, OSError) as error:
                _warn_unreadable(stored, error)

    def _folders(self) -> list[Path]:
        with contextlib.suppress(OSError):
            return [path for path in self._path.iterdir() if _KEY.fullmatch(path.name)]
        return []

    def _make_room(self, newest: StoredFit) -> None:
        """Remove the least recently used files, but never the newest."""
        if self.max_bytes is None:
            return
        used = []
        for stored in self.stored():
            with contextlib.suppress(OSError):
                status = stored.path.stat()
                used.append((status.st_mtime_ns, status.st_size, stored.path))
        total = sum(size for _, size, _ in used)
        for _, size, path in sorted(used):
            if total <= self.max_bytes:
                return
            if path != newest.path:
                _remove(path)
                total -= size


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _version_in(marker: Path) -> int | None:
    """The version of the format of a store; None if it has none."""
    try:
        return int(json.loads(marker.read_text())["version"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, OverflowError):
        return None


def _files_in(folder: Path) -> Iterator[StoredFit]:
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            match = _NAME.fullmatch(entry.name)
            if match is not None and entry.is_file():  # reading a FIFO would wait for a writer
                yield StoredFit(Path(entry.path), folder.name, int(match[1]), match[2] is None)


def _row_of(stored: StoredFit, fields: dict[str, Any]) -> dict[str, Any]:
    last = {name: values[-1] for name, values in fields["history"].items()}
    return {
        "fit": stored.key,
        "epochs": stored.epochs,
        "is_finished": stored.is_finished,
        **{"loss": last["loss"], "val_loss": float("nan"), **last},
        "seconds": fields["seconds"],
        "bytes": fields["bytes"],
        "last_used": fields["last_used"],
        **{f"param_{name}": value for name, value in fields["params"].items()},
    }


def _warn_unreadable(stored: StoredFit, error: Exception) -> None:
    warn_once(
        f"The stored fit {stored.path} is not used: {error}. It will be trained again.",
        subject=str(stored.path),
    )


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

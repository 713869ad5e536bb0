"""Names of TensorBoard that its documentation does not list.

`tf.summary` writes the same event files. It takes six times the CPU time for each epoch, and
loads TensorFlow, also if Keras uses another backend.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from skhp.compat.missing_names import needing

_FEATURE = "skhp.callback.TensorBoard"

# How long an open file may keep events in memory.
_FLUSH_SECONDS = 5


def check_installed() -> None:
    """Raise an error if TensorBoard's event files cannot be written.

    Raises
    ------
    ImportError
        If TensorBoard is not installed.
    MissingPrivateName
        If it does not have one of the names.
    """
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError(f"{_FEATURE} needs TensorBoard: pip install tensorboard.") from error
    _writer_class(), _event_class(), _scalar_function()


def _writer_class() -> Any:
    with needing("tensorboard", "EventFileWriter", _FEATURE):
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    return EventFileWriter


def _event_class() -> Any:
    with needing("tensorboard", "tensorboard.compat.proto.event_pb2.Event", _FEATURE):
        from tensorboard.compat.proto.event_pb2 import Event
    return Event


def _scalar_function() -> Any:
    with needing("tensorboard", "tensorboard.plugins.scalar.summary_v2.scalar_pb", _FEATURE):
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    return scalar_pb


class EventFile:
    """A new event file in a directory, which is made if missing.

    Parameters
    ----------
    directory : pathlib.Path
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._writer = _writer_class()(str(directory), flush_secs=_FLUSH_SECONDS)
        self._event, self._scalar = _event_class(), _scalar_function()

    def write_scalar(self, name: str, value: float, step: int) -> None:
        """Write one value of a curve."""
        self.write(self._scalar(name, value), step)

    def write(self, summary: Any, step: int = 0) -> None:
        """Write a summary, such as `tensorboard.plugins.hparams.api` makes."""
        event = self._event(wall_time=time.time(), step=step)
        event.summary.MergeFromString(summary.SerializeToString())
        self._writer.add_event(event)

    def close(self) -> None:
        """Write what is still in memory, and close the file."""
        self._writer.close()

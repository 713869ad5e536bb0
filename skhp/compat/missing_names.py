"""What is said if another library no longer has a private name that skhp uses."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version


class MissingPrivateName(RuntimeError):
    """A feature does not work, because a library lacks a private name that it needs.

    Parameters
    ----------
    library : str
        The package that should have the name.
    name : str
        The name that it lacks.
    feature : str
        What does not work without it, as the start of a sentence.
    """

    def __init__(self, library: str, name: str, feature: str) -> None:
        super().__init__(library, name, feature)
        self.library, self.name, self.feature = library, name, feature

    def __str__(self) -> str:
        return (
            f"{self.feature} needs {self.name}, a private name of {self.library} that version "
            f"{version_of(self.library)} does not have. Install another version of {self.library}."
        )


@functools.cache
def warn_missing(library: str, name: str, consequence: str) -> None:
    """Warn, once in a process, that something works less well.

    Parameters
    ----------
    library, name : str
        As of `MissingPrivateName`.
    consequence : str
        What happens without the name, as the end of a sentence.
    """
    warnings.warn(
        f"{library} {version_of(library)} does not have {name}, a private name that skhp uses: "
        f"{consequence}. Install another version of {library} to avoid this.",
        RuntimeWarning,
        stacklevel=3,
    )


def version_of(library: str) -> str:
    """The installed version of a package."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "(unknown)"


@contextlib.contextmanager
def needing(library: str, name: str, feature: str) -> Iterator[None]:
    """Raise `MissingPrivateName` if the code within finds that a name is missing.

    Parameters
    ----------
    library, name, feature : str
        As of `MissingPrivateName`.
    """
    try:
        yield
    except (ImportError, AttributeError) as error:
        raise MissingPrivateName(library, name, feature) from error

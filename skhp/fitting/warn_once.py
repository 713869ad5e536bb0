"""Warnings that are given once a process: a search would repeat them at each fit."""

from __future__ import annotations

from skhp.fitting.user_warning import warn_user

_given: set[str] = set()


def warn_once(message: str, subject: str | None = None) -> None:
    """Warn, unless this process has given a warning about the same before.

    Parameters
    ----------
    message : str
    subject : str, optional
        What the warning is about; the message itself by default.
    """
    subject = message if subject is None else subject
    if subject not in _given:
        _given.add(subject)
        warn_user(message)

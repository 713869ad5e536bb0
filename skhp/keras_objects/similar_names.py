"""What an error says if a name is not known: which known names are similar."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the known names that are most similar to a name; empty without any.

    Parameters
    ----------
    name : str
    known : iterable of str

    Examples
    --------
    >>> did_you_mean("epoch", ["epochs", "shuffle"])
    " Did you mean 'epochs'?"
    >>> did_you_mean("color", ["epochs", "shuffle"])
    ''
    """
    return suggestion(difflib.get_close_matches(name, known, n=3))


def suggestion(names: Sequence[str]) -> str:
    """A sentence that suggests names; empty without any.

    Parameters
    ----------
    names : sequence of str
    """
    return f" Did you mean {' or '.join(map(repr, names))}?" if names else ""

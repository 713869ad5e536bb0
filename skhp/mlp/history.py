"""The history of an estimator that is fitted more than once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

History = dict[str, list[float]]


def joined_history(
    before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]
) -> History:
    """Join two histories. Every list has one value per epoch.

    Parameters
    ----------
    before, after : mapping of str to sequence of float
        Each has "loss", unless it is empty.

    Returns
    -------
    dict of str to list of float
        NaN for an epoch that has no value of that name.

    Examples
    --------
    >>> joined_history({"loss": [0.5, 0.4]}, {"loss": [0.3], "val_loss": [0.6]})
    {'loss': [0.5, 0.4, 0.3], 'val_loss': [nan, nan, 0.6]}
    """
    nan = float("nan")
    first, second = ([nan] * len(history.get("loss", ())) for history in (before, after))
    names = dict.fromkeys((*before, *after))
    return {n: [*before.get(n, first), *after.get(n, second)] for n in names}

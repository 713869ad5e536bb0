"""The history of a wrapper's training."""

from __future__ import annotations

import contextlib

from skhp.wrappers.encoders import metric_name


class KerasHistory(dict[str, list[float]]):
    """Values of each epoch, by the names that Keras's ``fit`` gives them.

    A metric that was given by a short name is found by its full name too, as in scikeras:
    ``history_["mean_absolute_error"]`` is ``history_["mae"]``.
    """

    def __missing__(self, name: str) -> list[float]:
        for short in self:
            with contextlib.suppress(ValueError):  # no metric of Keras's own
                if metric_name(short) == name:
                    return self[short]
        raise KeyError(name)

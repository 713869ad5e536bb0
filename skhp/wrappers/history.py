"""The history of a wrapper's training."""

from __future__ import annotations

import contextlib

from skhp import runtime


class KerasHistory(dict[str, list[float]]):
    """Values of each epoch, by the names that Keras's ``fit`` uses.

    A metric with a short name has its full name too, as in scikeras:
    ``history_["mean_absolute_error"]`` is ``history_["mae"]``.
    """

    def __missing__(self, name: str) -> list[float]:
        for short in self:
            with contextlib.suppress(ValueError):  # it is not a metric of Keras
                if full_name(short) == name:
                    return self[short]
        raise KeyError(name)


def full_name(metric: str) -> str:
    """The full name of one of Keras's metrics, as scikeras writes it.

    Parameters
    ----------
    metric : str
        A name that Keras knows.

    Raises
    ------
    ValueError
        If Keras has no metric of that name.

    Examples
    --------
    >>> full_name("mae")
    'mean_absolute_error'
    """
    runtime.start()
    import keras

    found = keras.metrics.get(metric)
    if isinstance(found, keras.metrics.Metric):
        letters = (f"_{c.lower()}" if c.isupper() else c for c in type(found).__name__)
        return "".join(letters).lstrip("_")
    return getattr(found, "__name__", metric)

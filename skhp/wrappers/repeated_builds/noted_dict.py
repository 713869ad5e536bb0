"""A dict that notes which of its values were read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class NotedDict(dict[str, Any]):
    """A dict that notes which of its values were read.

    Parameters
    ----------
    *values : dict, or iterable of pairs
        As for a dict.

    Attributes
    ----------
    names_read : set of str
        The names of the values that were read, present or not.

    Examples
    --------
    >>> meta = NotedDict({"n_classes_": 2, "n_features_in_": 4})
    >>> meta["n_classes_"]
    2
    >>> meta.names_read
    {'n_classes_'}
    """

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.names_read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names_read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        self.names_read.add(name)
        return super().get(name, default)


def _reading_all(method: str) -> Callable[..., Any]:
    """A method of dict that counts as reading all values."""
    original = getattr(dict, method)

    def read(self: NotedDict, *args: Any, **kwargs: Any) -> Any:
        self.names_read.update(dict.keys(self))
        return original(self, *args, **kwargs)

    return read


# `dict(noted)` and `f(**noted)` call keys().
for _method in (
    "__eq__", "__ge__", "__iter__", "__ne__", "__or__", "__reduce_ex__", "__repr__",
    "__reversed__", "__ror__", "copy", "items", "keys", "pop", "popitem", "setdefault", "values",
):  # fmt: skip
    setattr(NotedDict, _method, _reading_all(_method))

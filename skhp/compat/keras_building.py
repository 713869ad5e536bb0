"""Private names of Keras that make building a model faster, and change nothing else.

A Keras model of three dense layers sets 560 attributes. Keras searches each value for variables
and layers, which takes a quarter of the time of building the model. And for each layer it reads
the signatures of functions that all layers of a class share.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

# Values of these types hold no variables or layers. Most attributes are of these types.
_PLAIN = frozenset({bool, int, float, str, type(None)})


@functools.cache
def build_models_faster() -> None:
    """Let Keras skip what it does again for each layer. Without these names it does not skip it."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    for kind in (keras.Layer, keras.Metric, keras.Optimizer):
        _skip_search_of_plain_values(kind)
    try:
        from keras.src.layers import layer
        from keras.src.ops import operation
    except ImportError:
        return
    signatures = _Signatures()
    for module in (layer, operation):
        if getattr(module, "inspect", None) is inspect:
            module.inspect = signatures


def _skip_search_of_plain_values(kind: Any) -> None:
    search_and_set = kind.__setattr__

    @functools.wraps(search_and_set)
    def set_attribute(self: Any, name: str, value: Any) -> None:
        # Keras does not call a property's setter with the value that the property has.
        if type(value) in _PLAIN and "_tracker" in vars(self) and not hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            search_and_set(self, name, value)

    kind.__setattr__ = set_attribute


class _Signatures(ModuleType):
    """The module `inspect`, which keeps the signatures of functions that it has read."""

    def __init__(self) -> None:
        super().__init__("inspect")
        self._of_functions = _kept(inspect.signature)
        self._of_methods = _kept(_signature_of_method)
        self.getfullargspec = _kept(inspect.getfullargspec)

    def signature(self, function: Any) -> inspect.Signature:
        if inspect.ismethod(function):
            return self._of_methods(function.__func__)
        return self._of_functions(function)

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)


def _signature_of_method(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function.__get__(object()))


def _kept(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of functions that keeps what it returned, as long as its argument is there."""
    found: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def get(function: Any) -> Any:
        if not inspect.isfunction(function):
            return read(function)
        value = found.get(function)
        if value is None:
            value = found[function] = read(function)
        return value

    return get

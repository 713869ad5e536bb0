"""Classes and functions that a pickle may hold as a name: those that can be imported."""

from __future__ import annotations

import contextlib
import importlib
import operator
import sys
from typing import Any

from skhp import runtime
from skhp.keras_objects.origins import is_keras_own, root_of
from skhp.keras_objects.stored_forms import StoredName


def is_found_by_name(thing: Any) -> bool:
    """Whether another process can import a class or function from its module.

    Parameters
    ----------
    thing : class or function
    """
    module = sys.modules.get(getattr(thing, "__module__", None) or "__main__")
    if module is sys.modules["__main__"]:
        return False
    try:
        return operator.attrgetter(thing.__qualname__)(module) is thing
    except AttributeError:
        return False


def is_keras_name(thing: Any) -> bool:
    """Whether it is a class, activation, loss, metric or operation that Keras offers.

    Parameters
    ----------
    thing : class or function
    """
    if not (is_keras_own(thing) and is_found_by_name(thing)):
        return False
    return isinstance(thing, type) or _is_listed(thing)


def _is_listed(function: Any) -> bool:
    """Whether it is an activation, loss, metric or operation that Keras offers."""
    import keras

    lists = (keras.activations, keras.losses, keras.metrics, keras.ops)
    return any(getattr(members, function.__name__, None) is function for members in lists)


def find_in_keras(stored: StoredName) -> Any:
    """The class or function of a stored name.

    Parameters
    ----------
    stored : StoredName

    Raises
    ------
    ValueError
        If Keras does not offer it.
    """
    runtime.start()
    found = None
    if root_of(stored.module) == "keras":
        with contextlib.suppress(ImportError, AttributeError):
            found = operator.attrgetter(stored.name)(importlib.import_module(stored.module))
    if found is None or not is_keras_name(found):
        raise ValueError(
            f"Keras has no class, activation, loss, metric or operation {stored.name!r} in "
            f"{stored.module!r}. The file was stored with another version of Keras, or was changed."
        )
    return found

"""The Keras callbacks of a wrapper, as a flat list of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skhp.wrappers.routing import make_objects, route_params


def make_callbacks(params: Mapping[str, Any], name: str) -> list[Any]:
    """Make the callbacks of one parameter, with their settings.

    Parameters
    ----------
    params : mapping of str to object
        Parameters of the estimator.
    name : {"callbacks", "fit__callbacks", "predict__callbacks"}

    Returns
    -------
    list of keras.callbacks.Callback
    """
    return flat_callbacks(make_objects(params.get(name), route_params(params, name)))


def only_for_predict(estimator: Any) -> list[Any]:
    """The callbacks of ``predict`` that are not in use by a training at the same time.

    A prediction takes the model away from its callbacks, and training still needs it.

    Parameters
    ----------
    estimator : BaseWrapper
        It is being trained.
    """
    return [c for c in estimator._predict_callbacks if c not in estimator._fit_callbacks]


def flat_callbacks(callbacks: Any) -> list[Any]:
    """All callbacks in lists and dicts, in their order.

    Parameters
    ----------
    callbacks : keras.callbacks.Callback, list, tuple, dict or None

    Returns
    -------
    list of keras.callbacks.Callback

    Examples
    --------
    >>> flat_callbacks({"first": "a", "others": ["b", ["c"]], "none": None})
    ['a', 'b', 'c']
    """
    if callbacks is None:
        return []
    if isinstance(callbacks, Mapping):
        callbacks = list(callbacks.values())
    if isinstance(callbacks, list | tuple):
        return [one for part in callbacks for one in flat_callbacks(part)]
    return [callbacks]

"""Parameters with a prefix: whose they are, and objects made with them.

``optimizer__learning_rate=0.1`` is the setting ``learning_rate`` of the parameter
``optimizer``. The rules are those of scikeras.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any


def route_params(
    params: Mapping[str, Any], prefix: str, also: Collection[str] = (), nested: bool = True
) -> dict[str, Any]:
    """Select the parameters with a prefix, and remove it from their names.

    Parameters
    ----------
    params : mapping of str to object
    prefix : str
        Without the two underscores.
    also : collection of str, default=()
        Names without the prefix to select too. If both exist, the one with the prefix is used.
    nested : bool, default=True
        Whether to select parameters that have a second prefix behind the first.

    Returns
    -------
    dict of str to object

    Examples
    --------
    >>> route_params({"fit__batch_size": 8, "epochs": 2, "loss": "mse"}, "fit", also=["epochs"])
    {'epochs': 2, 'batch_size': 8}
    """
    selected = {name: value for name, value in params.items() if name in also}
    start = f"{prefix}__"
    routed = {n.removeprefix(start): v for n, v in params.items() if n.startswith(start)}
    return selected | {n: v for n, v in routed.items() if nested or "__" not in n}


def make_objects(
    value: Any, settings: Mapping[str, Any], shared: Mapping[str, Any] | None = None
) -> Any:
    """Replace each class in a value by an object, made with the settings.

    Parameters
    ----------
    value : object
        A class, a list, tuple or dict of classes, or anything else, which stays as it is.
    settings : mapping of str to object
        Arguments of the class. In a list or dict, a name such as "0__patience" is for the
        item at that position or key, and a name without a prefix is for all items. Names
        that are numbers are positional arguments.
    shared : mapping of str to object, optional
        Settings of the list or dict that the value is an item of.

    Returns
    -------
    object

    Raises
    ------
    TypeError
        If there are settings for something that is not a class.

    Examples
    --------
    >>> from fractions import Fraction
    >>> make_objects([Fraction, Fraction], {"numerator": 1, "1__denominator": 2})
    [Fraction(1, 1), Fraction(1, 2)]
    """
    own = {name: setting for name, setting in settings.items() if "__" not in name}
    arguments = {**(shared or {}), **own}
    _check_are_used(settings, value, arguments)
    if isinstance(value, list | tuple):
        items = enumerate(value)
        return type(value)(make_objects(v, route_params(settings, str(i)), own) for i, v in items)
    if isinstance(value, dict):
        return {k: make_objects(v, route_params(settings, str(k)), own) for k, v in value.items()}
    if inspect.isclass(value):
        return _instance(value, arguments, settings)
    if arguments:
        raise TypeError(
            f"{value!r} takes no settings, because it is not a class. Got the settings "
            f"{', '.join(f'{name}={setting!r}' for name, setting in arguments.items())}. Pass a "
            "class, or leave the settings out."
        )
    return value


def _check_are_used(settings: Mapping[str, Any], value: Any, arguments: Mapping[str, Any]) -> None:
    """Raise an error for settings of an item or an argument that a value does not have."""
    items: Mapping[str, Any] | None = None
    if isinstance(value, list | tuple | Mapping):
        keys = value if isinstance(value, Mapping) else range(len(value))
        items = dict.fromkeys(map(str, keys))
    for name, setting in settings.items():
        part, nested, _ = name.partition("__")
        if not nested or part in (arguments if items is None else items):
            continue
        if items is None:
            raise TypeError(
                f"{name}={setting!r} is a setting of the argument {part!r}, which was not given. "
                f"Give {part!r} too, or leave the setting out."
            )
        raise TypeError(
            f"{name}={setting!r} is a setting of the item {part!r}, and there are the items "
            f"{', '.join(items) or 'none'}."
        )


def _instance(kind: type, arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    made = {n: make_objects(v, route_params(settings, n)) for n, v in arguments.items()}
    positions = sorted((name for name in made if name[0].isdigit()), key=int)
    named = {name: value for name, value in made.items() if name not in positions}
    return kind(*(made[name] for name in positions), **named)

"""Parameter values and candidates as short text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from skhp.candidates.names import short_names
from skhp.candidates.values import is_number, settings_of, unique_values, value_key

# Directory names longer than this are cut, so that lists of runs can be read.
_LONGEST = 80

# With this many digits, every float is read back exactly.
_MOST_DIGITS = 17


def value_label(value: Any) -> str:
    """A short text for a parameter's value, with up to six digits.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> [value_label(v) for v in (0.001, 64, True, "relu", None, (64, 32), max)]
    ['0.001', '64', 'True', 'relu', 'None', '64-32', 'max']
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return "-".join(value_label(item) for item in value)
    if value is None or isinstance(value, str | bool):
        return str(value)
    return name_of(value)


def name_of(value: Any) -> str:
    """The name of a function, a class or an object, without its address in memory.

    Parameters
    ----------
    value : object
        A `functools.partial` has the name of its function, and its arguments.

    Examples
    --------
    >>> from functools import partial
    >>> name_of(str.upper), name_of(partial(round, ndigits=2)), name_of(object())
    ('str.upper', 'round(ndigits=2)', 'object')
    """
    if isinstance(value, partial):
        named = [f"{name}={_shortly(given)}" for name, given in value.keywords.items()]
        return f"{name_of(value.func)}({', '.join([*map(_shortly, value.args), *named])})"
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    # Functions made in a function: the name of the outer one says little.
    return name.rpartition("<locals>.")[2] if isinstance(name, str) else type(value).__name__


def named_objects(values: Sequence[Any]) -> list[Any]:
    """The values of one parameter for a table: functions and objects by their names.

    Parameters
    ----------
    values : sequence of object

    Returns
    -------
    list
        Numbers, text and other values stay as they are. Different functions of the same name
        get different names.

    Examples
    --------
    >>> named_objects([0.1, "relu", max, None])
    [0.1, 'relu', 'max', None]
    """
    if not any(map(_is_read_by_name, values)):
        return list(values)
    name = label_by_value(values, axis_label)
    return [name(v) if isinstance(v, str) or _is_read_by_name(v) else v for v in values]


def _is_read_by_name(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_read_by_name, value))
    return callable(value) or " at 0x" in repr(value)


def candidate_label(number: int, params: Mapping[str, Any]) -> str:
    """A candidate's number and parameters as the name of a directory.

    Parameters
    ----------
    number : int
    params : mapping

    Examples
    --------
    >>> candidate_label(7, {"mlp__n_layers": 2, "mlp__width": 64})
    '007-n_layers=2,width=64'
    """
    short = short_names(params)
    parts = [f"{short[name]}={value_label(value)}" for name, value in params.items()]
    text = re.sub(r"[^\w=,.+\-]", "_", ",".join(parts))
    return f"{number:03d}-{text}"[:_LONGEST].rstrip("-,")


def axis_label(value: Any) -> str:
    """A parameter's value for an axis or a legend, with three digits.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> [axis_label(value) for value in (0.00123456, 64, "relu", (64, 32), max)]
    ['0.00123', '64', 'relu', '(64, 32)', 'max']
    """
    if isinstance(value, str):
        return value
    if is_number(value):
        return f"{value:.3g}" if isinstance(value, float | np.floating) else f"{value}"
    if callable(value):
        return name_of(value)
    if isinstance(value, list | tuple) and _is_read_by_name(value):
        return f"({', '.join(map(axis_label, value))})"
    text = str(value)
    return text if len(text) <= 24 and " at 0x" not in text else type(value).__name__


def distinct_labels(values: Sequence[Any], label: Callable[[Any], str]) -> list[str]:
    """A label for each value, all of them different.

    Parameters
    ----------
    values : sequence of object
        No two of them the same.
    label : callable
        Writes one value. Values whose labels are the same get longer labels.

    Examples
    --------
    >>> distinct_labels([0.001, 0.0010004, 0.1], "{:.3g}".format)
    ['0.001', '0.0010004', '0.1']
    >>> distinct_labels([1, "1"], str)
    ['1', "'1'"]
    """
    labels = [label(value) for value in values]
    for write in (_more_digits, _quoted, _with_settings, _numbered):
        count = Counter(labels)
        alike: dict[str, list[int]] = {}
        for i, text in enumerate(labels):
            if count[text] > 1:
                alike.setdefault(text, []).append(i)
        for text, places in alike.items():
            new = write([values[i] for i in places], text)
            for i, written in zip(places, new, strict=True):
                labels[i] = written
    return labels


def label_by_value(values: Iterable[Any], label: Callable[[Any], str]) -> Callable[[Any], str]:
    """A function that gives different values of a parameter different labels.

    Parameters
    ----------
    values : iterable of object
        The values that the parameter may have. Another value gets its plain label.
    label : callable
        Writes one value.

    Examples
    --------
    >>> name = label_by_value([0.001, 0.0010004, 0.001], "{:.3g}".format)
    >>> name(0.001), name(0.0010004), name(0.5)
    ('0.001', '0.0010004', '0.5')
    """
    different = unique_values(values)
    labels = dict(zip(map(value_key, different), distinct_labels(different, label), strict=True))
    return lambda value: labels.get(value_key(value)) or label(value)


def _more_digits(values: list[Any], text: str) -> list[str]:
    labels = [text] * len(values)
    numbers = [i for i, value in enumerate(values) if is_number(value)]
    for digits in range(3, _MOST_DIGITS + 1):
        written = {i: f"{values[i]:.{digits}g}" for i in numbers}
        count = Counter(written.values())
        for i in numbers:
            if labels[i] == text and count[written[i]] == 1:
                labels[i] = written[i]
    return labels


def _quoted(values: list[Any], text: str) -> list[str]:
    return [repr(value) if isinstance(value, str) else text for value in values]


def _with_settings(values: list[Any], text: str) -> list[str]:
    """Add the settings in which objects of one class differ."""
    settings = [settings_of(value) or {} for value in values]
    names = dict.fromkeys(name for own in settings for name in own)
    differing = [name for name in names if len({value_key(own.get(name)) for own in settings}) > 1]
    if not differing:
        return [text] * len(values)
    return [
        f"{text}({', '.join(f'{name}={_shortly(own.get(name))}' for name in differing)})"
        for own in settings
    ]


def _shortly(value: Any) -> str:
    if is_number(value):
        return f"{value:.6g}"
    return name_of(value) if callable(value) else str(value)


def _numbered(values: list[Any], text: str) -> list[str]:
    return [f"{text} no. {number}" for number in range(1, len(values) + 1)]

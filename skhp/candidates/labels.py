"""Parameter values and candidates as short text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from skhp.candidates.names import short_names
from skhp.candidates.values import is_number, settings_of, value_key

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
    return getattr(value, "__name__", type(value).__name__)


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
    if isinstance(value, type) or callable(value):
        return getattr(value, "__name__", type(value).__name__)
    text = str(value)
    return text if len(text) <= 24 and "object at 0x" not in text else type(value).__name__


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
    return f"{value:.6g}" if is_number(value) else str(value)


def _numbered(values: list[Any], text: str) -> list[str]:
    return [f"{text} no. {number}" for number in range(1, len(values) + 1)]

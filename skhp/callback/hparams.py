"""A search's space as columns of TensorBoard's HParams tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from skhp.candidates.labels import label_by_value, value_label
from skhp.candidates.names import short_names
from skhp.candidates.space import choices_of, interval_of


class Columns:
    """The parameters of a search as columns of the HParams tab.

    Parameters
    ----------
    space : sequence of mapping
        Parameter -> values or distribution.
    """

    def __init__(self, space: Sequence[Mapping[str, Any]]) -> None:
        self._space: dict[str, list[Any]] = {}
        for part in space:
            for name, values in part.items():
                self._space.setdefault(name, []).append(values)
        self.short = short_names(self._space)
        self._kinds = {name: _kind_of(values) for name, values in self._space.items()}

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A candidate's values as the plugin takes them.

        Parameters
        ----------
        params : mapping
        """
        kinds, short = self._kinds, self.short
        return {
            short.get(name, name): kinds.get(name, value_label)(value)
            for name, value in params.items()
        }

    def domains(self, seen: Sequence[Mapping[str, Any]]) -> list[Any]:
        """One HParam for each parameter.

        Parameters
        ----------
        seen : sequence of mapping
            Candidates. Their values are the domain of a parameter without a list or range.
        """
        from tensorboard.plugins.hparams import api

        return [
            api.HParam(self.short[name], self._domain(name, parts, seen))
            for name, parts in self._space.items()
        ]

    def _domain(self, name: str, parts: list[Any], seen: Sequence[Mapping[str, Any]]) -> Any:
        from tensorboard.plugins.hparams import api

        kind = self._kinds[name]
        interval = interval_of(parts[0]) if len(parts) == 1 else None
        if interval is not None and kind in (int, float):
            domain = api.IntInterval if kind is int else api.RealInterval
            return domain(kind(interval[0]), kind(interval[1]))
        choices = [choices_of(values) for values in parts]
        if any(c is None for c in choices):
            values = [params[name] for params in seen if name in params]
        else:
            values = [value for c in choices for value in c or ()]
        return api.Discrete(sorted({kind(value) for value in values})) if values else None


def _kind_of(parts: list[Any]) -> Callable[[Any], Any]:
    """A function to one type, as which all values of a parameter are written."""
    values = [value for part in parts for value in choices_of(part) or interval_of(part) or ()]
    for kind, takes in _KINDS.items():
        if values and all(takes(value) for value in values):
            return kind
    return label_by_value(values, value_label)


_KINDS: dict[Callable[[Any], Any], Callable[[Any], bool]] = {
    bool: lambda value: isinstance(value, bool),
    int: lambda value: isinstance(value, Integral) and not isinstance(value, bool),
    float: lambda value: isinstance(value, Real) and not isinstance(value, bool),
}

"""The `hp` of a build function written for keras-tuner, without keras-tuner.

Names, arguments and defaults are those of keras-tuner's ``HyperParameters``
(https://keras.io/keras_tuner/api/hyperparameters/), so that a build function works with both.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import Any

from skhp.hypermodel.condition import Condition
from skhp.hypermodel.ranges import Choice, Definition, Number, SpaceError


class HyperParameters:
    """Record what a build function registers, and return the wanted values.

    Parameters
    ----------
    wanted : mapping of str to object, optional
        Values by name. A hyperparameter without one has its default.
    definitions : mapping of str to Choice or Number, optional
        What was registered before. A name must not change its definition.

    Attributes
    ----------
    definitions : dict of str to Choice or Number
        All hyperparameters registered so far, by earlier builds or this one.
    registered : list of str
        Names that this build registered, active or not, in their order.
    values : dict of str to object
        Values of the active hyperparameters.
    inactive_scopes : list of tuple of Condition
        Conditions of the parts of the build that were not active.

    Notes
    -----
    Methods that only keras-tuner's tuners call (``merge``, ``get_config``, ``from_proto``, ...)
    are missing.

    Examples
    --------
    >>> hp = HyperParameters({"units": 16})
    >>> hp.Int("units", 8, 32, step=8)
    16
    >>> hp.Choice("activation", ["relu", "tanh"])
    'relu'
    >>> hp.Int("layers", 1, 4, parent_name="units", parent_values=[8])  # not active: None
    >>> hp.values
    {'units': 16, 'activation': 'relu'}
    """

    def __init__(
        self,
        wanted: Mapping[str, Any] | None = None,
        definitions: Mapping[str, Definition] | None = None,
    ) -> None:
        self._wanted = dict(wanted or {})
        self.definitions = dict(definitions or {})
        self.registered: list[str] = []
        self.values: dict[str, Any] = {}
        self.inactive_scopes: list[tuple[Condition, ...]] = []
        self._name_scopes: list[str] = []
        self._conditions: list[Condition] = []

    def Int(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str | None = None,
        default: int | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Register an integer from ``min_value`` to ``max_value``, both included.

        Parameters
        ----------
        name : str
        min_value, max_value : int
        step : int, optional
            Distance between values. With "log" and "reverse_log", the ratio of values.
        sampling : {"linear", "log", "reverse_log"}, default="linear"
        default : int, default=min_value
        parent_name, parent_values : str, list, optional
            As in `conditional_scope`.

        Returns
        -------
        int or None
            None if a condition does not hold.
        """
        sampling = (sampling or "linear").lower()
        if step is None and sampling == "linear":
            step = 1
        name = self._full(name)
        low = _integer(name, "min_value", min_value)
        high = _integer(name, "max_value", max_value)
        step = None if step is None else _integer(name, "step", step)
        default = low if default is None else _integer(name, "default", default)
        number = Number(name, low, high, step, sampling, default, kind="Int")
        return self._register(number, parent_name, parent_values)

    def Float(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = None,
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Register a number from ``min_value`` to ``max_value``.

        Parameters
        ----------
        name : str
        min_value, max_value : float
        step : float, optional
            Distance between values. With "log" and "reverse_log", the ratio of values.
        sampling : {"linear", "log", "reverse_log"}, default="linear"
        default : float, default=min_value
        parent_name, parent_values : str, list, optional
            As in `conditional_scope`.

        Returns
        -------
        float or None
            None if a condition does not hold.
        """
        low, high = float(min_value), float(max_value)
        number = Number(
            self._full(name),
            low,
            high,
            step=None if step is None else float(step),
            sampling=(sampling or "linear").lower(),
            default=low if default is None else float(default),
            kind="Float",
        )
        return self._register(number, parent_name, parent_values)

    def Choice(
        self,
        name: str,
        values: Iterable[Any],
        ordered: bool | None = None,
        default: Any = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Register one of a few values.

        Parameters
        ----------
        name : str
        values : list
        ordered : bool, optional
            Whether the values have an order. They must then be numbers. It has no effect,
            because scikit-learn's searches use no order.
        default : object, default=values[0]
        parent_name, parent_values : str, list, optional
            As in `conditional_scope`.

        Returns
        -------
        object
            None if a condition does not hold.
        """
        values = tuple(values)
        first = values[0] if values else None
        if ordered and not isinstance(first, Real):
            raise SpaceError(f"hp.Choice({name!r}): ordered values must be numbers. Got {values}.")
        choice = Choice(self._full(name), values, first if default is None else default)
        return self._register(choice, parent_name, parent_values)

    def Boolean(
        self,
        name: str,
        default: bool = False,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Register a choice between True and False.

        Parameters
        ----------
        name : str
        default : bool, default=False
        parent_name, parent_values : str, list, optional
            As in `conditional_scope`.

        Returns
        -------
        bool or None
            None if a condition does not hold.
        """
        choice = Choice(self._full(name), (False, True), default, "Boolean")
        return self._register(choice, parent_name, parent_values)

    def Fixed(
        self, name: str, value: Any, parent_name: str | None = None, parent_values: Any = None
    ) -> Any:
        """Register a value that is not searched.

        Parameters
        ----------
        name : str
        value : object
        parent_name, parent_values : str, list, optional
            As in `conditional_scope`.

        Returns
        -------
        object
            None if a condition does not hold.
        """
        choice = Choice(self._full(name), (value,), value, "Fixed")
        return self._register(choice, parent_name, parent_values)

    @contextlib.contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """Prefix the names registered inside with ``name/``.

        Parameters
        ----------
        name : str
        """
        self._name_scopes.append(str(name))
        try:
            yield
        finally:
            self._name_scopes.pop()

    @contextlib.contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """Make hyperparameters that are registered inside active only under a condition.

        The code inside always runs. If the condition does not hold, `hp` returns None.

        Parameters
        ----------
        parent_name : str
            A hyperparameter registered before.
        parent_values : list
            The values of it with which the condition holds.

        Raises
        ------
        SpaceError
            If no hyperparameter of that name was registered.
        """
        parent_name = self._full(parent_name)
        if parent_name not in self.definitions:
            raise SpaceError(
                f"The parent {parent_name!r} of a condition is not registered. Registered are "
                f"{list(self.definitions)}. Register the parent first."
            )
        listed = isinstance(parent_values, list | tuple)
        self._conditions.append(
            Condition(parent_name, tuple(parent_values) if listed else (parent_values,))
        )
        if not self._active():
            self.inactive_scopes.append(tuple(self._conditions))
        try:
            yield
        finally:
            self._conditions.pop()

    def get(self, name: str) -> Any:
        """Get the value of an active hyperparameter.

        Parameters
        ----------
        name : str

        Returns
        -------
        object

        Raises
        ------
        KeyError
            If no hyperparameter of that name was registered.
        ValueError
            If it is not active.
        """
        name = self._full(name)
        if name in self.values:
            return self.values[name]
        if name in self.registered:
            raise ValueError(f"{name!r} is not active: its condition does not hold.")
        raise KeyError(f"{name!r} is not registered. Registered are {self.registered}.")

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return self._full(name) in self.values

    def is_active(self, name: str) -> bool:
        """Whether a hyperparameter is registered and its conditions hold.

        Parameters
        ----------
        name : str

        Returns
        -------
        bool
        """
        return str(name) in self.values

    def copy(self) -> HyperParameters:
        """Make a copy. This object does not learn what is registered with the copy.

        Returns
        -------
        HyperParameters
        """
        other = HyperParameters(self._wanted, self.definitions)
        other.registered, other.values = list(self.registered), dict(self.values)
        return other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = [method for method in dir(type(self)) if not method.startswith("_")]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean hp.{near[0]}?" if near else ""
        raise AttributeError(
            f"hp.{name} is unknown.{hint} These methods of keras-tuner's HyperParameters are "
            f"available: {', '.join(known)}."
        )

    def _full(self, name: object) -> str:
        return "/".join([*self._name_scopes, str(name)])

    def _active(self) -> bool:
        return all(condition.holds(self.values) for condition in self._conditions)

    def _register(self, definition: Definition, parent_name: str | None, values: Any) -> Any:
        if parent_name is not None:
            with self.conditional_scope(parent_name, values):
                return self._register(definition, None, None)
        name = definition.name
        known = self.definitions.setdefault(name, definition)
        if known != definition:
            raise SpaceError(
                f"{name!r} is registered twice, with different definitions: first {known} with "
                f"default {known.default!r}, now {definition} with default "
                f"{definition.default!r}. A search needs one range for each name. Use another "
                "name, or a range that does not depend on another hyperparameter."
            )
        if any(condition.name == name for condition in self._conditions):
            raise SpaceError(f"{name!r} is registered under a condition on itself.")
        if name not in self.registered:
            self.registered.append(name)
        if not self._active():
            return None
        if name not in self.values:
            wanted = name in self._wanted
            self.values[name] = (
                definition.check(self._wanted[name]) if wanted else definition.default
            )
        return self.values[name]


def _integer(name: str, argument: str, value: Any) -> int:
    try:
        if int(value) == value:
            return int(value)
    except (TypeError, ValueError):
        pass
    raise SpaceError(f"hp.Int({name!r}): {argument} must be an integer. Got {value!r}.")

"""Find all hyperparameters that a build function may register, by running it.

keras-tuner finds conditional and computed names during its search. A scikit-learn search
needs all names before it starts. So the build runs with its defaults, then with other values
of each new hyperparameter that may change what is registered, until no new name is found.
"""

from __future__ import annotations

import random
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skhp.hypermodel.condition import Condition
from skhp.hypermodel.hyperparameters import HyperParameters
from skhp.hypermodel.ranges import Definition, SpaceError
from skhp.runtime.global_generators import seeded

# How many values to try of a hyperparameter that changes what is registered.
_INNER_VALUES = 16

# The exploration ends after this many builds with random values that find nothing new. Random
# values find names that depend on two hyperparameters together.
_RANDOM_BUILDS = 5


@dataclass(frozen=True)
class _Trial:
    """A build to run: its values, and the names to compare with what it registers."""

    wanted: dict[str, Any]
    changed: str | None = None
    usual: frozenset[str] = frozenset()


@dataclass
class Exploration:
    """The builds that ran, those to run next, and what was registered.

    Parameters
    ----------
    build : callable
        Runs the user's function with a `HyperParameters`.
    max_builds : int
        The most builds to run.
    """

    build: Callable[[HyperParameters], Any]
    max_builds: int
    definitions: dict[str, Definition] = field(default_factory=dict)
    builds: int = 0
    failures: list[tuple[dict[str, Any], Exception]] = field(default_factory=list)
    _queue: deque[_Trial] = field(default_factory=deque)
    _seen: set[frozenset[tuple[str, str]]] = field(default_factory=set)
    _scopes: set[tuple[Condition, ...]] = field(default_factory=set)
    _tried: set[str] = field(default_factory=set)

    def run(self) -> dict[str, Definition]:
        """Run builds until nothing new is registered.

        Returns
        -------
        dict of str to Choice or Number
            The registered hyperparameters by name, in the order of registration.

        Raises
        ------
        SpaceError
            If what the build registers is not a valid search space.
        Exception
            Any error of the build with its default values.
        """
        self._note(_Trial({}), self._registered_by({}, failing=False))
        rng = random.Random(0)
        idle = 0
        while self._queue or idle < _RANDOM_BUILDS:
            if self.builds >= self.max_builds:
                self._warn_of_limit()
                break
            queued, known = bool(self._queue), len(self.definitions)
            self._run(self._queue.popleft() if queued else self._random_trial(rng))
            idle = 0 if queued or len(self.definitions) > known else idle + 1
        self._warn_of_failures()
        return self.definitions

    def _run(self, trial: _Trial) -> None:
        key = frozenset((name, repr(value)) for name, value in trial.wanted.items())
        if key not in self._seen:
            self._seen.add(key)
            self._note(trial, self._registered_by(trial.wanted))

    def _registered_by(self, wanted: Mapping[str, Any], failing: bool = True) -> HyperParameters:
        hp = HyperParameters(wanted, self.definitions)
        self.builds += 1
        try:
            with seeded(self.builds, self.build):  # the model is not used
                self.build(hp)
        except SpaceError:
            raise
        except Exception as error:
            if not failing:
                raise
            self.failures.append((dict(hp.values), error))
        self.definitions = hp.definitions
        return hp

    def _note(self, trial: _Trial, hp: HyperParameters) -> None:
        names = frozenset(hp.registered)
        for name, value in hp.values.items():
            if name not in self._tried:
                self._tried.add(name)
                self._try(trial.wanted, name, self.definitions[name].extremes(), value, names)
        if trial.changed is not None and names != trial.usual:
            inner = self.definitions[trial.changed].spread(_INNER_VALUES)
            self._try(trial.wanted, trial.changed, inner, trial.wanted[trial.changed], None)
        for scope in hp.inactive_scopes:
            if scope not in self._scopes:
                self._scopes.add(scope)
                parents = {condition.name: condition.values[0] for condition in scope}
                self._queue.append(_Trial({**trial.wanted, **parents}))

    def _try(
        self,
        wanted: dict[str, Any],
        name: str,
        values: list[Any],
        present: Any,
        usual: frozenset[str] | None,
    ) -> None:
        for value in values:
            if value != present:
                trial = {**wanted, name: value}
                watched = None if usual is None else name
                self._queue.append(_Trial(trial, watched, usual or frozenset()))

    def _random_trial(self, rng: random.Random) -> _Trial:
        return _Trial({name: d.at(rng.random()) for name, d in self.definitions.items()})

    def _warn_of_limit(self) -> None:
        if not self._queue:
            return
        warnings.warn(
            f"The search for hyperparameters stopped after max_builds={self.max_builds} "
            f"builds and found {len(self.definitions)}. There may be more, which would keep "
            "their defaults. Raise max_builds.",
            stacklevel=4,
        )

    def _warn_of_failures(self) -> None:
        if self.failures:
            values, error = self.failures[0]
            warnings.warn(
                f"{len(self.failures)} of {self.builds} builds failed during the search for "
                f"hyperparameters, the first with {values}: {type(error).__name__}: {error}. "
                "Hyperparameters that are registered after the failure may be missing, and fits "
                "with these values will fail too.",
                stacklevel=4,
            )

"""How the model of a new fit is made: built, or from the pattern of equal calls."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from skhp.keras_objects.fingerprint import NotEstablished
from skhp.keras_objects.origins import root_of
from skhp.runtime.global_generators import Draw, noted_draws, repeated_draws
from skhp.wrappers.builder_call import BuilderCall, builder_call
from skhp.wrappers.building import ensure_compiled
from skhp.wrappers.keras_network import KerasNetwork
from skhp.wrappers.repeated_builds.call_fingerprint import CallFingerprint
from skhp.wrappers.repeated_builds.initial_values import InitialValues
from skhp.wrappers.repeated_builds.known_calls import known_calls
from skhp.wrappers.repeated_builds.new_model import NewModel, new_model
from skhp.wrappers.repeated_builds.unbuilt_model import UnbuiltModel

# Larger models are always built.
_MOST_WEIGHTS = 10**6


class RepeatableCall:
    """A call of a builder that returns equal models for equal arguments.

    Parameters
    ----------
    estimator : BaseWrapper
    call : BuilderCall

    Raises
    ------
    NotEstablished
        If the builder may return other models, or do anything else.
    """

    def __init__(self, estimator: Any, call: BuilderCall) -> None:
        self._call, self._fingerprint = call, CallFingerprint(call)
        self._names = (estimator._label(), type(estimator).__name__)
        self._draws: Sequence[Draw] = ()
        self._is_complete = False

    def unbuilt(self, seed: int | None) -> UnbuiltModel | None:
        """The model, if it need not be built; None if it must be."""
        pattern = known_calls.find(self._fingerprint).pattern
        if pattern is None:
            return None
        draws = pattern.draws(seed)
        return None if draws is None else UnbuiltModel(pattern, self.build_again, draws)

    def build(self, seed: int | None) -> Any:
        """Build the model."""
        with noted_draws() as self._draws:
            model = self._call(seed, self._fingerprint.noted)
        self._is_complete = model.built
        return model

    def build_again(self, draws: Sequence[Any]) -> Any:
        """Build and compile the model again.

        Parameters
        ----------
        draws : sequence
            What the builder draws.

        Raises
        ------
        NotEstablished
            If something that the builder reads has changed.
        """
        if not self._fingerprint.is_same_now():
            raise NotEstablished("what the builder reads has changed")
        with repeated_draws(draws):
            model = self._call(0, self._fingerprint.noted)
        ensure_compiled(model, self._call.params, *self._names)
        return model

    def keep(self, model: Any) -> UnbuiltModel | None:
        """Compare a compiled model with earlier ones of the same call.

        Returns
        -------
        UnbuiltModel or None
            It takes the place of the model, which is a pattern from now on. None if the model
            stays what it is.
        """
        if not self._is_complete or known_calls.find(self._fingerprint).is_refused:
            return None
        new = self._read(model)
        is_pattern = known_calls.note(self._fingerprint, new)
        if new is None or not is_pattern:
            return None
        return UnbuiltModel(new, self.build_again, new.values.draws)

    def _read(self, model: Any) -> NewModel | None:
        is_small = sum(math.prod(v.shape) for v in model.variables) <= _MOST_WEIGHTS
        if not is_small or model.optimizer.built:
            return None
        with contextlib.suppress(NotEstablished, ValueError):
            weights = [*model.trainable_variables, *model.non_trainable_variables]
            values, network = InitialValues(weights, self._draws), KerasNetwork(model)
            # A builder that changes what it reads does not have the same fingerprint afterwards.
            if network.why_unknown is None and self._fingerprint.is_same_now():
                return new_model(network, values)
        return None


class UnrepeatableCall:
    """A model that is built in each fit.

    Parameters
    ----------
    build : callable
        It returns the model.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    def unbuilt(self, seed: int | None) -> None:
        """None: the model must be built."""

    def build(self, seed: int | None) -> Any:
        """Build the model."""
        return self._build()

    def keep(self, model: Any) -> None:
        """None: the model stays what it is."""


def repeatable_call(estimator: Any) -> RepeatableCall | UnrepeatableCall:
    """How the model of a new fit is built.

    Parameters
    ----------
    estimator : BaseWrapper
    """
    builder = estimator._builder_if_any()
    # The steps of a user's subclass may change the model.
    if builder is not None and root_of(type(estimator).__module__) == "skhp":
        with contextlib.suppress(NotEstablished):
            return RepeatableCall(estimator, builder_call(estimator, estimator._params(), builder))
    return UnrepeatableCall(estimator._build_keras_model)

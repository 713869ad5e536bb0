"""A model that is not built before someone reads it.

A search fits most candidates several times, and Keras needs longer to build a small network
than a program needs to train it. Models that a builder returns for equal arguments differ
only in their first weights. So one of them, the pattern, stands for the others: it says what
to train and how to predict, and each fit has its own weights.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from skhp.compat.keras_variables import read_variables, set_variables
from skhp.engine.plan import Arrays, TrainingPlan, TrainingState
from skhp.keras_objects.storage import copy_model
from skhp.runtime.eager_kernels import note_model_built
from skhp.wrappers.initial_values import InitialValues
from skhp.wrappers.keras_network import KerasNetwork, build_optimizer


@dataclass
class Pattern:
    """A compiled model that stands for all models of equal calls of its builder.

    Nobody trains it, and no user sees it.

    Parameters
    ----------
    network : KerasNetwork
        With the model.
    values : InitialValues
        Its first weights.
    is_sure : bool
        Whether `values` is known to explain the first weights for other seeds.
    """

    network: KerasNetwork
    values: InitialValues
    is_sure: bool

    def draws(self, seed: int | None) -> list[Any] | None:
        """What the builder draws with a seed; None if the first weights are not known then.

        Parameters
        ----------
        seed : int or None
        """
        if seed is None and not self.is_sure:
            return None  # to find out, one must draw from the global generator
        draws = self.values.draws_with(seed)
        return draws if self.is_sure or draws == self.values.draws else None


class UnbuiltModel:
    """A model that is not built before someone reads it.

    Parameters
    ----------
    pattern : Pattern
    build : callable
        It takes what the builder draws, and returns the compiled model.
    draws : list of int
        What the builder draws.

    Attributes
    ----------
    optimizer_variables : list of ndarray or None
        What the last training left for the optimizer, until the model is read.
    history : dict or None
        The history of the last training, until the model is read.
    """

    def __init__(
        self, pattern: Pattern, build: Callable[[list[Any]], Any], draws: list[Any]
    ) -> None:
        self._pattern, self._build, self._draws = pattern, build, draws
        self._arrays = pattern.values.arrays_for(draws)
        self.optimizer_variables: Any = None
        self.history: Any = None
        self._built: _Built | None = None
        self._trained_weights: list[Any] = []

    @property
    def similar(self) -> keras.Model:
        """A model with the same layers, loss and optimizer. Its weights may be others."""
        return self._pattern.network.model if self._built is None else self._built.model

    def network(self) -> KerasNetwork:
        """The model, as the engine needs it."""
        if self._built is None:
            return UnbuiltNetwork(self, self._pattern.network)
        self._trained_weights = self._built.model.trainable_variables
        return KerasNetwork(self._built.model)

    def other_arrays(self) -> Arrays | None:
        """The values to take for the weights of `similar`; None if it has them itself."""
        return self._arrays if self._built is None else None

    def arrays(self) -> Arrays:
        """The values of its weights: of the trainable ones, and of the others."""
        return self._arrays if self._built is None else read_variables(self._built.variables)

    def set_arrays(self, arrays: Arrays) -> None:
        """Set the values of its weights."""
        if self._built is None:
            self._arrays = arrays
        else:
            set_variables(self._built.variables, arrays)

    def model(self) -> keras.Model:
        """The model. It is built if it is not built yet."""
        if self._built is None:
            # The builder is the user's code, so it must not run in a lock. If two threads build
            # at once, both get the model of the thread that was ready first.
            model = self._new_model()
            built = _Built(model, [*model.trainable_variables, *model.non_trainable_variables])
            set_variables(built.variables, self._arrays)
            self._built = self.__dict__.setdefault("_first_built", built)
            self._trained_weights = self._built.model.trainable_variables
        return self._built.model

    def trained_weights(self) -> list[Any]:
        """The weights that the last training trained. Layers may be frozen since then."""
        self.model()
        return self._trained_weights

    def _new_model(self) -> keras.Model:
        network = self._pattern.network
        with contextlib.suppress(Exception):  # what the builder reads may have changed since
            model = self._build(self._draws)
            note_model_built()
            if KerasNetwork(model).layout(shared=False) == network.layout(shared=False):
                return model
        return copy_model(network.model)


class _Built(NamedTuple):
    model: keras.Model
    variables: list[Any]


class UnbuiltNetwork(KerasNetwork):
    """An unbuilt model, as the engine needs it.

    Parameters
    ----------
    unbuilt : UnbuiltModel
    pattern : KerasNetwork
    """

    def __init__(self, unbuilt: UnbuiltModel, pattern: KerasNetwork) -> None:
        vars(self).update(vars(pattern))
        self._unbuilt = unbuilt

    def read(self, model: keras.Model) -> tuple[Arrays, Arrays]:
        """The model's trainable weights, and what else training changes."""
        arrays = self._unbuilt.arrays()
        n_trainable = len(self._weights)
        return arrays[:n_trainable], arrays[n_trainable:]

    def load(self, model: keras.Model, state: TrainingState) -> None:
        """Assign a state to the model."""
        self._unbuilt.set_arrays([*state.trainable, *state.state])

    def reference(
        self, plan: TrainingPlan, state: TrainingState
    ) -> tuple[keras.Model, dict[str, Any]]:
        """The model, to compare a program with, and no scalars."""
        self.load(self.model, state)
        return self._unbuilt.model(), {}

    def compiled_model(self, plan: TrainingPlan, state: TrainingState) -> keras.Model:
        """The model, with these weights and a built optimizer."""
        self.load(self.model, state)
        model = self._unbuilt.model()
        build_optimizer(model, self._unbuilt.trained_weights())
        return model

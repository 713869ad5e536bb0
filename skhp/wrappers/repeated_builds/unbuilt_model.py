"""A model that is not built before someone reads it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from skhp.compat.keras_variables import read_variables, set_variables
from skhp.engine.plan import Arrays, TrainingPlan, TrainingState
from skhp.keras_objects.storage import copy_model
from skhp.runtime.eager_kernels import note_model_built
from skhp.wrappers.held_model import HeldModel
from skhp.wrappers.keras_network import KerasNetwork, build_optimizer
from skhp.wrappers.repeated_builds.new_model import NewModel


class UnbuiltModel(HeldModel):
    """A model that is not built before someone reads it.

    The pattern says what to train and how to predict. The weights are its own.

    Parameters
    ----------
    pattern : NewModel
    build : callable
        It takes what the builder draws, and returns the compiled model.
    draws : list of int
        What the builder draws.
    """

    _built: _Built | None = None

    def __init__(
        self, pattern: NewModel, build: Callable[[list[Any]], Any], draws: list[Any]
    ) -> None:
        super().__init__()
        self._pattern, self._build, self._draws = pattern, build, draws
        self._arrays = pattern.values.arrays_for(draws)
        self._trained_weights: list[Any] = []

    def similar_and_arrays(self) -> tuple[keras.Model, Arrays | None]:
        """The pattern's model and the weights to take; once it is built, the model and None."""
        built = self._built  # another thread may build it meanwhile
        return (self._pattern.network.model, self._arrays) if built is None else (built.model, None)

    def network(self) -> KerasNetwork:
        """The model, as the engine needs it."""
        if self._built is None:
            return UnbuiltNetwork(self, self._pattern.network)
        self._trained_weights = self._built.model.trainable_variables
        return KerasNetwork(self._built.model)

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
            built = self.__dict__.setdefault("_built", built)
            self._trained_weights = built.model.trainable_variables
            return built.model
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

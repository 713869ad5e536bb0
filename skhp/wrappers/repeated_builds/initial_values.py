"""The first values of a model's weights, from the seeds that its builder drew.

Keras draws a seed for each initializer and each dropout layer when a model is built. With
other seeds the same builder gives an equal model with other first weights, and these can be
computed without building it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from skhp.compat.keras_variables import initializers_of, read_variables
from skhp.engine.plan import Arrays
from skhp.runtime.global_generators import Draw, seeded

# From the values of all draws to an array.
_Recipe = Callable[[list[Any]], np.ndarray]


class InitialValues:
    """The first values of some weights.

    Parameters
    ----------
    variables : list of keras.Variable
        The weights of a model that was just built.
    draws : sequence of Draw
        What was drawn while it was built.

    Raises
    ------
    ValueError
        If the values were set in another way, or two draws gave the same number.
    """

    def __init__(self, variables: list[Any], draws: Sequence[Draw]) -> None:
        initializers = initializers_of(variables)
        self.draws = [draw.value for draw in draws]
        are_seeds = all(type(value) is int for value in self.draws)
        if initializers is None or not are_seeds or len(set(self.draws)) < len(self.draws):
            raise ValueError("How these values follow from the draws cannot be found out.")
        self.arrays = read_variables(variables)
        self.n_numbers = sum(array.size for array in self.arrays)
        self._again = [draw.again for draw in draws]
        self._recipes = [
            _recipe(initializer, array, self.draws)
            for initializer, array in zip(initializers, self.arrays, strict=True)
        ]

    def draws_with(self, seed: int | None) -> list[Any]:
        """What the builder would draw.

        Parameters
        ----------
        seed : int or None
            None to draw from the global generators.
        """
        with seeded(seed):
            return [again() for again in self._again]

    def arrays_for(self, draws: list[Any]) -> Arrays:
        """The first values for other draws."""
        if draws == self.draws:
            return list(self.arrays)
        return [recipe(draws) for recipe in self._recipes]

    def explains(self, other: InitialValues) -> bool:
        """Whether the first values of another model are those for its draws."""
        if len(other.draws) != len(self.draws) or len(other.arrays) != len(self.arrays):
            return False
        return all(map(np.array_equal, self.arrays_for(other.draws), other.arrays))


def _recipe(initializer: Any, array: np.ndarray, draws: list[Any]) -> _Recipe:
    if isinstance(initializer, keras.initializers.Initializer):
        seed = getattr(initializer, "seed", None)
        return _drawn_by(initializer, array, draws.index(seed)) if seed in draws else _always(array)
    # The state of a random generator: its seed, and how often it was used.
    if array.shape == (2,) and array[1] == 0 and array[0] in draws:
        return _counting_from(array, draws.index(array[0]))
    return _always(array)


def _always(array: np.ndarray) -> _Recipe:
    return lambda draws: array


def _drawn_by(initializer: Any, array: np.ndarray, place: int) -> _Recipe:
    shape, dtype = array.shape, array.dtype.name

    def draw(draws: list[Any]) -> np.ndarray:
        config = {**initializer.get_config(), "seed": draws[place]}
        again = type(initializer).from_config(config)
        return keras.ops.convert_to_numpy(again(shape, dtype=dtype))

    return draw


def _counting_from(array: np.ndarray, place: int) -> _Recipe:
    return lambda draws: np.array([draws[place], 0], array.dtype)

"""Weights that a builder puts into the models of several fits.

A builder may use layers that were made outside of it, such as a model that was loaded once. A fit
trains the weights of these layers. The next fit must not start from them, because its score
would depend on the rows of the first: in a search, on its own test rows.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, NamedTuple

import numpy as np

from skhp.compat.keras_variables import read_variables
from skhp.wrappers.held_model import BuiltModel

# The attribute of a weight that says what a fit made of it.
_NOTE = "skhp_trained"

# How many numbers of a weight are compared.
_MOST_NUMBERS = 64


class _Trained(NamedTuple):
    """The builder of the model that was trained, and the first numbers of a weight afterwards.

    The numbers are None during the training.
    """

    builder: Any
    numbers: np.ndarray | None

    def is_left_in(self, numbers: np.ndarray) -> bool:
        """Whether a weight that now has these numbers was not set to others since."""
        return self.numbers is None or np.array_equal(self.numbers, numbers)


class TrainedWeights:
    """Notes which weights of a model a training changes.

    Parameters
    ----------
    estimator : BaseWrapper
        It is about to train the model.
    model : keras.Model
    """

    def __init__(self, estimator: Any, model: Any) -> None:
        self._builder = _code_of_builder(estimator)
        self._weights = model.trainable_variables
        self._before = _first_numbers(self._weights)
        for weight in self._weights:
            vars(weight)[_NOTE] = _Trained(self._builder, None)

    def note(self) -> None:
        """Note the weights that the training has changed. Call it when the training has ended."""
        after = _first_numbers(self._weights)
        for weight, old, new in zip(self._weights, self._before, after, strict=True):
            vars(weight).pop(_NOTE, None)
            if not np.array_equal(old, new):
                vars(weight)[_NOTE] = _Trained(self._builder, new)


class NoTrainedWeights:
    """Notes nothing: for a model that is not built, whose weights belong to it alone."""

    def note(self) -> None:
        """Do nothing."""


def trained_weights(estimator: Any, held: Any) -> TrainedWeights | NoTrainedWeights:
    """What notes the weights that the coming training changes.

    Parameters
    ----------
    estimator : BaseWrapper
    held : BuiltModel or UnbuiltModel
        The model to train.
    """
    is_from_builder = isinstance(held, BuiltModel) and estimator._given is None
    return TrainedWeights(estimator, held.model()) if is_from_builder else NoTrainedWeights()


def check_weights_are_new(estimator: Any, model: Any) -> None:
    """Raise an error if a builder's model has weights of an earlier fit.

    A builder may set them to other values, or use weights that another builder's model has
    learned.

    Parameters
    ----------
    estimator : BaseWrapper
    model : keras.Model
        As the builder returned it.

    Raises
    ------
    ValueError
        With the names of the weights, and the ways to build a new model.
    """
    builder = _code_of_builder(estimator)
    noted = [v for v in model.variables if _NOTE in vars(v) and vars(v)[_NOTE].builder == builder]
    trained = [
        weight.path
        for weight, numbers in zip(noted, _first_numbers(noted), strict=True)
        if vars(weight)[_NOTE].is_left_in(numbers)
    ]
    if trained:
        label = estimator._label()
        more = f" and {len(trained) - 3} more" if len(trained) > 3 else ""
        raise ValueError(
            f"The model of {label} has weights that another fit has trained: "
            f"{', '.join(trained[:3])}{more}. So this fit would not start anew, and in a search it "
            "would know rows of its test fold. Make all layers that are trained within "
            f"{label}. For layers with given weights, copy the model there: "
            "copied = keras.models.clone_model(given); copied.set_weights(given.get_weights()). "
            "Layers with trainable=False need no copy. To train a model further, set "
            "warm_start=True."
        )


def _first_numbers(weights: list[Any]) -> list[np.ndarray]:
    return [array.ravel()[:_MOST_NUMBERS].copy() for array in read_variables(weights)]


def _code_of_builder(estimator: Any) -> Any:
    """What all copies of an estimator's builder have in common."""
    builder = estimator._builder_if_any()
    function = type(estimator) if builder is None else builder.function
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(getattr(function, "__func__", function))
    if inspect.isclass(function):
        return function
    return getattr(function, "__code__", None) or type(function)

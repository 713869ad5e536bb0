"""The model of a fitted wrapper: built and completed when it is read, packed in a pickle."""

from __future__ import annotations

import threading
from typing import Any, Self

from sklearn.exceptions import NotFittedError

from skhp.keras_objects.stored_reader import from_stored
from skhp.keras_objects.stored_writer import stored_attributes
from skhp.runtime.starting import is_forked_too_late
from skhp.wrappers.held_model import BuiltModel, HeldModel

# One thread at a time makes the variables of an optimizer. It waits for no other lock.
_completing = threading.RLock()

# Attributes that belong to one model.
MODEL_ATTRIBUTES = ("_held_model", "_packed_model", "_build_call")


class ModelAttribute:
    """An estimator's ``model_``, and how it is pickled."""

    _held_model: HeldModel

    def _keep_training(self, outcome: Any) -> None:
        """Keep what a compiled training gave, until the model is read."""
        held, values = self._held(), outcome.state.optimizer_variables
        if held.similar.optimizer.built:  # someone may hold the model, so complete it now
            _set_optimizer_variables(held, values)
        else:
            held.optimizer_variables = values
        held.history = outcome.history

    @property
    def model_(self) -> Any:
        """The fitted `keras.Model`."""
        held = self._held()
        with _completing:
            if held.optimizer_variables is not None:
                _set_optimizer_variables(held, held.optimizer_variables)
                held.optimizer_variables = None
            if held.history is not None:
                from skhp.engine.metrics import leave_results

                leave_results(held.model(), held.history)
                held.history = None
        return held.model()

    @model_.setter
    def model_(self, model: Any) -> None:
        self._hold(BuiltModel(model))

    def _hold(self, held: HeldModel) -> None:
        """Hold another model."""
        for name in MODEL_ATTRIBUTES:
            self.__dict__.pop(name, None)
        self._held_model = held

    def _held(self) -> HeldModel:
        packed = self.__dict__.get("_packed_model")
        if packed is not None:
            # Loading runs the user's code, so it must not hold a lock. If two threads load at
            # once, both get the model of the thread that was ready first.
            self.__dict__.setdefault("_held_model", BuiltModel(from_stored(packed)))
            self.__dict__.pop("_packed_model", None)
        if "_held_model" not in self.__dict__:
            raise NotFittedError(
                f"This {type(self).__name__} has no model_: it is not fitted yet. Call fit first."
            )
        return self._held_model

    def _unpacked_model(self) -> Any:
        """The model, whose optimizer may not be complete."""
        return self._held().model()

    def _similar_model(self) -> Any:
        """A model to read the layers, the loss and the optimizer of, but not the weights."""
        return self._held().similar

    @property
    def initialized_(self) -> bool:
        """Whether there is a model, trained or not."""
        return "_held_model" in self.__dict__ or "_packed_model" in self.__dict__

    def __sklearn_is_fitted__(self) -> bool:
        return self.initialized_

    def __copy__(self) -> Self:
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied.__dict__.pop("_read_params", None)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        attributes = dict(self.__dict__)
        packed = attributes.pop("_packed_model", None)
        for name in (*MODEL_ATTRIBUTES, "_read_params"):
            attributes.pop(name, None)
        if "_held_model" in self.__dict__:
            # With the parameters, so that a model that is also a parameter is stored once.
            attributes["_packed_model"] = self.model_
        state = stored_attributes(attributes)
        # The model is the larger part, and is loaded when it is first read.
        return state if packed is None else {"_packed_model": packed, **state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if is_forked_too_late():
            # An error here would end joblib's worker without a message, and the search would
            # wait. So the error comes when the estimator is used.
            self.__dict__["_is_unread"] = True
            return
        attributes = {name: value for name, value in state.items() if name != "_packed_model"}
        self.__dict__.update(from_stored(attributes))
        if "_packed_model" in state:
            self.__dict__["_packed_model"] = state["_packed_model"]


def _set_optimizer_variables(held: HeldModel, values: Any) -> None:
    from skhp.wrappers.training import set_optimizer_variables

    set_optimizer_variables(held.model(), held.trained_weights(), values)

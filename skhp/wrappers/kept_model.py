"""The model of a fitted wrapper: completed when it is asked for, packed in a pickle."""

from __future__ import annotations

import threading
from typing import Any, Self

from sklearn.exceptions import NotFittedError

from skhp.engine.metrics import leave_results
from skhp.keras_objects.stored_values import from_stored, stored_attributes, to_stored
from skhp.wrappers.training import settle_optimizer

# One thread at a time makes the variables of an optimizer. Nothing else is waited for meanwhile.
_settling = threading.RLock()


class KeptModel:
    """An estimator's ``model_``, and how it is pickled."""

    _model: Any

    def _keep_training(self, outcome: Any) -> None:
        """Keep what a compiled training left for the model to be asked for."""
        self._keep_optimizer_variables(outcome.state.optimizer_variables)
        self._last_history = outcome.history

    def _keep_optimizer_variables(self, optimizer_variables: Any) -> None:
        # Who has seen model_ may hold it; else its optimizer is settled when it is asked for.
        model = self._unpacked_model()
        if model.optimizer.built:
            settle_optimizer(model, optimizer_variables)
        else:
            self._optimizer_variables = optimizer_variables

    @property
    def model_(self) -> Any:
        """The fitted `keras.Model`."""
        model = self._unpacked_model()
        with _settling:
            optimizer_variables = self.__dict__.get("_optimizer_variables")
            if optimizer_variables is not None:
                settle_optimizer(model, optimizer_variables)
                self.__dict__.pop(
                    "_optimizer_variables", None
                )  # not before the optimizer has all of them
            history = self.__dict__.pop("_last_history", None)
            if history is not None:
                leave_results(model, history)
        return model

    @model_.setter
    def model_(self, model: Any) -> None:
        for name in ("_packed_model", "_optimizer_variables", "_last_history"):  # of another model
            self.__dict__.pop(name, None)
        self._model = model

    def _unpacked_model(self) -> Any:
        """The model, whose optimizer may lag behind."""
        packed = self.__dict__.get("_packed_model")
        if packed is not None:
            # Loading runs the user's code, so that no lock may be held. Of two threads that
            # load at once, both get the model of the one that was ready first.
            self.__dict__.setdefault("_model", from_stored(packed))
            self.__dict__.pop("_packed_model", None)
        if "_model" not in self.__dict__:
            raise NotFittedError(
                f"This {type(self).__name__} has no model_: it is not fitted yet. Call fit first."
            )
        return self._model

    @property
    def initialized_(self) -> bool:
        """Whether there is a model, trained or not."""
        return "_model" in self.__dict__ or "_packed_model" in self.__dict__

    def __sklearn_is_fitted__(self) -> bool:
        return self.initialized_

    def __copy__(self) -> Self:
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        attributes = dict(self.__dict__)
        packed = attributes.pop("_packed_model", None)
        if "_model" in attributes:
            packed = to_stored(self.model_)
        for name in ("_model", "_optimizer_variables", "_last_history"):
            attributes.pop(name, None)
        state = stored_attributes(attributes)
        # The model is the larger part, and is loaded when it is first asked for.
        return state if packed is None else {**state, "_packed_model": packed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        attributes = {name: value for name, value in state.items() if name != "_packed_model"}
        self.__dict__.update(from_stored(attributes))
        if "_packed_model" in state:
            self.__dict__["_packed_model"] = state["_packed_model"]

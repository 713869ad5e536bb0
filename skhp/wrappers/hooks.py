"""The steps of a fit that a subclass of a wrapper may override.

They have the names and arguments of the methods of scikeras's BaseWrapper. The methods import the
modules that need Keras, because Keras is not imported before the first fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import type_of_target

from skhp import runtime
from skhp.runtime.eager_kernels import note_model_built
from skhp.wrappers.callbacks import make_callbacks
from skhp.wrappers.given_model import recorded_or_restored
from skhp.wrappers.integer_seed import integer_seed
from skhp.wrappers.model_attribute import ModelAttribute
from skhp.wrappers.parameters import WrapperParameters
from skhp.wrappers.warm_start import changed_learning_rate, settings_of_model


class WrapperHooks(ModelAttribute, WrapperParameters):
    """What a wrapper does in a fit, step by step. `skhp.wrappers.fit_steps` calls the steps."""

    # Parameters that are arguments of keras.Model.fit and keras.Model.predict.
    _fit_kwargs = frozenset(
        {
            "batch_size", "epochs", "initial_epoch", "shuffle", "validation_batch_size",
            "validation_freq", "validation_split", "validation_steps", "verbose",
        }
    )  # fmt: skip
    _predict_kwargs = frozenset({"batch_size", "steps", "verbose"})

    # Whether y must be numbers.
    _y_numeric = False

    @property
    def target_encoder(self) -> Any:
        """An unfitted transformer of y. Override it to encode your own targets."""
        return _identity()

    @property
    def feature_encoder(self) -> Any:
        """An unfitted transformer of X. Override it to encode your own inputs."""
        return _identity()

    def _initialize(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        """Check the data, and make the encoders, the model and the callbacks."""
        from skhp.wrappers.encoders import fit_encoder

        self._random_state = integer_seed(self.random_state)
        X, y = self._validate_data(X, y, reset=True)
        kind = None if y is None else self.target_type_
        self.target_encoder_ = fit_encoder(self.target_encoder, y, target_type=kind)
        self.__dict__.update(getattr(self.target_encoder_, "get_metadata", dict)())
        self.feature_encoder_ = fit_encoder(self.feature_encoder, X)
        self.__dict__.update(getattr(self.feature_encoder_, "get_metadata", dict)())
        self._build(X)
        self._initialize_callbacks()
        self._settings = settings_of_model(self._params())
        self.n_epochs_ = 0
        return X, y

    def _build(self, X: Any) -> None:
        """Build the model, unless there is a pattern for it."""
        from skhp.wrappers.building import build_weights
        from skhp.wrappers.repeated_builds.repeatable_call import repeatable_call
        from skhp.wrappers.shared_weights import check_weights_are_new

        call = repeatable_call(self)
        unbuilt = call.unbuilt(self._random_state)
        if unbuilt is not None:
            self._given = None
            self._hold(unbuilt)
            return
        self.model_ = model = call.build(self._random_state)
        build_weights(model, X, self.feature_encoder_, self._random_state, self._label())
        is_given = model is self._given_model()
        self._given = recorded_or_restored(model, self._given) if is_given else None
        if not is_given:
            check_weights_are_new(self, model)
        self._check_settings_are_used()
        note_model_built()
        self._build_call = call

    def _keep_as_pattern(self) -> None:
        """Keep a new model as the pattern of later fits, if that is possible."""
        call = self.__dict__.pop("_build_call", None)
        unbuilt = None if call is None else call.keep(self._unpacked_model())
        if unbuilt is not None:
            self._hold(unbuilt)

    def _continue_training(self) -> None:
        """Prepare the present model to be trained further."""
        settings = settings_of_model(self._params())
        before = self.__dict__.get("_settings", settings)  # none if the user set model_
        rate = changed_learning_rate(before, settings, type(self).__name__)
        model = self.model_  # with the optimizer's variables of the last fit
        if rate is not None:
            model.optimizer.learning_rate = rate
        self._settings = settings
        self._random_state = integer_seed(self.random_state)
        self._initialize_callbacks()

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        """Check X and y, once each; with ``reset``, learn their shapes and types."""
        from skhp.wrappers.rows import checked_X, checked_y

        if y is not None:
            y = checked_y(self, y, reset, y_numeric or self._y_numeric)
        if X is not None:
            X = checked_X(self, X, reset)
        if X is not None and y is not None:
            check_consistent_length(X, y)
        return X, y

    def _type_of_target(self, y: np.ndarray) -> str:
        with np.errstate(invalid="ignore"):  # it converts floats to int
            return type_of_target(y)

    def _check_targets(self, y: np.ndarray, reset: bool) -> None:
        """Raise an error if the estimator cannot learn such targets."""
        if reset:
            self.target_type_ = self._type_of_target(y)

    def _build_keras_model(self) -> Any:
        from skhp.wrappers.building import build_model

        return build_model(self, self._params(), self._random_state)

    def _get_metadata(self) -> dict[str, Any]:
        """What fit learned from the data: the ``meta`` of a builder."""
        names = [n for n in vars(self) if n[0] != "_" and n.endswith("_") and n[-2:] != "__"]
        return {name: vars(self)[name] for name in names}

    def _get_compile_kwargs(self) -> dict[str, Any]:
        """The arguments of ``keras.Model.compile``, from the parameters."""
        runtime.start()
        from skhp.wrappers.compile_arguments import compile_arguments_from

        return compile_arguments_from(self._params())

    def _ensure_compiled_model(self) -> None:
        from skhp.wrappers.building import ensure_compiled

        ensure_compiled(self._similar_model(), self._params(), self._label(), type(self).__name__)

    def _check_settings_are_used(self) -> None:
        """Raise an error if a builder compiles the model and ignores parameters."""
        from skhp.wrappers.compile_settings import check_settings_are_used

        check_settings_are_used(self, self._params(), self.model_)

    def _check_model_compatibility(self, y: Any) -> None:
        """Raise an error if the model's outputs do not fit the encoded targets."""
        from skhp.wrappers.model_checks import check_outputs

        check_outputs(self, self._similar_model(), y)

    def _output_columns(self) -> tuple[int, ...]:
        """How many units the last layer may have; none if any number is right."""
        return ()

    def _initialize_callbacks(self) -> None:
        params = self._params()
        both = make_callbacks(params, "callbacks")
        self._fit_callbacks = both + make_callbacks(params, "fit__callbacks")
        self._predict_callbacks = both + make_callbacks(params, "predict__callbacks")

    def _class_weight(self, arguments: dict[str, Any], y: np.ndarray) -> Any:
        """A weight for each class by label, removed from the arguments of ``fit``."""
        return None


def _identity() -> Any:
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer()

"""A wrapper's model: built by the user's function, compiled, and held against y."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import compile_arguments
from skhp.compat.scikeras import route_params
from skhp.engine.text import text_as_tensors
from skhp.keras_objects.catalogue import token_of
from skhp.runtime.global_generators import seeded
from skhp.wrappers.builder import GIVEN, Builder
from skhp.wrappers.compile_arguments import compile_arguments_from
from skhp.wrappers.compile_settings import check_settings_are_used
from skhp.wrappers.encoders import encode
from skhp.wrappers.given_model import GivenModel
from skhp.wrappers.output_link import check_classes_suit, check_outputs_named, only_loss
from skhp.wrappers.parameters import KERAS_ARGUMENTS, WrapperParameters

_CLASSES_OF_KERAS = (keras.Model, keras.Sequential)


class WrapperBuilding(WrapperParameters):
    """From a builder and parameters to a compiled model."""

    def _build_keras_model(self) -> Any:
        model = self.model if self.model is not None else self.build_fn
        if isinstance(model, keras.Model):
            return model  # itself, so that others who have its layers see them trained
        if model is not None and hasattr(self, "_keras_build_fn"):
            raise ValueError(
                f"{type(self).__name__} has a _keras_build_fn of its own, and model="
                f"{model!r} was given too. Leave one of them out."
            )
        builder = self._builder_if_any()
        if builder is None or isinstance(model, keras.Layer) or model in _CLASSES_OF_KERAS:
            raise TypeError(
                f"model must be a function that returns a keras.Model, or a keras.Model. Got "
                f"{model!r}. (A subclass may have a method _keras_build_fn instead.)"
            )
        arguments = self._builder_arguments(builder)
        try:
            return builder(arguments, self._random_state)
        except Exception as error:
            told = {n: v for n, v in arguments.items() if n not in GIVEN}
            error.add_note(f"Raised while {self._label()} was called with {told}.")
            raise

    def _builder_arguments(self, builder: Builder) -> dict[str, Any]:
        params = self.get_params()
        arguments = route_params(params, destination="model", pass_filter=set(), strict=True)
        plain = [n for n in self._extra if "__" not in n and n not in KERAS_ARGUMENTS]
        declared = set(self._get_param_names()) - set(WrapperParameters._get_param_names())
        plain += [name for name in declared if name in builder.names]
        for name in plain:
            if name in arguments:
                raise ValueError(
                    f"{name!r} is given twice to the builder {builder.label}(): as {name}="
                    f"{params[name]!r} and as model__{name}={arguments[name]!r}. Leave one out."
                )
            arguments[name] = params[name]
        given = {
            "meta": self._get_metadata,
            "compile_kwargs": functools.partial(compile_arguments_from, self.get_params()),
            "params": self.get_params,
        }
        return arguments | {name: make() for name, make in given.items() if builder.takes(name)}

    def _take_up_given_model(self) -> None:
        """Let each fit of a given model start from the weights that it was given with."""
        model, given = self.model_, self.__dict__.get("_given")
        if model is not self._given_model():
            self._given = None
        elif given is None or given.model is not model or not given.is_as_left():
            self._given = GivenModel.of(model)
        else:
            given.restore(model)

    @contextlib.contextmanager
    def _noting_training(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._given is not None:
                self._given.note_training()

    def _ensure_compiled_model(self) -> None:
        label = self._label()
        if not self.model_.compiled:
            arguments = compile_arguments_from(self.get_params())
            if _is_without_loss(arguments.get("loss")):
                raise ValueError(
                    f"The model of {label} has no loss: it is not compiled, and "
                    f"{type(self).__name__} has loss={self.loss!r}. Pass loss=..., or compile "
                    "the model in the builder."
                )
            if arguments.get("optimizer") is None:
                raise ValueError(
                    f"The model of {label} has no optimizer: it is not compiled, and "
                    f"{type(self).__name__} has optimizer=None. Pass optimizer=..., or compile "
                    "the model in the builder."
                )
            check_outputs_named(self.model_, arguments, label)
            self.model_.compile(**arguments)
        if _is_without_loss(self.model_.loss):
            raise ValueError(
                f"The model of {label} was compiled without a loss: loss={self.model_.loss!r}. "
                f"Compile it with one, or leave compiling to {type(self).__name__}(loss=...)."
            )
        if self.model_.optimizer is None:
            raise ValueError(
                f"The model of {label} was compiled with optimizer=None. Compile it with an "
                f"optimizer, or pass optimizer=... to {type(self).__name__}."
            )

    def _label(self) -> str:
        builder = self._builder_if_any()
        return "the given keras.Model" if builder is None else f"the builder {builder.label}()"

    def _give_weights(self, X: np.ndarray) -> None:
        """Build layers that wait to see X, with weights from the random state too."""
        if not self.model_.built:
            row = encode(self.feature_encoder_, X[:1])
            with seeded(self._random_state), self._naming_the_builder(row, None):
                if isinstance(self.model_, keras.Sequential):
                    self.model_.build((None, *np.shape(row)[1:]))  # else for one row alone
                else:
                    note_outputs(self.model_, self.model_(text_as_tensors(row), training=False))

    @contextlib.contextmanager
    def _naming_the_builder(self, X: Any, y: Any) -> Iterator[None]:
        """Say whose model it is that Keras finds fault with."""
        try:
            yield
        except (TypeError, ValueError) as error:
            check_functions_return(self.model_, X, y)
            shapes = [keras.tree.map_structure(np.shape, part) for part in (X, y)]
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                f"Keras cannot train the model of {self._label()} on X of shape {shapes[0]} and "
                f"y, as encoded, of shape {shapes[1]}: {error}"
            ) from error

    def _check_model_compatibility(self, y: Any) -> None:
        outputs = getattr(self.model_, "outputs", None)
        if outputs is None:  # a subclass of keras.Model may not tell
            return
        expected = getattr(self, "n_outputs_expected_", None)
        if expected and expected != len(outputs):
            raise ValueError(
                f"The model of {self._label()} has {len(outputs)} outputs, and the target encoder "
                f"{type(self.target_encoder_).__name__} gives y for {expected}. Give the model "
                f"{expected} output(s), or override target_encoder in a subclass of "
                f"{type(self).__name__}."
            )
        columns = self._output_columns(y)
        if len(outputs) == 1 and columns and outputs[0].shape[-1] not in (None, *columns):
            raise ValueError(
                f"The last layer of the model of {self._label()} has {outputs[0].shape[-1]} "
                f"unit(s), and y, of type {self.target_type_!r}, needs "
                f"{' or '.join(map(str, columns))}. A builder can read the numbers from "
                "meta['n_classes_'] and meta['n_outputs_']; other outputs need a "
                "target_encoder of your own."
            )
        self._check_losses_match(y)

    def _output_columns(self, y: Any) -> tuple[int, ...]:
        """Units the last layer may have; nothing where that is not for us to know."""
        return ()

    def _check_losses_match(self, y: Any) -> None:
        wanted, got = self.loss, self.model_.loss
        if _is_single(wanted) and _is_single(got) and not _are_same_loss(wanted, got):
            raise ValueError(
                f"loss={wanted!r} was given to {type(self).__name__}, but the model of "
                f"{self._label()} is compiled with {got!r}. Leave one of them out."
            )
        units = _units(self.model_)
        columns = getattr(y, "shape", (0, 0))[1:]
        if hasattr(self, "classes_") and columns == (1,) and units is not None:
            check_classes_suit(got, units, self._label(), type(self).__name__)

    def _check_settings_are_used(self) -> None:
        """Raise an error where a builder compiles, and settings of ``compile`` go nowhere."""
        builder = self._builder_if_any()
        reads = builder is not None and (
            builder.takes("compile_kwargs")
            or builder.takes("params")
            # A method of the estimator's own may read its attributes.
            or isinstance(getattr(builder.function, "__self__", None), type(self))
        )
        if self.model_.compiled and not reads:
            check_settings_are_used(self.get_params(), self.model_, self._label(), builder)


def check_functions_return(model: Any, X: Any, y: Any) -> None:
    """Raise an error where a loss or metric of the user's own returns nothing."""
    if y is None or not model.compiled:
        return
    given = compile_arguments(model)
    functions = [("loss", only_loss(model.loss))]
    functions += [("metric", metric) for metric in keras.tree.flatten(given["metrics"])]
    X, y = keras.tree.map_structure(lambda array: array[:2], (X, y))
    for kind, function in functions:
        if not inspect.isroutine(function):
            continue
        try:
            value: Any = function(y, model(text_as_tensors(X), training=False))
        except Exception:
            continue
        if value is None:
            raise ValueError(
                f"The {kind} function {getattr(function, '__name__', function)!r} returned None, "
                "and must return a number for each row. Does it end with `return`?"
            )


def _units(model: Any) -> int | None:
    """Units of the only output of a model, where they are known."""
    outputs: Any = getattr(model, "outputs", None) or ()
    return outputs[0].shape[-1] if len(outputs) == 1 else None


def _is_without_loss(loss: Any) -> bool:
    return all(part is None for part in keras.tree.flatten(loss))


def _is_single(loss: Any) -> bool:
    return isinstance(loss, str) or callable(loss)


def _are_same_loss(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, keras.losses.Loss) and isinstance(got, keras.losses.Loss):
        return token_of(wanted) == token_of(got)
    return _plain_name(wanted) == _plain_name(got)


def _plain_name(loss: Any) -> str:
    if inspect.isclass(loss):
        return loss.__name__.lower()
    found = keras.losses.get(loss)
    function = getattr(found, "fn", found)
    # Keras wraps a named function in a class of no name of its own.
    named = type(found).__name__ in ("LossFunctionWrapper", "function")
    name = getattr(function, "__name__", "") if named else type(found).__name__
    return name.replace("_", "").lower()


def note_outputs(model: Any, outputs: Any) -> None:
    """Keep the shape of the outputs of a model that does not tell: a subclass of keras.Model."""
    vars(model)["_skhp_output_shape"] = getattr(outputs, "shape", None)


def shape_of_outputs(model: Any) -> tuple[int, ...] | None:
    """The shape that `note_outputs` kept, where it is known."""
    shape = vars(model).get("_skhp_output_shape")
    return None if shape is None else tuple(shape)

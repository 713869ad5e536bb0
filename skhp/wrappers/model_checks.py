"""Checks that a wrapper's model fits its targets and its parameters."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import compile_arguments
from skhp.engine.text import text_as_tensors
from skhp.fitting.keras_message import keras_message
from skhp.keras_objects.catalogue import token_of
from skhp.wrappers.output_link import (
    check_classes_suit,
    check_columns_suit,
    check_loss_without_names,
    only_loss,
    warn_if_no_probabilities,
)


@contextlib.contextmanager
def naming_the_model(model: Any, label: str, X: Any, y: Any) -> Iterator[None]:
    """Add a note to errors that names the model and the shapes of the data.

    The error itself does not change: it may be of the user's own class, from a callback.

    Parameters
    ----------
    model : keras.Model
    label : str
        What errors call the model.
    X, y : array, or list or dict of arrays
        Encoded, as the model takes them. y is None while the model is built.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, TypeError | ValueError):
            check_functions_return(model, X, y)
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (keras_message(error),)
        doing = f"built for X of shape {_shapes(X)}"
        if y is not None:
            doing = f"trained on X of shape {_shapes(X)} and y, as encoded, of shape {_shapes(y)}"
        error.add_note(f"Raised while the model of {label} was {doing}.")
        raise


def _shapes(arrays: Any) -> Any:
    return keras.tree.map_structure(np.shape, arrays)


def check_functions_return(model: Any, X: Any, y: Any) -> None:
    """Raise an error if a user's own loss or metric function returns None.

    Parameters
    ----------
    model : keras.Model
    X, y : array, or list or dict of arrays
        Encoded, as the model takes them.
    """
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


def check_outputs(estimator: Any, model: Any, y: Any) -> None:
    """Raise an error if the outputs of a model do not fit the targets.

    Parameters
    ----------
    estimator : BaseWrapper
        With its target encoder fitted.
    model : keras.Model
    y : array, or list or dict of arrays
        Encoded, as the model takes them.
    """
    check_loss_without_names(model, estimator._label())
    outputs = getattr(model, "outputs", None)
    if outputs is None:  # a subclass of keras.Model may not know them
        return
    name, label = type(estimator).__name__, estimator._label()
    expected = getattr(estimator, "n_outputs_expected_", None)
    if expected and expected != len(outputs):
        raise ValueError(
            f"The model of {label} has {len(outputs)} outputs, and the target encoder "
            f"{type(estimator.target_encoder_).__name__} gives y for {expected}. Give the model "
            f"{expected} output(s), or override target_encoder in a subclass of {name}."
        )
    columns = estimator._output_columns()
    if len(outputs) == 1 and columns and outputs[0].shape[-1] not in (None, *columns):
        raise ValueError(
            f"The last layer of the model of {label} has {outputs[0].shape[-1]} unit(s), and y, "
            f"of type {estimator.target_type_!r}, needs {' or '.join(map(str, columns))}. A "
            "builder can read the numbers from meta['n_classes_'] and meta['n_outputs_']; other "
            "outputs need a target_encoder of your own."
        )
    check_same_loss(estimator.loss, model.loss, label, name)
    units = outputs[0].shape[-1] if len(outputs) == 1 else None
    columns = getattr(y, "shape", (0, 0))[1:]
    if hasattr(estimator, "classes_") and columns == (1,) and units is not None:
        check_classes_suit(model.loss, units, len(estimator.classes_), label, name)
    if len(outputs) == 1:
        if len(outputs[0].shape) == 2 and len(columns) == 1:
            check_columns_suit(model.loss, columns[0], label)
        warn_if_no_probabilities(model, label)


def check_same_loss(wanted: Any, compiled: Any, label: str, estimator: str) -> None:
    """Raise an error if a model was compiled with another loss than the estimator has.

    Parameters
    ----------
    wanted : str, callable, keras.losses.Loss or subclass of it, list, dict or None
        The estimator's.
    compiled : object
        The model's.
    label, estimator : str
        What errors call the model and the estimator's class.
    """
    if not (_is_single(wanted) and _is_single(compiled)) or _are_same_loss(wanted, compiled):
        return
    raise ValueError(
        f"loss={wanted!r} was given to {estimator}, but the model of {label} is compiled with "
        f"{compiled!r}. Leave one of them out."
    )


def _is_single(loss: Any) -> bool:
    return isinstance(loss, str) or callable(loss)


def _are_same_loss(wanted: Any, compiled: Any) -> bool:
    if wanted is compiled:  # a loss that holds a model cannot be compared in another way
        return True
    if isinstance(wanted, keras.losses.Loss) and isinstance(compiled, keras.losses.Loss):
        return token_of(wanted) == token_of(compiled)
    return _plain_name(wanted) == _plain_name(compiled)


def _plain_name(loss: Any) -> str:
    if inspect.isclass(loss):
        return loss.__name__.lower()
    found = keras.losses.get(loss)
    function = getattr(found, "fn", found)
    # Keras wraps a named function in a class whose name says nothing.
    named = type(found).__name__ in ("LossFunctionWrapper", "function")
    name = getattr(function, "__name__", "") if named else type(found).__name__
    return name.replace("_", "").lower()

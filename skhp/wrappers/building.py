"""From a wrapper's parameters to a compiled model with weights."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from skhp.engine.text import text_as_tensors
from skhp.runtime.global_generators import seeded
from skhp.wrappers.builder_call import builder_call
from skhp.wrappers.compile_arguments import compile_arguments_from
from skhp.wrappers.encoders import encode
from skhp.wrappers.model_checks import naming_the_model
from skhp.wrappers.output_link import check_outputs_named
from skhp.wrappers.output_shape import note_outputs

_CLASSES_OF_KERAS = (keras.Model, keras.Sequential)


def build_model(estimator: Any, params: Mapping[str, Any], seed: int | None) -> Any:
    """Call a wrapper's builder; a given model is returned as it is.

    Parameters
    ----------
    estimator : BaseWrapper
    params : mapping of str to object
        Its parameters.
    seed : int or None
        Seed of the numbers that the builder draws.

    Returns
    -------
    keras.Model

    Raises
    ------
    TypeError
        If ``model`` is neither a builder nor a model, or the builder returns no model.
    ValueError
        If an argument of the builder is given twice.
    """
    model = estimator.model if estimator.model is not None else estimator.build_fn
    if isinstance(model, keras.Model):
        return model  # not a copy: other models may share its layers
    if model is not None and hasattr(estimator, "_keras_build_fn"):
        raise ValueError(
            f"{type(estimator).__name__} has a method _keras_build_fn, and model={model!r} was "
            "given too. Leave one of them out."
        )
    builder = estimator._builder_if_any()
    if builder is None or isinstance(model, keras.Layer) or model in _CLASSES_OF_KERAS:
        raise TypeError(
            f"model must be a function that returns a keras.Model, or a keras.Model. Got "
            f"{model!r}. (A subclass may have a method _keras_build_fn instead.)"
        )
    return builder_call(estimator, params, builder)(seed)


def build_weights(model: Any, X: np.ndarray, encoder: Any, seed: int | None, label: str) -> None:
    """Build the layers that need a row of X to know their shapes.

    A subclassed model may be built, and its layers not: Keras's ``build`` cannot run every
    ``call``. And only the model's outputs tell their shape.

    Parameters
    ----------
    model : keras.Model
    X : ndarray
        After the checks.
    encoder : transformer
        Fitted feature encoder.
    seed : int or None
        Seed of the weights.
    label : str
        What errors call the model.
    """
    if model.built and getattr(model, "outputs", None):
        return
    row = encode(encoder, X[:1])
    # A model that is built may take batches of one size only. Then its outputs stay unknown.
    ignored = (Exception,) if model.built else ()
    with contextlib.suppress(*ignored), seeded(seed), naming_the_model(model, label, row, None):
        if isinstance(model, keras.Sequential):
            model.build((None, *np.shape(row)[1:]))  # for batches of any size
        else:
            note_outputs(model, model(text_as_tensors(row), training=False))


def ensure_compiled(model: Any, params: Mapping[str, Any], label: str, estimator: str) -> None:
    """Compile a model if it is not compiled, and check that it can be trained.

    Parameters
    ----------
    model : keras.Model
    params : mapping of str to object
        Parameters of the estimator.
    label, estimator : str
        What errors call the model and the estimator's class.

    Raises
    ------
    ValueError
        If the model has no loss or no optimizer.
    """
    if not model.compiled:
        _compile(model, params, label, estimator)
    if _is_without_loss(model.loss):
        raise ValueError(
            f"The model of {label} was compiled without a loss: loss={model.loss!r}. Compile it "
            f"with one, or leave compiling to {estimator}(loss=...)."
        )
    if model.optimizer is None:
        raise ValueError(
            f"The model of {label} was compiled with optimizer=None. Compile it with an "
            f"optimizer, or pass optimizer=... to {estimator}."
        )


def _compile(model: Any, params: Mapping[str, Any], label: str, estimator: str) -> None:
    arguments = compile_arguments_from(params)
    if _is_without_loss(arguments.get("loss")):
        raise ValueError(
            f"The model of {label} has no loss: it is not compiled, and {estimator} has "
            f"loss={params['loss']!r}. Pass loss=..., or compile the model in the builder."
        )
    if arguments.get("optimizer") is None:
        raise ValueError(
            f"The model of {label} has no optimizer: it is not compiled, and {estimator} has "
            "optimizer=None. Pass optimizer=..., or compile the model in the builder."
        )
    check_outputs_named(model, arguments, label)
    model.compile(**arguments)


def _is_without_loss(loss: Any) -> bool:
    return all(part is None for part in keras.tree.flatten(loss))

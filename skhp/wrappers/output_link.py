"""From a network's outputs to probabilities. The loss decides what the outputs mean.

With ``from_logits=True`` they are logits, with a hinge loss margins, and with any other loss
probabilities or values.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from scipy.special import expit, softmax

from skhp.compat.keras import layer_of_output
from skhp.compat.missing_names import MissingPrivateName
from skhp.fitting.user_warning import warn_user
from skhp.keras_objects.origins import is_keras_own


@dataclass(frozen=True)
class OutputLink:
    """How outputs become probabilities.

    Parameters
    ----------
    to_probabilities : callable
        From outputs to numbers between 0 and 1. The class with the largest number is predicted.
    are_margins : bool, default=False
        Whether outputs are distances from the decision boundary. The numbers from
        ``to_probabilities`` are then not probabilities.
    """

    to_probabilities: Callable[[np.ndarray], np.ndarray]
    are_margins: bool = False


def _unchanged(outputs: np.ndarray) -> np.ndarray:
    return outputs


def _sigmoid(outputs: np.ndarray) -> np.ndarray:
    return expit(np.asarray(outputs, np.float64))


def _softmax(outputs: np.ndarray) -> np.ndarray:
    return softmax(np.asarray(outputs, np.float64), axis=-1)


PROBABILITIES = OutputLink(_unchanged)
_MARGINS = OutputLink(_sigmoid, are_margins=True)

_HINGES = frozenset({"hinge", "squaredhinge", "categoricalhinge"})

# Losses that take logits with from_logits=True, and how those become probabilities.
_OF_LOGITS = {
    "binarycrossentropy": OutputLink(_sigmoid),
    "binaryfocalcrossentropy": OutputLink(_sigmoid),
    "categoricalcrossentropy": OutputLink(_softmax),
    "categoricalfocalcrossentropy": OutputLink(_softmax),
    "sparsecategoricalcrossentropy": OutputLink(_softmax),
}

# Losses that compare each output with its own target. They need one-hot encoded classes.
_ONE_HOT = _HINGES | {
    "categoricalcrossentropy", "categoricalfocalcrossentropy", "kldivergence",
}  # fmt: skip

# Losses that divide the outputs by their sum, so that they need one output for each class.
_NORMALIZED = frozenset(
    {"sparsecategoricalcrossentropy", "categoricalcrossentropy", "categoricalfocalcrossentropy"}
)

_PROBABILITY_LAYERS = (keras.activations.sigmoid, keras.activations.softmax)


def link_of(model: Any) -> OutputLink:
    """The link of a compiled model with one output.

    Parameters
    ----------
    model : keras.Model
    """
    loss = only_loss(model.loss)
    name = loss_name(loss)
    if name in _HINGES:
        return _MARGINS
    if name in _OF_LOGITS and _takes_logits(loss) and not _ends_in_probabilities(model):
        return _OF_LOGITS[name]
    return PROBABILITIES


def has_margins(loss: Any) -> bool:
    """Whether a loss is one of the hinge losses.

    Parameters
    ----------
    loss : str, callable, keras.losses.Loss or subclass of it, list, dict or None
    """
    return loss_name(only_loss(loss)) in _HINGES


def is_one_hot(loss: Any) -> bool:
    """Whether a loss compares each output with its own target.

    Parameters
    ----------
    loss : str, callable, keras.losses.Loss or subclass of it, list, dict or None
    """
    return loss_name(only_loss(loss)) in _ONE_HOT


def only_loss(loss: Any) -> Any:
    """The loss of the only output; None if there are several outputs."""
    if not isinstance(loss, list | tuple | dict):
        return loss
    losses = keras.tree.flatten(loss)
    return losses[0] if len(losses) == 1 else None


def loss_name(loss: Any) -> str | None:
    """The name of one of Keras's losses, in lower case and without underscores.

    Parameters
    ----------
    loss : str, callable, keras.losses.Loss or subclass of it, or None

    Returns
    -------
    str or None
        None for the user's own loss, unless its class extends one of Keras's.
    """
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:  # Keras has no loss of that name
            return None
    if isinstance(loss, functools.partial):
        return loss_name(loss.func)
    is_object = isinstance(loss, keras.losses.Loss)
    kinds = type(loss).__mro__ if is_object else getattr(loss, "__mro__", (loss,))
    for kind in kinds:
        if kind in (keras.losses.Loss, object):
            return None
        if is_keras_own(kind):
            # Keras wraps a named function in a class whose name says nothing.
            wrapped = getattr(loss, "fn", None) if kind.__name__ == "LossFunctionWrapper" else None
            return loss_name(wrapped) if wrapped else _plain(kind.__name__)
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _takes_logits(loss: Any) -> bool:
    if isinstance(loss, functools.partial):
        return bool(loss.keywords.get("from_logits", False))
    return bool(getattr(loss, "from_logits", False))


def _ends_in_probabilities(model: Any) -> bool:
    """Whether the last layer is a sigmoid or softmax. Keras then takes its logits itself."""
    layer = layer_of_output(model)
    if isinstance(layer, keras.layers.Softmax):
        return True
    return getattr(layer, "activation", None) in _PROBABILITY_LAYERS


def check_classes_suit(loss: Any, units: int, n_classes: int, label: str, estimator: str) -> None:
    """Raise an error if a loss cannot compare one column of class numbers with the outputs.

    Keras would compare each of several outputs with the column, and train on wrong targets.
    A single output that is normalized to a sum of 1 is always 1, and does not learn.

    Parameters
    ----------
    loss : object
        Loss of a compiled model.
    units : int
        Units of the model's output.
    n_classes : int
    label, estimator : str
        What errors call the model and the estimator's class.
    """
    name = loss_name(only_loss(loss))
    if units == 1 and n_classes > 1 and name in _NORMALIZED:
        raise ValueError(
            f"The model of {label} has one output and is compiled with {_shown(loss)}, which "
            f"needs one output for each of the {n_classes} classes. Use {n_classes} outputs with a "
            "softmax, or compile with binary_crossentropy and use a sigmoid."
        )
    if units == 1 or name in (None, "sparsecategoricalcrossentropy"):
        return
    why = (
        f"takes one-hot targets. With three or more classes, pass that loss to {estimator} too, "
        "which then encodes y so; or compile"
        if name in _ONE_HOT
        else "compares each output with its own target, but y has one column of class numbers. "
        "Compile"
    )
    raise ValueError(
        f"The model of {label} has {units} outputs and is compiled with {_shown(loss)}, which "
        f"{why} with sparse_categorical_crossentropy. (With two classes, you can also use one "
        "output with a sigmoid, and binary_crossentropy.)"
    )


def check_columns_suit(loss: Any, columns: int, label: str) -> None:
    """Raise an error if a loss takes class numbers, and y has several columns.

    Parameters
    ----------
    loss : object
        Loss of a compiled model with one output of two dimensions.
    columns : int
        Columns of the encoded y.
    label : str
        What errors call the model.
    """
    if columns > 1 and loss_name(only_loss(loss)) == "sparsecategoricalcrossentropy":
        raise ValueError(
            f"y has {columns} columns, and the model of {label} is compiled with {_shown(loss)}, "
            "which takes one column of class numbers. Give y.argmax(axis=1) if the columns are "
            "one-hot, or compile with categorical_crossentropy."
        )


def check_loss_without_names(model: Any, label: str) -> None:
    """Raise an error if a Sequential model is compiled with losses by the names of outputs.

    Keras's own error does not say what is wrong.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    label : str
        What errors call the model.
    """
    if isinstance(model, keras.Sequential) and isinstance(model.loss, dict):
        raise ValueError(
            f"The model of {label} is a keras.Sequential, whose output has no name for "
            f"loss={dict(model.loss)!r}. Give loss without a dict."
        )


def _shown(loss: Any) -> str:
    loss = only_loss(loss)
    return loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)


def warn_if_no_probabilities(model: Any, label: str) -> None:
    """Warn if a loss takes probabilities, and the last layer has no activation.

    Keras trains such a model without a warning, and its outputs are not probabilities.

    Parameters
    ----------
    model : keras.Model
        Compiled, with one output.
    label : str
        What the warning calls the model.
    """
    loss = only_loss(model.loss)
    name = loss_name(loss)
    if name not in _OF_LOGITS or _takes_logits(loss):
        return
    layer = None
    with contextlib.suppress(MissingPrivateName):  # then there is no warning
        layer = layer_of_output(model)
    is_linear = getattr(layer, "activation", None) is keras.activations.linear
    if is_linear and is_keras_own(type(layer)):
        needed = "sigmoid" if name.startswith("binary") else "softmax"
        warn_user(
            f"The last layer of the model of {label} has no activation, and the loss "
            f"{_shown(loss)} takes probabilities. Give the layer activation={needed!r}, or the "
            "loss from_logits=True."
        )


def check_outputs_named(model: Any, arguments: dict[str, Any], label: str) -> None:
    """Raise an error if losses or metrics are given for outputs that a model does not have.

    Keras checks this only for models with several outputs.

    Parameters
    ----------
    model : keras.Model
    arguments : dict
        Arguments of ``compile``.
    label : str
        What errors call the model.
    """
    outputs = getattr(model, "outputs", None) or ()
    if len(outputs) != 1:
        return
    loss = arguments.get("loss")
    if isinstance(loss, list | tuple) and len(loss) != 1:
        raise ValueError(
            f"loss={loss!r} has {len(loss)} losses, and the model of {label} has one output. Give "
            "one loss."
        )
    known = {getattr(layer_of_output(model), "name", None), *getattr(model, "output_names", ())}
    for kind in ("loss", "metrics", "weighted_metrics", "loss_weights"):
        given = arguments.get(kind)
        unknown = set(given) - known if isinstance(given, dict) else set()
        if unknown:
            raise ValueError(
                f"{kind}={given!r} names the outputs {sorted(map(str, unknown))}. The model of "
                f"{label} has only one, {', '.join(sorted(map(str, known - {None})))}. Give "
                f"{kind} without a dict."
            )


def check_values_of_loss(loss: Any, y: Any, estimator: str) -> None:
    """Raise an error if targets are outside of the range that a loss is defined for.

    Parameters
    ----------
    loss : object
        Loss of a compiled model.
    y : ndarray
        Encoded targets.
    estimator : str
        Name of the estimator's class.
    """
    name = loss_name(only_loss(loss))
    if not isinstance(y, np.ndarray) or name not in _RANGES or not y.size:
        return
    low, high = _RANGES[name]
    if y.min() < low or y.max() > high:
        raise ValueError(
            f"The loss {_shown(loss)} is defined for targets of at least {low:g}"
            + (f" and at most {high:g}" if np.isfinite(high) else "")
            + f", and y goes from {y.min():g} to {y.max():g}. Use another loss for "
            f"{estimator}, such as 'mse'"
            + (". If y holds classes, use KerasClassifier." if high <= 1 else ".")
        )


# The ranges of targets for which Keras's losses are defined.
_RANGES = {
    "binarycrossentropy": (0.0, 1.0),
    "binaryfocalcrossentropy": (0.0, 1.0),
    "categoricalcrossentropy": (0.0, 1.0),
    "categoricalfocalcrossentropy": (0.0, 1.0),
    "kldivergence": (0.0, 1.0),
    "hinge": (-1.0, 1.0),
    "squaredhinge": (-1.0, 1.0),
    "categoricalhinge": (0.0, 1.0),
    "poisson": (0.0, float("inf")),
    "meansquaredlogarithmicerror": (0.0, float("inf")),
}

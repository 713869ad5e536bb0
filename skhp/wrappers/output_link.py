"""From a network's outputs to probabilities and classes: what they mean is the loss's to say.

A loss with ``from_logits=True`` takes logits, the hinge losses take margins, and all others
take probabilities (or values) as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from scipy.special import expit, softmax

from skhp.compat.keras import layer_of_output


@dataclass(frozen=True)
class OutputLink:
    """How outputs become probabilities.

    Parameters
    ----------
    to_probabilities : callable
        From outputs to numbers between 0 and 1 that decide on the classes.
    are_margins : bool, default=False
        Whether outputs are distances from the decision boundary: what
        ``to_probabilities`` gives then decides on classes, and is no probability.
    """

    to_probabilities: Callable[[np.ndarray], np.ndarray]
    are_margins: bool = False


def _as_they_are(outputs: np.ndarray) -> np.ndarray:
    return outputs


def _sigmoid(outputs: np.ndarray) -> np.ndarray:
    return expit(np.asarray(outputs, np.float64))


def _softmax(outputs: np.ndarray) -> np.ndarray:
    return softmax(np.asarray(outputs, np.float64), axis=-1)


PROBABILITIES = OutputLink(_as_they_are)
_MARGINS = OutputLink(_sigmoid, are_margins=True)

_HINGES = frozenset({"hinge", "squaredhinge", "categoricalhinge"})

# Losses that take logits where they are told so, and what makes probabilities of them.
_OF_LOGITS = {
    "binarycrossentropy": OutputLink(_sigmoid),
    "binaryfocalcrossentropy": OutputLink(_sigmoid),
    "categoricalcrossentropy": OutputLink(_softmax),
    "categoricalfocalcrossentropy": OutputLink(_softmax),
    "sparsecategoricalcrossentropy": OutputLink(_softmax),
}

# Losses that compare an output with a target of its own: a class is one-hot encoded for them.
_ONE_HOT = _HINGES | {
    "categoricalcrossentropy", "categoricalfocalcrossentropy", "kldivergence",
}  # fmt: skip

_PROBABILITY_LAYERS = (keras.activations.sigmoid, keras.activations.softmax)


def link_of(model: Any) -> OutputLink:
    """The link of a compiled model of one output.

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
    """Whether a loss compares each output with a target of its own.

    Parameters
    ----------
    loss : str, callable, keras.losses.Loss or subclass of it, list, dict or None
    """
    return loss_name(only_loss(loss)) in _ONE_HOT


def only_loss(loss: Any) -> Any:
    """The loss of the only output, None where there are several."""
    if not isinstance(loss, list | tuple | dict):
        return loss
    losses = keras.tree.flatten(loss)
    return losses[0] if len(losses) == 1 else None


def loss_name(loss: Any) -> str | None:
    """The name of one of Keras's own losses, without capitals and underscores.

    Parameters
    ----------
    loss : str, callable, keras.losses.Loss or subclass of it, or None

    Returns
    -------
    str or None
        None for a loss of the user's own, unless its class is derived from Keras's.
    """
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:  # it is no name of Keras's
            return None
    if isinstance(loss, functools.partial):
        return loss_name(loss.func)
    is_object = isinstance(loss, keras.losses.Loss)
    kinds = type(loss).__mro__ if is_object else getattr(loss, "__mro__", (loss,))
    for kind in kinds:
        if kind in (keras.losses.Loss, object):
            return None
        if getattr(kind, "__module__", "").startswith("keras."):
            # Keras makes an object of a function by a class of no name of its own.
            wrapped = getattr(loss, "fn", None) if kind.__name__ in _WRAPPERS else None
            return loss_name(wrapped) if wrapped else _plain(kind.__name__)
    return None


_WRAPPERS = ("LossFunctionWrapper",)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _takes_logits(loss: Any) -> bool:
    if isinstance(loss, functools.partial):
        return bool(loss.keywords.get("from_logits", False))
    return bool(getattr(loss, "from_logits", False))


def _ends_in_probabilities(model: Any) -> bool:
    """Whether the last layer is a sigmoid or softmax, of which Keras takes the logits itself."""
    layer = layer_of_output(model)
    if isinstance(layer, keras.layers.Softmax):
        return True
    return getattr(layer, "activation", None) in _PROBABILITY_LAYERS


def check_classes_suit(loss: Any, units: int, label: str, estimator: str) -> None:
    """Raise an error where a loss compares one column of class numbers with several outputs.

    Keras would repeat the column for each output, and train to something else.

    Parameters
    ----------
    loss : object
        Of a compiled model.
    units : int
        Of its output.
    label, estimator : str
        What errors call the model and the estimator's class.
    """
    name = loss_name(only_loss(loss))
    if units == 1 or name in (None, "sparsecategoricalcrossentropy"):
        return
    why = (
        "takes one-hot targets. For three classes or more, pass that loss to "
        f"{estimator} too, and it encodes y so; or compile"
        if name in _ONE_HOT
        else "compares each of them with a target of its own, and y has one column of class "
        "numbers. Compile"
    )
    raise ValueError(
        f"The model of {label} has {units} outputs and is compiled with {_told(loss)}, which {why} "
        "with sparse_categorical_crossentropy. (For two classes, one output with a sigmoid and "
        "binary_crossentropy will do too.)"
    )


def _told(loss: Any) -> str:
    loss = only_loss(loss)
    return loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)


def check_outputs_named(model: Any, arguments: dict[str, Any], label: str) -> None:
    """Raise an error where losses or metrics are given for outputs that a model has not.

    Keras checks this of models of several outputs alone.

    Parameters
    ----------
    model : keras.Model
    arguments : dict
        Of ``compile``.
    label : str
        What errors call the model.
    """
    outputs = getattr(model, "outputs", None) or ()
    if len(outputs) != 1:
        return
    loss = arguments.get("loss")
    if isinstance(loss, list | tuple) and len(loss) != 1:
        raise ValueError(
            f"loss={loss!r} is of {len(loss)} losses, and the model of {label} has one output. "
            "Give one loss."
        )
    known = {getattr(layer_of_output(model), "name", None), *getattr(model, "output_names", ())}
    for kind in ("loss", "metrics", "weighted_metrics", "loss_weights"):
        given = arguments.get(kind)
        unknown = set(given) - known if isinstance(given, dict) else set()
        if unknown:
            raise ValueError(
                f"{kind}={given!r} names {sorted(map(str, unknown))}, and the only output of the "
                f"model of {label} is {', '.join(sorted(map(str, known - {None})))}. Give "
                f"{kind} without a dict."
            )


def check_values_of_loss(loss: Any, y: Any, estimator: str) -> None:
    """Raise an error where a loss has no meaning for the targets of a regressor.

    Parameters
    ----------
    loss : object
        Of a compiled model.
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
            f"The loss {_told(loss)} takes targets of at least {low:g}"
            + (f" and at most {high:g}" if np.isfinite(high) else "")
            + f", and y goes from {y.min():g} to {y.max():g}. Use another loss for "
            f"{estimator}, such as 'mse'"
            + (", or a classifier where y holds classes." if high <= 1 else ".")
        )


# Targets for which Keras's loss is the logarithm of something positive.
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

"""From constructor parameters to a network and a training plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from skhp.engine.plan import TrainingPlan
from skhp.keras_objects import KerasObject, look_up
from skhp.network import MLPSpec
from skhp.targets import TargetCoding, look_up_metrics

import keras  # isort: skip


def plan_network(params: Mapping[str, Any], n_features: int, coding: TargetCoding) -> MLPSpec:
    """The network that constructor parameters describe.

    Parameters
    ----------
    params : mapping
        Of the estimator.
    n_features : int
    coding : TargetCoding
    """
    activation = look_up("activation", params["activation"])
    if _has_weights(activation.value):
        raise ValueError(
            f"activation={params['activation']!r} has weights of its own, which "
            "MLPClassifier and MLPRegressor do not train. Use an activation without "
            "weights, or build the network as a Keras model."
        )
    return MLPSpec(
        n_features=n_features,
        n_outputs=coding.n_units,
        widths=layer_widths(params["n_layers"], params["width"]),
        activation=activation,
        output_activation=look_up("activation", coding.activation),
        kernel_initializer=look_up("kernel_initializer", params["kernel_initializer"]),
        batch_norm=bool(params["batch_norm"]),
        dropout=float(params["dropout"]),
        l2=float(params["l2"]),
    )


def _has_weights(activation: Any) -> bool:
    if not isinstance(activation, keras.layers.Layer):
        return False
    copy = type(activation).from_config(activation.get_config())
    copy(np.zeros((1, 1), keras.config.floatx()))  # a layer makes its weights when first called
    return bool(copy.weights)


def layer_widths(n_layers: int, width: Any) -> tuple[int, ...]:
    """One width a hidden layer.

    Parameters
    ----------
    n_layers : int
    width : int or sequence of int

    Raises
    ------
    ValueError
        If a sequence has another length than ``n_layers``, or holds anything but
        positive integers.
    """
    if isinstance(width, Integral):
        return (int(width),) * n_layers
    widths = list(np.asarray(width, dtype=object).ravel()) if not _is_text(width) else [width]
    if not all(isinstance(w, Integral) and not isinstance(w, bool) and int(w) >= 1 for w in widths):
        raise ValueError(
            f"width must be a positive int, or one positive int a layer. Got {width!r}."
        )
    if len(widths) != n_layers:
        raise ValueError(
            f"width={width!r} names {len(widths)} layers and n_layers={n_layers}. Give one "
            f"width a layer, or set n_layers={len(widths)}."
        )
    return tuple(int(w) for w in widths)


def check_same_weights(before: MLPSpec, after: MLPSpec) -> None:
    """Refuse to train one network's weights as another's.

    Parameters
    ----------
    before, after : MLPSpec
        The network fitted, and the one that the parameters describe by now.

    Raises
    ------
    ValueError
        If they differ in the shapes of their weights.
    """
    then, now = (spec.layout(shared=False).trainable_shapes() for spec in (before, after))
    if then != now:
        raise ValueError(
            f"Training cannot go on from weights of shapes {then}: n_layers, width, batch_norm "
            f"and loss now ask for {now}. Set them back, or fit a new network with "
            "warm_start=False."
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def plan_training(
    params: Mapping[str, Any], network: MLPSpec, coding: TargetCoding
) -> TrainingPlan:
    """The training that constructor parameters describe.

    Parameters
    ----------
    params : mapping
        Of the estimator.
    network : MLPSpec
    coding : TargetCoding
    """
    optimizer = look_up("optimizer", params["optimizer"])
    given_as_object = not isinstance(params["optimizer"], str)
    return TrainingPlan(
        network=network,
        optimizer=optimizer,
        learning_rate=_learning_rate(params["learning_rate"], optimizer, given_as_object),
        loss=coding.loss,
        metrics=look_up_metrics(params["metrics"], coding),
        batch_size=int(params["batch_size"]),
        epochs=int(params["epochs"]),
        shuffle=bool(params["shuffle"]),
        patience=int(params["patience"]) if params["early_stopping"] else None,
        callbacks=check_callbacks(params["callbacks"]),
        verbose=int(params["verbose"]),
    )


def _learning_rate(value: Any, optimizer: KerasObject, given_as_object: bool) -> Any:
    if not isinstance(value, Real):  # None, or a schedule
        return value
    if given_as_object:
        config = optimizer.value.get_config()["learning_rate"]
        own_default = _default_rate(type(optimizer.value))
        if isinstance(config, dict) or not (
            np.isclose(config, own_default) or np.isclose(config, float(value))
        ):
            own = "a schedule" if isinstance(config, dict) else f"{config:.6g}"
            raise ValueError(
                f"optimizer={type(optimizer.value).__name__}(...) has a learning rate of its "
                f"own ({own}), and learning_rate={value!r} says another. Pass "
                "learning_rate=None to keep the optimizer's, or leave the optimizer's at its "
                "default."
            )
    return float(value)


def _default_rate(kind: type) -> float:
    try:
        return float(kind().get_config()["learning_rate"])  # type: ignore[attr-defined]
    except TypeError:  # it has none, or takes arguments that it must be given
        return float("nan")


def check_callbacks(callbacks: Any) -> Sequence[Any]:
    """Keras callbacks as a list.

    Raises
    ------
    TypeError
        If one of them is not a `keras.callbacks.Callback`.
    """
    if callbacks is None:
        return []
    listed = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else list(callbacks)
    for callback in listed:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks must be a list of keras.callbacks.Callback instances. Got "
                f"{callback!r} in it. (scikit-learn's callbacks go to set_callbacks.)"
            )
    return listed

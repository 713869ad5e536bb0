"""From constructor parameters to a network and a training plan."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from skhp.engine.optimizer_settings import make_optimizer
from skhp.engine.plan import TrainingPlan
from skhp.keras_objects.catalogue import KerasObject, look_up
from skhp.mlp.monitor import early_stop
from skhp.mlp.network import MLPNetwork
from skhp.mlp.spec import MLPSpec
from skhp.mlp.target_coding import TargetCoding
from skhp.mlp.targets import look_up_metrics
from skhp.mlp.user_functions import check_activation, check_metrics

import keras  # isort: skip


# Hidden layers, if neither n_layers nor width says how many.
_N_LAYERS = 2


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
    check_activation(activation)
    network = MLPSpec(
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
    _check_fits_in_memory(network)
    return network


def _check_fits_in_memory(network: MLPSpec) -> None:
    sizes = (network.n_features, *network.widths, network.n_outputs)
    n_weights = sum(inputs * units for inputs, units in itertools.pairwise(sizes))
    # The weights, their gradients, and two variables for each weight in an optimizer such as Adam.
    needed = 4 * n_weights * np.dtype(keras.config.floatx()).itemsize
    if needed > (memory := _memory()):
        raise ValueError(
            f"n_layers={len(network.widths)} and width (up to {max(network.widths, default=0)}) "
            f"make a network of {n_weights:,} weights. Training it needs about "
            f"{needed / 2**30:,.0f} GiB, and this machine has {memory / 2**30:,.0f} GiB. Give "
            "fewer layers, a smaller width or an X of fewer columns."
        )


def _memory() -> float:
    """Bytes of this machine's memory; infinite if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def layer_widths(n_layers: int | None, width: Any) -> tuple[int, ...]:
    """One width per hidden layer.

    Parameters
    ----------
    n_layers : int or None
        None means as many layers as a sequence has widths, or two.
    width : int or sequence of int

    Raises
    ------
    ValueError
        If a sequence does not have the length ``n_layers``, or holds something other than
        positive integers.
    """
    if isinstance(width, Integral):
        return (int(width),) * (_N_LAYERS if n_layers is None else n_layers)
    widths = list(np.asarray(width, dtype=object).ravel()) if not _is_text(width) else [width]
    if not all(isinstance(w, Integral) and not isinstance(w, bool) and int(w) >= 1 for w in widths):
        raise ValueError(
            f"width must be a positive int, or one positive int per layer. Got {width!r}."
        )
    if n_layers is not None and len(widths) != n_layers:
        raise ValueError(
            f"width={width!r} has {len(widths)} values, but n_layers={n_layers}. Give one "
            f"width per layer, or leave out n_layers (or set n_layers={len(widths)})."
        )
    return tuple(int(w) for w in widths)


def check_same_weights(before: MLPSpec, after: MLPSpec) -> None:
    """Refuse to continue training if the weights would change their shapes.

    Parameters
    ----------
    before, after : MLPSpec
        The fitted network, and the network that the parameters describe now.

    Raises
    ------
    ValueError
        If the shapes of their weights differ.
    """
    then, now = before.weight_shapes(), after.weight_shapes()
    if then != now:
        raise ValueError(
            f"Training cannot continue: the fitted weights have the shapes {then}, but n_layers, "
            f"width, batch_norm and loss now need {now}. Set these parameters back, or fit a new "
            "network with warm_start=False."
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
    own = None if isinstance(params["optimizer"], str) else optimizer
    metrics = look_up_metrics(params["metrics"], coding)
    stop = early_stop(params, metrics) if params["early_stopping"] else None
    check_metrics(metrics, coding, stop.monitor if stop else None)
    return TrainingPlan(
        network=MLPNetwork(network),
        optimizer=_with_weight_decay(optimizer, params["weight_decay"], own),
        learning_rate=_learning_rate(params["learning_rate"], own),
        loss=coding.loss,
        metrics=metrics,
        batch_size=int(params["batch_size"]),
        epochs=int(params["epochs"]),
        shuffle=bool(params["shuffle"]),
        early_stop=stop,
        max_seconds=params["max_seconds"],
        callbacks=check_callbacks(params["callbacks"]),
        verbose=int(params["verbose"]),
    )


def optimizer_token(optimizer: Any, plan: TrainingPlan) -> Hashable:
    """A token that is equal for plans whose optimizers have the same variables.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
        As the user gave it.
    plan : TrainingPlan
    """
    # With a schedule the learning rate is no variable.
    has_rate = isinstance(plan.learning_rate, float | None)
    return look_up("optimizer", optimizer).token, has_rate


def _learning_rate(value: Any, own: KerasObject | None) -> Any:
    if not isinstance(value, Real):  # None, or a schedule
        return value
    _check_one_value("learning_rate", value, own)
    return float(value)


def _with_weight_decay(optimizer: KerasObject, value: Any, own: KerasObject | None) -> KerasObject:
    if value is None:
        return optimizer
    if "weight_decay" not in optimizer.config:
        raise ValueError(
            f"weight_decay={value!r}, but {type(optimizer.value).__name__} has no weight decay. "
            "Set weight_decay=None, or use another optimizer."
        )
    _check_one_value("weight_decay", value, own)
    return (_decaying_by_name if own is None else _decaying)(optimizer, float(value))


def _decaying(optimizer: KerasObject, weight_decay: float) -> KerasObject:
    decaying = make_optimizer(optimizer.value, None)
    decaying.weight_decay = weight_decay
    return look_up("optimizer", decaying)


_decaying_by_name = functools.lru_cache(maxsize=128)(_decaying)


def _check_one_value(name: str, value: Any, optimizer: KerasObject | None) -> None:
    """Refuse a parameter that contradicts the setting of an optimizer object."""
    if optimizer is None or optimizer.config[name] is None:
        return
    own, kind = optimizer.config[name], type(optimizer.value)
    allowed = [v for v in (_default(kind, name), float(value)) if isinstance(v, float | int)]
    if isinstance(own, float | int) and any(np.isclose(own, v) for v in allowed):
        return
    what = f"{own:.6g}" if isinstance(own, float | int) else "a schedule"
    words = name.replace("_", " ")
    raise ValueError(
        f"optimizer={kind.__name__}(...) sets its {words} to {what}, but {name}={value!r}. Pass "
        f"{name}=None to use the optimizer's {words}, or leave the optimizer's {words} at its "
        "default."
    )


def _default(kind: type, name: str) -> Any:
    try:
        return kind().get_config()[name]  # type: ignore[attr-defined]
    except TypeError:  # it has required arguments
        return None


def check_callbacks(callbacks: Any) -> Sequence[Any]:
    """Check Keras callbacks, and make a list of them.

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
                f"callbacks must be a list of keras.callbacks.Callback instances. Got a list "
                f"with {callback!r}. (Set scikit-learn's callbacks with set_callbacks.)"
            )
    return listed

"""Which optimizers a program can use."""

from __future__ import annotations

from typing import Any

import keras

from skhp.compat.keras import excludes_from_weight_decay
from skhp.engine.optimizer_settings import structure_of
from skhp.keras_objects.catalogue import KerasObject
from skhp.keras_objects.fingerprint import NotEstablished, is_keras_own


def why_no_program_can_use(given: KerasObject, learning_rate: Any) -> str | None:
    """Why no program can use an optimizer; None if one can.

    Parameters
    ----------
    given : KerasObject
    learning_rate : float, LearningRateSchedule or None
        None for the optimizer's own.
    """
    optimizer = given.value
    try:
        _ = given.config
    except NotImplementedError:
        return "the optimizer has no get_config, which would say how it was made"
    if _hides_settings(type(optimizer)):
        return f"{type(optimizer).__name__} has settings that its get_config does not return"
    if optimizer.gradient_accumulation_steps:
        return "the optimizer accumulates gradients over steps"
    if optimizer.use_ema:
        return "the optimizer keeps a moving average of the weights"
    if _is_a("MultiOptimizer", optimizer):
        return "MultiOptimizer holds several optimizers"
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or optimizer.loss_scale_factor:
        return "the optimizer scales the loss"
    if excludes_from_weight_decay(optimizer):
        return "the optimizer excludes some weights from weight decay"
    if getattr(optimizer, "exclude_layers", None):
        return "the optimizer treats layers by their names"
    if _is_a("ScheduleFreeAdamW", optimizer):
        # With TensorFlow it reads its momentum after the update, in a program before it.
        return "the update of ScheduleFreeAdamW in Keras's fit differs from that in a program"
    try:
        structure_of(given, learning_rate)
    except NotEstablished as error:
        return f"skhp cannot find out what the optimizer computes: {error}"
    return None


def _is_a(name: str, optimizer: Any) -> bool:
    """Whether an optimizer is of a class that only Keras 3.15 and later have."""
    return isinstance(optimizer, getattr(keras.optimizers, name, ()))


def _hides_settings(kind: type) -> bool:
    """Whether a user's class has its own ``__init__``, but Keras's ``get_config``."""
    keras_base = next(filter(is_keras_own, kind.__mro__))
    own_init = kind.__init__ is not keras_base.__init__  # type: ignore[misc]
    return own_init and kind.get_config is keras_base.get_config  # type: ignore[attr-defined]

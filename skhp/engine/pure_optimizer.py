"""Keras optimizers as pure functions, with their scalars as data."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.compat.keras import (
    excluded_names,
    excludes_from_weight_decay,
    schedule_of,
    unlisted_variables,
)
from skhp.engine.packing import Packing, Shapes, corner, into_corner
from skhp.engine.plan import Arrays, CannotCompile
from skhp.keras_objects.catalogue import KerasObject, token_of
from skhp.keras_objects.fingerprint import (
    FingerprintReader,
    NotEstablished,
    digest,
    established,
    is_keras_own,
)

# Settings that are data to a program, where they are neither None nor (but for weight
# decay) zero, which changes what the optimizer computes. These optimizers only multiply
# by them.
_SCALARS = {
    **dict.fromkeys(("Adam", "AdamW", "Adagrad", "Lion", "Nadam"), ("weight_decay",)),
    **dict.fromkeys(("SGD", "RMSprop"), ("weight_decay", "momentum")),
}

# Each weight's update depends on that weight's own gradients alone, so that masked
# units may stand beside real ones. (Lamb, Muon and Adafactor look at whole kernels.)
_ELEMENTWISE = frozenset(
    {
        "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam",
        "Ftrl", "Lion",
    }
)  # fmt: skip


class _Traced:
    """A positive setting that is a tensor while a program is traced.

    Keras asks of such a setting whether it is there at all (``momentum != 0``), and
    then multiplies by it.
    """

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def __ne__(self, other: object) -> bool:
        return True

    def __gt__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        return self.tensor


def make_optimizer(prototype: Any, learning_rate: Any) -> Any:
    """A fresh optimizer with a prototype's settings.

    Parameters
    ----------
    prototype : keras.optimizers.Optimizer
    learning_rate : float, LearningRateSchedule or None
        None for the prototype's own.
    """
    optimizer = _again(type(prototype), prototype)
    if excluded := excluded_names(prototype):  # they are in no config
        optimizer.exclude_from_weight_decay(var_names=excluded)
    if learning_rate is not None:
        optimizer.learning_rate = learning_rate
    return optimizer


def _again(kind: Any, prototype: Any) -> Any:
    """An optimizer of a class with a prototype's settings."""
    config = prototype.get_config()
    if schedule := schedule_of(prototype):
        config["learning_rate"] = schedule  # Keras finds no class of the user's by its config
    try:
        return kind.from_config(config)
    except (TypeError, ValueError) as error:
        raise CannotCompile(
            f"{type(prototype).__name__} cannot be made again from its get_config: {error}"
        ) from error


def structure_of(optimizer: KerasObject, learning_rate: Any) -> Hashable:
    """What of an optimizer is part of the program: all settings but the scalars.

    Parameters
    ----------
    optimizer : KerasObject
    learning_rate : float, LearningRateSchedule or None
        None for the optimizer's own.
    """
    prototype = optimizer.value
    config = {k: v for k, v in optimizer.config.items() if k != "name"}
    config |= {name: "number" for name in ("learning_rate", *_scalars_of(prototype))}
    schedule = schedule_of(prototype) if learning_rate is None else learning_rate
    is_number = learning_rate_scalar(optimizer, learning_rate) is not None
    return (
        type(prototype) if _keras_name(prototype) else _fingerprint_of_own(prototype),
        json.dumps(config, sort_keys=True, default=str),
        None if is_number else token_of(schedule),
    )


def has_own_code(optimizer: KerasObject, learning_rate: Any) -> bool:
    """Whether an optimizer or its schedule is of a class of the user's.

    Parameters
    ----------
    optimizer : KerasObject
    learning_rate : float, LearningRateSchedule or None
    """
    schedule = schedule_of(optimizer.value) if learning_rate is None else learning_rate
    is_own_schedule = hasattr(schedule, "get_config") and not is_keras_own(type(schedule))
    return is_own_schedule or not _keras_name(optimizer.value)


def _fingerprint_of_own(optimizer: Any) -> str:
    """What an optimizer of a class of the user's computes, whatever its variables hold."""
    variables = {
        id(v): ("variable",) for v in (*optimizer.variables, *unlisted_variables(optimizer))
    }
    return digest(established(FingerprintReader(variables).read, optimizer))


def learning_rate_scalar(optimizer: KerasObject, learning_rate: Any) -> np.ndarray | None:
    """The learning rate that training starts with, None where it is a schedule."""
    schedule = keras.optimizers.schedules.LearningRateSchedule
    if learning_rate is None:
        own = optimizer.config["learning_rate"]
        return None if isinstance(own, dict) else _number(own)
    return None if isinstance(learning_rate, schedule) else _number(learning_rate)


def scalars_of(prototype: Any) -> dict[str, np.ndarray]:
    """The settings that are data to a program, beside the learning rate."""
    return {name: _number(getattr(prototype, name)) for name in _scalars_of(prototype)}


def _number(value: Any) -> np.ndarray:
    return np.asarray(value, keras.config.floatx())


def _scalars_of(optimizer: Any) -> list[str]:
    named = _SCALARS.get(_keras_name(optimizer), ())
    return [name for name in named if getattr(optimizer, name) or _is_zero_decay(optimizer, name)]


def _is_zero_decay(optimizer: Any, name: str) -> bool:
    # Keras multiplies by a weight decay of zero, as by any other.
    return name == "weight_decay" and optimizer.weight_decay is not None


def _keras_name(optimizer: Any) -> str:
    """The name of one of Keras's own optimizers, "" for the user's."""
    # A stateless subclass stands for the optimizer that it was made from.
    kinds = [kind for kind in type(optimizer).__mro__ if kind.__module__ != "skhp.compat.keras"]
    return kinds[0].__name__ if kinds[0].__module__.split(".")[0] == "keras" else ""


def is_elementwise(optimizer: Any) -> bool:
    """Whether a weight's update depends on that weight's gradients alone."""
    return _keras_name(optimizer) in _ELEMENTWISE


def why_not_pure(given: KerasObject, learning_rate: Any) -> str | None:
    """Why an optimizer has no pure form, or None where it has.

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
        return "the optimizer or its schedule does not say how it was made, in a get_config"
    if _hides_settings(type(optimizer)):
        return f"{type(optimizer).__name__} has settings that its get_config does not tell"
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
        # It reads its momentum after the update on TensorFlow, before it elsewhere.
        return "ScheduleFreeAdamW has another update in Keras's fit than as a function"
    try:
        structure_of(given, learning_rate)
    except NotEstablished as error:
        return f"it cannot be told what the optimizer computes: {error}"
    return None


def _is_a(name: str, optimizer: Any) -> bool:
    """Whether an optimizer is of a class that Keras has since 3.15 only."""
    return isinstance(optimizer, getattr(keras.optimizers, name, ()))


def _hides_settings(kind: type) -> bool:
    """Whether a class of the user's has an ``__init__`` of its own, and Keras's get_config."""
    keras_base = next(base for base in kind.__mro__ if base.__module__.split(".")[0] == "keras")
    own_init = kind.__init__ is not keras_base.__init__  # type: ignore[misc]
    return own_init and kind.get_config is keras_base.get_config  # type: ignore[attr-defined]


def treats_numbers_alike(prototype: Any) -> bool:
    """Whether an optimizer does the same to one vector as to its pieces."""
    return is_elementwise(prototype) and not prototype.clipnorm


class PureOptimizer:
    """An optimizer as a function of its variables.

    A fit keeps the optimizer's variables in the order in which Keras lists them. A program
    holds them packed, like the weights that they belong to.

    Parameters
    ----------
    backend : module
        One of the engine's backends.
    prototype : keras.optimizers.Optimizer
        Its settings are taken, its variables are not.
    packing : Packing
        Of the trainable weights.
    variables : list of keras.Variable or None
        The weights themselves, where the optimizer must know their names and
        constraints; None where shapes are enough.
    """

    def __init__(
        self,
        backend: Any,
        prototype: Any,
        packing: Packing,
        variables: list[Any] | None = None,
    ) -> None:
        self._make = lambda: _again(backend.stateless_optimizer_class(type(prototype)), prototype)
        self._packing = packing
        self._joined = packing.packed_shapes != packing.shapes
        _, self._owners = self._built(_placeholders(packing.shapes))
        self._optimizer, self._packed_owners = self._built(
            variables if variables and not self._joined else _placeholders(packing.packed_shapes)
        )
        optimizer_variables = self._optimizer.variables
        self._initial = _values(self._optimizer)
        self._starts_from_weights = not is_elementwise(prototype) and self._minds_weights()
        names = [variable.name for variable in optimizer_variables]
        self.iterations = names.index("iteration")
        self.learning_rate = names.index("learning_rate") if "learning_rate" in names else None

    def _built(self, variables: list[Any]) -> tuple[Any, list[int | None]]:
        """An optimizer for weights, and the weight that each of its variables belongs to."""
        optimizer = self._make()
        # Keras numbers names through a process. The name is part of the program on disk.
        optimizer.name = "optimizer"
        optimizer.build(variables)
        index = {id(variable): i for i, variable in enumerate(variables)}
        owners = [index.get(optimizer.variable_owners.get(v.path, 0)) for v in optimizer.variables]
        return optimizer, owners

    def _minds_weights(self) -> bool:
        shapes = self._packing.packed_shapes
        zeros, ones = (_values(self._built(_placeholders(shapes, f))[0]) for f in (0, 1))
        return any((a != b).any() for a, b in zip(zeros, ones, strict=True))

    def start(self, trainable: Arrays) -> Arrays:
        """The optimizer's variables before the first step on packed weights."""
        if not self._starts_from_weights:
            return list(self._initial)
        optimizer, _ = self._built([keras.Variable(a, dtype=a.dtype.name) for a in trainable])
        return _values(optimizer)

    def pack(self, optimizer_variables: Arrays) -> Arrays:
        """A fit's optimizer variables as the program holds them."""
        if not self._joined:
            return [
                into_corner(a, fill)
                for a, fill in zip(optimizer_variables, self._initial, strict=True)
            ]
        packed: Arrays = []
        kinds = _by_kind(self._owners)
        fills = _by_kind(self._packed_owners)
        for places, targets in zip(kinds, fills, strict=True):
            arrays, fill = (
                [optimizer_variables[i] for i in places],
                [self._initial[i] for i in targets],
            )
            owned = self._owners[places[0]] is not None
            packed += self._packing.pack(arrays, fill) if owned else arrays
        return _ordered(packed, fills)

    def unpack(self, packed: Arrays, shapes: Shapes) -> Arrays:
        """A fit's optimizer variables, for weights of these shapes, from the program's."""
        if not self._joined:
            owned_by = zip(packed, self._owners, strict=True)
            return [np.array(a) if i is None else corner(a, shapes[i]) for a, i in owned_by]
        optimizer_variables: Arrays = []
        kinds = _by_kind(self._owners)
        for places, sources in zip(kinds, _by_kind(self._packed_owners), strict=True):
            arrays = [packed[i] for i in sources]
            owned = self._owners[places[0]] is not None
            optimizer_variables += self._packing.unpack(arrays, shapes) if owned else arrays
        return _ordered(optimizer_variables, kinds)

    def apply(
        self, optimizer_variables: list[Any], grads: list[Any], trainable: list[Any], scalars: Any
    ) -> Any:
        """One step on packed tensors: the new trainable weights and optimizer variables."""
        settings = {name: getattr(self._optimizer, name) for name in _scalars_of(self._optimizer)}
        try:
            for name in settings:
                setattr(self._optimizer, name, _Traced(scalars[name]))
            trainable, optimizer_variables = self._optimizer.stateless_apply(
                optimizer_variables, grads, trainable
            )
        finally:
            for name, value in settings.items():
                setattr(self._optimizer, name, value)
        return list(trainable), list(optimizer_variables)


def _placeholders(shapes: Shapes, value: float = 0) -> list[Any]:
    floatx = keras.config.floatx()
    return [keras.Variable(np.full(shape, value, floatx), dtype=floatx) for shape in shapes]


def _values(optimizer: Any) -> Arrays:
    return [ops.convert_to_numpy(v) for v in optimizer.variables]


def all_variables(optimizer: Any) -> list[Any]:
    """All variables of a Keras optimizer, in the order in which a fit keeps them.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Built.
    """
    return [*optimizer.variables, *unlisted_variables(optimizer)]


def _by_kind(owners: list[int | None]) -> list[list[int]]:
    """Positions of variables, grouped: each weight's first variable, each weight's second, ...

    A variable that belongs to no weight (a counter, the learning rate) is a group alone.
    """
    alone = [[i] for i, owner in enumerate(owners) if owner is None]
    kinds: dict[int, list[int]] = {}
    seen: dict[int, int] = {}
    for i, owner in enumerate(owners):
        if owner is not None:
            kinds.setdefault(seen.get(owner, 0), []).append(i)
            seen[owner] = seen.get(owner, 0) + 1
    return alone + list(kinds.values())


def _ordered(arrays: Arrays, kinds: list[list[int]]) -> Arrays:
    """Arrays that stand in the order of the groups, in the order of their positions."""
    places = [i for kind in kinds for i in kind]
    return [
        array for _, array in sorted(zip(places, arrays, strict=True), key=lambda pair: pair[0])
    ]

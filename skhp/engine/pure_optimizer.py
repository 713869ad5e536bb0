"""A Keras optimizer as a pure function of its variables."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import unlisted_variables
from skhp.compat.keras_variables import read_variables
from skhp.engine.optimizer_settings import is_elementwise, remade, scalar_settings
from skhp.engine.packing import Packing, Shapes, corner, into_corner
from skhp.engine.plan import Arrays


class _Traced:
    """A positive setting that is a tensor while a program is traced.

    Keras first asks whether such a setting is there (``momentum != 0``), and then multiplies
    by it.
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


class PureOptimizer:
    """An optimizer as a pure function of its variables.

    A fit keeps the optimizer's variables in the order in which Keras lists them. A program
    holds them packed, like the weights that they belong to.

    Parameters
    ----------
    backend : module
        One of the engine's backends.
    prototype : keras.optimizers.Optimizer
        Its settings are taken, its variables are not.
    packing : Packing
        How the program holds the trainable weights.
    variables : list of keras.Variable or None
        The weights, if the optimizer must know their names and constraints; None if
        shapes are enough.
    """

    def __init__(
        self,
        backend: Any,
        prototype: Any,
        packing: Packing,
        variables: list[Any] | None = None,
    ) -> None:
        self._make = lambda: remade(backend.stateless_optimizer_class(type(prototype)), prototype)
        self._backend, self._packing = backend, packing
        self._joined = packing.packed_shapes != packing.shapes
        _, self._owners = self._built(_placeholders(packing.shapes))
        self._optimizer, packed_owners = self._built(
            variables if variables and not self._joined else _placeholders(packing.packed_shapes)
        )
        self._kinds, self._packed_kinds = _by_kind(self._owners), _by_kind(packed_owners)
        optimizer_variables = self._optimizer.variables
        self._initial = _values(self._optimizer)
        self._starts_from_weights = not is_elementwise(prototype) and self._depends_on_weights()
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

    def _depends_on_weights(self) -> bool:
        shapes = self._packing.packed_shapes
        zeros, ones = (_values(self._built(_placeholders(shapes, f))[0]) for f in (0, 1))
        return any((a != b).any() for a, b in zip(zeros, ones, strict=True))

    def start(self, trainable: Arrays) -> list[Any]:
        """The optimizer's variables before the first step, as tensors, for packed weights."""
        if not self._starts_from_weights:
            return list(self._initial_tensors)
        optimizer, _ = self._built([keras.Variable(a, dtype=a.dtype.name) for a in trainable])
        return self._backend.tensors(_values(optimizer))

    @functools.cached_property
    def _initial_tensors(self) -> list[Any]:
        return self._backend.tensors(self._initial)

    def pack(self, optimizer_variables: Arrays) -> Arrays:
        """A fit's optimizer variables as the program holds them."""
        if not self._joined:
            return [
                into_corner(a, fill)
                for a, fill in zip(optimizer_variables, self._initial, strict=True)
            ]
        packed: Arrays = []
        for places, targets in zip(self._kinds, self._packed_kinds, strict=True):
            arrays, fill = (
                [optimizer_variables[i] for i in places],
                [self._initial[i] for i in targets],
            )
            owned = self._owners[places[0]] is not None
            packed += self._packing.pack(arrays, fill) if owned else arrays
        return _ordered(packed, self._packed_kinds)

    def unpack(self, packed: Arrays, shapes: Shapes) -> Arrays:
        """A fit's optimizer variables, for weights of these shapes, from the program's."""
        if not self._joined:
            owned_by = zip(packed, self._owners, strict=True)
            return [np.array(a) if i is None else corner(a, shapes[i]) for a, i in owned_by]
        optimizer_variables: Arrays = []
        for places, sources in zip(self._kinds, self._packed_kinds, strict=True):
            arrays = [packed[i] for i in sources]
            owned = self._owners[places[0]] is not None
            optimizer_variables += self._packing.unpack(arrays, shapes) if owned else arrays
        return _ordered(optimizer_variables, self._kinds)

    def apply(
        self, optimizer_variables: list[Any], grads: list[Any], trainable: list[Any], scalars: Any
    ) -> Any:
        """One step on packed tensors: the new trainable weights and optimizer variables."""
        settings = {
            name: getattr(self._optimizer, name) for name in scalar_settings(self._optimizer)
        }
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
    return read_variables(optimizer.variables)


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
    """Sort arrays from the order of the groups into the order of their positions."""
    places = [i for kind in kinds for i in kind]
    return [
        array for _, array in sorted(zip(places, arrays, strict=True), key=lambda pair: pair[0])
    ]

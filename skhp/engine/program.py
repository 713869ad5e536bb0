"""A program: the training of one structure, compiled once, with all scalars as data.

Rows that only fill a batch up, and rows beyond the real ones that only fill a program's
capacity, weigh nothing. A structure whose loss or metrics may look at a batch as a whole
gets its last partial batch in its exact size instead (`Structure.tails`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skhp.engine.packing import Packing, none_joinable
from skhp.engine.plan import CannotCompile, Rows
from skhp.engine.pure_optimizer import PureOptimizer, treats_numbers_alike
from skhp.engine.scalars import ScalarTable
from skhp.engine.sequencing import after_dependency

# Rows of epoch order that one call takes at most, so that order tables stay small.
_ORDER_ELEMENTS = 2**20
_MOST_EPOCHS = 32


@dataclass(frozen=True)
class Structure:
    """What a program is compiled for; equal structures share programs.

    Parameters
    ----------
    layout : MLPLayout
        The network's arrays and forward function.
    optimizer, loss, metrics : hashable
        Tokens of what they compute.
    batch_size : int
    rows, validation_rows : str or None
        Shapes and types of what is trained and validated on (see `kind_of`); None for no
        validation.
    tails : tuple of int or None
        Sizes of the last partial batches of training and validation rows, where those
        must not be filled up.
    floatx : str
    keras_settings : tuple
        Other settings of Keras that layers and losses read.
    weighted : bool
        Whether rows have weights, of which padding has 0.
    """

    layout: Any
    optimizer: Hashable
    loss: Hashable
    metrics: Hashable
    batch_size: int
    rows: str
    validation_rows: str | None
    tails: tuple[int, int] | None
    floatx: str
    keras_settings: tuple[Any, ...]
    weighted: bool


class Program:
    """The training of one structure on up to so many rows.

    Parameters
    ----------
    backend : module
        One of the engine's backends.
    structure : Structure
    optimizer : keras.optimizers.Optimizer
        Its settings are taken, its variables are not.
    computation : Computation
        The network's loss and logs.
    scalars : mapping of str to ndarray
        What is data beside weights and rows; their values do not count here.
    capacity : tuple of int
        The most training and validation rows; multiples of the batch size.
    """

    def __init__(
        self,
        backend: Any,
        structure: Structure,
        optimizer: Any,
        computation: Any,
        scalars: Mapping[str, np.ndarray],
        capacity: tuple[int, int],
    ) -> None:
        self.structure = structure
        self.capacity = capacity
        self.epochs_per_call = int(np.clip(_ORDER_ELEMENTS // capacity[0], 1, _MOST_EPOCHS))
        self._seconds_an_epoch: float | None = None  # as last measured
        self.packing = Packing(
            structure.layout.trainable_shapes(),
            structure.layout.joinable if treats_numbers_alike(optimizer) else none_joinable,
        )
        self.scalars = ScalarTable(scalars)
        self.optimizer = PureOptimizer(backend, optimizer, self.packing, structure.layout.variables)
        self._backend = backend
        self._computation = computation
        self.log_names = ["loss", *computation.names]
        if structure.validation_rows:
            self.log_names += [f"val_{name}" for name in self.log_names]
        self._run = backend.compiled(self._epochs, _name_of(structure, capacity))
        self._first_call = threading.Lock()
        self._is_compiled = False
        self._why_not: str | None = None  # why it does not compile
        self.check_lock = threading.Lock()
        self.is_checked = False  # whether its first steps were compared with those of Keras

    def epochs_in(self, seconds: float) -> int:
        """How many epochs a call may run to take about so long; one while that is unknown."""
        if self._seconds_an_epoch is None:
            return 1
        return int(np.clip(seconds / self._seconds_an_epoch, 1, self.epochs_per_call))

    def run(self, *args: Any, on_compile: Callable[[], None]) -> Any:
        """Train some epochs; see `_epochs` for the arguments.

        Threads may call this at once: the program holds no state of a fit. The first
        call compiles, and later ones wait for that.
        """
        if not self._is_compiled:
            with self._first_call:
                if not self._is_compiled:
                    result = self._tried(self._run, *args)
                    self._is_compiled = True
                    on_compile()
                    return result
        began = time.perf_counter()
        result = self._run(*args)
        self._seconds_an_epoch = (time.perf_counter() - began) / int(result[0])
        return result

    def run_eagerly(self, *args: Any) -> Any:
        """Do what `run` does operation by operation: Keras then draws the same numbers."""
        return self._tried(self._epochs, *args)

    def _tried(self, run: Callable[..., Any], *args: Any) -> Any:
        if self._why_not is not None:  # to trace it again for each fit would cost seconds
            raise CannotCompile(self._why_not)
        try:
            return run(*args)
        except CannotCompile as error:
            self._why_not = str(error)
            raise
        except Exception as error:
            first_line = str(error).strip().split("\n")[0][:200]
            self._why_not = f"it does not compile: {first_line}"
            raise CannotCompile(self._why_not) from error

    def _epochs(
        self,
        trainable: list[Any],
        state: list[Any],
        optimizer_variables: list[Any],
        scalars: list[Any],
        train: tuple[Any, ...],
        validation: tuple[Any, ...],
        orders: Any,
    ) -> tuple[Any, ...]:
        """Train some epochs, each in the order of one row of ``orders``.

        ``train`` and ``validation`` are ``(X, y, weight)``, as long as the program's
        capacity. The scalars say how many rows are real, and how many epochs to run.
        Returns how many were run, fewer where a loss was not finite; the new weights, state
        and optimizer variables; and one row of logs an epoch.
        """
        named = self.scalars.unpack(scalars)

        def body(
            epoch: Any, _: Any, trainable: Any, state: Any, optimizer_variables: Any, logs: Any
        ) -> Any:
            def step(carry: Any, batch: Any) -> Any:
                return self._train_step(carry, batch, named)

            n = named["n_rows"]
            order = ops.reshape(ops.slice(orders, [epoch, 0], [1, orders.shape[1]]), [-1])
            carry = (trainable, state, optimizer_variables, self._computation.zero())
            X, *others = train
            ordered = (X, *_take(others, order))  # once an epoch, not at each step
            carry = self._sweep(step, carry, ordered, n, order, 0)
            trainable, state, optimizer_variables, metric_state = carry
            row = self._computation.read(metric_state, ops.cast(n, metric_state[0].dtype))
            is_finite = ops.isfinite(row[0])
            if self.structure.validation_rows:
                row += self._validate(trainable, state, named, validation)
            row = ops.reshape(ops.stack(row), [1, len(self.log_names)])
            logs = ops.slice_update(logs, [epoch, 0], row)
            return epoch + 1, is_finite, trainable, state, optimizer_variables, logs

        logs = ops.zeros((orders.shape[0], len(self.log_names)), keras.config.floatx())
        zero = ops.convert_to_tensor(0, "int32")
        n_run, _, *result = ops.while_loop(
            lambda epoch, is_finite, *_: ops.logical_and(is_finite, epoch < named["n_epochs"]),
            body,
            (zero, ops.convert_to_tensor(True), trainable, state, optimizer_variables, logs),
        )
        return n_run, *result

    def _train_step(self, carry: Any, batch: Any, scalars: Any) -> Any:
        trainable, state, optimizer_variables, metric_state = carry
        scalars = {**scalars, "step": optimizer_variables[self.optimizer.iterations]}

        def objective(weights: list[Any]) -> tuple[Any, Any]:
            return self._computation.step(
                weights, state, metric_state, batch, scalars, training=True
            )

        (_, (state, metric_state)), grads = self._backend.value_and_grad(
            objective, self.packing.split(trainable)
        )
        grads = self.packing.join(grads)
        # Once all that reads the weights is done, they are updated where they stand.
        optimizer_variables, count = list(optimizer_variables), self.optimizer.iterations
        optimizer_variables[count] = after_dependency(optimizer_variables[count], metric_state[0])
        trainable, optimizer_variables = self.optimizer.apply(
            optimizer_variables, grads, trainable, scalars
        )
        return trainable, state, optimizer_variables, metric_state

    def _validate(self, trainable: Any, state: Any, scalars: Any, rows: Any) -> list[Any]:
        weights = self.packing.split(trainable)

        def step(carry: Any, batch: Any) -> Any:
            (metric_state,) = carry
            _, (_, metric_state) = self._computation.step(
                weights, state, metric_state, batch, scalars, training=False
            )
            return (metric_state,)

        n = scalars["n_validation_rows"]
        (metric_state,) = self._sweep(step, (self._computation.zero(),), rows, n, None, 1)
        return self._computation.read(metric_state, ops.cast(n, metric_state[0].dtype))

    def _sweep(self, step: Any, carry: Any, rows: Any, n: Any, order: Any, which: int) -> Any:
        """Carry a step over the batches of an epoch."""
        size, tails = self.structure.batch_size, self.structure.tails

        def body(i: Any, *carry: Any) -> Any:
            batch = _batch(rows, n, order, i * size, size, is_padded=tails is None)
            return (i + 1, *step(carry, batch))

        count = (n + size - 1) // size if tails is None else n // size
        zero = ops.convert_to_tensor(0, "int32")
        # The end of the loop, not `count`: XLA would compile anew for each place of a slice
        # that follows from the scalars of a call, the seed among them.
        end, *carry = ops.while_loop(lambda i, *_: i < count, body, (zero, *carry))
        if tails is not None and tails[which]:
            batch = _batch(rows, n, order, end * size, tails[which], is_padded=False)
            carry = step(tuple(carry), batch)
        return tuple(carry)


def _batch(arrays: Any, n: Any, order: Any, start: Any, size: int, is_padded: bool) -> Any:
    """One batch: X, y, weights, which rows are real (None for all), and how many."""
    X, *others = arrays
    index = None if order is None else ops.slice(order, [start], [size])
    x = _cut(X, start, size) if order is None else _take(X, index)
    y, weight = _cut(others, start, size)
    if not is_padded:
        return x, y, weight, None, ops.convert_to_tensor(size, weight.dtype)
    real = ops.cast(start + ops.arange(size, dtype="int32") < n, weight.dtype)
    return x, y, weight, real, ops.cast(ops.minimum(n - start, size), weight.dtype)


def _take(arrays: Any, index: Any) -> Any:
    return keras.tree.map_structure(lambda array: ops.take(array, index, axis=0), arrays)


def _cut(arrays: Any, start: Any, size: int) -> Any:
    def cut(array: Any) -> Any:
        return ops.slice(array, [start] + [0] * (len(array.shape) - 1), [size, *array.shape[1:]])

    return keras.tree.map_structure(cut, arrays)


def _name_of(structure: Structure, capacity: tuple[int, int]) -> str:
    """A name that is the same in every process; equal names may belong to other programs."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr((structure, capacity)))


def kind_of(rows: Rows) -> str:
    """The types and shapes of rows, but for how many there are."""

    def kind(array: np.ndarray) -> str:
        return f"{array.dtype}{array.shape[1:]}"

    return repr(keras.tree.map_structure(kind, (rows.X, rows.y, rows.weight)))


def padded(array: np.ndarray, length: int) -> np.ndarray:
    """An array with rows of zeros below, up to a length."""
    filled = np.zeros((length, *array.shape[1:]), array.dtype)
    filled[: len(array)] = array
    return filled

"""The function that a program runs: some epochs of training, each a loop over batches."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from skhp.engine.batches import batch_of, take_rows
from skhp.engine.packing import Packing
from skhp.engine.pure_optimizer import PureOptimizer
from skhp.engine.sequencing import after_dependency
from skhp.engine.structure import Structure

# The most bytes of X that are copied in the order of an epoch. XLA takes rows from a table of
# half a megabyte or more in two threads, which takes longer than a step of a small network.
_ORDERED_BYTES = 2**25


class Trained(NamedTuple):
    """What a training step changes, all packed.

    Parameters
    ----------
    trainable, state : list of tensor
        Weights, and what else of the network changes (moving statistics).
    optimizer_variables : list of tensor
    """

    trainable: list[Any]
    state: list[Any]
    optimizer_variables: list[Any]


class Epochs:
    """Some epochs as a function of tensors, to be traced.

    Parameters
    ----------
    backend : module
        One of the engine's backends.
    structure : Structure
    computation : Computation
        The network's loss and logs.
    optimizer : PureOptimizer
    packing : Packing
        How the program holds the trainable weights.
    """

    def __init__(
        self,
        backend: Any,
        structure: Structure,
        computation: Any,
        optimizer: PureOptimizer,
        packing: Packing,
    ) -> None:
        self._backend, self._structure, self._computation = backend, structure, computation
        self._optimizer, self._packing = optimizer, packing
        self.log_names = ["loss", *computation.names]
        if structure.validation_rows:
            self.log_names += [f"val_{name}" for name in self.log_names]

    def __call__(
        self,
        trainable: list[Any],
        state: list[Any],
        optimizer_variables: list[Any],
        scalars: dict[str, Any],
        train: tuple[Any, ...],
        validation: tuple[Any, ...],
        orders: Any,
    ) -> tuple[Any, ...]:
        """Train some epochs.

        Parameters
        ----------
        trainable, state, optimizer_variables : list of tensor
            As in `Trained`.
        scalars : dict of str to tensor
            The other inputs: the numbers of real rows and of epochs to run,
            and settings of the network and of the optimizer.
        train, validation : tuple
            ``(X, y, weight)``, as long as the program's capacity.
        orders : tensor of shape (n_orders, capacity)
            The order of the rows in each epoch.

        Returns
        -------
        tuple
            The number of epochs that ran, which is smaller if a loss was not finite; the new
            weights, state and optimizer variables; and a row of logs for each epoch.
        """

        def goes_on(epoch: Any, _: Trained, logs: Any) -> Any:
            loss = ops.slice(logs, [ops.maximum(epoch - 1, 0), 0], [1, 1])  # 0 at the start
            is_finite = ops.isfinite(ops.reshape(loss, ()))
            return ops.logical_and(is_finite, epoch < scalars["n_epochs"])

        def body(epoch: Any, trained: Trained, logs: Any) -> Any:
            def order(start: Any, size: int) -> Any:
                return ops.reshape(ops.slice(orders, [epoch, start], [1, size]), [size])

            trained, row = self._epoch(trained, scalars, train, order)
            if self._structure.validation_rows:
                sums = self._validate(trained, self._computation.zero(), scalars, validation)
                row += self._logs(sums, scalars["n_validation_rows"])
            # ops.slice_update would compile a program of XLA's, in a plain graph too.
            numbers = ops.reshape(ops.arange(n_orders, dtype="int32"), [n_orders, 1])
            return epoch + 1, trained, ops.where(numbers == epoch, ops.stack(row), logs)

        n_orders = orders.shape[0]
        logs = ops.zeros((n_orders, len(self.log_names)), keras.config.floatx())
        zero = ops.convert_to_tensor(0, "int32")
        start = Trained(trainable, state, optimizer_variables)
        n_run, trained, logs = ops.while_loop(goes_on, body, (zero, start, logs))
        return n_run, *trained, logs

    def _epoch(self, trained: Trained, scalars: Any, rows: Any, order: Any) -> Any:
        """One epoch of training, and its logs."""
        X, *others = rows
        whole = order(0, others[-1].shape[0])
        if _n_bytes(X) <= _ORDERED_BYTES:  # once an epoch, not at each step
            ordered, order = take_rows(rows, whole), None
        else:
            ordered = (X, *take_rows(others, whole))
        zero = self._computation.zero()
        trained, metric_state = self._train(trained, zero, scalars, ordered, order)
        return trained, self._logs(metric_state, scalars["n_rows"])

    def _train(
        self, trained: Trained, metric_state: Any, scalars: Any, rows: Any, order: Any
    ) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            trained, metric_state = carry
            return self._train_step(trained, metric_state, batch, scalars)

        n, size = scalars["n_rows"], scalars["batch_size"]
        start = (trained, [*metric_state, *self._computation.kept(self._structure.batch_size)])
        trained, after = self._sweep(step, start, rows, n, size, order, which=0)
        return trained, after[: len(metric_state)]

    def _train_step(self, trained: Trained, metric_state: Any, batch: Any, scalars: Any) -> Any:
        variables, count = list(trained.optimizer_variables), self._optimizer.iterations
        scalars = {**scalars, "step": variables[count]}

        def objective(weights: list[Any]) -> tuple[Any, Any]:
            return self._computation.step(
                weights, trained.state, metric_state, batch, scalars, training=True
            )

        (_, (state, metric_state)), grads = self._backend.value_and_grad(
            objective, self._packing.split(trained.trainable)
        )
        grads = self._packing.join(grads)
        # The weights are updated in place, once everything that reads them is done.
        variables[count] = after_dependency(variables[count], metric_state[0])
        trainable, variables = self._optimizer.apply(variables, grads, trained.trainable, scalars)
        return Trained(trainable, state, variables), metric_state

    def _validate(self, trained: Trained, metric_state: Any, scalars: Any, rows: Any) -> Any:
        weights = self._packing.split(trained.trainable)

        def step(carry: Any, batch: Any) -> Any:
            (metric_state,) = carry
            _, (_, metric_state) = self._computation.step(
                weights, trained.state, metric_state, batch, scalars, training=False
            )
            return (metric_state,)

        n, size = scalars["n_validation_rows"], self._structure.batch_size
        (metric_state,) = self._sweep(step, (metric_state,), rows, n, size, None, which=1)
        return metric_state

    def _logs(self, metric_state: Any, n: Any) -> list[Any]:
        return self._computation.read(metric_state, ops.cast(n, metric_state[0].dtype))

    def _sweep(
        self, step: Any, carry: Any, rows: Any, n: Any, batch_size: Any, order: Any, which: int
    ) -> Any:
        """Carry a step over the batches of an epoch."""
        size, tails = self._structure.batch_size, self._structure.tails
        most, end = (batch_size, n) if tails is None else (None, n // size * size)
        each = size if most is None else most

        def body(start: Any, *carry: Any) -> Any:
            batch = batch_of(rows, n, order, start, size, most)
            return (start + each, *step(carry, batch))

        zero = ops.convert_to_tensor(0, "int32")
        # The start is part of the loop's state. If the start of a slice were computed from the
        # scalars of a call, such as the batch size, XLA would compile again for each value.
        stop, *carry = ops.while_loop(lambda start, *_: start < end, body, (zero, *carry))
        if tails is None or not tails[which]:
            return tuple(carry)

        def last_step() -> Any:
            batch = batch_of(rows, n, order, stop, tails[which])
            return tuple(step(tuple(carry), batch))

        return self._if_there_is_a_tail(n % size, last_step, tuple(carry))

    def _if_there_is_a_tail(self, n_left: Any, last_step: Any, carry: Any) -> Any:
        """The last partial batch. All rows of an epoch have one."""
        return last_step()


def _n_bytes(arrays: Any) -> int:
    return sum(math.prod(a.shape) * a.dtype.size for a in keras.tree.flatten(arrays))

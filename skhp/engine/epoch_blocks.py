"""The function that a program runs for a large table: one block of an epoch."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from skhp.engine.epochs import Epochs, Trained


class EpochBlocks(Epochs):
    """One block of the rows of an epoch as a function of tensors, to be traced.

    An epoch takes several calls. Each call gets the *metric states* of the training and of the
    validation rows that the call before it returned. The steps are those of `Epochs`, so the
    weights are the same, bit for bit, as with all rows at once.
    """

    def first_metric_states(self) -> list[Any]:
        """The metric states at the beginning of an epoch, as one list."""
        return keras.tree.flatten(self._zeros())

    def _zeros(self) -> Any:
        return (self._computation.zero(), self._computation.zero())

    def __call__(
        self,
        trainable: list[Any],
        state: list[Any],
        optimizer_variables: list[Any],
        scalars: dict[str, Any],
        train: tuple[Any, ...],
        validation: tuple[Any, ...],
        metric_states: list[Any],
    ) -> tuple[Any, ...]:
        """Train on a block, or validate on a block; the other one has no row.

        Parameters
        ----------
        trainable, state, optimizer_variables : list of tensor
            As in `Trained`.
        scalars : dict of str to tensor
            As in `Epochs`, with the number of rows of both blocks and of the epoch.
        train, validation : tuple
            ``(X, y, weight)`` of a block, in the order of the epoch.
        metric_states : list of tensor
            Those of the call before.

        Returns
        -------
        tuple
            1; the new weights, state and optimizer variables; the logs, which are those of the
            epoch after its last block; the new metric states.
        """
        sums, validation_sums = keras.tree.pack_sequence_as(self._zeros(), metric_states)
        trained = Trained(trainable, state, optimizer_variables)
        trained, sums = self._train(trained, sums, scalars, train, None)
        row = self._logs(sums, scalars["n_epoch_rows"])
        if self._structure.validation_rows:
            validation_sums = self._validate(trained, validation_sums, scalars, validation)
            row += self._logs(validation_sums, scalars["n_epoch_validation_rows"])
        metric_states = keras.tree.flatten((sums, validation_sums))
        one = ops.convert_to_tensor(1, "int32")
        return one, *trained, ops.stack(row), metric_states

    def _if_there_is_a_tail(self, n_left: Any, last_step: Any, carry: Any) -> Any:
        """The last partial batch. Only the last block of an epoch has one."""
        return ops.cond(n_left > 0, last_step, lambda: carry)

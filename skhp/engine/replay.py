"""Epochs that an earlier process trained, shown to the per-epoch hooks of this one."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from skhp.engine.checkpoint import Checkpoint
from skhp.engine.plan import Rows, TrainingPlan, TrainingState, Watcher
from skhp.engine.program_run import ProgramRun
from skhp.engine.streamed_run import run_for


class StoppedInReplay(Exception):
    """A hook asked to stop at an epoch before that of the checkpoint.

    Parameters
    ----------
    epochs : int
        How many epochs training has.
    """

    def __init__(self, epochs: int) -> None:
        super().__init__(epochs)
        self.epochs = epochs


class EarlierEpochs:
    """A run whose epochs were trained before, as hooks see it.

    A checkpoint holds no weights of earlier epochs. If a hook asks for them, the epochs are
    trained again from the start. The result is the same, but no time is saved.

    Parameters
    ----------
    plan, rows, validation, start, random_state
        As in `skhp.engine.train.train`. The random state is copied. It must be as it was
        before training.
    """

    is_earlier = True

    def __init__(
        self,
        plan: TrainingPlan,
        rows: Rows,
        validation: Rows | None,
        start: TrainingState,
        random_state: np.random.RandomState,
    ) -> None:
        self._arguments = (plan, rows, validation, start, copy.deepcopy(random_state))
        self._run: ProgramRun | None = None
        self._n_trained = 0
        self.epoch = 0  # how many epochs have ended, as hooks see it

    def state(self) -> TrainingState:
        """The weights after the epochs that have ended."""
        if self._run is None:
            self._run = run_for(*self._arguments)
        while self._n_trained < self.epoch:
            self._n_trained += len(self._run.epochs(self.epoch - self._n_trained))
        return self._run.state()


def replay(checkpoint: Checkpoint, watchers: Sequence[Watcher], earlier: EarlierEpochs) -> bool:
    """Show the epochs of a checkpoint to hooks.

    Parameters
    ----------
    checkpoint : Checkpoint
    watchers : sequence of Watcher
    earlier : EarlierEpochs

    Returns
    -------
    bool
        Whether a hook asks to stop at the last of these epochs.

    Raises
    ------
    StoppedInReplay
        If a hook asks to stop at an epoch before it.
    """
    stop = False
    for epoch in range(checkpoint.n_epochs if watchers else 0):
        if stop:
            raise StoppedInReplay(epoch)
        for watcher in watchers:
            watcher.epoch_begin(epoch, earlier)
        logs = {name: values[epoch] for name, values in checkpoint.history.items()}
        earlier.epoch = epoch + 1
        stop = any([watcher.epoch_end(epoch, logs, earlier) for watcher in watchers])
    return stop

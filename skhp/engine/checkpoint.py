"""Checkpoints of a training run: all that is needed to go on with it, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from skhp.engine.plan import Arrays, History, Outcome, TrainingState


@dataclass
class EarlyStopState:
    """What early stopping has seen so far.

    Parameters
    ----------
    best : float
        The best monitored value, with its sign changed if higher is better.
    waited : int
        Epochs since the best one.
    trainable, state : list of ndarray or None
        The weights of the best epoch; None if no epoch had a finite value.
    """

    best: float
    waited: int
    trainable: Arrays | None = None
    state: Arrays | None = None


@dataclass
class Checkpoint:
    """A training run after some epochs.

    Parameters
    ----------
    state : TrainingState
        The weights and optimizer variables that the last epoch ended with.
    history : dict of str to list of float
    random_state : dict
        ``RandomState.get_state(legacy=False)``, after the last epoch.
    early_stop : EarlyStopState or None
        None without early stopping.
    callback_weights : dict of int to list of ndarray
        The best weights that Keras callbacks have seen, by the position of the callback.
    has_ended : bool
        Whether training stopped here by itself: because of early stopping, or because the loss
        was not finite. A fit with more epochs stops here, too.
    is_resumable : bool
        Whether training can go on from here. It cannot if Keras's own ``fit`` trained.
    engine, reason, diverged_at
        As in `skhp.engine.plan.Outcome`.
    seconds : float
        How long training took, in wall-clock seconds.
    """

    state: TrainingState
    history: History
    random_state: dict[str, Any]
    early_stop: EarlyStopState | None = None
    callback_weights: dict[int, Arrays] = field(default_factory=dict)
    has_ended: bool = False
    is_resumable: bool = True
    engine: str = "compiled"
    reason: str | None = None
    diverged_at: int | None = None
    seconds: float = 0.0

    @property
    def n_epochs(self) -> int:
        """Epochs run."""
        return len(self.history.get("loss", ()))

    def is_result(self, epochs: int) -> bool:
        """Whether a training of this many epochs ends here."""
        return self.n_epochs == epochs or (self.has_ended and self.n_epochs < epochs)

    def outcome(self) -> Outcome:
        """The outcome of a training that ends here."""
        best, state = self.early_stop, self.state
        if best is not None and best.trainable is not None and best.state is not None:
            state = TrainingState(best.trainable, best.state, state.optimizer_variables)
        history = {name: list(values) for name, values in self.history.items()}
        return Outcome(state, history, self.engine, self.reason, self.diverged_at, is_loaded=True)


class Checkpoints:
    """Where a training run finds and stores its checkpoints. This class keeps none."""

    def find(self, epochs: int) -> Checkpoint | None:
        """The checkpoint of the most epochs, but no more than ``epochs``; None without one."""
        return None

    def is_due(self) -> bool:
        """Whether it is time to keep a checkpoint of a training that has not ended."""
        return False

    def keep(self, checkpoint: Checkpoint, is_end: bool) -> None:
        """Keep a checkpoint.

        Parameters
        ----------
        checkpoint : Checkpoint
        is_end : bool
            Whether training ended with it. If not, the next checkpoint replaces it.
        """


NO_CHECKPOINTS = Checkpoints()

"""The input and the result of a training run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from skhp.engine.large_table import part_of

if TYPE_CHECKING:
    from skhp.engine.engine_choice import EngineChoice
    from skhp.keras_objects.catalogue import KerasObject

Arrays = list[np.ndarray]
History = dict[str, list[float]]


class CannotCompile(ValueError):
    """No program can train a network; the message says why."""


@dataclass(frozen=True)
class Rows:
    """Training or validation rows.

    Parameters
    ----------
    X : ndarray or LargeTable of shape (n, n_features), or list or dict of these
        If one of them is a `LargeTable`, a program gets the rows in blocks.
    y : ndarray of shape (n,) or (n, n_outputs)
        Encoded as the loss takes it.
    weight : ndarray of shape (n,)
        Sample weights.
    weighted : bool
        Whether the user gave weights. If not, they are ones.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray
    weighted: bool = True

    def __len__(self) -> int:
        return len(self.weight)

    def __getitem__(self, which: Any) -> Rows:
        return Rows(*self.mapped(lambda array: part_of(array, which)), self.weighted)

    def mapped(self, function: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
        """A function's values for each array of X, for y and for the weights."""
        if isinstance(self.X, np.ndarray) and isinstance(self.y, np.ndarray):
            return function(self.X), function(self.y), function(self.weight)
        import keras

        return keras.tree.map_structure(function, (self.X, self.y, self.weight))


class Network(Protocol):
    """What the engine needs from a network: a perceptron or a Keras model."""

    def programs(self) -> Any:
        """The `ProgramCache` for its programs."""

    def layout(self, shared: bool) -> Any:
        """The arrays to train. Networks with equal layouts share programs."""

    def scalars(self) -> dict[str, np.ndarray]:
        """The scalars of the network that are data to a program."""

    def engine(self, plan: TrainingPlan, n_rows: int) -> EngineChoice:
        """How its program runs for so many rows: compiled by XLA, or as a graph."""

    def computation(self, plan: TrainingPlan, layout: Any, rows: Rows) -> Any:
        """The loss and logs of a batch, to be traced into a program."""

    def takes_padding(self, plan: TrainingPlan) -> bool:
        """Whether a batch may be padded with rows of weight 0."""

    def program_batch_size(self, batch_size: int) -> int:
        """The rows of a batch in its program, if a batch may be padded."""

    def program_columns(self, n_columns: int) -> int:
        """The columns of X in its program, if its weights may be padded."""

    def why_no_program(self, plan: TrainingPlan) -> str | None:
        """Why no program can train it; None if one can."""

    def has_own_code(self, plan: TrainingPlan) -> bool:
        """Whether a program contains functions or classes of the user."""

    def is_tested(self) -> bool:
        """Whether tests compare all such networks with Keras. A fit then checks nothing."""

    def reference(self, plan: TrainingPlan, state: TrainingState) -> tuple[Any, dict[str, Any]]:
        """A Keras model to compare a program with, and scalars for the program."""

    def draws(self) -> bool:
        """Whether a training step of the reference draws random numbers."""

    def units_of_first_product(self) -> int:
        """Units of its first layer, if that can take the entries of sparse rows; 0 if not."""

    def compiled_model(self, plan: TrainingPlan, state: TrainingState) -> Any:
        """The network as a compiled `keras.Model`."""

    def reseed(self, model: Any, seed: int) -> None:
        """Seed the random numbers that training such a model draws."""

    def load(self, model: Any, state: TrainingState) -> None:
        """Assign a state to such a model."""

    def read(self, model: Any) -> tuple[Arrays, Arrays]:
        """Such a model's trainable weights, and what else training changes."""


class Watcher:
    """A per-epoch hook, which may also stop training. This class does nothing.

    ``run.state()`` is the `TrainingState` at that moment.
    """

    def train_begin(self, run: Any) -> None:
        """Before the first epoch."""

    def epoch_begin(self, epoch: int, run: Any) -> None:
        """Before an epoch, counted from 0."""

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """After an epoch; True to stop training."""
        return False

    def train_end(self, run: Any) -> None:
        """After the last epoch."""


@dataclass(frozen=True)
class EarlyStop:
    """Stop training early, and take the best weights so far.

    Parameters
    ----------
    patience : int
        Training stops after this many epochs without a better value.
    monitor : str
        The value's name in the history.
    min_delta : float
        A value is better only if it is better by more than this.
    mode : {"min", "max"}
        Whether lower or higher values are better.
    """

    patience: int
    monitor: str = "val_loss"
    min_delta: float = 0.0
    mode: str = "min"


@dataclass(frozen=True)
class ValidationScore:
    """A score of the network on validation rows, measured after each epoch.

    Parameters
    ----------
    name : str
        Its name in the history.
    measure : callable
        It takes a `TrainingState` and returns a float.
    key : callable
        It returns what the score depends on, apart from the state, as plain values. It raises
        `skhp.keras_objects.fingerprint.NotEstablished` if that is not known.
    """

    name: str
    measure: Callable[[TrainingState], float]
    key: Callable[[], Any]


@dataclass(frozen=True)
class TrainingPlan:
    """Everything about a training run except its rows and weights.

    Parameters
    ----------
    network : Network
    optimizer : KerasObject
    loss : KerasObject or None
        None if the network has its own.
    learning_rate : float, LearningRateSchedule or None
        None for the optimizer's own.
    metrics : mapping of str to KerasObject
        The keys are their names in the history.
    batch_size, epochs : int
    shuffle : bool
        Whether each epoch takes the rows in a new order.
    early_stop : EarlyStop or None
        None to train for all epochs.
    validation_score : ValidationScore or None
        A score to record in the history, in addition to the losses and metrics.
    max_seconds : float or None
        Training stops after the first epoch that ends later.
    callbacks : sequence of keras.callbacks.Callback
    verbose : int
    watchers : sequence of Watcher
        Called after the engine's own. Without any watcher, many epochs run in one call.
    fit_arguments : mapping
        Arguments of ``keras.Model.fit`` that no program has. If there are any, Keras trains.
    """

    network: Network
    optimizer: KerasObject
    loss: Any  # a KerasObject, or None
    learning_rate: Any
    metrics: Mapping[str, KerasObject]
    batch_size: int
    epochs: int
    shuffle: bool = True
    early_stop: EarlyStop | None = None
    validation_score: ValidationScore | None = None
    max_seconds: float | None = None
    callbacks: Sequence[Any] = ()
    verbose: int = 0
    watchers: Sequence[Watcher] = ()
    fit_arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class TrainingState:
    """The state of training: enough to predict, and to continue training.

    Parameters
    ----------
    trainable, state : list of ndarray
        Weights, and what else training changes (moving statistics).
    optimizer_variables : list of ndarray or None
        The optimizer's variables; None before the first step.
    """

    trainable: Arrays
    state: Arrays
    optimizer_variables: Arrays | None = None

    def is_finite(self) -> bool:
        """Whether every weight is a finite number."""
        return all(bool(np.isfinite(a).all()) for a in (*self.trainable, *self.state))


@dataclass
class Outcome:
    """The result of a training run.

    Parameters
    ----------
    state : TrainingState
    history : dict of str to list of float
        One value for each epoch, with Keras's names: "loss", metrics, "val_loss", ...
    engine : {"compiled", "graph", "keras"}
        What trained: a program that XLA compiled, a program as a TensorFlow graph, or
        ``keras.Model.fit``.
    reason : str or None
        Why it was not a program that XLA compiled.
    diverged_at : int or None
        The epoch, counted from 1, whose loss was not finite.
    is_loaded : bool
        Whether it was not trained now, but loaded from a checkpoint.
    is_cut : bool
        Whether training stopped because the plan's ``max_seconds`` had passed.
    """

    state: TrainingState
    history: History = field(default_factory=dict)
    engine: str = "compiled"
    reason: str | None = None
    diverged_at: int | None = None
    is_loaded: bool = False
    is_cut: bool = False

    @property
    def n_epochs(self) -> int:
        """Number of epochs that ran."""
        return len(self.history.get("loss", ()))

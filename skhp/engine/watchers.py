"""Per-epoch hooks, which may also stop training.

A watcher is called at the begin and at the end of each epoch. Without a watcher, many epochs
run in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import tensorboard_profiles
from skhp.engine.checkpoint import EarlyStopState
from skhp.engine.metrics import build_metrics
from skhp.engine.plan import EarlyStop, Rows, TrainingPlan, Watcher
from skhp.engine.pure_optimizer import all_variables


class EarlyStopping(Watcher):
    """Stop when the monitored value no longer gets better, and take the best weights.

    Parameters
    ----------
    rule : EarlyStop
    """

    def __init__(self, rule: EarlyStop) -> None:
        self.rule = rule
        self.sign = 1.0 if rule.mode == "min" else -1.0
        self.best = np.inf
        self.waited = 0
        self.best_weights: Any = None

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """Compare the monitored value with the best one; True when patience has run out."""
        self.waited += 1
        value = self.sign * logs[self.rule.monitor]
        if value + self.rule.min_delta < self.best:
            self.best, self.waited = value, 0
            self.best_weights = run.weights
        return self.waited >= self.rule.patience

    def checkpoint(self, run: Any) -> EarlyStopState:
        """What has been seen so far."""
        if self.best_weights is None:
            return EarlyStopState(self.best, self.waited)
        return EarlyStopState(self.best, self.waited, *run.unpack_weights(self.best_weights))

    def resume(self, seen: EarlyStopState, run: Any) -> None:
        """Go on from what an earlier process has seen."""
        self.best, self.waited = seen.best, seen.waited
        if seen.trainable is not None:
            self.best_weights = run.pack_weights(seen.trainable, seen.state)

    def train_end(self, run: Any) -> None:
        """Take the best weights."""
        if self.best_weights is not None:
            run.weights = self.best_weights


class Printer(Watcher):
    """Print a line an epoch, as Keras does at ``verbose=2``.

    Parameters
    ----------
    epochs : int
        Epochs to come, at most.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """Print the epoch's line."""
        values = " - ".join(f"{name}: {value:.4g}" for name, value in logs.items())
        print(f"Epoch {epoch + 1}/{self.epochs} - {values}")
        return False


class KerasCallbacks(Watcher):
    """Serve Keras callbacks with a real model that follows the run.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
        Training rows.
    has_validation : bool
    """

    def __init__(self, plan: TrainingPlan, rows: Rows, has_validation: bool) -> None:
        self.plan = plan
        self.rows = rows
        self.has_validation = has_validation
        self.steps = -(-len(rows) // plan.batch_size)

    def train_begin(self, run: Any) -> None:
        """Make the model, and tell the callbacks."""
        state = run.state()
        self.model = self.plan.network.compiled_model(self.plan, state)
        build_metrics(self.model, self.rows)
        self.model.stop_training = False
        # The last to see the logs: LearningRateScheduler and others add to them.
        self.history = history = keras.callbacks.History()
        self.callbacks = keras.callbacks.CallbackList(
            [*self.plan.callbacks, history],
            model=self.model,
            verbose=self.plan.verbose,
            epochs=self.plan.epochs,
            steps=self.steps,
        )
        self._show(run)
        self.callbacks.on_train_begin()
        self._follow(run)

    def epoch_begin(self, epoch: int, run: Any) -> None:
        """Tell the callbacks, who may set another learning rate."""
        self.callbacks.on_epoch_begin(epoch)
        self._follow(run)

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """Show the callbacks where the run stands, and take over what they change."""
        self._show(run)
        self._end_batches(logs)
        if self.has_validation:
            self.callbacks.on_test_begin()
            self.callbacks.on_test_end({k[4:]: v for k, v in logs.items() if k[:4] == "val_"})
        self.callbacks.on_epoch_end(epoch, logs)
        logs |= {name: values[-1] for name, values in self.history.history.items()}
        self.last_logs = logs
        self._follow(run)
        return self.model.stop_training

    def train_end(self, run: Any) -> None:
        """Tell the callbacks that it is over."""
        self._show(run)
        self.callbacks.on_train_end(self.last_logs)
        self._follow(run)

    def _end_batches(self, logs: dict[str, float]) -> None:
        # It looks at batches, but an epoch's mean loss is finite only if theirs are.
        for callback in self.callbacks.callbacks:
            if isinstance(callback, keras.callbacks.TerminateOnNaN):
                callback.on_batch_end(self.steps - 1, logs)

    def _show(self, run: Any) -> None:
        state = run.state()
        self.plan.network.load(self.model, state)
        for variable, value in zip(
            all_variables(self.model.optimizer), state.optimizer_variables, strict=True
        ):
            variable.assign(value)

    def _follow(self, run: Any) -> None:
        state = run.state()
        state.trainable, state.state = self.plan.network.read(self.model)
        state.optimizer_variables = [
            keras.ops.convert_to_numpy(v) for v in all_variables(self.model.optimizer)
        ]
        run.load(state)


_BATCH_HOOKS = tuple(
    f"on_{when}batch_{edge}" for when in ("", "train_", "test_") for edge in ("begin", "end")
)

# Keras's own callbacks that have a batch hook -> whether, as set, they need it.
_NEEDS_BATCHES: dict[str, Callable[[Any], bool]] = {
    "TerminateOnNaN": lambda callback: False,
    "ModelCheckpoint": lambda callback: callback.save_freq != "epoch",
    "BackupAndRestore": lambda callback: callback.save_freq != "epoch",
    "TensorBoard": lambda callback: (
        callback.update_freq != "epoch"
        or callback.write_steps_per_second
        or tensorboard_profiles(callback)
    ),
}


def watches_batches(callback: Any) -> bool:
    """Whether a Keras callback has anything to do at a batch."""
    own = type(callback).__module__.split(".")[0] == "keras"
    if own and type(callback).__name__ in _NEEDS_BATCHES:
        return _NEEDS_BATCHES[type(callback).__name__](callback)
    base = keras.callbacks.Callback
    return any(
        getattr(type(callback), hook) is not getattr(base, hook) or hook in vars(callback)
        for hook in _BATCH_HOOKS
    )

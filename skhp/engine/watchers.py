"""Per-epoch hooks, which may also stop training.

A watcher is called at the beginning and at the end of each epoch. Without a watcher, many
epochs run in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skhp.compat.keras import tensorboard_profiles
from skhp.engine.checkpoint import EarlyStopState
from skhp.engine.metrics import build_metrics
from skhp.engine.model_settings import ModelSettings
from skhp.engine.plan import Arrays, EarlyStop, Rows, TrainingPlan, ValidationScore, Watcher
from skhp.engine.pure_optimizer import all_variables
from skhp.keras_objects.origins import is_keras_own


class Scoring(Watcher):
    """Add a score to the logs of each epoch.

    Parameters
    ----------
    score : ValidationScore
    """

    def __init__(self, score: ValidationScore) -> None:
        self.score = score

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """Measure the score, unless the epoch is an earlier one whose score is known."""
        if self.score.name not in logs:
            logs[self.score.name] = self.score.measure(run.state())
        return False


class EarlyStopping(Watcher):
    """Stop when the monitored value no longer improves, and take the best weights.

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
        """Compare the monitored value with the best one; True when the patience is over."""
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
    """Print one line for each epoch, as Keras does with ``verbose=2``.

    Parameters
    ----------
    epochs : int
        The largest number of epochs.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """Print the epoch's line."""
        values = " - ".join(f"{name}: {value:.4g}" for name, value in logs.items())
        print(f"Epoch {epoch + 1}/{self.epochs} - {values}")
        return False


class KerasCallbacks(Watcher):
    """Call Keras callbacks with a real model, which has the weights of the run.

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
        """Make the model, and call the callbacks."""
        state = run.state()
        self.model = self.plan.network.compiled_model(self.plan, state)
        build_metrics(self.model, self.rows)
        self.model.stop_training = False
        # It is called last: LearningRateScheduler and others add to the logs.
        self.history = history = keras.callbacks.History()
        self.callbacks = keras.callbacks.CallbackList(
            [*self.plan.callbacks, history],
            model=self.model,
            verbose=self.plan.verbose,
            epochs=self.plan.epochs,
            steps=self.steps,
        )
        self._show_model(run)
        self.settings = ModelSettings(self.model)
        self.callbacks.on_train_begin()
        self._take_model(run)

    def epoch_begin(self, epoch: int, run: Any) -> None:
        """Call the callbacks, which may set another learning rate.

        Raises
        ------
        CannotCompile
            If they have changed a setting of the model before the first epoch. Keras ignores a
            later change.
        """
        self.callbacks.on_epoch_begin(epoch)
        if epoch == 0:
            self.settings.check_unchanged()
        self._take_model(run)

    def epoch_end(self, epoch: int, logs: dict[str, float], run: Any) -> bool:
        """Call the callbacks with the run's weights, and take what they change."""
        self._show_model(run)
        self._end_batches(logs)
        if self.has_validation:
            self.callbacks.on_test_begin()
            self.callbacks.on_test_end({k[4:]: v for k, v in logs.items() if k[:4] == "val_"})
        self.callbacks.on_epoch_end(epoch, logs)
        logs |= {name: values[-1] for name, values in self.history.history.items()}
        self.last_logs = logs
        self._take_model(run)
        return self.model.stop_training

    def train_end(self, run: Any) -> None:
        """Call the callbacks."""
        self._show_model(run)
        self.callbacks.on_train_end(self.last_logs)
        self._take_model(run)

    def _end_batches(self, logs: dict[str, float]) -> None:
        # It checks each batch. But the mean loss of an epoch is finite only if all losses are.
        for callback in self.callbacks.callbacks:
            if isinstance(callback, keras.callbacks.TerminateOnNaN):
                callback.on_batch_end(self.steps - 1, logs)

    def best_weights(self) -> dict[int, Arrays]:
        """The best weights that callbacks have seen, by the position of the callback."""
        found = {i: getattr(c, "best_weights", None) for i, c in enumerate(self.plan.callbacks)}
        return {i: weights for i, weights in found.items() if weights is not None}

    def follow(self, run: Any, best_weights: dict[int, Arrays]) -> None:
        """Go on with a run that was resumed: with its weights, learning rate and best weights."""
        self._show_model(run)
        for position, weights in best_weights.items():
            self.plan.callbacks[position].best_weights = weights

    def _show_model(self, run: Any) -> None:
        if run.is_earlier:  # the weights of earlier epochs are not known
            return
        state = run.state()
        self.plan.network.load(self.model, state)
        for variable, value in zip(
            all_variables(self.model.optimizer), state.optimizer_variables, strict=True
        ):
            variable.assign(value)

    def _take_model(self, run: Any) -> None:
        if run.is_earlier:
            return
        state = run.state()
        state.trainable, state.state = self.plan.network.read(self.model)
        state.optimizer_variables = [v.numpy() for v in all_variables(self.model.optimizer)]
        run.load(state)


_BATCH_HOOKS = tuple(
    f"on_{when}batch_{edge}" for when in ("", "train_", "test_") for edge in ("begin", "end")
)

# Keras's own callbacks with a batch hook -> whether they need it with their settings.
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
    """Whether a Keras callback does something at each batch."""
    if is_keras_own(type(callback)) and type(callback).__name__ in _NEEDS_BATCHES:
        return _NEEDS_BATCHES[type(callback).__name__](callback)
    base = keras.callbacks.Callback
    return any(
        getattr(type(callback), hook) is not getattr(base, hook) or hook in vars(callback)
        for hook in _BATCH_HOOKS
    )

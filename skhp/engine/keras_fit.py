"""Training with Keras's own ``fit``, if no program can train."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from skhp.compat.tensorflow import backend_seeded, freed_with_model
from skhp.engine.large_table import LargeTable, as_arrays
from skhp.engine.plan import Outcome, Rows, TrainingPlan, TrainingState, Watcher
from skhp.engine.pure_optimizer import all_variables
from skhp.engine.text import text_as_tensors
from skhp.engine.time_limit import TimeLimit
from skhp.engine.watchers import Scoring
from skhp.runtime.global_generators import seeded


class OrderedBatches(keras.utils.PyDataset):
    """Batches whose rows have a new random order in each epoch.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    random_state : RandomState
    """

    def __init__(self, plan: TrainingPlan, rows: Rows, random_state: np.random.RandomState) -> None:
        super().__init__()
        self.rows, self.random_state = rows, random_state
        self.batch_size, self.shuffle = plan.batch_size, plan.shuffle
        self.order = np.arange(len(rows))

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        batch = keras.tree.map_structure(lambda array: array[chosen], _given(self.rows))
        return text_as_tensors(batch)

    def on_epoch_begin(self) -> None:
        """Draw the epoch's order."""
        if self.shuffle:
            self.order = self.random_state.permutation(len(self.rows))


def _given(rows: Rows) -> tuple[Any, ...]:
    # Without weights, a train_step of the user may expect two parts. And Keras takes no weights
    # of rows if each row has several losses.
    return (rows.X, rows.y, rows.weight) if rows.weighted else (rows.X, rows.y)


class _StopWhenNotFinite(keras.callbacks.Callback):
    diverged_at: int | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not np.isfinite(logs["loss"]):
            self.diverged_at = epoch + 1
            self.model.stop_training = True


class _StopInTime(keras.callbacks.Callback):
    is_cut = False

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.limit = TimeLimit(seconds)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        has_more = epoch + 1 < self.params["epochs"] and not self.model.stop_training
        if has_more and self.limit.is_over():
            self.is_cut = self.model.stop_training = True


class _Watched(keras.callbacks.Callback):
    """Call watchers. This callback is their run."""

    def __init__(self, plan: TrainingPlan, watchers: Sequence[Watcher]) -> None:
        super().__init__()
        self.plan, self.watchers = plan, watchers

    def state(self) -> TrainingState:
        return _state(self.plan, self.model)

    def on_train_begin(self, logs: Any = None) -> None:
        for watcher in self.watchers:
            watcher.train_begin(self)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        for watcher in self.watchers:
            watcher.epoch_begin(epoch, self)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        values = {name: float(value) for name, value in logs.items() if not np.ndim(value)}
        if any([watcher.epoch_end(epoch, values, self) for watcher in self.watchers]):
            self.model.stop_training = True
        logs.update(values)  # with what they added: Keras gives all callbacks the same dict

    def on_train_end(self, logs: Any = None) -> None:
        for watcher in self.watchers:
            watcher.train_end(self)


def train_with_keras(
    plan: TrainingPlan,
    rows: Rows,
    validation: Rows | None,
    start: TrainingState,
    random_state: np.random.RandomState,
) -> Outcome:
    """Train with ``keras.Model.fit``.

    Parameters
    ----------
    plan : TrainingPlan
    rows : Rows
    validation : Rows or None
    start : TrainingState
    random_state : RandomState
        For dropout and the order of the rows.
    """
    guard, clock = _StopWhenNotFinite(), _StopInTime(plan.max_seconds)
    model = plan.network.compiled_model(plan, start)
    plan.network.reseed(model, int(random_state.randint(2**31 - 1)))
    resume(model.optimizer, start)
    arguments: dict[str, Any] = {
        "epochs": plan.epochs,
        "validation_data": validation and _validation_data(model, plan, validation),
        "validation_batch_size": plan.batch_size,
        "verbose": 2 if plan.verbose else 0,
        "callbacks": [guard, *_callbacks(plan), clock],
        **plan.fit_arguments,
    }
    fit = _own_fit if has_own_fit(model) else _fit
    with freed_with_model(model.optimizer):
        history = fit(model, plan, rows, random_state, arguments)
    return Outcome(
        _state(plan, model),
        # A metric may have several values: one for each class or threshold.
        {name: [np.asarray(v).tolist() for v in values] for name, values in history.items()},
        engine="keras",
        diverged_at=guard.diverged_at,
        is_cut=clock.is_cut,
    )


def _validation_data(model: keras.Model, plan: TrainingPlan, validation: Rows) -> Any:
    is_large = any(isinstance(table, LargeTable) for table in keras.tree.flatten(validation.X))
    if is_large and not has_own_fit(model):
        in_order = dataclasses.replace(plan, shuffle=False)
        return OrderedBatches(in_order, validation, np.random.RandomState(0))
    return text_as_tensors(as_arrays(_given(validation)))


def _callbacks(plan: TrainingPlan) -> list[Any]:
    callbacks = [*plan.callbacks]
    if plan.validation_score is not None:
        callbacks.insert(0, _Watched(plan, [Scoring(plan.validation_score)]))
    if plan.early_stop is not None:
        rule = dataclasses.asdict(plan.early_stop)
        callbacks.append(keras.callbacks.EarlyStopping(**rule, restore_best_weights=True))
    if plan.watchers:
        callbacks.append(_Watched(plan, plan.watchers))
    return callbacks


def has_own_fit(model: keras.Model) -> bool:
    """Whether a model's class overrides ``fit``."""
    return type(model).fit is not keras.Model.fit


def _fit(
    model: keras.Model,
    plan: TrainingPlan,
    rows: Rows,
    random_state: np.random.RandomState,
    arguments: dict[str, Any],
) -> dict[str, list[float]]:
    # With shuffle=True, Keras would also draw an order of batches from a global generator.
    return model.fit(
        OrderedBatches(plan, rows, random_state), **{"shuffle": False, **arguments}
    ).history


def _own_fit(
    model: keras.Model,
    plan: TrainingPlan,
    rows: Rows,
    random_state: np.random.RandomState,
    arguments: dict[str, Any],
) -> dict[str, list[float]]:
    """Train with the ``fit`` of a user's class, which expects arrays."""
    history = keras.callbacks.History()
    arguments = {
        "batch_size": plan.batch_size,
        "shuffle": plan.shuffle,
        **arguments,
        "callbacks": [*arguments["callbacks"], history],
    }
    if rows.weighted:
        arguments["sample_weight"] = rows.weight
    seed = int(random_state.randint(2**31 - 1))
    with seeded(seed), backend_seeded(seed):
        model.fit(x=as_arrays(rows.X), y=rows.y, **arguments)
    return history.history


def _state(plan: TrainingPlan, model: keras.Model) -> TrainingState:
    return TrainingState(*plan.network.read(model), _values(model.optimizer))


def _values(optimizer: Any) -> list[np.ndarray]:
    return [v.numpy() for v in all_variables(optimizer)]


def resume(optimizer: Any, start: TrainingState) -> None:
    """Give an optimizer the variables in a state; its learning rate stays.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
    start : TrainingState
    """
    for variable, value in zip(
        all_variables(optimizer), start.optimizer_variables or (), strict=False
    ):
        if variable.name != "learning_rate":
            variable.assign(value)

"""Train a compiled Keras model of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skhp.compat.keras_variables import set_variables
from skhp.engine.evaluation import Evaluation
from skhp.engine.metrics import forget_results
from skhp.engine.plan import Outcome, Rows, TrainingPlan, TrainingState, ValidationScore
from skhp.engine.pure_optimizer import all_variables
from skhp.engine.train import train
from skhp.fitting.divergence import check_converged, rate_of
from skhp.keras_objects.catalogue import KerasObject
from skhp.wrappers.keras_network import KerasNetwork, build_optimizer
from skhp.wrappers.stored_fits import NoStoredFits, StoredFits

# Arguments of keras.Model.fit that the engine takes. With any other argument Keras trains.
_KNOWN = {
    "batch_size", "epochs", "initial_epoch", "shuffle", "verbose", "validation_split",
    "validation_data", "validation_batch_size",
}  # fmt: skip


@dataclass
class TrainingRequest:
    """One training that a wrapper asks for.

    Parameters
    ----------
    network : KerasNetwork
        Of a compiled and built model.
    rows : Rows
    validation : Rows or None
    arguments : dict
        Arguments of ``keras.Model.fit``. ``epochs`` counts the epochs to run now.
    callbacks : sequence of keras.callbacks.Callback
    watchers : sequence of Watcher
    seed : int or None
        Seed of the order of rows.
    stored_fits : StoredFits or NoStoredFits
        Where its checkpoints are.
    max_seconds : float or None
    validation_score : ValidationScore or None
    """

    network: KerasNetwork
    rows: Rows
    validation: Rows | None = None
    arguments: dict[str, Any] = field(default_factory=lambda: {"epochs": 1})
    callbacks: Sequence[Any] = ()
    watchers: Sequence[Any] = ()
    seed: int | None = None
    stored_fits: StoredFits | NoStoredFits = field(default_factory=NoStoredFits)
    max_seconds: float | None = None
    validation_score: ValidationScore | None = None


def train_model(request: TrainingRequest) -> Outcome:
    """Train a model's weights in place.

    The optimizer's variables are not set: that takes as long as training a small network,
    and few fits of a search need it. `set_optimizer_variables` sets them.

    Parameters
    ----------
    request : TrainingRequest

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If training diverges. The model then has the weights it had before.
    """
    network, rows, validation = request.network, request.rows, request.validation
    model = network.model
    forget_results(model)
    start = TrainingState(*network.read(model), _optimizer_values(model.optimizer))
    try:
        random_state = check_random_state(request.seed)
        arguments = (_plan(request), rows, validation, start, random_state)
        outcome = train(*arguments, request.stored_fits.checkpoints(*arguments))
        check_converged(outcome, lambda: rate_of(model))
    except BaseException:  # an earlier fit may have trained the model: keep its weights
        network.load(model, start)
        if start.optimizer_variables is not None:
            set_variables(all_variables(model.optimizer), start.optimizer_variables)
        raise
    network.load(model, outcome.state)
    return outcome


def load_state(model: Any, state: TrainingState) -> None:
    """Set the weights of a model.

    Parameters
    ----------
    model : keras.Model
    state : TrainingState
    """
    set_variables(model.trainable_variables, state.trainable)
    set_variables(model.non_trainable_variables, state.state)


def set_optimizer_variables(model: Any, weights: list[Any], values: Sequence[np.ndarray]) -> None:
    """Make the variables of a model's optimizer, and set them.

    Parameters
    ----------
    model : keras.Model
    weights : list of keras.Variable
        The weights that were trained. Layers may be frozen since then.
    values : sequence of ndarray
        As a compiled training left them.
    """
    build_optimizer(model, weights)
    for variable, value in zip(all_variables(model.optimizer), values, strict=True):
        variable.assign(value)


def measure_model(model: Any, rows: Rows) -> Evaluation:
    """A model's loss and metrics on some rows, as a function of its weights.

    Parameters
    ----------
    model : keras.Model
    rows : Rows
    """
    return Evaluation(_plan(TrainingRequest(KerasNetwork(model), rows)), rows)


def _plan(request: TrainingRequest) -> TrainingPlan:
    arguments = request.arguments
    optimizer = request.network.model.optimizer
    epochs = int(arguments["epochs"])
    return TrainingPlan(
        network=request.network,
        optimizer=KerasObject(type(optimizer).__name__, optimizer),
        loss=None,
        learning_rate=None,
        metrics={},
        batch_size=int(arguments.get("batch_size") or 32),
        epochs=epochs,
        shuffle=bool(arguments.get("shuffle", True)),
        max_seconds=request.max_seconds,
        validation_score=request.validation_score,
        callbacks=request.callbacks,
        verbose=0 if arguments.get("verbose") in (None, "auto") else int(arguments["verbose"]),
        watchers=request.watchers,
        fit_arguments=_fit_arguments(request, epochs),
    )


def _fit_arguments(request: TrainingRequest, epochs: int) -> dict[str, Any]:
    """The arguments for Keras's fit that no program takes. With none, a program may train."""
    given = {k: v for k, v in request.arguments.items() if v is not None}
    others = {name: value for name, value in given.items() if name not in _KNOWN}
    start = given.get("initial_epoch", 0)
    # Only Keras's fit and callbacks can see the number of an epoch.
    if start and (others or request.callbacks):
        others |= {"initial_epoch": start, "epochs": start + epochs}
    return others


def _optimizer_values(optimizer: Any) -> list[np.ndarray] | None:
    if not optimizer.built:
        return None
    return [variable.numpy() for variable in all_variables(optimizer)]

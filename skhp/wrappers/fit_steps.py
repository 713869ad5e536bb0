"""The steps of one fit of a wrapper, from data as given to a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.engine.plan import Outcome, Rows, ValidationScore
from skhp.fitting.divergence import rate_of
from skhp.fitting.outcome import fitted_attributes, warn_if_cut, warn_if_diverged
from skhp.runtime.global_generators import seeded
from skhp.wrappers.callbacks import flat_callbacks
from skhp.wrappers.class_weights import times_class_weights
from skhp.wrappers.history import KerasHistory
from skhp.wrappers.inputs import check_is_table, check_validation_data
from skhp.wrappers.model_checks import naming_the_model
from skhp.wrappers.routing import route_params
from skhp.wrappers.rows import checked_weights, encoded_rows, split_rows
from skhp.wrappers.scoring import held_out_rows, score_on
from skhp.wrappers.shared_weights import trained_weights
from skhp.wrappers.stored_fits import NoStoredFits, StoredFits
from skhp.wrappers.training import TrainingRequest, train_model


@dataclass(frozen=True)
class FitCall:
    """One call of ``fit`` or ``partial_fit``, without its data.

    Parameters
    ----------
    epochs : int
        Epochs to run.
    initial_epoch : int
        Number of the first epoch, counted from 0.
    continues : bool
        Whether to train the model of the last call further.
    extends_history : bool
        Whether to append to the history of the last call.
    arguments : mapping of str to object
        Arguments of ``keras.Model.fit`` for this call.
    watchers : sequence of Watcher
    memory : path, FitStore or None
    max_seconds : float or None
    scoring : str, callable or None
        The scorer to measure on the validation rows.
    """

    epochs: int
    initial_epoch: int
    continues: bool
    extends_history: bool
    arguments: Mapping[str, Any]
    watchers: Sequence[Any] = ()
    memory: Any = None
    max_seconds: float | None = None
    scoring: Any = None


def fit_model(estimator: Any, X: Any, y: Any, sample_weight: Any, call: FitCall) -> None:
    """Check the data, build the model if it is a new fit, train, and keep the outcome.

    Parameters
    ----------
    estimator : BaseWrapper
    X, y, sample_weight : array-like
        As the user gave them.
    call : FitCall
    """
    data = (X, y, sample_weight)
    if call.continues:
        X, y = estimator._validate_data(X, y)
        estimator._continue_training()
    else:
        X, y = estimator._initialize(X, y)
    estimator._ensure_compiled_model()
    if not call.continues:  # else the user may have changed the model
        estimator._keep_as_pattern()
    arguments = _fit_arguments(estimator, call)
    class_weight = estimator._class_weight(arguments, y)
    given = arguments.pop("validation_data", None)
    validation_data = None if given is None else check_validation_data(given)
    validation = _validation_rows(estimator, validation_data, class_weight)
    weight = _weights(y, sample_weight, class_weight)
    rows = encoded_rows(estimator, X, y, weight)
    estimator._check_model_compatibility(rows.y)
    which = None
    if validation_data is None:
        which = held_out_rows(len(y), weight, arguments.get("validation_split"))
    score = score_on(estimator, call.scoring, validation_data or data, which)
    _train(estimator, rows, validation, score, arguments, call)


def _fit_arguments(estimator: Any, call: FitCall) -> dict[str, Any]:
    """Arguments of ``keras.Model.fit``: the estimator's parameters, then those of the call."""
    arguments = route_params(estimator._params(), "fit", also=estimator._fit_kwargs)
    arguments = {n: v for n, v in arguments.items() if not n.startswith("callbacks")}
    now = {"epochs": call.epochs, "initial_epoch": call.initial_epoch}
    return {**arguments, **now, **call.arguments}


def _weights(y: np.ndarray, sample_weight: Any, class_weight: Any) -> np.ndarray | None:
    return times_class_weights(checked_weights(y, sample_weight), class_weight, y)


def _validation_rows(estimator: Any, given: Any, class_weight: Any) -> Rows | None:
    """Rows to validate on: checked, weighted and encoded like the training rows."""
    if given is None:
        return None
    X, y, sample_weight = given
    try:
        check_is_table(X, type(estimator).__name__)
        X, y = estimator._validate_data(X, y)
        return encoded_rows(estimator, X, y, _weights(y, sample_weight, class_weight))
    except Exception as error:
        error.add_note("Raised for validation_data, not for the training rows.")
        raise


def _train(
    estimator: Any,
    rows: Rows,
    validation: Rows | None,
    score: ValidationScore | None,
    arguments: dict[str, Any],
    call: FitCall,
) -> None:
    held, seed = estimator._held(), estimator._random_state
    for name in ("batch_size", "validation_batch_size"):
        if arguments.get(name) == -1:
            arguments[name] = len(rows)
    given = arguments.pop("callbacks", None)
    estimator.callbacks_ = [*estimator._fit_callbacks, *flat_callbacks(given)]
    naming = naming_the_model(held.similar, estimator._label(), rows.X, rows.y)
    if validation is None:
        rows, validation = split_rows(rows, arguments.get("validation_split"))
    request = TrainingRequest(
        held.network(),
        rows,
        validation,
        arguments,
        callbacks=estimator.callbacks_,
        watchers=call.watchers,
        seed=seed,
        stored_fits=_stored_fits(estimator, call),
        max_seconds=call.max_seconds,
        validation_score=score,
    )
    # A layer without a seed must not draw the numbers that the builder drew.
    draws = seeded(None if seed is None else seed + 1)
    weights = trained_weights(estimator, held)
    try:
        with draws, naming:
            outcome = train_model(request)
    finally:
        weights.note()
        if estimator._given is not None:
            estimator._given.note_training()
    _keep(estimator, outcome, call.extends_history)


def _stored_fits(estimator: Any, call: FitCall) -> StoredFits | NoStoredFits:
    return NoStoredFits() if call.memory is None else StoredFits(call.memory, estimator._params())


def _keep(estimator: Any, outcome: Outcome, extends_history: bool) -> None:
    """Keep what training gave: the weights, and attributes of the estimator."""
    if outcome.engine != "keras" or outcome.is_loaded:
        estimator._keep_training(outcome)
    before = getattr(estimator, "history_", {}) if extends_history else {}
    history = KerasHistory(before)
    for name, values in outcome.history.items():
        history[name] = [*before.get(name, ()), *values]
    vars(estimator).update(fitted_attributes(outcome, history))
    warn_if_diverged(outcome, rate_of(estimator._similar_model()) if outcome.diverged_at else None)
    warn_if_cut(outcome, estimator.max_seconds)

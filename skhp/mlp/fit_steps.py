"""The steps of one fit of a perceptron, from data as given to a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skhp.engine.plan import TrainingState, ValidationScore
from skhp.fitting.held_out_rows import check_weights, hold_out
from skhp.fitting.rows import CheckedRows
from skhp.fitting.validation_score import scored_rows, validation_score
from skhp.mlp.monitor import monitored_name, scorer_of
from skhp.mlp.network import initial_weights
from skhp.mlp.planning import check_same_weights, plan_network, plan_training
from skhp.mlp.rows import checked_rows, floatx, validation_rows
from skhp.mlp.targets import choose_coding, look_up_metrics
from skhp.mlp.training import train_network

# X, y and weights, as the user gave them.
GivenRows = tuple[Any, Any, Any]


def fit_network(
    estimator: Any,
    given: GivenRows,
    given_validation: GivenRows,
    watchers: Sequence[Any],
    continues: bool,
) -> None:
    """Check the data, plan the network, train it for all epochs, and keep the outcome.

    Parameters
    ----------
    estimator : BaseMLP
    given, given_validation : tuple
        X, y and sample_weight, and those to validate on.
    watchers : sequence of Watcher
    continues : bool
        Whether to train the network of the last fit further.
    """
    rows = checked_rows(estimator, *given, reset=not continues)
    _plan_network(estimator, continues)
    validation = validation_rows(estimator, *given_validation)
    scored, held_out = given_validation, None
    if validation is None and estimator.early_stopping:
        train, held_out = _held_out(estimator, rows)
        scored = given
        rows, validation = rows.part(train), rows.part(held_out)
    score = _score(estimator, scored, held_out) if estimator.early_stopping else None
    plan = plan_training(estimator._params(), estimator._network, estimator._coding)
    plan = replace(plan, watchers=watchers, validation_score=score)
    train_network(estimator, plan, rows, validation, estimator.memory)


def fit_one_epoch(estimator: Any, given: GivenRows, continues: bool, **classes: Any) -> None:
    """Check the data, train the network for one epoch, and keep the outcome.

    Parameters
    ----------
    estimator : BaseMLP
    given : tuple
        X, y and sample_weight.
    continues : bool
        Whether there is a network to train further.
    **classes : array-like
        ``classes`` of ``partial_fit``.
    """
    rows = checked_rows(estimator, *given, reset=not continues, **classes)
    _plan_network(estimator, continues)
    plan = plan_training(estimator._params(), estimator._network, estimator._coding)
    train_network(estimator, replace(plan, early_stop=None, epochs=1), rows, None, memory=None)


def _plan_network(estimator: Any, continues: bool) -> None:
    params = estimator._params()
    coding = choose_coding(estimator._task, estimator.n_outputs_, estimator.loss)
    network = plan_network(params, estimator.n_features_in_, coding)
    if continues:
        check_same_weights(estimator._network, network)
    else:
        estimator._random_state = check_random_state(estimator.random_state)
        estimator._state = TrainingState(*initial_weights(network, estimator._random_state))
        estimator.history_ = {}
        estimator.n_epochs_ = 0
    estimator._coding, estimator._network = coding, network
    # Later changes of parameters must not change a fitted network.
    estimator._fitted_params = {**params, "callbacks": None}


def _held_out(estimator: Any, rows: CheckedRows) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to train on, and to validate on."""
    fraction = float(estimator.validation_fraction)
    stratify, classes = estimator._stratify(rows.y), getattr(estimator, "classes_", None)
    train, held_out = hold_out(len(rows), fraction, stratify, estimator._random_state, classes)
    check_weights(rows.weight.astype(floatx()), train, held_out, fraction)
    return train, held_out


def _score(estimator: Any, scored: GivenRows, which: np.ndarray | None) -> ValidationScore | None:
    """The score that early stopping watches; None if it watches the loss or a metric.

    It is measured on the rows ``which`` of X, y and weights, or on all.
    """
    metrics = look_up_metrics(estimator.metrics, estimator._coding)
    scorer = scorer_of(estimator.monitor, metrics)
    if scorer is None:
        return None
    rows = scored_rows(*scored, which)
    name = monitored_name(estimator.monitor)
    return validation_score(name, scorer, rows, estimator._with_state, "monitor")

"""Train the network of an estimator on checked rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp.engine.checkpoint import Checkpoints
from skhp.engine.large_table import LargeTable
from skhp.engine.plan import Outcome, Rows, TrainingPlan
from skhp.engine.train import train
from skhp.fitting.divergence import check_converged
from skhp.fitting.fit_checkpoints import FitRequest, store_for
from skhp.fitting.fit_key import fit_key
from skhp.fitting.outcome import fitted_attributes, warn_if_cut, warn_if_diverged
from skhp.fitting.rows import CheckedRows
from skhp.keras_objects.catalogue import look_up
from skhp.mlp.history import joined_history
from skhp.mlp.network_key import network_key
from skhp.mlp.planning import optimizer_token
from skhp.mlp.target_coding import TargetCoding
from skhp.mlp.user_functions import check_weights_count


def train_network(
    estimator: Any,
    plan: TrainingPlan,
    rows: CheckedRows,
    validation: CheckedRows | None,
    memory: Any,
) -> None:
    """Train from the estimator's weights, and keep what training gives.

    Parameters
    ----------
    estimator : BaseMLP
    plan : TrainingPlan
    rows, validation : CheckedRows
    memory : path, FitStore or None
        Where earlier fits are kept.
    """
    check_weights_count(estimator._coding, rows.weight)
    estimator.callbacks_ = list(plan.callbacks)
    token = optimizer_token(estimator.optimizer, plan)
    if estimator._optimizer_token != token:
        estimator._state.optimizer_variables = None  # they are another optimizer's
    held_out = None if validation is None else encoded_rows(validation, estimator._coding)
    encoded = encoded_rows(rows, estimator._coding)
    arguments = (plan, encoded, held_out, estimator._state, estimator._random_state)
    outcome = train(*arguments, checkpoints=_checkpoints(estimator, memory, *arguments))
    estimator._optimizer_token = token
    _keep(estimator, outcome)


def encoded_rows(rows: CheckedRows, coding: TargetCoding) -> Rows:
    """Checked rows as the engine takes them.

    Parameters
    ----------
    rows : CheckedRows
    coding : TargetCoding
    """
    X = rows.X if isinstance(rows.X, LargeTable) else np.ascontiguousarray(rows.X)
    return Rows(X, coding.encode(rows.y, X.dtype.name), rows.weight.astype(X.dtype))


def _checkpoints(estimator: Any, memory: Any, plan: TrainingPlan, *arguments: Any) -> Checkpoints:
    """Checkpoints of earlier fits with these arguments of the engine."""

    def key() -> str:
        return fit_key(network_key(estimator._network), plan, *arguments)

    request = FitRequest(plan, estimator._state, estimator._params(), key)
    return store_for(memory).checkpoints(request)


def _keep(estimator: Any, outcome: Outcome) -> None:
    rate = learning_rate(estimator)
    check_converged(outcome, lambda: rate)
    estimator._state = outcome.state
    estimator.__dict__.pop("_model", None)
    history = joined_history(estimator.history_, outcome.history)
    estimator.__dict__.update(fitted_attributes(outcome, history))
    warn_if_diverged(outcome, rate)
    warn_if_cut(outcome, estimator.max_seconds)


def learning_rate(estimator: Any) -> Any:
    """The learning rate that training starts with: the parameter or the optimizer's own.

    Parameters
    ----------
    estimator : BaseMLP
        Fitted.
    """
    params = estimator._fitted_params
    if params["learning_rate"] is not None:
        return params["learning_rate"]
    return look_up("optimizer", params["optimizer"]).config["learning_rate"]

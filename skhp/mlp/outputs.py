"""What a fitted perceptron computes for rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhp import runtime
from skhp.engine.large_table import LargeTable
from skhp.fitting.divergence import check_can_predict
from skhp.mlp.prediction import predict
from skhp.mlp.rows import rows_to_predict


def network_outputs(estimator: Any, X: Any) -> np.ndarray:
    """The outputs of the network.

    Parameters
    ----------
    estimator : BaseMLP
        Fitted.
    X : array-like
        As the user gave it.

    Returns
    -------
    ndarray of shape (n, n_outputs)
    """
    state = estimator._state
    rows = rows_to_predict(estimator, X, state.trainable[0].dtype)
    check_can_predict(estimator, state.is_finite(), lambda: _learning_rate(estimator))
    if not isinstance(rows, LargeTable):
        return predict(estimator._network, state, rows)
    if rows.has_few_entries():
        return predict(estimator._network, state, rows.table)
    return _in_blocks(estimator, rows)


def _in_blocks(estimator: Any, X: LargeTable) -> np.ndarray:
    """The outputs for a large X, by Keras: its kernels take a third of NumPy's time."""
    runtime.start()
    from skhp.engine.block_outputs import outputs_in_blocks, rows_at_once

    model = estimator.model_
    return outputs_in_blocks(model, X, rows_at_once(model, X))


def _learning_rate(estimator: Any) -> Any:
    from skhp.mlp.training import learning_rate  # it imports Keras, and predicting does not

    return learning_rate(estimator)

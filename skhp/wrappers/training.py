"""Train a compiled Keras model of any kind, and predict with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops
from sklearn.utils import check_random_state

from skhp.engine.evaluation import Evaluation
from skhp.engine.metrics import forget_results
from skhp.engine.plan import Outcome, Rows, TrainingPlan, TrainingState
from skhp.engine.pure_optimizer import all_variables
from skhp.engine.text import text_as_tensors
from skhp.engine.train import train
from skhp.engine.user_callbacks import lent
from skhp.fitting.divergence import check_converged, rate_of
from skhp.keras_objects.catalogue import KerasObject
from skhp.wrappers.computation import KerasNetwork, build_optimizer
from skhp.wrappers.model_structure import predicts_rows_alone
from skhp.wrappers.row_blocks import row_blocks

# Arguments of keras.Model.fit that the engine takes; any other makes Keras train.
_KNOWN = {
    "batch_size", "epochs", "initial_epoch", "shuffle", "verbose", "validation_split",
    "validation_data", "validation_batch_size",
}  # fmt: skip

# Rows predicted at once.
_PREDICT_ROWS = 1024

# Keras compiles `predict`, which pays where there are more batches than these.
_MOST_EAGER_BATCHES = 32


@dataclass
class TrainingRequest:
    """What a wrapper asks to be trained.

    Parameters
    ----------
    model : keras.Model
        Compiled, with its weights made.
    X, y : array, or list or dict of arrays
    sample_weight : array-like of shape (n,) or None
    arguments : dict
        Of ``keras.Model.fit``; ``epochs`` counts those to come.
    callbacks : sequence of keras.callbacks.Callback
    watchers : sequence of Watcher
    seed : int or None
        Of the order of rows.
    """

    model: Any
    X: Any
    y: Any
    sample_weight: Any
    arguments: dict[str, Any]
    callbacks: Sequence[Any] = ()
    watchers: Sequence[Any] = ()
    seed: int | None = None
    random_state: np.random.RandomState = field(init=False)

    def __post_init__(self) -> None:
        self.random_state = check_random_state(self.seed)
        n = _n_rows(self.X)
        for name in ("batch_size", "validation_batch_size"):
            if self.arguments.get(name) == -1:
                self.arguments[name] = n


def train_model(request: TrainingRequest) -> Outcome:
    """Train a model's weights in place.

    Its optimizer's variables are left to `settle_optimizer`: few who search look at them,
    and making them takes as long as training a small network.

    Parameters
    ----------
    request : TrainingRequest

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If training diverges. The model is then as it was.
    """
    forget_results(request.model)
    network, optimizer = KerasNetwork(request.model), request.model.optimizer
    rows, validation = _rows(request)
    optimizer_variables = _values(all_variables(optimizer)) if optimizer.built else None
    state = TrainingState(*network.read(request.model), optimizer_variables)
    try:
        outcome = train(_plan(request, network), rows, validation, state, request.random_state)
        check_converged(outcome, rate_of(request.model))
    except BaseException:
        _restore(request.model, network, state)
        raise
    network.load(request.model, outcome.state)
    return outcome


def _restore(model: Any, network: KerasNetwork, state: TrainingState) -> None:
    """Undo what an interrupted training has changed: it may be a warm start's."""
    network.load(model, state)
    if state.optimizer_variables is not None:
        for variable, value in zip(
            all_variables(model.optimizer), state.optimizer_variables, strict=False
        ):
            variable.assign(value)


def settle_optimizer(model: Any, optimizer_variables: list[np.ndarray]) -> None:
    """Give a model's optimizer the variables that training left.

    Parameters
    ----------
    model : keras.Model
    optimizer_variables : list of ndarray
        Of a compiled run's `TrainingState`.
    """
    build_optimizer(model)
    for variable, value in zip(all_variables(model.optimizer), optimizer_variables, strict=True):
        variable.assign(value)


def measure_model(request: TrainingRequest) -> Evaluation:
    """A model's loss and metrics on the request's rows, as a function of its weights.

    Parameters
    ----------
    request : TrainingRequest
    """
    network = KerasNetwork(request.model)
    return Evaluation(_plan(request, network), _rows(request)[0])


def _fit_arguments(request: TrainingRequest, epochs: int) -> dict[str, Any]:
    """Of Keras's fit, those that no program knows; none where it need not run."""
    given = {k: v for k, v in request.arguments.items() if v is not None}
    exotic = {name: value for name, value in given.items() if name not in _KNOWN}
    start = given.get("initial_epoch", 0)
    # Only callbacks see by what number an epoch goes.
    if start and (exotic or request.callbacks):
        exotic |= {"initial_epoch": start, "epochs": start + epochs}
    return exotic


def _plan(request: TrainingRequest, network: KerasNetwork) -> TrainingPlan:
    arguments = request.arguments
    optimizer = request.model.optimizer
    batch_size, epochs = int(arguments.get("batch_size") or 32), int(arguments["epochs"])
    return TrainingPlan(
        network=network,
        optimizer=KerasObject(type(optimizer).__name__, optimizer),
        loss=None,
        learning_rate=None,
        metrics={},
        batch_size=batch_size,
        epochs=epochs,
        shuffle=bool(arguments.get("shuffle", True)),
        callbacks=request.callbacks,
        verbose=0 if arguments.get("verbose") in (None, "auto") else int(arguments["verbose"]),
        watchers=request.watchers,
        fit_arguments=_fit_arguments(request, epochs),
    )


def _rows(request: TrainingRequest) -> tuple[Rows, Rows | None]:
    weight = request.sample_weight
    n = _n_rows(request.X)
    rows = _as_rows(request.X, request.y, weight, n)
    given = request.arguments.get("validation_data")
    if given is not None:
        X, y, *rest = given
        return rows, _as_rows(X, y, rest[0] if rest else None, _n_rows(X))
    split = request.arguments.get("validation_split") or 0.0
    if not split:
        return rows, None
    # As Keras does it: the last rows, before any shuffling.
    cut = int(n * (1 - split))
    return _part(rows, slice(0, cut)), _part(rows, slice(cut, n))


def _as_rows(X: Any, y: Any, weight: Any, n: int) -> Rows:
    floatx = keras.config.floatx()

    def array(value: Any) -> np.ndarray:
        value = value.toarray() if hasattr(value, "toarray") else np.asarray(value)
        return value.astype(floatx, copy=False) if value.dtype.kind == "f" else value

    weights = np.ones(n, floatx) if weight is None else np.asarray(weight, floatx)
    X, y = keras.tree.map_structure(array, (X, y))
    return Rows(X, y, weights, weighted=weight is not None)


def _part(rows: Rows, which: slice) -> Rows:
    X, y = keras.tree.map_structure(lambda array: array[which], (rows.X, rows.y))
    return Rows(X, y, rows.weight[which], rows.weighted)


def _n_rows(X: Any) -> int:
    first = keras.tree.flatten(X)[0]
    return first.shape[0] if hasattr(first, "shape") else len(first)


def _values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [ops.convert_to_numpy(variable) for variable in variables]


def predict_model(
    model: Any, X: Any, arguments: dict[str, Any], callbacks: Sequence[Any]
) -> np.ndarray | list[Any] | dict[str, Any]:
    """A model's outputs for rows of X.

    Parameters
    ----------
    model : keras.Model
    X : array, or list or dict of arrays
    arguments : dict
        Of ``keras.Model.predict``.
    callbacks : sequence of keras.callbacks.Callback

    Returns
    -------
    ndarray, or list or dict of ndarray
    """
    n = _n_rows(X)
    if arguments.get("batch_size") == -1:
        arguments["batch_size"] = n
    own = any(
        getattr(type(model), name) is not getattr(keras.Model, name)
        for name in ("predict_step", "predict")
    )
    if callbacks or own or "steps" in arguments:
        X = text_as_tensors(X)
        with lent(callbacks):
            return model.predict(X, callbacks=list(callbacks), **{"verbose": 0, **arguments})
    arrays = all(isinstance(leaf, np.ndarray) for leaf in keras.tree.flatten(X))
    if not (arrays and predicts_rows_alone(model)):
        return _predict_in_batches_of_keras(model, X, arguments)
    blocks = row_blocks(X, arguments.get("batch_size") or _PREDICT_ROWS)
    pieces = [model(block, training=False) for block in blocks]
    return keras.tree.map_structure(lambda *outputs: _joined(outputs, n), *pieces)


def _predict_in_batches_of_keras(model: Any, X: Any, arguments: dict[str, Any]) -> Any:
    """Outputs where they may depend on the other rows of a batch: in Keras's batches."""
    n, size = _n_rows(X), arguments.get("batch_size") or 32
    if n > _MOST_EAGER_BATCHES * size:
        return model.predict(text_as_tensors(X), **{"verbose": 0, **arguments})
    starts = range(0, n, size)
    blocks = [keras.tree.map_structure(lambda a: a[i : i + size], X) for i in starts]  # noqa: B023
    pieces = [model(text_as_tensors(block), training=False) for block in blocks]
    return keras.tree.map_structure(lambda *outputs: _joined(outputs, n), *pieces)


def _joined(pieces: Sequence[Any], n: int) -> np.ndarray:
    joined = np.concatenate([ops.convert_to_numpy(piece) for piece in pieces])[:n]
    return joined if joined.dtype.kind == "f" and joined.dtype.itemsize >= 4 else _full(joined)


def _full(array: np.ndarray) -> np.ndarray:
    return array.astype("float32") if array.dtype.kind not in "iub" else array

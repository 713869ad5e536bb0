"""A new program is compared with Keras in two steps: a full batch and a partial batch.

A layer, loss or optimizer may do something that the engine does not know. Keras takes the same
two steps eagerly, from the same weights, with its own `compute_loss` and optimizer. If the
loss, the metrics or the weights differ, the fit trains with Keras.

The check cannot find an error that both sides make, or one that the first two batches do not
show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from skhp.engine import optimizer_settings as optimizers
from skhp.engine.backends import tensorflow as backend
from skhp.engine.keras_fit import resume
from skhp.engine.plan import Arrays, CannotCompile, Rows, TrainingPlan, TrainingState

# How much two ways to compute the same may differ: losses, and changes of a weight relative to
# its largest change.
_LOSS_TOLERANCE, _CHANGE_TOLERANCE = 1e-3, 1e-2

# Rounding of a gradient, relative to its largest value, and to the largest of all gradients.
_ROUNDING, _ROUNDING_OF_ALL = 1e-4, 1e-6


@dataclass
class Steps:
    """The result of two training steps.

    Parameters
    ----------
    loss : float
        Mean over the rows.
    metrics : dict of str to float
    state : TrainingState
    """

    loss: float
    metrics: dict[str, float]
    state: TrainingState


def needs_check(plan: TrainingPlan, is_checked: bool) -> bool:
    """Whether a fit checks its program first.

    If the program contains code of the user, each fit does: such code may read values that no
    fingerprint has. If all code is Keras's own, only the first fit of a program does.

    Parameters
    ----------
    plan : TrainingPlan
    is_checked : bool
        Whether a fit has checked the program.
    """
    return has_own_code(plan) or not (is_checked or plan.network.is_tested())


def has_own_code(plan: TrainingPlan) -> bool:
    """Whether a program contains functions or classes of the user.

    Parameters
    ----------
    plan : TrainingPlan
    """
    return plan.network.has_own_code(plan) or optimizers.has_own_code(
        plan.optimizer, plan.learning_rate
    )


def rows_to_check(n_rows: int, batch_size: int) -> int:
    """How many rows two steps take: a full batch, and the partial batch if there is one."""
    if n_rows <= batch_size:
        return n_rows
    return batch_size + (n_rows % batch_size or batch_size)


def check(
    plan: TrainingPlan, reference: keras.Model, rows: Rows, start: TrainingState, found: Steps
) -> None:
    """Compare two steps of a program with Keras's.

    Parameters
    ----------
    plan : TrainingPlan
    reference : keras.Model
        Compiled, of the plan's network. Afterwards it has the weights of ``start``.
    rows : Rows
        The rows of the two steps, in their order.
    start : TrainingState
    found : Steps
        The result of the program.

    Raises
    ------
    CannotCompile
        If they differ; the message says how.
    """
    try:
        wanted = _steps_of_keras(plan, reference, rows, start)
        reason = _difference(wanted, found, start)
        if reason and "weights" in reason:
            # Adam and others make a full step even if a gradient is only a rounding error.
            spread = _spread(plan, reference, rows, start, wanted)
            reason = _difference(wanted, found, start, spread)
    except CannotCompile:
        raise
    except Exception as error:  # some gradients of Keras work in a graph only
        raise CannotCompile(f"Keras cannot take its first steps eagerly: {error}") from error
    finally:
        plan.network.load(reference, start)
        reference.reset_metrics()
    if reason:
        raise CannotCompile(f"its first steps differ from those of Keras: {reason}")


def _steps_of_keras(
    plan: TrainingPlan, model: keras.Model, rows: Rows, start: TrainingState, rounding: int = 0
) -> Steps:
    plan.network.load(model, start)
    model.reset_metrics()
    optimizer = optimizers.make_optimizer(plan.optimizer.value, plan.learning_rate)
    optimizer.build(model.trainable_variables)
    resume(optimizer, start)
    total = 0.0
    for begin in range(0, len(rows), plan.batch_size):
        chosen = slice(begin, begin + plan.batch_size)
        x, y, weight = rows.mapped(lambda a: backend.tensors([a[chosen]])[0])  # noqa: B023
        given = weight if rows.weighted else None
        total += _step_of_keras(model, optimizer, x, y, given, rounding) * len(weight)
    trainable, state = plan.network.read(model)
    metrics = {n: float(v) for n, v in model.get_metrics_result().items() if n != "loss"}
    return Steps(total / len(rows), metrics, TrainingState(trainable, state))


def _step_of_keras(
    model: keras.Model, optimizer: Any, x: Any, y: Any, weight: Any, rounding: int
) -> float:
    def loss_and_outputs() -> tuple[Any, Any]:
        outputs = model(x, training=True)
        return model.compute_loss(x, y, outputs, weight, training=True), outputs

    variables = model.trainable_variables
    (loss, outputs), gradients = backend.value_and_grad_of_variables(loss_and_outputs, variables)
    if all(gradient is None for gradient in gradients):  # Keras's fit has an error for it
        raise CannotCompile("the loss depends on no weight")
    model.compute_metrics(x, y, outputs, weight)
    optimizer.apply(_rounded(_filled(gradients, variables), rounding), variables)
    return float(loss)


def _filled(gradients: list[Any], variables: list[Any]) -> list[Any]:
    """Gradients, with zeros for weights that the loss does not depend on."""
    pairs = zip(gradients, variables, strict=True)
    return [keras.ops.zeros_like(v) if g is None else g for g, v in pairs]


def _rounded(gradients: list[Any], direction: int) -> list[Any]:
    """Gradients with a rounding error; without one for direction 0."""
    if not direction:
        return gradients
    sizes = [backend.largest(gradient) for gradient in gradients]
    return [
        backend.shifted(gradient, direction * (_ROUNDING * size + _ROUNDING_OF_ALL * max(sizes)))
        for gradient, size in zip(gradients, sizes, strict=True)
    ]


def _spread(
    plan: TrainingPlan, model: keras.Model, rows: Rows, start: TrainingState, wanted: Steps
) -> Arrays:
    """How much a rounding error in the gradients can change each weight."""
    moved = [_steps_of_keras(plan, model, rows, start, rounding) for rounding in (1, -1)]
    return [
        np.maximum(*(np.abs(other.state.trainable[i] - weight) for other in moved))
        for i, weight in enumerate(wanted.state.trainable)
    ]


def _difference(
    wanted: Steps, found: Steps, start: TrainingState, spread: Arrays | None = None
) -> str | None:
    """What differs, in words. None if nothing does, or if Keras itself diverges."""
    if not (np.isfinite(wanted.loss) and wanted.state.is_finite()):
        return None
    # Types of half precision round more.
    factor = 1 if all(a.dtype.itemsize >= 4 for a in start.trainable) else 20
    if not np.isclose(found.loss, wanted.loss, rtol=factor * _LOSS_TOLERANCE, atol=1e-6):
        return f"a loss of {found.loss:.6g}, not {wanted.loss:.6g}"
    for name, value in wanted.metrics.items():
        if name in found.metrics and not _is_metric_close(found.metrics[name], value):
            return f"{name} of {found.metrics[name]:.6g}, not {value:.6g}"
    before = [*start.trainable, *start.state]
    pairs = zip(
        [*wanted.state.trainable, *wanted.state.state],
        [*found.state.trainable, *found.state.state],
        strict=True,
    )
    for i, (theirs, ours) in enumerate(pairs):
        by_rounding = spread[i] if spread and i < len(spread) else 0.0
        if not _is_change_close(before[i], theirs, ours, by_rounding, factor):
            return f"the weights of shape {theirs.shape} change differently"
    return None


def _is_metric_close(ours: float, theirs: float) -> bool:
    # Rounding may move a score across a threshold. In few rows that changes a metric a lot.
    return not np.isfinite(theirs) or bool(np.isclose(ours, theirs, rtol=5e-2, atol=5e-2))


def _is_change_close(
    before: np.ndarray, theirs: np.ndarray, ours: np.ndarray, by_rounding: Any, factor: int
) -> bool:
    if theirs.dtype.kind != "f":
        return np.array_equal(theirs, ours)
    largest = np.abs(theirs - before).max(initial=0)
    last_bits = 8 * np.finfo(theirs.dtype).eps * np.abs(theirs)
    allowed = factor * _CHANGE_TOLERANCE * largest + last_bits + 4 * by_rounding + 1e-30
    return bool((np.abs(theirs - ours) <= allowed).all())

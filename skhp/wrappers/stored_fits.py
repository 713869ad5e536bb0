"""Checkpoints of a model's training in the store of a wrapper's ``memory``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skhp.engine.checkpoint import NO_CHECKPOINTS, Checkpoints
from skhp.engine.plan import Rows, TrainingPlan, TrainingState
from skhp.engine.program_training import why_no_program
from skhp.engine.text import holds_text
from skhp.fitting.fit_checkpoints import FitRequest, store_for
from skhp.fitting.fit_key import fit_key
from skhp.keras_objects.fingerprint import NotEstablished


@dataclass(frozen=True)
class StoredFits:
    """Finds the checkpoints of one fit.

    Parameters
    ----------
    memory : path or FitStore
    params : mapping of str to object
        The parameters of the estimator.
    """

    memory: Any
    params: Mapping[str, Any]

    def checkpoints(
        self,
        plan: TrainingPlan,
        rows: Rows,
        validation: Rows | None,
        start: TrainingState,
        random_state: np.random.RandomState,
    ) -> Checkpoints:
        """The checkpoints of fits with these arguments of the engine.

        Parameters
        ----------
        plan, rows, validation, start, random_state
            As in `skhp.engine.train.train`.
        """

        def key() -> str:
            if holds_text(rows.X):
                raise NotEstablished("X holds text")
            network = (_model_key(plan.network), _settings_of_keras_fit(plan))
            return fit_key(network, plan, rows, validation, start, random_state)

        return store_for(self.memory).checkpoints(FitRequest(plan, start, self.params, key))


class NoStoredFits:
    """Stores no fit: for ``memory=None``, and for ``partial_fit``."""

    def checkpoints(self, *arguments: Any) -> Checkpoints:
        """No checkpoints."""
        return NO_CHECKPOINTS


def _model_key(network: Any) -> tuple[Any, ...]:
    if network.why_unknown is not None:
        raise NotEstablished(network.why_unknown)
    layout = network.layout(shared=False)
    # Names of layers and weights are not in it. They differ from process to process.
    return ("model", layout.token, layout.shapes, layout.state_shapes, layout.state_dtypes)


def _settings_of_keras_fit(plan: TrainingPlan) -> tuple[Any, ...] | None:
    """What only Keras's own ``fit`` reads; None if a program trains."""
    if why_no_program(plan) is None:
        return None
    if plan.callbacks or plan.fit_arguments:
        given = ", ".join(plan.fit_arguments) or "Keras callbacks"
        raise NotEstablished(f"Keras's own fit trains it, with {given}")
    network: Any = plan.network
    return (network.model.run_eagerly, str(network.model.jit_compile))

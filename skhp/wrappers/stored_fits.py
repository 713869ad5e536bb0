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
from skhp.fitting.fit_key import fit_key
from skhp.fitting.remembered import FitRequest, store_for
from skhp.keras_objects.fingerprint import NotEstablished


@dataclass(frozen=True)
class StoredFits:
    """Finds the checkpoints of one fit.

    Parameters
    ----------
    memory : path or FitStore
    params : mapping of str to object
        Of the estimator.
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
            why_not = "X holds text" if holds_text(rows.X) else why_no_program(plan)
            if why_not is not None:
                raise NotEstablished(why_not)
            return fit_key(_model_key(plan), plan, rows, validation, start, random_state)

        return store_for(self.memory).checkpoints(FitRequest(plan, start, self.params, key))


class NoStoredFits:
    """The fits of ``memory=None``, and of ``partial_fit``: none is stored."""

    def checkpoints(self, *arguments: Any) -> Checkpoints:
        """None at all."""
        return NO_CHECKPOINTS


def _model_key(plan: TrainingPlan) -> tuple[Any, ...]:
    layout = plan.network.layout(shared=False)
    # Names of layers and weights are not in it. They differ from process to process.
    return ("model", layout.token, layout.shapes, layout.state_shapes, layout.state_dtypes)

"""What a perceptron computes, for the key of a stored fit."""

from __future__ import annotations

from typing import Any

from skhp.fitting.fit_key import established_token
from skhp.mlp.spec import MLPSpec


def network_key(spec: MLPSpec) -> tuple[Any, ...]:
    """Everything that a perceptron's training depends on, except its first weights.

    Parameters
    ----------
    spec : MLPSpec

    Raises
    ------
    skhp.keras_objects.fingerprint.NotEstablished
        If it is not known what the user's own activation computes.
    """
    return (
        "perceptron",
        (spec.n_features, *spec.widths, spec.n_outputs),
        established_token(spec.activation),
        established_token(spec.output_activation),
        (spec.batch_norm, spec.dropout, spec.l2),
    )

"""Class weights that ``partial_fit`` can use."""

from __future__ import annotations

from typing import Any


def refuse_balanced(class_weight: Any) -> None:
    """Refuse "balanced" for a part of the rows: the weights would follow from this part only.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None

    Raises
    ------
    ValueError
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        raise ValueError(
            "class_weight='balanced' needs all rows at once, but partial_fit gets a part. "
            "Pass class_weight as a dict, from "
            "sklearn.utils.class_weight.compute_class_weight('balanced', ...)."
        )

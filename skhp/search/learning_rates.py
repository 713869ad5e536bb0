"""Learning rates that can be compared across optimizers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skhp.candidates.values import is_number


def learning_rate_grid(
    optimizers: Sequence[str],
    multiples: Sequence[float] = (0.1, 1.0, 10.0),
    grid: Mapping[str, Any] | None = None,
    *,
    prefix: str = "",
) -> list[dict[str, Any]]:
    """A grid over optimizers, with learning rates as multiples of their defaults.

    A learning rate of 0.01 is low for SGD and high for Adam. A multiple of the default that
    Keras has for an optimizer means about the same for all, as in Talos.

    Parameters
    ----------
    optimizers : sequence of str
        Names that Keras knows.
    multiples : sequence of float, default=(0.1, 1.0, 10.0)
        Positive.
    grid : mapping, optional
        Further parameters with their values.
    prefix : str, default=""
        The step of a pipeline, with its underscores: ``"mlpclassifier__"``.

    Returns
    -------
    list of dict
        One sub-grid an optimizer, for `GridSearchCV` and the like.

    Raises
    ------
    TypeError
        If ``grid`` is not a dict or ``prefix`` not a str.
    ValueError
        If a list is empty, a multiple is not positive, Keras knows no such optimizer, or
        ``grid`` holds the optimizer or the learning rate.

    Examples
    --------
    >>> from skhp.search import learning_rate_grid
    >>> for part in learning_rate_grid(["sgd", "adam"], [1, 10], {"width": [32, 64]}):
    ...     print(part)
    {'optimizer': ['sgd'], 'learning_rate': [0.01, 0.1], 'width': [32, 64]}
    {'optimizer': ['adam'], 'learning_rate': [0.001, 0.01], 'width': [32, 64]}
    """
    optimizers = _listed("optimizers", optimizers, "names that Keras knows, such as 'adam'")
    multiples = _listed("multiples", multiples, "positive numbers")
    for multiple in multiples:
        if not is_number(multiple) or not 0 < multiple < float("inf"):
            raise ValueError(f"multiples must be positive numbers. Got {multiple!r}.")
    if grid is not None and not isinstance(grid, Mapping):
        raise TypeError(f"grid must be a dict of parameter -> values, or None. Got {grid!r}.")
    if not isinstance(prefix, str):
        raise TypeError(f"prefix must be a str such as 'mlpclassifier__'. Got {prefix!r}.")
    for name in (f"{prefix}optimizer", f"{prefix}learning_rate"):
        if name in (grid or {}):
            raise ValueError(
                f"grid holds {name!r}, whose values follow from optimizers and multiples. Leave it "
                "out of grid."
            )
    return [
        {
            f"{prefix}optimizer": [name],
            f"{prefix}learning_rate": [_rounded(m * default_rate(name)) for m in multiples],
            **(grid or {}),
        }
        for name in optimizers
    ]


def _listed(name: str, values: Any, allowed: str) -> list[Any]:
    is_list = isinstance(values, Iterable) and not isinstance(values, str)
    listed = list(values) if is_list else []
    if not listed:
        raise ValueError(f"{name} must be a list of {allowed}, not empty. Got {values!r}.")
    return listed


def default_rate(optimizer: str) -> float:
    """The learning rate that Keras gives an optimizer by default.

    Parameters
    ----------
    optimizer : str
    """
    from skhp.keras_objects.catalogue import look_up

    value = look_up("optimizer", optimizer).value
    return _rounded(type(value)().get_config()["learning_rate"])


def _rounded(value: float) -> float:
    # Keras keeps 0.001 as a float32, which is 0.0010000000474974513 in a table.
    return float(f"{value:.6g}")

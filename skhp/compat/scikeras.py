"""Private names of scikeras, and how to import it."""

from __future__ import annotations

from typing import Any


def import_scikeras() -> Any:
    """Import `scikeras.wrappers` and leave Keras as it was.

    Importing scikeras changes how Keras's models, losses, metrics and optimizers pickle,
    for the whole process.
    """
    import sys

    import keras

    if "scikeras" not in sys.modules:
        changed = {
            keras.Model: ("__reduce__", "__deepcopy__"),
            keras.losses.Loss: ("__reduce__",),
            keras.metrics.Metric: ("__reduce__",),
            keras.optimizers.Optimizer: ("__reduce__",),
        }
        before = {kind: dict(vars(kind)) for kind in changed}
        import scikeras

        for kind, names in changed.items():
            for name in names:
                if name in before[kind]:
                    setattr(kind, name, before[kind][name])
                elif name in vars(kind):
                    delattr(kind, name)
    import scikeras.wrappers

    return scikeras.wrappers


def scikeras_base_wrapper() -> Any:
    """Scikeras's `BaseWrapper`, less the tags that scikit-learn 1.6 took away.

    A class with ``_more_tags`` among its bases fails scikit-learn's checks, so this is a
    class of the same members without it.
    """
    original = import_scikeras().BaseWrapper
    left_out = ("_more_tags", "_tags", "__dict__", "__weakref__")
    members = {name: value for name, value in vars(original).items() if name not in left_out}
    return type(original.__name__, original.__bases__, members)


def route_params(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Pick the parameters routed to one destination: scikeras's rule."""
    from scikeras._utils import route_params as scikeras_route_params

    return scikeras_route_params(*args, **kwargs)


def unflatten_params(*args: Any, **kwargs: Any) -> Any:
    """Make objects from classes and their routed parameters: scikeras's rule."""
    from scikeras._utils import unflatten_params as scikeras_unflatten_params

    return scikeras_unflatten_params(*args, **kwargs)

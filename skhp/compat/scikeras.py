"""How to import scikeras without its changes to Keras. No private name is used."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

_importing = threading.Lock()


def import_scikeras(module: str = "scikeras.utils.transformers") -> Any:
    """Import a module of scikeras, and keep Keras as it was.

    Importing scikeras changes how Keras's models, losses, metrics and optimizers pickle.

    Parameters
    ----------
    module : str, default="scikeras.utils.transformers"
        Full name of the module.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If scikeras is not installed, or a version of it that lacks the module.
    """
    with _importing:
        if "scikeras" not in sys.modules:
            _import_and_restore()
    return importlib.import_module(module)


def _import_and_restore() -> None:
    import keras

    replaced = {  # methods that scikeras replaces
        keras.Model: ("__reduce__", "__deepcopy__"),
        keras.losses.Loss: ("__reduce__",),
        keras.metrics.Metric: ("__reduce__",),
        keras.optimizers.Optimizer: ("__reduce__",),
    }
    before = {kind: dict(vars(kind)) for kind in replaced}
    import scikeras  # noqa: F401

    for kind, names in replaced.items():
        for name in names:
            if name in before[kind]:
                setattr(kind, name, before[kind][name])
            elif name in vars(kind):
                delattr(kind, name)

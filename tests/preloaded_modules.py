"""What a preloaded process has imported: see `tests.preloaded_process`.

The garbage collector waits, as it takes a quarter of the time of importing TensorFlow. Afterwards
it leaves these objects alone.
"""

import contextlib
import gc
import importlib

gc.disable()
for name in ("keras", "tensorflow", "skhp.search", "sklearn.model_selection", "optuna"):
    with contextlib.suppress(ModuleNotFoundError):  # not all of them need be installed
        importlib.import_module(name)
gc.enable()
gc.freeze()

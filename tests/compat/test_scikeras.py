"""Importing scikeras changes how Keras's objects pickle. skhp imports it without that change."""

import pytest

from skhp.compat.scikeras import import_scikeras
from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
from skhp import runtime
runtime.start()
import keras
from skhp.compat.scikeras import import_scikeras

KINDS = (keras.Model, keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)

def methods():
    return [vars(kind).get(name) for kind in KINDS for name in ("__reduce__", "__deepcopy__")]

def are_as_before():
    return [then is now for then, now in zip(before, methods())]

before = methods()
import skhp
skhp.KerasRegressor().target_encoder
import_scikeras("scikeras.wrappers").KerasClassifier()
by_skhp = are_as_before()

for name in [name for name in sys.modules if name.startswith("scikeras")]:
    del sys.modules[name]
import scikeras
print(json.dumps({"by skhp": by_skhp, "otherwise": are_as_before()}))
"""


def test_keras_stays_as_it_was(tmp_path):
    """Imported otherwise, scikeras changes it."""
    kept = run_script(tmp_path / "script.py", SCRIPT)
    assert all(kept["by skhp"]) and not all(kept["otherwise"])


def test_a_module_is_returned():
    assert import_scikeras("scikeras.utils").loss_name("mse") == "mean_squared_error"
    with pytest.raises(ImportError, match=r"scikeras\.nothing"):
        import_scikeras("scikeras.nothing")

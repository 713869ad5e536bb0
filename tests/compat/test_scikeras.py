"""Importing scikeras changes how Keras's objects pickle. skhp imports it without that change."""

import pytest

from skhp.compat.scikeras import import_scikeras
from tests.fresh_process import run_script

pytestmark = pytest.mark.slow

SCRIPT = """
import json
from skhp import runtime
runtime.start()
import keras
from skhp.compat.scikeras import import_scikeras

KINDS = (keras.Model, keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)

def methods():
    return [vars(kind).get(name) for kind in KINDS for name in ("__reduce__", "__deepcopy__")]

before = methods()
{how}
print(json.dumps([then is now for then, now in zip(before, methods())]))
"""

IMPORTS = """
import skhp
skhp.KerasRegressor().target_encoder
import_scikeras("scikeras.wrappers").KerasClassifier()
"""


def test_keras_stays_as_it_was(tmp_path):
    assert all(run_script(tmp_path / "script.py", SCRIPT.replace("{how}", IMPORTS)))


def test_scikeras_changes_keras_otherwise(tmp_path):
    assert not all(run_script(tmp_path / "script.py", SCRIPT.replace("{how}", "import scikeras")))


def test_a_module_is_returned():
    assert import_scikeras("scikeras.utils").loss_name("mse") == "mean_squared_error"
    with pytest.raises(ImportError, match=r"scikeras\.nothing"):
        import_scikeras("scikeras.nothing")

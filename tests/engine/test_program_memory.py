"""Memory stays as it is once the programs are compiled."""

from pathlib import Path

import pytest

from tests.preloaded_process import run_script

pytestmark = pytest.mark.slow

MANY_FITS = """
import gc
import json
import warnings

from sklearn.datasets import make_classification

from skhp import MLPClassifier
from skhp.engine import compile_count


def resident_mb():
    with open("/proc/self/status") as status:
        kilobytes = next(line for line in status if line.startswith("VmRSS:")).split()[1]
    return int(kilobytes) / 1024


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    X, y = make_classification(200, 10, random_state=0)
    structures = [(0, 8), (1, 8), (1, 65), (2, 8), (2, 33)]
    points = []
    for number in range(120):
        n_layers, width = structures[number % 5]
        settings = {"learning_rate": 1e-3 * (1 + number % 7), "random_state": number}
        MLPClassifier(n_layers, width, epochs=2, **settings).fit(X, y).predict(X)
        if number in (39, 119):
            gc.collect()
            points.append(resident_mb())
    print(json.dumps({"programs": compile_count(), "points": points}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_is_flat_behind_the_first_fits(tmp_path):
    """120 fits over five structures: 80 of them add less than 4 MB in all, 0.05 a fit."""
    found = run_script(tmp_path / "fits.py", MANY_FITS)
    assert found["programs"] == 5
    first, last = found["points"]
    assert last - first < 4

"""Memory stays flat once the programs are made."""

import os

import pytest
from sklearn.datasets import load_breast_cancer

from skhp import MLPClassifier

X, Y = load_breast_cancer(return_X_y=True)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads Linux's /proc")
def test_memory_is_flat_once_the_programs_are_made():
    def fit(seed):
        MLPClassifier(n_layers=seed % 3, epochs=1, random_state=seed, batch_size=48).fit(X, Y)

    for seed in range(30):
        fit(seed)
    before = resident_mb()
    for seed in range(30, 130):
        fit(seed)
    assert (resident_mb() - before) / 100 < 0.5  # scikeras: about 6 MB a fit


def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

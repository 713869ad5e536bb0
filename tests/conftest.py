"""Small data that most tests share, so that they share compiled programs too."""

import gc
import os
import sys

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from skhp.runtime import compile_cache
from tests.short_lived_process import Worker, peak_mb

PEAKS_MB = pytest.StashKey()  # of the workers of pytest-xdist, by their names
IS_FROZEN = pytest.StashKey()


def pytest_configure(config):
    config.stash[PEAKS_MB] = {}
    keep_programs(config)
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config))


def keep_programs(config):
    """Keep compiled programs in pytest's cache, for the next run and for other processes.

    The suite compiles more programs than skhp keeps by default. Processes that tests start use
    the same folder, because they inherit ``TF_XLA_FLAGS``, and remove nothing from it.
    """
    variable = compile_cache.VARIABLE
    if variable not in os.environ and hasattr(config, "cache"):
        os.environ[variable] = str(config.cache.mkdir("programs"))
        compile_cache.LIMIT_MB = 2048
        compile_cache.prepare()
        del os.environ[variable]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Let the garbage collector wait: it takes a quarter of the time of importing TensorFlow."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish(session):
    """Let the garbage collector leave alone what TensorFlow consists of.

    To go through that takes half a second, to go through all compiled programs as long again.
    """
    if "tensorflow" in sys.modules and IS_FROZEN not in session.config.stash:
        session.config.stash[IS_FROZEN] = True
        gc.freeze()
        gc.set_threshold(700, 10, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give neighbouring tests to one worker: they share compiled programs."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take what a worker of pytest-xdist says when it ends."""
    peak = getattr(node, "workeroutput", {}).get("peak_mb", 0)
    node.config.stash[PEAKS_MB][node.gateway.id] = peak


def pytest_terminal_summary(terminalreporter, config):
    """Say how much memory the tests took."""
    peaks = config.stash[PEAKS_MB] or {"this process": peak_mb()}
    text = ", ".join(f"{peak / 1024:.1f} GB ({name})" for name, peak in sorted(peaks.items()))
    terminalreporter.write_line(f"most memory of one process: {text}")


@pytest.fixture
def small_models_compiled(monkeypatch):
    """Let XLA also compile small models that train on few rows."""
    monkeypatch.setattr("skhp.engine.engine_choice._FEW_STEPS", 0)


@pytest.fixture(scope="session")
def binary():
    """60 rows of 4 features, two classes."""
    X, y = make_classification(
        60, 4, n_informative=3, n_redundant=0, class_sep=2.0, flip_y=0, random_state=0
    )
    return X.astype(np.float32), y


@pytest.fixture(scope="session")
def multiclass():
    """90 rows of 4 features, three classes."""
    X, y = make_classification(
        90,
        4,
        n_informative=3,
        n_redundant=0,
        n_classes=3,
        n_clusters_per_class=1,
        class_sep=2.0,
        flip_y=0,
        random_state=0,
    )
    return X.astype(np.float32), y


@pytest.fixture(scope="session")
def regression():
    """60 rows of 4 features, targets of about unit size."""
    X, y = make_regression(60, 4, random_state=0)
    return X.astype(np.float32), y / y.std()

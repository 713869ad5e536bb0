"""With ``pytest -n``, tests run in processes that are replaced once they hold much memory."""

import re
import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest

from tests import short_lived_process
from tests.short_lived_process import Worker

short_lived_process.LIMIT_MB = 0  # each test has a process of its own


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config))
"""

TESTS = """
import os
import warnings

import pytest

left_by_others = []


@pytest.mark.parametrize("number", range(2))
def test_passes_in_a_new_process(number):
    assert not left_by_others
    left_by_others.append(number)


def test_fails():
    assert 1 + 1 == 3


def test_ends_its_process():
    os._exit(3)


@pytest.mark.skip(reason="is skipped")
def test_skipped(): ...


def test_warns():
    warnings.warn("this is said", DeprecationWarning)


@pytest.fixture
def broken_end():
    yield
    raise ValueError("after the test")


def test_error_after_it(broken_end): ...
"""


def test_reports_come_back_from_processes_that_are_replaced(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_small.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-n", "1", "-ra", f"--rootdir={tmp_path}", tmp_path]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        timeout=200,
    )
    last = done.stdout.splitlines()[-1]
    assert re.sub(r" in .*", "", last.strip("= ")) == (
        "2 failed, 4 passed, 1 skipped, 1 warning, 1 error"
    ), done.stdout
    for said in (
        "assert (1 + 1) == 3",
        "The process of this test ended before the test did",
        "DeprecationWarning: this is said",
        "is skipped",
        "ValueError: after the test",
    ):
        assert said in done.stdout, done.stdout

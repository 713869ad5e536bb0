"""With ``pytest -n``, tests run in processes that are replaced once they hold much memory."""

import re
import subprocess
import sys
from pathlib import Path

CONFTEST = """
import os

import pytest

from tests import short_lived_process
from tests.short_lived_process import Worker

short_lived_process.LIMIT_MB = {limit_mb}


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config))


@pytest.fixture(scope="session")
def process():
    return os.getpid()
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


OF_ONE_PROCESS = """
import os


def test_runs_in_the_process_of_the_fixture(process):
    assert process == os.getpid()
    print(f"<{process}>")
"""


FIXTURE = """
import pytest


@pytest.fixture
def number():
    return 3
"""

USES_FIXTURE = """

def test_number(number):
    assert number == 3
"""


def run(folder, limit_mb, files):
    """What pytest prints of tests in files, with one worker."""
    (folder / "pytest.ini").write_text("[pytest]")
    (folder / "conftest.py").write_text(CONFTEST.format(limit_mb=limit_mb))
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    parts = sorted({folder / Path(name).parts[0] for name in files})
    command = [sys.executable, "-m", "pytest", "-n", "1", "-rA", f"--rootdir={folder}", *parts]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        timeout=200,
    )
    return done.stdout


def summary(printed):
    return re.sub(r" in .*", "", printed.splitlines()[-1].strip("= "))


def test_reports_come_back_from_processes_that_are_replaced(tmp_path):
    printed = run(tmp_path, 0, {"test_small.py": TESTS})  # each test has a process of its own
    assert summary(printed) == "2 failed, 4 passed, 1 skipped, 1 warning, 1 error", printed
    for said in (
        "assert (1 + 1) == 3",
        "The process of this test ended before the test did",
        "DeprecationWarning: this is said",
        "is skipped",
        "ValueError: after the test",
    ):
        assert said in printed, printed


def test_a_process_collects_one_file_after_the_other(tmp_path):
    files = {
        "test_a.py": OF_ONE_PROCESS,
        "test_b.py": OF_ONE_PROCESS,
        "with_fixture/conftest.py": FIXTURE,
        "with_fixture/test_c.py": OF_ONE_PROCESS + USES_FIXTURE,
    }
    printed = run(tmp_path, 1000, files)
    assert summary(printed) == "4 passed", printed
    assert len(set(re.findall(r"<\d+>", printed))) == 1, printed

"""With ``pytest -n``, run the tests in processes that end once they hold much memory.

TensorFlow keeps the memory of a compiled program until its process ends, and the whole suite
compiles many hundred programs. So a worker of pytest-xdist hands its tests, one at a time, to
a process of its own, and starts the next one when that has grown large. Without ``-n`` the
tests run in the process of pytest itself, where a debugger reaches them.
"""

import contextlib
import multiprocessing
import os
import sys
import warnings
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor

LIMIT_MB = 2800  # one test adds up to 200 MB to it
SECONDS = 600  # for one test; the timeout in pyproject.toml stops it earlier

_DIED = "The process of this test ended before the test did. Without -n it shows what it prints."
_HUNG = f"The process of this test was stopped: it did not answer for {SECONDS} seconds."


def peak_mb():
    """The most memory that this process has held, or 0 on a system that does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class Worker:
    """The plugin of a worker: hand each test on, and report what comes back."""

    def __init__(self, config):
        self.config = config
        self.peak_mb = 0
        self._process = None

    def pytest_collection_modifyitems(self, items):
        for item in items:
            item.add_marker(pytest.mark.timeout(0), append=False)  # the other process has it

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._run(item, nextitem):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        self._end()
        self.config.workeroutput["peak_mb"] = max(self.peak_mb, peak_mb())

    def _run(self, item, nextitem):
        if self._process is None:
            self._start()
        try:
            self._connection.send((item.nodeid, nextitem and nextitem.nodeid))
            if not self._connection.poll(SECONDS):
                self._process.kill()
                self._process = None
                return [_failure(item, _HUNG)]
            reports, warned, mb = self._connection.recv()
        except (EOFError, OSError):
            self._process = None
            return [_failure(item, _DIED)]
        self.peak_mb = max(self.peak_mb, mb)
        for details, when in warned:
            self._warn(item, warnings.WarningMessage(*details), when)
        if mb > LIMIT_MB:
            self._end()
        hook = self.config.hook.pytest_report_from_serializable
        return [hook(config=self.config, data=data) for data in reports]

    def _warn(self, item, message, when):
        details = {"warning_message": message, "when": when}
        self.config.hook.pytest_warning_recorded.call_historic(
            kwargs={**details, "nodeid": item.nodeid, "location": None}
        )

    def _start(self):
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        arguments = (other, self.config.invocation_params.args)
        self._process = context.Process(target=_run_tests, args=arguments)
        self._process.start()
        other.close()

    def _end(self):
        if self._process is not None:
            with contextlib.suppress(OSError):  # it is gone
                self._connection.send(None)
            self._process.join()
            self._process = None


class Runner:
    """The plugin of the other process: run the tests that the worker names.

    It collects the files of these tests alone: to collect all takes seconds.
    """

    def __init__(self, connection):
        self._connection = connection
        self._items = {}  # of the files that are collected, by node id
        self._folders = {}  # by path; fixtures of conftest.py are found through them
        self._takes_folders_only = False
        self._reports = []
        self._warnings = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_directory(self, path):
        new = yield
        return self._folders.setdefault(path, new)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path):
        return True if self._takes_folders_only and collection_path.is_file() else None

    def pytest_runtestloop(self, session):
        self._collect_folders_with_fixtures(session)
        while (names := self._connection.recv()) is not None:
            item, nextitem = (self._item(session, name) for name in names)
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            self._connection.send((self._reports, self._warnings, peak_mb()))
            self._reports, self._warnings = [], []
        return True

    def _collect_folders_with_fixtures(self, session):
        """pytest forgets a conftest.py whose folder the first collection does not come to."""
        files = (getattr(p, "__file__", None) for p in session.config.pluginmanager.get_plugins())
        folders = {str(Path(f).parent) for f in files if f and Path(f).name == "conftest.py"}
        self._takes_folders_only = True
        if folders:
            session.perform_collect(sorted(folders))
        self._takes_folders_only = False

    def _item(self, session, name):
        if name is not None and name not in self._items:
            path = session.config.rootpath / name.partition("::")[0]
            self._items |= {item.nodeid: item for item in session.perform_collect([str(path)])}
        return self._items.get(name)

    def pytest_runtest_logreport(self, report):
        hook = self.config.hook.pytest_report_to_serializable
        self._reports.append(hook(config=self.config, report=report))

    def pytest_configure(self, config):
        self.config = config

    def pytest_warning_recorded(self, warning_message, when):
        message, kind = warning_message, warning_message.category
        if getattr(sys.modules.get(kind.__module__), kind.__name__, None) is not kind:
            kind = Warning  # it cannot be pickled
        details = (str(message.message), kind, message.filename, message.lineno)
        self._warnings.append((details, when))


def _run_tests(connection, arguments):
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - pytest's own words; the worker reports
    pytest.main([*arguments, "-n", "0"], plugins=[Runner(connection)])
    # A process of multiprocessing calls no function of `atexit`. Without this line it would wait
    # until joblib's workers have had nothing to do for five minutes.
    get_reusable_executor().shutdown(kill_workers=True)


def _failure(item, text):
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome="failed",
        longrepr=text,
        when="call",
    )

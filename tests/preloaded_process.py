"""Processes that need not import TensorFlow: they are forked from one that has, and ran nothing.

To import TensorFlow takes three seconds of a processor. Where a test is about what a fresh
process imports or prints, `fresh_process` is the one to use.
"""

import json
import multiprocessing
import os
import runpy
import sys
from pathlib import Path

from joblib.externals.loky import get_reusable_executor

from tests.fresh_process import environment_with


def started(function, *arguments):
    """Start a process that calls a function, which it finds by its name."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded_modules"])
    process = context.Process(target=function, args=arguments)
    process.start()
    return process


def run_script(path, source, timeout=150, **environment):
    """The JSON value that a script prints last, as `fresh_process.run_script` gives it."""
    path = Path(path)
    path.write_text(source)
    printed, errors = path.with_suffix(".out"), path.with_suffix(".err")
    process = started(_run, path, printed, errors, environment_with(environment))
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
    assert process.exitcode == 0, printed.read_text() + errors.read_text()
    return json.loads(printed.read_text().splitlines()[-1])


def _run(path, printed, errors, environment):
    """Run a script as the main program, with files in place of the terminal."""
    for descriptor, file in ((1, printed), (2, errors)):
        os.dup2(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor
        )  # native code prints too
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, str(path.parent))  # as Python does
    multiprocessing.set_start_method(None, force=True)  # for its own processes, the default
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        # Else the process would wait until joblib's workers have had nothing to do for minutes.
        get_reusable_executor().shutdown(kill_workers=True)

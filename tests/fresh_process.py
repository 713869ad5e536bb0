"""Run a script in a process of its own, as a user would, with a limit on its time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import skhp


def environment_with(more):
    """The variables of this process and more, for a process that finds the same skhp."""
    return {**os.environ, "PYTHONPATH": str(Path(skhp.__file__).parents[1]), **more}


def run_script(path, source, timeout=150, arguments=(), **environment):
    """The JSON value that a script prints last.

    A script that hangs, or fails, fails the test; its output is in the error.
    """
    path = Path(path)
    path.write_text(source)
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        env=environment_with(environment),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])

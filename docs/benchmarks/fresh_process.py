"""One measurement in a process of its own: the parent's side and the child's.

Every number on the benchmark page comes from a process that did nothing else: no
library that another system imported, no program that another fit compiled, no memory
that another search left behind.  The parent starts the same script again with
``--child NAME``; the child measures that one system and prints its record as one line
of JSON behind a marker, because the libraries under test print lines of their own.
"""

import json
import os
import subprocess
import sys
import time

MARKER = "benchmark-record: "

# What would let a "cold" run load programs that an earlier process compiled.
DISK_CACHES = (
    "JAX_COMPILATION_CACHE_DIR",
    "JAX_ENABLE_COMPILATION_CACHE",
    "TF_XLA_FLAGS",
)


def measure(script, arguments, system, *, name, python=None):
    """Run ``script`` for one system in a fresh process and return its record.

    Parameters
    ----------
    script : str
        The benchmark script to start.
    arguments : list of str
        The parent's own command line, which the child reads again.
    system : System
        What is measured; its ``env`` is set in the child.
    name : str
        The system's name in the script's table.
    python : str, optional
        The interpreter to start; by default the one that runs now.

    Returns
    -------
    dict
        The child's record, with the process's whole time as ``process_s``; or a dict
        with the one key ``skipped`` or ``failed`` and the reason.
    """
    command = [python or sys.executable, script, *arguments, "--child", name]
    start = time.perf_counter()
    done = subprocess.run(
        command, env=child_environment(system.env), capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARKER)]
    if done.returncode != 0 or not lines:
        print(done.stderr[-3000:], file=sys.stderr)
        last = done.stderr.strip().splitlines() or ["no message"]
        return {"failed": f"exit status {done.returncode}: {last[-1]}"}
    record = json.loads(lines[-1].removeprefix(MARKER))
    return record if "skipped" in record else {**record, "process_s": seconds}


def child_environment(extra):
    """Return the parent's environment, quiet, on TensorFlow, without disk caches."""
    env = {key: value for key, value in os.environ.items() if key not in DISK_CACHES}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    return {**env, **quiet, "SKHP_COMPILE_CACHE": "off", **extra}


def answer(function, options):
    """Measure in the child and print the record for the parent to read."""
    try:
        record = function(options)
    except ModuleNotFoundError as error:
        record = {"skipped": f"{error.name} is not installed"}
    print(f"\n{MARKER}{json.dumps(record)}", flush=True)

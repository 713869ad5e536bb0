"""skhp on a system that lacks what only Linux or only POSIX has."""

import pytest

from tests.compat.features import learning_curves, plain_search
from tests.fresh_process import run_script

pytestmark = pytest.mark.slow

# Functions of os, and modules, that Windows does not have; macOS lacks the last two functions.
OF_POSIX = [
    "fork", "forkpty", "register_at_fork", "posix_spawn", "getuid", "geteuid", "getgid", "setsid",
    "killpg", "wait4", "sysconf", "statvfs", "uname", "getloadavg", "sched_getaffinity",
    "posix_fadvise",
]  # fmt: skip
MODULES = ["fcntl", "resource", "pwd", "grp", "termios", "posix"]

SCRIPT = """
import json, os, sys
import multiprocessing.connection, tempfile, uuid
import joblib, pandas, platformdirs.unix, sklearn.model_selection, sklearn.callback

for name in {names}:
    delattr(os, name)
for name in {modules}:
    sys.modules[name] = None
if {without_stderr}:
    os.close(2)
    sys.stderr = None

from tests.compat import features

got = [features.report(f) for f in (features.plain_search, features.learning_curves)]
print(json.dumps(got))
"""


@pytest.mark.parametrize("without_stderr", [False, True])
def test_a_search_without_what_posix_has(tmp_path, without_stderr):
    script = SCRIPT.format(names=OF_POSIX, modules=MODULES, without_stderr=without_stderr)
    searched, curves = run_script(tmp_path / "search.py", script)
    assert searched == {"value": plain_search(), "warned": [], "error": None}
    assert curves == {"value": learning_curves(), "warned": [], "error": None}

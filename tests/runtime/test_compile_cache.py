"""Programs kept on disk: found by other processes, checked before use, private, bounded."""

import json
import os
import stat
import subprocess
import sys
import time

import pytest

from skhp.engine import set_compile_cache
from tests.fresh_process import environment_with, run_script
from tests.preloaded_process import run_script as run_preloaded

pytestmark = pytest.mark.slow

# The process of these tests may have set the flags for its own programs.
NO_FLAGS = {"TF_XLA_FLAGS": ""}

FITS = """
import os
for name in ["SKHP_COMPILE_CACHE", "TF_XLA_FLAGS", "TF_CPP_MIN_LOG_LEVEL"]:
    os.environ.pop(name, None)
os.environ |= ENVIRONMENT

import hashlib, json, tempfile
import keras, numpy as np
from skhp import KerasClassifier, MLPClassifier
from tests.call_counts import counted_calls

errors = tempfile.TemporaryFile()
os.dup2(errors.fileno(), 2)  # native code writes to this descriptor

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = np.arange(64) % 3

def build(meta):
    inputs = keras.Input((meta["n_features_in_"],), name="x")
    outputs = keras.layers.Dense(3, activation="softmax", name="out")(inputs)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def mlp():
    return MLPClassifier(n_layers=0, epochs=2, random_state=0)

def wrapper():
    return KerasClassifier(build, epochs=2, random_state=0, verbose=0)

def own_loss(y, outputs):
    return keras.ops.mean(keras.ops.square(y - outputs), axis=-1)

def own():
    return mlp().set_params(loss=own_loss)

# The order of the programs must not matter.
found, loops = {}, {}
for name in ORDER:
    with counted_calls(["while_loop"]) as counts:
        net = globals()[name]().fit(X, y)
    weights = b"".join(w.tobytes() for w in net.model_.get_weights())
    found[name] = [net.engine_, hashlib.sha256(weights).hexdigest()]
    loops[name] = counts["while_loop"]
errors.seek(0)
print(json.dumps([found, loops, errors.read().decode()]))
"""


def fits(tmp_path, *order, **environment):
    """What a script trains that imports Keras first, the loops it traces, and what it prints."""
    environment = {"XDG_CACHE_HOME": str(tmp_path), **environment}
    source = FITS.replace("ORDER", repr(order)).replace("ENVIRONMENT", repr(environment))
    return run_preloaded(tmp_path / "fits.py", source)


def files(tmp_path):
    """The programs in the user's cache directory."""
    cache = tmp_path / "skhp" / "programs"
    return sorted([*cache.glob("*/*.pb"), *cache.glob("*/*.bin")])


def test_another_process_finds_the_programs_and_a_damaged_file_is_replaced(tmp_path):
    first, loops, printed = fits(tmp_path, "mlp", "wrapper", "own")
    assert printed == ""
    stored = files(tmp_path)
    engines = {name: engine for name, (engine, _) in first.items()}
    assert engines == {"mlp": "compiled", "wrapper": "graph", "own": "compiled"}
    # Two compiled programs, two graphs, and that the wrapper's program was checked.
    assert len(stored) == 5
    assert all(loops.values())
    # Only the program with code of the user is traced in each process.
    traced = {"mlp": 0, "wrapper": 0, "own": loops["own"]}
    assert fits(tmp_path, "own", "wrapper", "mlp") == [first, traced, ""]
    assert files(tmp_path) == stored  # nothing was compiled

    whole = {path: path.read_bytes() for path in stored}
    for path, data in whole.items():
        path.write_bytes(data[:-100] + bytes(100))
        os.utime(path, (0, 0))
    assert fits(tmp_path, "mlp", "wrapper", "own") == [first, loops, ""]
    assert files(tmp_path) == stored
    assert all(path.read_bytes()[-100:] != bytes(100) for path in stored)
    off = fits(tmp_path, "mlp", "wrapper", "own", SKHP_COMPILE_CACHE="off")
    assert off == [first, loops, ""]  # the same bits
    directory = stored[0].parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_folder_that_another_process_removes_is_made_again(tmp_path):
    source = FITS.replace("ORDER", "['mlp']") + REMOVED
    cache = str(tmp_path / "skhp" / "programs")
    source = source.replace("ENVIRONMENT", repr({"SKHP_COMPILE_CACHE": cache}))
    assert run_preloaded(tmp_path / "removed.py", source) == "graph"
    assert files(tmp_path)


REMOVED = """
import shutil
shutil.rmtree(os.environ["SKHP_COMPILE_CACHE"])
print(json.dumps(wrapper().fit(X, y).engine_))
"""

PREPARE = """
import json, multiprocessing, os, sys, warnings
from skhp.runtime import compile_cache

def prepared(environment):
    os.environ.update(environment)
    compile_cache.LIMIT_MB = 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compile_cache.prepare()
    flags = os.environ.get("TF_XLA_FLAGS", "")
    return compile_cache.is_on(), flags, [str(w.message) for w in caught]

if __name__ == "__main__":
    for line in sys.stdin:
        with multiprocessing.Pool(1) as pool:  # a process prepares its cache once
            print(json.dumps(pool.apply(prepared, [json.loads(line)])), flush=True)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Whether the cache is on, TensorFlow's flags, and the warnings, in a process of its own."""
    path = tmp_path_factory.mktemp("prepare") / "prepare.py"
    path.write_text(PREPARE)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}

    def ask(cache, **environment):
        settings = {**NO_FLAGS, "SKHP_COMPILE_CACHE": str(cache), **environment}
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with subprocess.Popen([sys.executable, path], env=environment_with({}), **pipes) as process:
        yield ask


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such permissions")
def test_a_directory_that_others_can_write_to_is_not_used(tmp_path, prepared):
    _, flags, _ = prepared(tmp_path / "cache")
    directory = next((tmp_path / "cache").iterdir())
    assert flags == f"--tf_xla_persistent_cache_directory={directory}"
    directory.chmod(0o777)
    is_on, flags, messages = prepared(tmp_path / "cache")
    assert not is_on and not flags
    assert "other users can write to" in messages[0] and "SKHP_COMPILE_CACHE" in messages[0]


def test_a_file_in_place_of_the_directory_costs_a_warning(tmp_path, prepared):
    (tmp_path / "cache").write_text("")
    is_on, _, messages = prepared(tmp_path / "cache")
    assert not is_on and "are not kept on disk" in messages[0]


TWICE = """
import os
from skhp.runtime import compile_cache

compile_cache.prepare()
del os.environ["SKHP_COMPILE_CACHE"]
compile_cache.prepare()
compile_cache.write("name", b"graph")
print("null")
"""


def test_the_first_directory_stays(tmp_path):
    environment = {"SKHP_COMPILE_CACHE": str(tmp_path / "cache"), "XDG_CACHE_HOME": str(tmp_path)}
    run_script(tmp_path / "twice.py", TWICE, **environment, **NO_FLAGS)
    assert [path.parts[-3] for path in tmp_path.rglob("graph_name.bin")] == ["cache"]


@pytest.mark.parametrize("value", ["off", "0", ""])
def test_off(prepared, value):
    assert prepared(value, TF_XLA_FLAGS="--own") == [False, "--own", []]


def test_only_graphs_are_kept_where_tensorflow_prints_errors(tmp_path):
    level = {"TF_CPP_MIN_LOG_LEVEL": "0"}
    first, loops, _ = fits(tmp_path, "mlp", **level)
    assert loops["mlp"] > 0
    assert fits(tmp_path, "mlp", **level)[:2] == [first, {"mlp": 0}]
    assert {path.suffix for path in files(tmp_path)} == {".bin"}


def test_a_directory_that_the_user_gave_to_tensorflow_stays(tmp_path, prepared):
    flag = "--tf_xla_persistent_cache_directory=/somewhere"
    is_on, flags, _ = prepared(tmp_path / "cache", TF_XLA_FLAGS=flag)
    assert not is_on and flags == flag


def test_the_least_recently_used_files_go_first(tmp_path, prepared):
    from zlib import crc32

    prepared(tmp_path / "cache")
    directory = next((tmp_path / "cache").iterdir())
    data = bytes(400_000)
    lines = []
    for age in range(4):  # two of them fit into a megabyte
        path = directory / f"xla_compile_cache_{age}.pb"
        path.write_bytes(data)
        os.utime(path, (10_000 - age, 10_000 - age))
        lines.append(f"{path.name} {len(data)}-{crc32(data):08x}\n")
    graph = directory / "graph_0.bin"
    graph.write_bytes(data)
    os.utime(graph, (9_000, 9_000))
    (directory / "checksums.txt").write_text("".join(lines))
    (directory / "xla_compile_cache_5.pb.tmp").write_bytes(data)
    os.utime(directory / "xla_compile_cache_5.pb.tmp", (0, 0))
    prepared(tmp_path / "cache")
    left = sorted(path.name for path in directory.iterdir())
    assert left == ["checksums.txt", "xla_compile_cache_0.pb", "xla_compile_cache_1.pb"]


def test_versions_that_nobody_uses_are_removed(tmp_path, prepared):
    cache = tmp_path / "cache"
    prepared(cache)
    (current,) = cache.iterdir()
    days_ago = {"0" * 16: 40, "1" * 16: 20, "2" * 16: 40, "own": 40, current.name: 40}
    for name in days_ago:
        (cache / name).mkdir(exist_ok=True)
        (cache / name / "graph_0.bin").write_bytes(b"0")
    (cache / ("2" * 16) / "notes.txt").write_text("of the user")
    for name, days in days_ago.items():
        then = time.time() - days * 24 * 3600
        os.utime(cache / name, (then, then))
    prepared(cache)  # another process that uses the current versions
    left = {path.name for path in cache.iterdir()}
    assert left == {"1" * 16, "2" * 16, "own", current.name}
    assert [path.name for path in (cache / ("2" * 16)).iterdir()] == ["notes.txt"]
    assert time.time() - current.stat().st_mtime < 3600  # so that it is not removed next


def test_the_setting_comes_too_late_once_keras_is_started():
    from skhp import runtime

    runtime.start()
    with pytest.raises(RuntimeError, match="before the first fit"):
        set_compile_cache(None)

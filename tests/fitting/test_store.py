"""FitStore: what it holds and removes, and what it does where it cannot write."""

import json
import os
import re
import resource
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from skhp import MLPClassifier
from skhp.search import FitStore

NET = {"n_layers": 1, "width": 16, "learning_rate": 0.03, "random_state": 0, "epochs": 2}


@pytest.fixture(autouse=True)
def no_warning_was_given(monkeypatch):
    """Let each test see the warnings that a process gives once."""
    monkeypatch.setattr("skhp.fitting.warn_once._given", set())


@pytest.fixture
def store(tmp_path):
    return FitStore(tmp_path / "deep" / "fits")


def fitted(binary, memory, **params):
    return MLPClassifier(**{**NET, **params}, memory=memory).fit(*binary)


def held(store):
    """Parameters and epochs of the files, in the order of last use."""
    frame = store.frame().sort_values("last_used")
    return list(zip(frame["param_random_state"], frame["epochs"], strict=True))


def files_in(store):
    return sorted(Path(store.directory).rglob("*.safetensors"))


def age(store):
    """Make all files look older, so that the next use is later than all before."""
    for path in files_in(store):
        time = path.stat().st_mtime - 100
        os.utime(path, (time, time))


def test_frame_lists_what_is_held(binary, store):
    assert store.frame().empty
    net = fitted(binary, store, early_stopping=True, metrics=["accuracy"])
    row = store.frame().iloc[0]
    assert row["epochs"] == 2 and row["is_finished"]
    assert (row["loss"], row["val_loss"]) == (net.history_["loss"][1], net.history_["val_loss"][1])
    assert row["val_accuracy"] == net.history_["val_accuracy"][1]
    assert row["bytes"] == files_in(store)[0].stat().st_size
    assert 0 < row["seconds"] < 100
    params = {n: v for n, v in row.items() if n.startswith("param_")}
    assert params["param_learning_rate"] == 0.03 and params["param_optimizer"] == "adam"
    assert not {"param_epochs", "param_memory", "param_verbose"} & params.keys()


def test_curves_are_the_histories_of_the_longest_fits(binary, store):
    assert store.curves().empty
    fitted(binary, store)
    nets = [fitted(binary, store, epochs=3), fitted(binary, store, early_stopping=True)]
    curves = store.curves()
    assert sorted(curves.groupby("fit").size()) == [2, 3]
    for _, curve in curves.groupby("fit"):
        (net,) = [net for net in nets if net.n_epochs_ == len(curve)]
        assert curve["epoch"].tolist() == list(range(1, len(curve) + 1))
        assert curve[list(net.history_)].to_dict("list") == net.history_
        assert curve["val_loss"].notna().all() == ("val_loss" in net.history_)


def test_clear_removes_fits_and_nothing_else(binary, store):
    fitted(binary, store)
    directory = Path(store.directory)
    mine = directory / "models" / "mine.safetensors"
    mine.parent.mkdir()
    mine.write_text("mine")
    store.clear()
    assert store.frame().empty
    assert files_in(store) == [mine]
    assert fitted(binary, store).n_epochs_ == 2 and len(files_in(store)) == 2


def test_what_a_killed_process_left_of_a_file_is_removed_after_an_hour(binary, store):
    fitted(binary, store)
    (path,) = files_in(store)
    left, new = (path.with_name(f"{path.name}.{pid}-1-1.tmp") for pid in (1, 2))
    for file, seconds in ((left, 3700), (new, 0)):
        file.touch()
        os.utime(file, (path.stat().st_mtime - seconds,) * 2)
    fitted(binary, store)
    assert not left.exists() and new.exists()  # another process may be writing that one


def test_the_least_recently_used_fits_are_removed(binary, store):
    fitted(binary, store, random_state=0)
    size = store.frame()["bytes"][0]
    limited = FitStore(store.directory, max_bytes=int(2.5 * size))
    age(store)
    fitted(binary, limited, random_state=1)
    age(store)
    fitted(binary, limited, random_state=0)  # used again
    age(store)
    fitted(binary, limited, random_state=2)
    assert held(store) == [(0, 2), (2, 2)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("another program's file"),
    ],
    ids=["cut off", "empty", "foreign"],
)
def test_damaged_files_are_replaced(damage, binary, store):
    net = fitted(binary, store)
    (path,) = files_in(store)
    damage(path)
    with pytest.warns(UserWarning, match="is not used: it is .*It will be trained again"):
        again = fitted(binary, store)
    assert again.history_ == net.history_
    assert held(store) == [(0, 2)]  # without a warning


def test_files_without_their_data_are_no_fit(binary, store):
    fitted(binary, store)
    (path,) = files_in(store)
    newer = re.sub(rb'(\\"version\\": )\d', rb"\g<1>9", path.read_bytes())
    path.write_bytes(newer)
    with pytest.warns(UserWarning, match="version 9 of the format"):
        assert store.frame().empty


def fitted_within(binary, store, n_bytes):
    """Fit while no file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        return [fitted(binary, store, random_state=seed) for seed in (0, 1)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_once_and_training_goes_on(binary, store, recwarn):
    fitted(binary, None)
    store.prepare()
    nets = fitted_within(binary, store, 1000)
    assert [net.n_epochs_ for net in nets] == [2, 2]
    messages = [str(w.message) for w in recwarn if "cannot be stored" in str(w.message)]
    assert len(messages) == 1 and "File too large" in messages[0]
    assert files_in(store) == []
    assert [path.name for path in Path(store.directory).rglob("*.tmp")] == []


def test_a_place_that_cannot_be_written_to_is_said_once(binary, recwarn):
    for seed in (0, 1):
        assert fitted(binary, "/proc/fits", random_state=seed).n_epochs_ == 2
    messages = [str(w.message) for w in recwarn if "cannot be stored" in str(w.message)]
    assert len(messages) == 1 and "memory='/proc/fits'" in messages[0]


def test_a_directory_that_vanishes_is_made_again(binary, tmp_path):
    store = FitStore(tmp_path / "fits")
    fitted(binary, store)
    (tmp_path / "fits").rename(tmp_path / "elsewhere")
    fitted(binary, store, random_state=1)
    assert held(store) == [(1, 2)]


def test_a_path_is_enough(binary, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fitted(binary, "fits")
    net = clone(MLPClassifier(memory=FitStore("fits", every=3)))
    assert repr(net.memory) == "FitStore('fits', every=3, max_bytes=None)"
    assert held(net.memory) == held(FitStore(tmp_path / "fits")) == [(0, 2)]


def test_what_memory_may_be(binary, tmp_path):
    with pytest.raises((ValueError, TypeError), match=r"'memory' parameter.*Got 3"):
        fitted(binary, 3)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="is a file, and must be a directory"):
        fitted(binary, str(file))
    with pytest.raises(ValueError, match="is a file, and must be a directory"):
        FitStore(file)
    with pytest.raises(ValueError, match="memory='' names no directory"):
        fitted(binary, "")
    with pytest.raises(ValueError, match=r"max_bytes=100 of memory is smaller than one fit"):
        fitted(binary, FitStore(tmp_path, max_bytes=100))


def test_a_store_of_a_newer_version_is_refused(binary, store):
    fitted(binary, store)
    marker = Path(store.directory) / "skhp_fits.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "version": 99}))
    with pytest.raises(ValueError, match=r"newer version of skhp.*Update skhp"):
        fitted(binary, store)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "FIFO"])
def test_a_marker_that_is_no_file_is_refused(make, binary, tmp_path):
    make(tmp_path / "skhp_fits.json")
    with pytest.raises(ValueError, match=r"'skhp_fits\.json', which is not a file.*Remove it"):
        fitted(binary, tmp_path)


def test_a_fit_that_is_no_file_is_trained_again(binary, store):
    net = fitted(binary, store)
    (path,) = files_in(store)
    path.unlink()
    os.mkfifo(path)  # reading it would wait for a writer
    assert store.frame().empty and store.curves().empty
    np.testing.assert_array_equal(
        fitted(binary, store).predict_proba(binary[0]), net.predict_proba(binary[0])
    )
    assert len(store.frame()) == 1


def test_a_store_of_an_older_version_is_refused_by_that_from_then_on(binary, store):
    fitted(binary, store)
    marker = Path(store.directory) / "skhp_fits.json"
    new = marker.read_text()
    marker.write_text(json.dumps({**json.loads(new), "version": 1}))
    fitted(binary, store)
    assert marker.read_text() == new


@pytest.mark.parametrize(
    "params, said",
    [
        ({"directory": 3}, "directory must be a path. Got 3"),
        ({"every": -1}, "every must be a number of seconds, at least 0. Got -1"),
        ({"every": float("nan")}, "every must be"),
        ({"max_bytes": 0}, "max_bytes must be a positive int, or None for no limit. Got 0"),
        ({"max_bytes": 1e9}, "max_bytes must be"),
    ],
)
def test_what_the_parameters_may_be(params, said):
    with pytest.raises((ValueError, TypeError), match=said):
        FitStore(**{"directory": "fits", **params})


def test_two_stores_of_one_directory_do_not_disturb_each_other(binary, store):
    fitted(binary, store, epochs=4)
    fitted(binary, FitStore(store.directory, every=0), epochs=2)
    assert held(store) == [(0, 4), (0, 2)]
    np.testing.assert_array_equal(store.frame()["is_finished"], [True, True])

"""The file of a stored fit: whole or nothing, readable by others, and never trusted blindly."""

import json
import resource

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from skhp.fitting import store_format
from skhp.fitting.store_format import UnreadableFit, read_fields, read_fit, write_fit

ARRAYS = {
    "kernel": np.arange(6, dtype="float32").reshape(3, 2).T,  # not contiguous
    "count": np.asarray(7, "int64"),
    "empty": np.zeros((0, 3)),
}
FIELDS = {"history": {"loss": [0.1, float("nan"), float("inf")]}, "reason": None}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "fit.safetensors"
    write_fit(path, ARRAYS, FIELDS)
    return path


def test_what_is_written_is_read(path):
    arrays, fields = read_fit(path)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert repr(fields) == repr(read_fields(path)) == repr(FIELDS)


def test_safetensors_itself_reads_it(path):
    np.testing.assert_array_equal(load_file(path)["kernel"], ARRAYS["kernel"])


def test_a_file_that_is_cut_off_is_noticed(path):
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(UnreadableFit, match="damaged"):
            read_fit(path)


@pytest.mark.parametrize("read", [read_fit, read_fields])
def test_a_changed_byte_is_noticed_or_does_not_matter(path, read):
    data, expected = path.read_bytes(), repr(read(path))
    n_noticed = 0
    for place in range(len(data)):
        for bit in (1, 8, 64):
            changed = bytearray(data)
            changed[place] ^= bit
            path.write_bytes(changed)
            try:
                assert repr(read(path)) == expected
            except UnreadableFit:
                n_noticed += 1
    header = int.from_bytes(data[:8], "little")
    assert n_noticed > 2 * header  # what is between the parts of the header does not matter


def test_files_of_others_are_no_fits(path):
    save_file({"kernel": ARRAYS["kernel"].copy()}, path)
    with pytest.raises(UnreadableFit, match="no stored fit"):
        read_fit(path)
    path.write_text(json.dumps({"version": 1}))
    with pytest.raises(UnreadableFit, match="damaged"):
        read_fields(path)


def test_another_version_is_named(path, monkeypatch):
    monkeypatch.setattr(store_format, "VERSION", 99)
    write_fit(path, ARRAYS, FIELDS)
    monkeypatch.undo()
    with pytest.raises(UnreadableFit, match="version 99 of the format, and this skhp reads"):
        read_fit(path)


def test_a_write_that_fails_leaves_the_old_file(path):
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OSError):
            write_fit(path, ARRAYS, FIELDS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]

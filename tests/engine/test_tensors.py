"""Tensors that programs take: copies of arrays."""

import numpy as np
import pytest

from skhp.engine.backends import tensorflow as backend
from skhp.engine.block_memory import new_memory

ARRAYS = [
    np.array(2.5, "float32"),
    np.array(7, "int64"),
    np.arange(6, dtype="int32").reshape(2, 3)[:, ::-1],
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(5, dtype="float16"),
    np.arange(5, dtype="uint8")[::2],
    np.zeros((3, 0), "float32"),
    np.array([True, False]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_a_tensor_is_a_copy(array):
    given, values = array.copy(), array.copy()
    (tensor,) = backend.tensors([given])
    given[...] = 1
    assert tensor.dtype.name == array.dtype.name
    np.testing.assert_array_equal(tensor.numpy(), values)


def test_text_is_a_tensor():
    (tensor,) = backend.tensors([np.array(["a", "bc"], object)])
    assert tensor.numpy().tolist() == [b"a", b"bc"]


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("which", [slice(1, 3), np.array([3, 0])])
def test_rows_are_padded_with_zeros(dtype, which):
    rows = (np.arange(8).reshape(4, 2) % 3).astype(dtype)
    tensor = backend.padded_tensor(rows, 5, which, new_memory)
    np.testing.assert_array_equal(tensor.numpy()[:2], rows[which])
    assert tensor.shape == (5, 2)
    assert not tensor.numpy()[2:].any()


def test_equal_scalars_share_a_tensor():
    one, other = (backend.scalar_tensors({"rate": np.float32(0.5)})["rate"] for _ in range(2))
    assert one is other
    assert float(one) == 0.5

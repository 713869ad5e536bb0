"""Operations in an order of their own."""

import numpy as np
import pytest

from skhp.runtime import start

start()
tf = pytest.importorskip("tensorflow")

from skhp.engine.sequencing import transposed_after  # noqa: E402


def product_of_transposed(matrix, other):
    return tf.matmul(transposed_after(matrix, other[:1, :1]), other)


def test_a_product_with_a_transposed_copy_reads_the_copy():
    rng = np.random.default_rng(0)
    matrix, other = (rng.normal(size=size).astype("f4") for size in [(32, 48), (32, 16)])
    compiled = tf.function(product_of_transposed, jit_compile=True)
    np.testing.assert_allclose(compiled(matrix, other), matrix.T @ other, rtol=1e-4, atol=1e-5)
    text = compiled.experimental_get_compiler_ir(matrix, other)(stage="optimized_hlo")
    (product,) = [line for line in text.splitlines() if " dot(" in line]
    assert "lhs_contracting_dims={1}" in product  # {0}: XLA has made the transpose part of it

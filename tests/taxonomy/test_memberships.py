"""Memberships with rows of one length say what the sparse table says."""

import numpy as np
import pytest
from scipy import sparse

from penchant.taxonomy.memberships import _SOME, Ellpack

DRAW = np.random.default_rng(3)


def table(rows: int, columns: int = 7, density: float = 0.3) -> sparse.csr_array:
    """Rows of any length, some with nothing."""
    return sparse.random_array(
        (rows, columns), density=density, rng=DRAW, dtype=np.float32, format="csr"
    )


@pytest.mark.parametrize("rows", [0, 1, 40, _SOME + 1])
def test_down_is_the_product_with_a_vector(rows):
    A, values = table(rows), DRAW.normal(size=7)
    np.testing.assert_allclose(Ellpack.of(A).down(values), A @ values, atol=1e-5)


def test_a_table_with_nothing_in_it_says_nothing():
    A = Ellpack.of(sparse.csr_array((4, 7), dtype=np.float32))
    assert A.down(np.ones(7, np.float32)).tolist() == [0.0] * 4
    assert A.take(np.array([1, 1])).up(np.ones(2)).tolist() == [0.0] * 7


def test_up_adds_rows_as_often_as_they_are_taken():
    A, rows, values = table(40), DRAW.integers(0, 40, 90), DRAW.normal(size=90)
    np.testing.assert_allclose(Ellpack.of(A).take(rows).up(values), values @ A[rows], atol=1e-5)


@pytest.mark.parametrize("B", [1, 3])
def test_each_owner_has_the_sum_of_its_own_rows(B):
    A, rows, values = table(40), DRAW.integers(0, 40, 90), DRAW.normal(size=90)
    owner = np.sort(DRAW.integers(0, B, 90))
    found = Ellpack.of(A).take(rows).up_by(owner, values, B)
    for b, own in enumerate(found):
        mine = owner == b
        np.testing.assert_allclose(own, values[mine] @ A[rows[mine]], atol=1e-5)

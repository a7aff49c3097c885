import numpy as np
import pytest

from penchant.taxonomy.siblings import Siblings
from penchant.testing.layers import shelf

PARENT = np.array([2, 0, 0, 2, 4, 2])  # nobody is a child of 1 and 3
TABLE = np.array([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0], [0.0, 0.0, 0.0, 1.0, 0.0, 1.0]], np.float32)
FAMILY = Siblings(PARENT, 5)


def test_sums_go_up_and_come_back():
    np.testing.assert_array_equal(FAMILY.up(TABLE), [[6, 0, 41, 0, 16], [0, 0, 2, 0, 0]])
    np.testing.assert_array_equal(FAMILY.total(TABLE)[0], [41, 6, 6, 41, 16, 41])


def test_shares_among_siblings_sum_to_one_and_are_alike_where_nothing_is_known():
    given = FAMILY.given(TABLE)
    np.testing.assert_allclose(FAMILY.up(given), [[1, 0, 1, 0, 1]] * 2, atol=1e-6)
    assert given[0, 1] == pytest.approx(1 / 3)
    assert given[1].tolist() == pytest.approx([0, 0.5, 0.5, 0.5, 1, 0.5])


def test_softmax_is_among_siblings_and_bears_large_numbers():
    z = np.where(TABLE > 5, TABLE * 1000, TABLE)
    p = FAMILY.softmax(z)
    np.testing.assert_allclose(FAMILY.up(p), [[1, 0, 1, 0, 1]] * 2, atol=1e-6)
    assert p[0].tolist() == pytest.approx([0, 1 / (1 + np.e**2), 1 / (1 + np.e**-2), 0, 1, 1])


def test_children_are_padded_and_the_padding_is_marked():
    rows, there = FAMILY.children(np.array([0, 2, 4, 1]))
    named = [set(r[t].tolist()) for r, t in zip(rows, there, strict=True)]
    assert named == [{1, 2}, {0, 3, 5}, {4}, set()]


def test_a_tree_knows_its_siblings():
    first, second = shelf().tree.siblings
    assert (first.above, second.above) == (1, 3)
    assert first.parent.tolist() == [0, 0, 0]
    assert second.parent.tolist() == [0, 0, 1, 1, 2, 2]

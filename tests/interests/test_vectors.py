"""Bytes of item vectors: products with them are exact, and as far off as they say."""

import numpy as np
import pytest

from penchant.interests.vectors import Bytes, Look, Vectors

pytest.importorskip("numkong")
DRAW = np.random.default_rng(5)


def vectors(items: int, D: int = 24) -> np.ndarray:
    return DRAW.normal(size=(items, D)).astype(np.float32)


@pytest.mark.parametrize("items", [1, 2, 301, 500])
@pytest.mark.parametrize("several", [1, 2, 4, 5, 9])
def test_products_of_bytes_are_those_of_whole_numbers(items, several):
    bytes_ = Bytes.of(vectors(items))
    asked = DRAW.integers(-127, 128, (several, 24)).astype(np.int8)
    plain = asked.astype(np.int64) @ bytes_.whole[:items].astype(np.int64).T
    found = bytes_.products(asked)
    assert [len(one) for one in found] == [items] * several
    np.testing.assert_array_equal(np.stack(found), plain)


@pytest.mark.parametrize("several", [1, 3])
def test_a_look_is_off_by_no_more_than_it_says(several, monkeypatch):
    monkeypatch.setattr("penchant.interests.vectors.MANY", 100)
    rows, d = Vectors(vectors(301)), vectors(several)
    more = rows.extended(vectors(8))
    assert rows.bytes() is not None
    for some in (rows, rows.extended(vectors(8)), more):
        look = Look(some, d)
        for b in range(several):
            total = np.ones(len(some), np.float32)
            off = look.add_to(total, b, 0.7)
            plain = 1 + 0.7 * some.rows.astype(np.float64) @ d[b]
            assert 0 < np.abs(total - plain).max() <= off + 1e-5

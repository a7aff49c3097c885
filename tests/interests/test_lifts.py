"""Events summed by context teach what the events one by one would."""

import numpy as np
import pytest
from scipy import sparse

from penchant.interests.context.lifts import LIFTS, Seen
from penchant.interests.context.variables import distinct

KINDS = sorted(LIFTS)


def events(n=600, contexts=12, nodes=5):
    draw = np.random.default_rng(0)
    codes = draw.integers(0, contexts, n)
    x = np.eye(contexts, dtype=np.float32)[codes]
    main = np.where(draw.random(n) < 0.7, codes % nodes, draw.integers(0, nodes, n))
    share = 0.8 * np.eye(nodes)[main] + 0.2 * np.eye(nodes)[(main + 1) % nodes]
    return codes, x, sparse.csr_array(share.astype(np.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_for_each_event_teaches_the_same(kind):
    codes, x, nodes = events()
    apart = Seen(x, np.arange(len(x)), nodes)
    together = Seen(np.eye(12, dtype=np.float32), codes, nodes)
    asked = np.eye(12, dtype=np.float32)
    one, two = (LIFTS[kind]().fit(seen, seed=3).lift(asked) for seen in (apart, together))
    np.testing.assert_allclose(one, two, atol=2e-4)
    assert np.abs(one).max() > 0.1


def test_sums_by_context():
    codes, _, nodes = events()
    seen = Seen(np.eye(12, dtype=np.float32), codes, nodes)
    some = np.array([5, 9, 300, 301, 302])
    rows, sums = seen.summed(some)
    assert rows.tolist() == sorted(set(codes[some].tolist()))
    dense = nodes.toarray()
    for row, total in zip(rows, sums, strict=True):
        np.testing.assert_allclose(total, dense[some[codes[some] == row]].sum(axis=0), atol=1e-6)
    assert seen.counts().sum() == len(seen) == 600
    np.testing.assert_allclose(seen.size(), dense.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("values", [3, 10_000_000])
def test_different_rows_of_codes(values):
    draw = np.random.default_rng(1)
    codes = draw.integers(-1, 3, (50, 3)).astype(np.int32)
    codes[:, 1] = np.where(codes[:, 1] < 0, -1, codes[:, 1] * (values // 3))
    rows, which = distinct(codes)
    assert len(rows) == len({tuple(row) for row in codes.tolist()})
    assert np.array_equal(rows[which], codes)


def test_no_variables_are_one_context_and_no_events_none():
    rows, which = distinct(np.zeros((4, 0), np.int32))
    assert (len(rows), which.tolist()) == (1, [0, 0, 0, 0])
    for V in (0, 3):
        rows, which = distinct(np.zeros((0, V), np.int32))
        assert (rows.shape, which.tolist()) == ((0, V), [])

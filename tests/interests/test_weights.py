"""M read row by row and whole: short and long histories come to the same."""

import numpy as np
import pytest
from scipy import sparse

from penchant.interests.base.weights import Sparse

I = 60
DRAW = np.random.default_rng(5)
M = sparse.random_array((I, I), density=0.2, rng=DRAW, dtype=np.float32, format="csr")


def histories(people, events):
    rows = np.repeat(np.arange(people), events)
    items = DRAW.integers(I, size=people * events)
    values = DRAW.random(people * events).astype(np.float32)
    return sparse.csr_array((values, (rows, items)), shape=(people, I))


@pytest.mark.parametrize(("people", "events"), [(1, 2), (1, 500), (7, 3), (7, 400), (0, 0)])
def test_histories_of_any_length_are_pushed_alike(people, events):
    H = histories(people, events)
    found = Sparse(M).push(H)
    assert found.shape == (people, I)
    np.testing.assert_allclose(found, H.toarray() @ M.toarray(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n", [1, 3, 40, I])
def test_entries_and_their_weighted_sums(n):
    rows, columns = np.arange(n), np.array([4, 9, 1])
    values = DRAW.random((3, 3)).astype(np.float32) * [[1, 0, 0], [1, 1, 0], [1, 0, 0]]
    entries = M.toarray()[:n][:, columns]
    np.testing.assert_allclose(Sparse(M).entries(rows, columns), entries)
    found = Sparse(M).weighed(rows, columns, values)
    np.testing.assert_allclose(found, entries @ values, rtol=1e-5, atol=1e-6)

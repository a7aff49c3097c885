import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.evaluate.ranking import MISS, Ranks, rank_all, ranks, top


def marks(rows, shape):
    made = np.zeros(shape, np.float32)
    for b, row in enumerate(rows):
        made[b, list(row)] = 1.0
    return sparse.csr_array(made)


def plain_ranks(scores, targets, excluded):
    """The definition, one item at a time."""
    found = []
    for row, wanted, hidden in zip(scores, targets, excluded, strict=True):
        wanted = sorted(wanted - hidden, key=lambda i: (-row[i], i))
        rivals = [j for j in range(len(row)) if j not in wanted and j not in hidden]
        found.append([1 + sum(row[j] >= row[i] for j in rivals) + n for n, i in enumerate(wanted)])
    return found


@st.composite
def questions(draw):
    B, I = draw(st.integers(1, 5)), draw(st.integers(2, 30))
    scores = draw(arrays(np.float32, (B, I), elements=st.integers(-2, 3).map(float)))
    items = st.sets(st.integers(0, I - 1), max_size=I)
    targets = [draw(st.sets(st.integers(0, I - 1), min_size=1, max_size=25)) for _ in range(B)]
    return scores, targets, [draw(items) for _ in range(B)]


@settings(max_examples=25, deadline=None)
@given(questions(), st.integers(1, 4))
def test_ranks_are_those_of_the_definition(asked, chunk):
    scores, targets, excluded = asked
    wanted, hidden = marks(targets, scores.shape), marks(excluded, scores.shape)
    before = scores.copy()
    found = ranks(scores, wanted, hidden, chunk=chunk)
    assert (scores == before).all()
    for b, expected in enumerate(plain_ranks(scores, targets, excluded)):
        mine = found.rank[found.offsets[b] : found.offsets[b + 1]]
        assert mine[mine < MISS].tolist() == expected
        assert (mine == MISS).sum() == len(targets[b] & excluded[b])
        row, got = scores[b], targets[b] - excluded[b]
        rivals = [j for j in range(len(row)) if j not in targets[b] | excluded[b]]
        assert found.rivals[b] == len(rivals)
        won = sum((row[i] > row[j]) + 0.5 * (row[i] == row[j]) for i in got for j in rivals)
        assert found.sum(found.beaten)[b] == pytest.approx(won)


@settings(max_examples=25, deadline=None)
@given(questions(), st.randoms(use_true_random=False))
def test_order_of_the_catalogue_changes_nothing(asked, dice):
    scores, targets, excluded = asked
    order = np.array(dice.sample(range(scores.shape[1]), scores.shape[1]))
    wanted, hidden = marks(targets, scores.shape), marks(excluded, scores.shape)
    one = ranks(scores, wanted, hidden)
    two = ranks(scores[:, order], wanted[:, order], hidden[:, order])
    for b in range(len(one)):
        span = slice(one.offsets[b], one.offsets[b + 1])
        assert sorted(one.rank[span]) == sorted(two.rank[span])


def test_a_scorer_that_says_nothing_ranks_last():
    found = ranks(np.zeros((1, 100), np.float32), marks([{7}], (1, 100)))
    assert found.rank.tolist() == [100]


def test_targets_that_no_list_can_hold_are_counted():
    scores = np.array([[3.0, 2.0, 1.0]], np.float32)
    found = ranks(scores, marks([{0, 2}], (1, 3)), marks([{0}], (1, 3)), outside=np.array([4]))
    assert found.rank.tolist() == [2, MISS]
    assert found.total.tolist() == [6]
    assert found.missed == 5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_name_their_scorer(bad):
    scores = np.zeros((2, 3), np.float32)
    scores[1, 2] = bad
    with pytest.raises(DataError, match="mine: score of item row 2 for moment 1"):
        ranks(scores, marks([{0}, {0}], (2, 3)), name="mine")
    with pytest.raises(DataError, match="mine"):
        top(scores, 2, name="mine")


def test_what_does_not_fit_is_refused():
    scores = np.zeros((2, 3), np.float32)
    with pytest.raises(DataError, match="targets is"):
        ranks(scores, marks([{0}], (1, 3)))
    with pytest.raises(DataError, match="excluded is"):
        ranks(scores, marks([{0}, {1}], (2, 3)), marks([{0}], (1, 3)))
    with pytest.raises(DataError, match="moment 1 has no target"):
        ranks(scores, marks([{0}, set()], (2, 3)))
    with pytest.raises(DataError, match="outside has 1"):
        ranks(scores, marks([{0}, {1}], (2, 3)), outside=np.array([1]))


def moments(n: int) -> Moments:
    none = np.zeros(0, np.int64)
    zeros = np.zeros(n + 1, np.int64)
    no_item, no_weight = none.astype(np.int32), none.astype(np.float32)
    return Moments(zeros, no_item, none, no_weight, none, none.astype(bool), np.arange(n))


def test_scoring_in_chunks_is_scoring_at_once():
    draws = np.random.default_rng(0)
    scores = draws.integers(0, 5, (23, 40)).astype(np.float32)
    wanted = sparse.csr_array((draws.random((23, 40)) < 0.1).astype(np.float32) + np.eye(23, 40))
    hidden = sparse.csr_array((draws.random((23, 40)) < 0.1).astype(np.float32))
    outside = draws.integers(0, 2, 23)
    whole = ranks(scores, wanted, hidden, outside=outside)
    parts = rank_all(lambda m: scores[m.at], moments(23), wanted, hidden, outside=outside, chunk=5)
    for name in ("offsets", "rank", "beaten", "total", "rivals"):
        assert (getattr(whole, name) == getattr(parts, name)).all(), name


def test_nobody_asked_is_an_empty_answer():
    none = sparse.csr_array((0, 4), dtype=np.float32)
    found = rank_all(lambda m: np.zeros((0, 4), np.float32), moments(0), none)
    assert isinstance(found, Ranks)
    assert len(found) == 0


@settings(max_examples=30, deadline=None)
@given(questions(), st.integers(1, 35))
def test_lists_are_the_best_candidates_in_order(asked, k):
    scores, _, excluded = asked
    found = top(scores, k, marks(excluded, scores.shape))
    assert found.shape == (len(scores), k)
    for b, row in enumerate(scores):
        open_to = [i for i in range(len(row)) if i not in excluded[b]]
        best = sorted(open_to, key=lambda i: (-row[i], i))[:k]
        assert found[b].tolist() == best + [-1] * (k - len(best))

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError
from penchant.evaluate import beyond

LISTS = np.array([[0, 1, 2], [2, 3, -1], [-1, -1, -1]], np.int32)


def test_coverage_and_gini_by_hand():
    assert beyond.coverage(LISTS, 8) == 0.5
    assert beyond.gini(np.array([[0, 1], [2, 3]], np.int32), 4) == pytest.approx(0.0)
    assert beyond.gini(np.zeros((5, 1), np.int32), 4) == pytest.approx(0.75)
    assert beyond.gini(np.full((1, 1), -1, np.int32), 4) == 0.0


def test_diversity_against_pairs_taken_one_by_one():
    draws = np.random.default_rng(1)
    vectors = draws.normal(size=(9, 4)).astype(np.float32)
    lists = np.array([[0, 1, 2, 3], [4, 5, 8, -1], [7, -1, -1, -1]], np.int32)
    found = beyond.intra_list_diversity(lists, vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for b, n in ((0, 4), (1, 3)):
        rows = unit[lists[b, :n]]
        cosines = [rows[i] @ rows[j] for i in range(n) for j in range(i)]
        assert found[b] == pytest.approx(1 - np.mean(cosines), abs=1e-5)
    assert np.isnan(found[2])
    same = np.ones((3, 4), np.float32)
    assert beyond.intra_list_diversity(LISTS[:1], same)[0] == pytest.approx(0.0, abs=1e-6)


def test_novelty_and_popularity_by_hand():
    counts = np.array([3, 1, 0, 0])
    found = beyond.novelty(np.array([[0], [3]], np.int32), counts)
    assert found.tolist() == [1.0, 3.0]
    shares = beyond.average_popularity(np.array([[0, 1], [1, -1]], np.int32), counts)
    assert shares.tolist() == [0.5, 0.25]
    assert np.isnan(beyond.novelty(LISTS, np.ones(4))[2])


def test_serendipity_counts_what_is_right_and_not_expected():
    relevant = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], np.float32))
    expected = np.array([[0, 3, -1], [0, 1, -1], [0, 1, 2]], np.int32)
    assert beyond.serendipity(LISTS, relevant, expected).tolist() == [
        pytest.approx(1 / 3), 1.0, 0.0,
    ]  # fmt: skip
    popular = beyond.serendipity(expected, relevant, expected)
    assert popular.tolist() == [0.0, 0.0, 0.0]


def test_calibration_is_zero_for_the_profile_itself_and_follows_the_equation():
    profile = np.array([[0.7, 0.3], [0.5, 0.5]])
    assert beyond.calibration(profile, profile) == pytest.approx([0, 0])
    assert beyond.divergence(profile, profile) == pytest.approx([0, 0])
    shown = np.array([[1.0, 0.0], [0.0, 1.0]])
    q = 0.99 * shown[0] + 0.01 * profile[0]
    by_hand = 0.7 * np.log(0.7 / q[0]) + 0.3 * np.log(0.3 / q[1])
    assert beyond.calibration(profile, shown)[0] == pytest.approx(by_hand)
    assert beyond.divergence(shown, shown[::-1]) == pytest.approx([1, 1])
    with pytest.raises(DataError, match="row 0 sums to 2"):
        beyond.calibration(2 * profile, shown)


def test_node_shares_are_the_mean_membership():
    membership = sparse.csr_array(np.array([[1, 0], [0.5, 0.5], [0, 1], [0, 1]], np.float32))
    found = beyond.node_shares(LISTS, membership)
    assert found == pytest.approx(np.array([[0.5, 0.5], [0, 1], [0, 0]]))


shares = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4).map(lambda w: np.array(w) / sum(w))


@settings(max_examples=50, deadline=None)
@given(shares, shares)
def test_divergences_are_never_negative_and_js_is_symmetric(p, q):
    p, q = p[None], q[None]
    assert beyond.calibration(p, q)[0] >= -1e-12
    js = beyond.divergence(p, q)[0]
    assert -1e-12 <= js <= 1
    assert js == pytest.approx(beyond.divergence(q, p)[0])


def test_cold_users_and_cold_items_stand_apart():
    lengths = np.array([0, 2, 7, 30])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    n = offsets[-1]
    flat, row, one = np.zeros(n, np.int64), np.zeros(n, np.int32), np.ones(n, np.float32)
    asked = Moments(offsets, row, flat, one, flat, one > 0, np.zeros(4))
    log = Histories(
        Vocabulary(["u"]), Vocabulary(["a", "b"]), np.array([0, 1]), np.zeros(1, np.int32),
        np.zeros(1, np.int64), np.ones(1, np.float32), np.zeros(1, np.int64), np.zeros(1, np.int32),
    )  # fmt: skip
    targets = sparse.csr_array(np.array([[1, 0], [0, 1], [1, 0], [1, 0]], np.float32))
    groups = beyond.slices(asked, targets, log, outside=np.array([0, 0, 1, 0]))
    assert groups["cold users"].tolist() == [True, False, False, False]
    assert groups["history 1–4"].tolist() == [False, True, False, False]
    assert groups["history 5–19"].tolist() == [False, False, True, False]
    assert groups["history 20+"].tolist() == [False, False, False, True]
    assert groups["cold items"].tolist() == [False, True, True, False]
    assert groups["known items"].tolist() == [True, False, False, True]
    assert "cold items" not in beyond.slices(asked, targets[[0, 0, 0, 0]], log)

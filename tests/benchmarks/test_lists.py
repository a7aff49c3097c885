"""Lists of the best hundred give the same figures as a full ranking, ties and filter included."""

import numpy as np
import pytest
from benchmarks.quality.lists import K, Lists, joined, judge, ranks, slug, topmost
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.evaluate import ranking
from penchant.evaluate.metrics import measure
from penchant.evaluate.ranking import MISS


def marks(rows: list[list[int]], n: int) -> sparse.csr_array:
    owner = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    item = np.array([i for r in rows for i in r], np.int64)
    return sparse.csr_array((np.ones(len(item), np.float32), (owner, item)), shape=(len(rows), n))


def listed(items: list[list[int]], scores: list[list[float]]) -> Lists:
    made = Lists(
        np.full((len(items), K), -1, np.int32),
        np.full((len(items), K), -np.inf, np.float32),
        np.zeros(len(items), bool),
    )
    for b, (row, value) in enumerate(zip(items, scores, strict=True)):
        made.items[b, : len(row)], made.scores[b, : len(row)] = row, value
    return made


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([60, 100, 101, 400]), st.sampled_from([3, 50, 10**6])
)
def test_lists_are_as_good_as_all_scores(seed: int, n: int, levels: int) -> None:
    draw = np.random.default_rng(seed)
    scores = (draw.integers(0, levels, (8, n)) / levels).astype(np.float32)
    targets = marks([list(draw.choice(n, draw.integers(1, 6), replace=False)) for _ in range(8)], n)
    barred = marks([list(draw.choice(n, draw.integers(0, 9), replace=False)) for _ in range(8)], n)
    whole = measure(ranking.ranks(scores, targets, barred), (1, 5, 10, 20))
    found = measure(ranks(topmost(scores, barred), targets), (1, 5, 10, 20))
    ties = levels == 3 and n > K  # a tie over the end of the list is a miss: never better
    for name in whole:
        if name == "auc":
            continue
        if ties:
            assert (found[name] <= whole[name] + 1e-12).all()
        else:
            assert found[name] == pytest.approx(whole[name], abs=1e-12)


def test_a_tie_never_helps() -> None:
    lists = listed([[4, 7, 2], [4, 7, 2]], [[1.0, 1.0, 0.5], [1.0, 0.9, 0.5]])
    assert ranks(lists, marks([[4], [4]], 10)).rank.tolist() == [2, 1]


def test_two_lists_are_joined_by_the_sum_of_their_scores() -> None:
    """One scatters fifteen times as widely; an item that is not listed has the last score."""
    a = listed([[1, 2, 3], []], [[3.0, 2.0, 1.0], []])
    b = listed([[3, 4, 5], [6]], [[35.0, 20.0, 5.0], [4.0]])
    found = joined(a, b, 3.0)
    assert found.items[0, :6].tolist() == [3, 4, 1, 2, 5, -1]
    assert found.scores[0, :5].tolist() == pytest.approx([8.0, 5.0, 4.0, 3.0, 2.0])
    assert found.items[1, :2].tolist() == [6, -1]
    assert np.isneginf(found.scores[:, 5:]).all()


def test_who_has_no_answer_or_no_opinion_changes_nothing() -> None:
    """Lists that were filled hold counts of events as scores: they do not set the scale."""
    a = listed([[1, 2], [1, 2]], [[3.0, 2.0], [3.0, 2.0]])
    b = listed([[2, 1], [9, 8]], [[2.0, 1.0], [900.0, 100.0]])
    b.popular[1] = True
    found = joined(a, b, 2.0)
    assert found.items[:, :2].tolist() == [[2, 1], [1, 2]]
    assert found.scores[0, :2].tolist() == pytest.approx([6.0, 5.0])
    flat = listed([[2, 1], [2, 1]], [[7.0, 7.0], [7.0, 7.0]])
    assert joined(a, flat, 2.0).items[:, :2].tolist() == [[1, 2], [1, 2]]


def test_a_tie_over_the_end_of_a_full_list_is_a_miss() -> None:
    items = np.arange(K, dtype=np.int32)[None]
    scores = np.where(np.arange(K) < 5, 2.0, 1.0).astype(np.float32)[None]
    found = ranks(Lists(items, scores, np.zeros(1, bool)), marks([[2, 7, 300]], 400))
    assert found.rank.tolist() == [5, MISS, MISS]
    assert found.total.tolist() == [3]


def test_places_where_candidates_ran_out_count_for_nobody() -> None:
    lists = listed([[3], []], [[0.2], []])
    assert ranks(lists, marks([[3], [0]], 5)).rank.tolist() == [1, MISS]
    assert judge(lists, marks([[3], [0]], 5)) == 0.5


def test_lists_are_kept(tmp_path) -> None:
    lists = listed([[3, 1]], [[0.2, 0.1]])
    lists.save(tmp_path / "a.npz")
    again = Lists.load(tmp_path / "a.npz")
    assert (again.items == lists.items).all()
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_lists_of_unequal_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores \(2, 4\)"):
        Lists(np.zeros((2, 3), np.int32), np.zeros((2, 4), np.float32), np.zeros(2, bool))


def test_names_among_files() -> None:
    assert slug("recent popularity") == "recent-popularity"

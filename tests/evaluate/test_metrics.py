import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.errors import DataError
from penchant.evaluate import metrics as m
from penchant.evaluate.ranking import MISS, Ranks


def ranked(*rows: list[int], outside: int = 0, rivals: int = 90) -> Ranks:
    """Moments whose targets stand at these ranks."""
    flat = np.array([r for row in rows for r in sorted(row)], np.int32)
    lengths = [len(row) for row in rows]
    place = np.concatenate([np.arange(n) for n in lengths])
    beaten = np.where(flat == MISS, 0.0, rivals - (flat - 1.0 - place))
    return Ranks(
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        rank=flat,
        beaten=beaten,
        total=np.array(lengths) + outside,
        rivals=np.full(len(rows), rivals),
    )


BY_HAND = [  # ranks of two targets, k = 5
    (m.recall, [1, 3], 1.0),
    (m.recall, [2, 9], 0.5),
    (m.precision, [1, 3], 0.4),
    (m.hit_rate, [9, 5], 1.0),
    (m.hit_rate, [6, 7], 0.0),
    (m.ndcg, [1, 2], 1.0),
    (m.ndcg, [1, 3], (1 + 0.5) / (1 + 1 / math.log2(3))),
    (m.mrr, [4, 5], 0.25),
    (m.mrr, [6, 7], 0.0),
    (m.mean_average_precision, [1, 3], (1 + 2 / 3) / 2),
    (m.mean_average_precision, [2, 8], 0.25),
    (m.f1, [1, 3], 2 * 0.4 * 1.0 / 1.4),
    (m.f1, [8, 9], 0.0),
]


@pytest.mark.parametrize(("metric", "row", "expected"), BY_HAND)
def test_figures_are_those_worked_out_by_hand(metric, row, expected):
    assert metric(ranked(row), 5).tolist() == [pytest.approx(expected)]


def test_auc_by_hand():
    assert m.auc(ranked([1, 2])).tolist() == [1.0]
    assert m.auc(ranked([91])).tolist() == [0.0]
    assert m.auc(ranked([46])).tolist() == [0.5]
    assert m.auc(ranked([1], rivals=0)).tolist() == [0.5]


def test_a_target_outside_the_catalogue_is_a_miss_everywhere():
    found = m.measure(ranked([1], outside=1), (5,))
    assert found["recall@5"] == 0.5
    assert found["auc"] == 0.5
    assert found["ndcg@5"] == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert found["map@5"] == 0.5
    lost = m.measure(ranked([MISS]), (5,))
    assert all(v == 0.0 for v in lost.values())


places = st.lists(
    st.lists(st.integers(1, 60), min_size=1, max_size=12, unique=True), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(places, st.integers(1, 30))
def test_metrics_against_lists_read_one_by_one(rows, k):
    found = m.measure(ranked(*rows), (k,))
    for b, row in enumerate(rows):
        shown = [r in row for r in range(1, k + 1)]
        hits, ideal = sum(shown), min(len(row), k)
        gain = sum(1 / math.log2(r + 1) for r, hit in enumerate(shown, 1) if hit)
        best = sum(1 / math.log2(r + 1) for r in range(1, ideal + 1))
        exact = sum(sum(shown[:r]) / r for r, hit in enumerate(shown, 1) if hit)
        first = next((1 / r for r, hit in enumerate(shown, 1) if hit), 0.0)
        p, r = hits / k, hits / len(row)
        f1 = 2 * p * r / (p + r) if hits else 0.0
        expected = {
            "recall": r, "precision": p, "hit_rate": float(hits > 0), "ndcg": gain / best,
            "mrr": first, "map": exact / ideal, "f1": f1,
        }  # fmt: skip
        for name, value in expected.items():
            assert found[f"{name}@{k}"][b] == pytest.approx(value), name


@settings(max_examples=40, deadline=None)
@given(places)
def test_a_longer_list_never_finds_less_and_all_stay_within_bounds(rows):
    found = m.measure(ranked(*rows), (3, 10, 30))
    for name in ("recall", "hit_rate", "mrr"):
        assert (found[f"{name}@3"] <= found[f"{name}@10"]).all()
        assert (found[f"{name}@10"] <= found[f"{name}@30"]).all()
    assert all(((v >= 0) & (v <= 1 + 1e-9)).all() for v in found.values())


def test_a_list_of_length_zero_is_refused():
    with pytest.raises(DataError, match="from 1 up"):
        m.measure(ranked([1]), (0,))

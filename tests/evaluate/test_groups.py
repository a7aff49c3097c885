"""Each side puts everybody into exactly one group."""

import numpy as np
import pytest
from scipy import sparse

from penchant.evaluate.groups import BANDS, bands, groups
from penchant.testing.layers import ITEMS, ends, log_of, planted, shelf

DAY = 86_400_000_000


def asked(moments, rows):
    """Targets [B × I] from a list of item rows for each moment."""
    owner = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    item = np.concatenate([np.asarray(r, np.int64) for r in rows])
    shape = (len(moments), ITEMS)
    return sparse.csr_array((np.ones(len(item), np.float32), (owner, item)), shape=shape)


def some(lengths, ages):
    """Moments with so many events, the last one so many days before the question."""
    rows = [(f"u{b:02d}", e % ITEMS, float(e)) for b, n in enumerate(lengths) for e in range(n)] + [
        ("z", 0, 0.0)
    ]
    log = log_of(rows, shelf())
    users = np.array([log.users.row(f"u{b:02d}", "user") if n else -1
                      for b, n in enumerate(lengths)])  # fmt: skip
    at = [log.time.min() + int((max(n - 1, 0) + age) * DAY)
          for n, age in zip(lengths, ages, strict=True)]  # fmt: skip
    return log, log.moments_at(users, np.asarray(at, np.int64))


@pytest.mark.parametrize("signal", ["pairs", "none"])
def test_every_side_is_a_partition(signal):
    log = planted(signal, users=40)
    moments = ends(log)
    targets = asked(moments, [[b % ITEMS, (7 * b) % ITEMS] for b in range(len(moments))])
    found = groups(moments, targets, log)
    assert list(found) == ["history", "last event", "targets", "users", "items"]
    for side, masks in found.items():
        total = np.sum([*masks.values()], axis=0)
        assert (total == 1).all(), side


def test_history_and_age_go_where_they_belong():
    lengths = [0, 1, 2, 3, 5, 6, 10, 11, 20, 21, 50, 51]
    ages = [0.0, 0.5, 1.0, 6.9, 7.0, 29.0, 30.0, 89.0, 90.0, 364.0, 365.0, 2000.0]
    log, moments = some(lengths, ages)
    found = groups(moments, asked(moments, [[0]] * len(lengths)), log)
    history = {name: np.flatnonzero(mask).tolist() for name, mask in found["history"].items()}
    assert history == {
        "history 0": [0], "history 1–2": [1, 2], "history 3–5": [3, 4], "history 6–10": [5, 6],
        "history 11–20": [7, 8], "history 21–50": [9, 10], "history 51+": [11],
    }  # fmt: skip
    age = {name: np.flatnonzero(mask).tolist() for name, mask in found["last event"].items()}
    assert age == {
        "no event before": [0], "last event 0–1 days": [1], "last event 1–7 days": [2, 3],
        "last event 7–30 days": [4, 5], "last event 30–90 days": [6, 7],
        "last event 90–365 days": [8, 9], "last event 365+ days": [10, 11],
    }  # fmt: skip
    assert np.flatnonzero(found["users"]["cold users"]).tolist() == [0]


def test_bands_share_the_events_and_items_alike_are_together():
    counts = np.array([1, 40, 20, 20, 19, 0, 0])
    assert [BANDS[b] for b in bands(counts)] == [
        "tail", "head", "middle", "middle", "tail", "new", "new",
    ]  # fmt: skip
    order = np.random.default_rng(0).permutation(len(counts))
    assert bands(counts[order]).tolist() == bands(counts)[order].tolist()
    assert bands(np.full(5, 3)).tolist() == [0] * 5
    assert bands(np.zeros(3, int)).tolist() == [3] * 3


def test_targets_go_by_most_of_them_and_ties_to_the_less_popular():
    rows = [("a", 0, float(d)) for d in range(40)] + [("b", 1, float(d)) for d in range(30)]
    rows += [("c", i, 1.0) for i in range(2, 22)]
    log = log_of(rows, shelf())
    users = np.zeros(5, np.int64)
    moments = log.moments_at(users, np.full(5, log.time.max()))
    targets = asked(moments, [[0], [0, 2, 3], [0, 2], [50], [0, 1]])
    found = groups(moments, targets, log)
    place = {int(b): name for name, mask in found["targets"].items() for b in np.flatnonzero(mask)}
    assert place == {
        0: "targets: head", 1: "targets: tail", 2: "targets: tail",
        3: "targets: new", 4: "targets: middle",
    }  # fmt: skip
    assert np.flatnonzero(found["items"]["cold items"]).tolist() == [3]


def test_a_group_without_anybody_is_there_and_empty():
    log = planted("pairs", users=10)
    moments = ends(log)
    found = groups(moments, asked(moments, [[0]] * len(moments)), log)
    assert not found["users"]["cold users"].any()
    assert not found["history"]["history 51+"].any()

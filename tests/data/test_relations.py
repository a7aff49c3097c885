from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.clock import DAY
from penchant.data import relations as module
from penchant.data.relations import Around, Relations
from penchant.testing.layers import START, log_of, shelf

BEGIN = int(np.datetime64(START.replace(tzinfo=None), "us").astype(np.int64))
PEOPLE = "abcd"
EVENTS = st.lists(
    st.tuples(
        st.tuples(st.sampled_from(PEOPLE), st.integers(0, 4), st.integers(0, 4)),
        st.sampled_from([1.0, -1.0]),
    ),
    min_size=1, max_size=25,
)  # fmt: skip
EDGES = st.lists(
    st.tuples(st.sampled_from("abcdxy"), st.sampled_from("abcdxy"), st.none() | st.integers(0, 4)),
    max_size=12,
)


def table(edges):
    days = [None if day is None else BEGIN + day * DAY for _, _, day in edges]
    return pl.DataFrame(
        {
            "source": [a for a, _, _ in edges],
            "target": [b for _, b, _ in edges],
            "timestamp": pl.Series(days, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
        },
        schema_overrides={"source": pl.String, "target": pl.String},
    )


@settings(max_examples=150, deadline=None)
@given(
    EVENTS, EDGES, st.lists(st.tuples(st.sampled_from("abcdxyz"), st.integers(0, 5)), max_size=6)
)
def test_around_somebody_is_what_the_others_had_before(rows, edges, asked):
    log = log_of([event for event, _ in rows], shelf())
    said = {}
    for (user, item, day), weight in rows:
        said.setdefault((user, item, day), set()).add(weight)
    weight = [
        max(said[log.users[u], int(i), (int(t) - BEGIN) // DAY])
        for u, i, t in zip(log.user, log.item, log.time, strict=True)
    ]
    log = replace(log, weight=np.asarray(weight, np.float32))
    log = replace(log, relations=Relations.of(table(edges), log.users))
    at = np.array([BEGIN + day * DAY for _, day in asked], np.int64)
    found = log.around([person for person, _ in asked], at)
    if log.relations is None:
        assert found is None
        assert not [1 for a, b, _ in edges if a != b and b in log.users]
        return
    counts = found.counts(len(log.items)).toarray()
    for b, (person, day) in enumerate(asked):
        near = {t for s, t, since in edges if s == person != t and (since is None or since <= day)}
        had = {(u, i) for (u, i, d), w in said.items() if u in near and d < day and max(w) > 0}
        known_by_now = near & set(log.users.ids)
        assert found.people[b] == len(known_by_now)
        expected = np.bincount([i for _, i in had], minlength=len(log.items)) if had else 0
        assert (counts[b] == expected).all()
    assert (found.take(np.arange(len(asked))[::-1]).counts(60).toarray() == counts[::-1]).all()


def test_a_log_asks_around_by_itself():
    log = log_of([("a", 1, 1), ("b", 2, 2), ("b", 3, 4)], shelf())
    log = replace(log, relations=Relations.of(table([("a", "b", None)]), log.users))
    asked = log.moments_at(np.array([0, 1, -1]), np.full(3, BEGIN + 3 * DAY))
    assert asked.around.counts(60).toarray()[:, :4].tolist() == [[0, 0, 1, 0], [0] * 4, [0] * 4]
    assert asked.take(np.array([1, 0])).around.counts(60).toarray()[:, 2].tolist() == [0, 1]
    one = asked.take(np.array([0])).without(0, [np.array([0])])
    assert one.around.counts(60).toarray()[0, 2] == 1
    later = log.moments_until(np.arange(3))
    assert later.around.counts(60).toarray().sum() == 0  # ann began before ben did anything


def test_only_the_newest_events_of_each_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "NEWEST", 2)
    log = log_of([("b", item, item) for item in range(5)], shelf())
    log = replace(log, relations=Relations.of(table([("a", "b", None)]), log.users))
    counts = log.around(["a"], np.array([BEGIN + 4 * DAY])).counts(60).toarray()[0]
    assert np.flatnonzero(counts).tolist() == [2, 3]


def test_no_edge_to_anybody_in_the_log_is_no_relation():
    log = log_of([("a", 1, 1)], shelf())
    assert Relations.of(table([("a", "x", None), ("a", "a", None)]), log.users) is None
    assert Relations.of(table([]), log.users) is None
    empty = Around(log, np.array([-1]), np.array([BEGIN]))
    assert empty.counts(3).shape == (1, 3)

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.split import UNREACHABLE, Fold, SplitConfig, canonical_order, split
from penchant.errors import ConfigError, DataError, LeakError, SchemaError

DAY0 = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ("last", "time", "rolling", "user")


def day(n: float) -> datetime:
    return DAY0 + timedelta(days=n)


def table(*rows: tuple[str, str, float], **more) -> pl.DataFrame:
    users, items, days = zip(*rows, strict=True)
    times = pl.Series([day(d) for d in days], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"user_id": users, "item_id": items, "timestamp": times, **more})


def cut(events, repeats=False, positive=None, seed=0, context=(), **config):
    mask = np.ones(events.height, bool) if positive is None else positive
    config = SplitConfig(**config)
    return split(events, config, repeats=repeats, positive=mask, seed=seed, context=context)


def pairs(frame: pl.DataFrame) -> list[tuple[str, str]]:
    return sorted(frame.select("user_id", "item_id").rows())


LOG = table(
    ("ann", "a", 0), ("ann", "b", 1), ("ann", "c", 2), ("ann", "a", 3),
    ("bob", "a", 0), ("bob", "c", 4),
    ("eve", "b", 2),
)  # fmt: skip


def test_last_asks_for_the_last_item_that_is_new_and_drops_what_came_later():
    (fold,) = cut(LOG)
    assert pairs(fold.targets) == [("ann", "c"), ("bob", "c")]
    assert pairs(fold.train) == [("ann", "a"), ("ann", "b"), ("bob", "a"), ("eve", "b")]
    assert fold.asks.sort("user_id")["at"].to_list() == [day(2), day(4)]
    assert fold.report.count("events after their user's target") == 1
    assert fold.report.count(UNREACHABLE) == 1
    assert fold.report.count("users that are only learned from") == 1


def test_last_with_repeats_asks_for_the_very_last():
    (fold,) = cut(LOG, repeats=True)
    assert pairs(fold.targets) == [("ann", "a"), ("bob", "c")]
    assert fold.train.height == 5


def test_last_asks_only_for_what_speaks_for_its_item():
    mask = np.array([True, True, False, True, True, True, True])
    (fold,) = cut(LOG, positive=mask)
    assert pairs(fold.targets) == [("ann", "b"), ("bob", "c")]
    weights = LOG.with_columns(w=pl.Series(np.where(mask, 1.0, -0.3)))
    (same,) = cut(weights, positive="w")
    assert pairs(same.targets) == pairs(fold.targets)


def test_min_history_keeps_the_newest_users_in_training():
    (fold,) = cut(LOG, min_history=2)
    assert pairs(fold.targets) == [("ann", "c")]
    assert ("bob", "c") in pairs(fold.train)


def test_the_same_act_told_twice_is_not_a_hint():
    events = table(("ann", "a", 0), ("ann", "b", 1), ("ann", "b", 1))
    (fold,) = cut(events, repeats=True)
    assert pairs(fold.targets) == [("ann", "b")]
    assert pairs(fold.train) == [("ann", "a")]
    assert fold.report.count("same user, item and time as the target") == 1


def test_time_puts_every_event_at_the_cut_into_the_test():
    events = table(
        ("ann", "a", 0), ("bob", "a", 1), ("ann", "b", 1), ("bob", "c", 1), ("eve", "a", 2)
    )
    (fold,) = cut(events, kind="time", cut=day(1))
    assert pairs(fold.train) == [("ann", "a")]
    assert pairs(fold.targets) == [("ann", "b"), ("bob", "a"), ("bob", "c"), ("eve", "a")]
    assert fold.cut == day(1)
    assert dict(fold.asks.select("user_id", "at").rows())["eve"] == day(2)


def test_time_by_share_takes_the_last_events():
    events = table(*[("ann" if i % 2 else "bob", f"i{i}", i) for i in range(20)])
    (fold,) = cut(events, kind="time", test_fraction=0.25)
    assert fold.targets.height == 5
    assert fold.train["timestamp"].max() == day(14)


def test_time_asks_once_for_each_item_and_counts_the_rest():
    events = table(
        ("ann", "a", 0), ("ann", "b", 5), ("ann", "b", 6), ("ann", "a", 6), ("ann", "d", 7)
    )  # fmt: skip
    mask = np.array([True, True, True, True, False])
    (fold,) = cut(events, positive=mask, kind="time", cut="2024-01-03")
    assert pairs(fold.targets) == [("ann", "b")]
    assert fold.report.count(UNREACHABLE) == 1
    assert fold.report.count("positive events on an item that is a target already: asked once") == 1
    assert fold.report.count("test events that speak for no item") == 1
    (again,) = cut(events, repeats=True, positive=mask, kind="time", cut="2024-01-03")
    assert pairs(again.targets) == [("ann", "a"), ("ann", "b")]


def test_rolling_windows_hold_equal_shares_and_follow_each_other():
    events = table(*[("ann" if i % 2 else "bob", f"i{i}", i) for i in range(20)])
    folds = cut(events, kind="rolling", windows=3, test_fraction=0.2)
    assert [f.targets.height for f in folds] == [4, 4, 4]
    assert [f.train.height for f in folds] == [8, 12, 16]
    for fold, following in pairwise(folds):
        assert fold.targets["timestamp"].max() < following.targets["timestamp"].min()


def test_test_users_are_unseen_and_their_past_is_given():
    events = table(*[(f"u{i % 10}", f"i{i}", i) for i in range(100)])
    (fold,) = cut(events, kind="user", test_users=0.3, holdout=0.2)
    asked = set(fold.asks["user_id"])
    assert len(asked) == 3
    assert not asked & set(fold.train["user_id"])
    assert set(fold.history["user_id"]) == asked
    assert fold.history.height == 3 * 8
    assert fold.targets.height == 3 * 2
    (other,) = cut(events, kind="user", test_users=0.3, seed=1)
    assert set(other.asks["user_id"]) != asked


def test_only_named_columns_are_told_when_asking():
    events = LOG.with_columns(device=pl.lit("phone"), price=pl.int_range(pl.len()))
    (fold,) = cut(events, context=["device"])
    assert fold.asks.columns == ["user_id", "at", "device"]
    assert fold.train.columns == events.columns


def test_ties_go_by_position_where_there_is_one():
    tied = table(("ann", "a", 0), ("ann", "b", 0), ("ann", "c", 0), position=[2, 0, 1])
    (fold,) = cut(tied)
    assert pairs(fold.targets) == [("ann", "a")]


def test_no_item_always_comes_last_in_its_ties():
    events = table(*[(f"u{u}", i, 0) for u in range(60) for i in "abc"])
    (fold,) = cut(events)
    counts = fold.targets["item_id"].value_counts()["count"]
    assert len(counts) == 3
    assert counts.min() >= 8


rows = st.lists(
    st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abcde"), st.integers(0, 6)),
    min_size=4,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(rows, st.randoms(use_true_random=False), st.sampled_from(KINDS), st.booleans())
def test_order_of_rows_changes_nothing_and_nothing_leaks(rows, dice, kind, repeats):
    events = table(*rows).with_columns(w=pl.Series([-1.0 if i == "e" else 1.0 for _, i, _ in rows]))
    shuffled = events[dice.sample(range(events.height), events.height)]
    try:
        folds = cut(events, repeats=repeats, positive="w", kind=kind)
    except DataError as error:
        with pytest.raises(DataError) as again:
            cut(shuffled, repeats=repeats, positive="w", kind=kind)
        assert str(again.value) == str(error)
        return
    for one, two in zip(
        folds, cut(shuffled, repeats=repeats, positive="w", kind=kind), strict=True
    ):
        for name in ("train", "history", "asks", "targets"):
            assert getattr(one, name).equals(getattr(two, name)), name
        assert one.report == two.report
        assert set(one.targets["item_id"]) <= set("abcd")
        met = one.history.join(one.targets, on=["user_id", "item_id"], how="semi")
        assert repeats or met.is_empty()
        assert set(one.asks["user_id"]) == set(one.targets["user_id"])


@settings(max_examples=20, deadline=None)
@given(rows, st.booleans())
def test_every_event_of_a_time_split_is_accounted_for(rows, repeats):
    events = table(*rows)
    try:
        (fold,) = cut(events, repeats=repeats, kind="time", test_fraction=0.3)
    except DataError:
        return
    aside = sum(f.count for f in fold.report.findings)
    assert fold.train.height + fold.targets.height + aside == events.height


def test_canonical_order_is_by_user_then_time():
    ordered = LOG.sample(fraction=1.0, shuffle=True, seed=3)
    ordered = ordered[canonical_order(ordered)]
    assert ordered["user_id"].is_sorted()
    for part in ordered.partition_by("user_id"):
        assert part["timestamp"].is_sorted()


def test_a_fold_with_overlapping_rows_is_refused():
    (good,) = cut(LOG, kind="time", cut=day(2))
    parts = {"asks": good.asks, "targets": good.targets, "cut": good.cut}
    leaky = pl.concat([good.train, LOG.filter(pl.col("timestamp") >= day(2)).head(1)])
    with pytest.raises(LeakError, match="targets can be seen in train"):
        Fold("x", "time", leaky, good.history, **parts)
    with pytest.raises(LeakError, match="targets can be seen in history"):
        Fold("x", "time", good.train, leaky, **parts)


def test_events_after_the_question_are_refused():
    (good,) = cut(LOG)
    later = table(("ann", "z", 9))
    with pytest.raises(LeakError, match="after their user's time of asking"):
        Fold("x", "last", pl.concat([good.train, later]), good.history, good.asks, good.targets)


def test_a_cut_that_does_not_cut_is_refused():
    (good,) = cut(LOG, kind="time", cut=day(2))
    stranger = pl.concat([good.train, table(("zoe", "z", 2))])
    with pytest.raises(LeakError, match="train lie at or after the cut"):
        Fold("x", "time", stranger, stranger, good.asks, good.targets, cut=good.cut)
    with pytest.raises(LeakError, match="targets lie before the cut"):
        Fold("x", "time", good.train, good.train, good.asks, good.targets, cut=day(4))


def test_known_test_users_and_stray_questions_are_refused():
    events = table(*[(f"u{i % 4}", f"i{i}", i) for i in range(20)])
    (good,) = cut(events, kind="user", test_users=0.25)
    with pytest.raises(LeakError, match="also occur in train"):
        known = pl.concat([good.train, good.history])
        Fold("x", "user", known, good.history, good.asks, good.targets)
    with pytest.raises(LeakError, match="asked twice"):
        twice = pl.concat([good.asks, good.asks])
        Fold("x", "user", good.train, good.history, twice, good.targets)
    with pytest.raises(LeakError, match="nobody who is asked"):
        Fold("x", "user", good.train, good.history, good.asks.clear(), good.targets)
    with pytest.raises(LeakError, match="before the time of asking"):
        late = good.asks.with_columns(pl.col("at") + timedelta(days=99))
        Fold("x", "user", good.train, good.history, late, good.targets)


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_split_says_so(kind):
    alone = table(("ann", "a", 0))
    with pytest.raises(DataError, match="split"):
        cut(alone, kind=kind)
    with pytest.raises(DataError, match="empty"):
        cut(alone.clear(), kind=kind)
    with pytest.raises(SchemaError, match="item_id"):
        cut(alone.drop("item_id"), kind=kind)
    with pytest.raises(SchemaError, match="2 entries for 1"):
        cut(alone, kind=kind, positive=np.ones(2, bool))


def test_all_ties_cannot_be_cut_in_time():
    events = table(*[("ann", i, 0) for i in "abcdef"])
    with pytest.raises(DataError, match="no event lies before the cut"):
        cut(events, kind="time")


def test_settings_that_leave_nothing_to_learn_from_are_refused():
    with pytest.raises(ConfigError, match="windows × test_fraction"):
        SplitConfig(kind="rolling", windows=10, test_fraction=0.1)
    with pytest.raises(ConfigError, match="test_fraction"):
        SplitConfig(test_fraction=0.0)


DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[2] / "../shared/data"))


@pytest.mark.skipif(not DATA.exists(), reason="PENCHANT_DATA has no real data")
@pytest.mark.parametrize("kind", KINDS)
def test_real_ratings_split_without_a_leak(kind):
    events = pl.read_parquet(DATA / "xwines" / "events.parquet").head(40_000)
    for fold in cut(events, kind=kind):
        assert fold.targets.height > 100
        assert fold.train.height > 10_000

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from penchant.data import schema
from penchant.data.coerce import Kind
from penchant.data.incoming import (
    LONGEST_COLUMN,
    MOST_COLUMNS,
    MOST_TOGETHER,
    SHAPES,
    Incoming,
    Rejected,
    read_rows,
)
from penchant.data.jsonlines import from_rows
from penchant.data.values import LONGEST_NAME, LONGEST_TEXT, apart, plain
from penchant.errors import SchemaError
from penchant.store.tables import KINDS
from penchant.types import Report

QUICK = settings(max_examples=60, deadline=None)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {"user_id": "ann", "item_id": "tea", "timestamp": "2024-05-01T12:00:00Z"}


def event(**more: Any) -> dict[str, Any]:
    return {**GOOD, **more}


def why(*rows: Any, kind: str = "events") -> list[tuple[int, str]]:
    return [(r.index, r.field) for r in read_rows(kind, rows, now=NOON).rejected]


IDS = st.one_of(
    st.text("ab é/_", min_size=1, max_size=5).filter(str.strip),
    st.integers(-(2**70), 2**70),
    st.sampled_from([17850.0, "17850.0", "007", " x ", "NA"]),
)
TIMES = st.one_of(
    st.datetimes(datetime(1972, 1, 1), datetime(2024, 5, 1)).map(datetime.isoformat),
    st.integers(10**8, 1_714_564_800),
    st.integers(10**12, 1_714_564_800_000),
    st.sampled_from(["2024-05-01", "20240430", "1714550400.5", 1714550400.25, "2024-04-30 10:00Z"]),
)
NUMBERS = st.one_of(
    st.none(), st.floats(-1e9, 1e9), st.integers(-(2**70), 2**70), st.sampled_from(["4.5", ""])
)
TEXTS = st.one_of(st.none(), st.text("aZé \n", max_size=6), st.lists(st.text("aé"), max_size=3))


@QUICK
@given(
    st.lists(
        st.fixed_dictionaries(
            {"user_id": IDS, "item_id": IDS, "timestamp": TIMES},
            optional={
                "event": st.sampled_from(["view", "Purchase", None, " like "]),
                "value": NUMBERS,
                "text": TEXTS,
                "position": st.sampled_from([1, "2", None, 3.0]),
                "device": st.sampled_from(["tablet", None, "phone"]),
                "stars": st.integers(0, 5),
                "shelves": st.lists(st.integers(0, 9), max_size=3),
            },
        ),
        min_size=1,
        max_size=8,
    )
)
def test_good_rows_are_read_as_tables_are(rows: list[dict[str, Any]]) -> None:
    came = read_rows("events", rows, now=NOON)
    assert came.rejected == ()
    report = Report()
    alone = [schema.as_events(from_rows([row], Report()), report=report) for row in rows]
    for place, one in enumerate(alone):  # beside others a row is what it is alone
        mine = came.frame.select(n for n in one.columns if n in came.frame.columns)
        assert mine.row(place) == one.row(0)
    assert came.report.count("timestamp without a time zone, taken as UTC") == report.count(
        "timestamp without a time zone, taken as UTC"
    )


@QUICK
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "user_id": st.sampled_from(["ann", "bob"]),
                "item_id": st.integers(0, 9),
                "timestamp": st.integers(10**9, 1_714_564_800),
                "value": st.one_of(st.none(), st.floats(-1e9, 1e9)),
            },
            optional={"device": st.sampled_from(["tablet", None]), "event": st.just("Like")},
        ),
        min_size=1,
    )
)
def test_good_rows_make_the_very_table(rows: list[dict[str, Any]]) -> None:
    table = schema.as_events(from_rows(rows, Report()), report=Report())
    assert_frame_equal(read_rows("events", rows, now=NOON).frame, table)


ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["2024-05-01", "nan", "1.0", "yes", "a > b", "2024-05-01T10:00:00+02:00"]),
        st.just("\ud800"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


@QUICK
@given(st.lists(ANY, max_size=6), st.sampled_from(get_args(Kind)))
def test_the_quick_way_is_the_other_way(values: list[Any], kind: Kind) -> None:
    quick, slow = plain("x", kind, values), apart("x", kind, values)
    if quick is not None:
        assert not slow.bad
        assert quick.series.dtype == slow.series.dtype
        assert quick.series.to_list() == slow.series.to_list()
        assert quick.zoneless == slow.zoneless


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_quick_way_is_taken(kind: Kind) -> None:
    values = {
        "id": ["ann", 7], "time": ["2024-05-01T12:00:00Z", 1714564800], "number": [1, 2.5],
        "whole": [1], "text": ["é"], "path": [["a", "b"]], "labels": [["a"]], "flag": [True],
    }  # fmt: skip
    assert plain("x", kind, [*values[kind], None]) is not None


@QUICK
@given(st.sampled_from(KINDS), st.lists(st.one_of(ANY, st.dictionaries(
    st.sampled_from([*schema.EVENTS.kinds, "interest", "source", "target", "category", "extra"]),
    ANY, max_size=6)), max_size=6))  # fmt: skip
def test_whatever_comes_is_a_row_or_is_rejected(kind: str, rows: list[Any]) -> None:
    came = read_rows(kind, rows, now=NOON)
    assert came.frame.height + len(came.rejected) == len(rows)
    assert all(name in came.frame.columns for name in SHAPES[kind].required)
    bad = {r.index for r in came.rejected}
    good = [row for index, row in enumerate(rows) if index not in bad]
    again = read_rows(kind, good, now=NOON)
    assert not again.rejected
    assert_frame_equal(again.frame, came.frame)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"item_id": "tea"}, "user_id"),
        (event(user_id=None), "user_id"),
        (event(user_id="  "), "user_id"),
        (event(user_id="nan"), "user_id"),
        (event(user_id=float("nan")), "user_id"),
        (event(user_id=True), "user_id"),
        (event(user_id=1.5), "user_id"),
        (event(item_id=False), "item_id"),
        (event(session_id=0.25), "session_id"),
        (event(user_id=["ann"]), "user_id"),
        (event(user_id={"id": 1}), "user_id"),
        (event(user_id="x" * (LONGEST_NAME + 1)), "user_id"),
        (event(item_id="te\0a"), "item_id"),
        (event(item_id="\ud800"), "item_id"),
        (event(timestamp="soon"), "timestamp"),
        (event(timestamp=True), "timestamp"),
        (event(timestamp=7), "timestamp"),
        (event(timestamp="1969-05-01"), "timestamp"),
        (event(timestamp="2024-05-03"), "timestamp"),
        (event(timestamp=[]), "timestamp"),
        (event(value="much"), "value"),
        (event(value=float("nan")), "value"),
        (event(value=float("inf")), "value"),
        (event(value="nan"), "value"),
        (event(value=[1]), "value"),
        (event(position=1.5), "position"),
        (event(event="x" * (LONGEST_NAME + 1)), "event"),
        (event(event="vi\0ew"), "event"),
        (event(text="é" * (LONGEST_TEXT // 2 + 1)), "text"),
        (event(text={"a": 1}), "text"),
        (event(session_id="x" * (LONGEST_NAME + 1)), "session_id"),
        (event(note="x" * (LONGEST_TEXT + 1)), "note"),
        (event(note={"a": 1}), "note"),
        (event(note=[{"a": 1}]), "note"),
        (event(note=[[1]]), "note"),
        (event(note=[1, "a"]), "note"),
        (event(note=["x" * LONGEST_TEXT, "y"]), "note"),
        (event(note=float("inf")), "note"),
        (event(note=b"x"), "note"),
        (event(note="\ud800"), "note"),
        (event(**{"": 1}), ""),
        (event(**{"a\0": 1}), ""),
        (event(**{"\ud800": 1}), ""),
        (event(**{"x" * (LONGEST_COLUMN + 1): 1}), ""),
        (event(**{f"c{n}": n for n in range(MOST_COLUMNS)}), ""),
        ([1, 2], ""),
        (None, ""),
        ("ann", ""),
    ],
)
def test_what_is_rejected_is_told_by_field_and_leaves_others_alone(row: Any, field: str) -> None:
    assert why(event(stars=1), row, event(stars=2)) == [(1, field)]
    came = read_rows("events", [event(stars=1), row, event(stars=2)], now=NOON)
    assert_frame_equal(came.frame, read_rows("events", [event(stars=1), event(stars=2)]).frame)
    assert "came" in came.rejected[0].reason or "missing" in came.rejected[0].reason


def test_the_reason_says_what_came_and_what_was_expected() -> None:
    came = read_rows("events", [event(value="a lot " * 99), event(timestamp=7)])
    first, second = map(str, came.rejected)
    assert first.startswith("row 0: value: 'a lot a lot ")
    assert first.endswith("… came; expected a number")
    assert len(first) < 120
    assert second == "row 1: timestamp: 7 came; expected a time from 1971 until now"


def test_a_time_that_is_not_said_is_now_where_now_is_said() -> None:
    rows = [{"user_id": 1, "item_id": 2}, {"user_id": 1, "item_id": 3, "timestamp": ""}]
    assert read_rows("events", rows, now=NOON).frame["timestamp"].to_list() == [NOON] * 2
    assert why({"user_id": 1, "item_id": 2}) == []
    assert read_rows("events", rows).rejected == tuple(
        Rejected(i, "timestamp", read_rows("events", rows).rejected[i].reason) for i in (0, 1)
    )
    edge = [{"source": 1, "target": 2}]
    assert "timestamp" not in read_rows("relations", edge, now=NOON).frame.columns


def test_a_sender_may_be_a_day_ahead() -> None:
    ahead = NOON + timedelta(hours=23)
    assert why(event(timestamp=ahead.isoformat())) == []
    assert why(event(timestamp=(ahead + timedelta(hours=2)).isoformat())) == [(0, "timestamp")]


def test_times_of_python_are_times() -> None:
    rows = [event(timestamp=NOON), event(timestamp=datetime(2024, 5, 1, 12)),
            event(timestamp=date(2024, 5, 1), seen=NOON)]  # fmt: skip
    came = read_rows("events", rows, now=NOON)
    assert came.frame["timestamp"].to_list() == [NOON, NOON, datetime(2024, 5, 1, tzinfo=UTC)]
    assert came.report.count("timestamp without a time zone, taken as UTC") == 2


def test_columns_of_all_rows_together_are_limited() -> None:
    rows = [event(**{f"c{row}-{n}": n for n in range(50)}) for row in range(40)]
    came = read_rows("events", rows, now=NOON)
    assert came.frame.width <= MOST_TOGETHER
    assert came.rejected
    assert came.frame.height + len(came.rejected) == len(rows)


def test_lists_and_texts_of_one_column_are_read_side_by_side() -> None:
    rows = [
        {"item_id": 1, "tags": ["it's", 'a "b"'], "category": "A > B", "available": "yes"},
        {"item_id": 2, "tags": "x|y", "category": ["A", "C"], "available": False},
        {"item_id": 3, "tags": [1, 2], "category": [["A", "D"], ["E"]], "price": "2.5"},
        {"item_id": 4, "tags": [], "category": None, "price": 3},
    ]
    frame = read_rows("items", rows).frame
    assert frame["tags"].to_list() == [["it's", 'a "b"'], ["x", "y"], ["1", "2"], None]
    assert frame["category"].to_list() == [["A", "B"], ["A", "C"], ["A", "D"], None]
    assert frame["available"].to_list() == [True, False, None, None]
    assert frame["price"].to_list() == [None, None, 2.5, 3.0]
    assert why({"item_id": 1, "tags": [["a"]]}, {"item_id": 2, "category": [["a"], "b"]},
               {"item_id": 3, "category": [[1]]}, kind="items") == [
        (0, "tags"), (1, "category"), (2, "category")]  # fmt: skip


def test_of_items_sent_twice_both_stay_so_that_the_later_one_counts() -> None:
    rows = [{"item_id": 1, "title": "old", "brand": "b"}, {"item_id": 1, "title": "new"}]
    assert read_rows("items", rows).frame["title"].to_list() == ["old", "new"]


def test_feedback_names_one_thing_or_takes_all_back() -> None:
    rows: list[dict[str, Any]] = [
        {"user_id": "u", "event": "More", "interest": "Tea"},
        {"user_id": "u", "event": "clear"},
        {"user_id": "u", "event": "maybe", "interest": "Tea"},
        {"user_id": "u", "event": "less"},
        {"user_id": "u", "event": "less", "interest": "Tea", "item_id": 7},
        {"user_id": "u", "item_id": 7},
    ]
    assert why(*rows, kind="feedback") == [
        (2, "event"), (3, "interest"), (4, "interest"), (5, "event"),
    ]  # fmt: skip
    frame = read_rows("feedback", rows, now=NOON).frame
    table = pl.DataFrame(rows[:2]).with_columns(timestamp=pl.lit(NOON), item_id=pl.lit(None))
    assert_frame_equal(frame, schema.as_feedback(table, report=Report()))


def test_relations_are_friends_unless_they_say() -> None:
    came = read_rows("relations", [{"source": 1, "target": 2}, {"source": "", "target": 2}])
    assert came.frame.rows() == [("1", "2", "friend")]
    assert [str(r) for r in came.rejected] == [
        "row 1: source: missing; expected an id: text or a whole number"
    ]


@pytest.mark.parametrize("other", ["follows", 7, None])
def test_a_relation_is_read_the_same_whatever_comes_beside_it(other) -> None:
    rows = [{"source": 1, "target": 2, "relation": other}, {"source": 3, "target": 4}]
    beside = read_rows("relations", rows)
    alone = read_rows("relations", rows[1:])
    assert beside.frame.rows()[1] == alone.frame.rows()[0] == ("3", "4", "friend")
    counted = beside.report.count("relations without a kind, taken as 'friend'")
    assert counted == (2 if other is None else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_are_an_empty_table(kind: str) -> None:
    came = read_rows(kind, [])
    assert isinstance(came, Incoming)
    assert came.frame.height == 0
    assert set(SHAPES[kind].required) <= set(came.frame.columns)


def test_an_unknown_kind_says_which_there_are() -> None:
    with pytest.raises(SchemaError, match=r"'event' came; expected one of events.*Did you mean"):
        read_rows("event", [])


def test_rows_of_json_stay_what_they_are_through_json() -> None:
    rows = [event(value=4, device="tablet", n=2**63), event(user_id=2**64)]
    came = read_rows("events", json.loads(json.dumps(rows)), now=NOON)
    assert came.frame["user_id"].to_list() == ["ann", str(2**64)]
    assert came.frame["n"].to_list() == [str(2**63), None]

"""What makes a row the same row: the canonical form, which must never change."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.store.rows import canonical as in_plain_types
from penchant.store.sql import same
from penchant.store.sql.same import canonical, forms, marked
from penchant.types import Report

MOMENT = datetime(2024, 5, 1, 12, 0, 0, 1, tzinfo=UTC)


def frame(**columns):
    return in_plain_types("events", pl.DataFrame(columns), Report())


def numbers(rows):
    return marked(rows)["same"].to_list()


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("ann", "1:x=3:ann;"),
        ("ß", "1:x=2:ß;"),
        ("", "1:x=0:;"),
        (3, "1:x=1:3;"),
        (3.0, "1:x=1:3;"),
        (-0.0, "1:x=1:0;"),
        (True, "1:x=1:1;"),
        (0.1, "1:x=3:0.1;"),
        (1e300, "1:x=6:1e+300;"),
        (float("nan"), "1:x=3:nan;"),
        (float("-inf"), "1:x=4:-inf;"),
        (2**62 + 1, "1:x=19:4611686018427387905;"),
        (MOMENT, "1:x=16:1714564800000001;"),
        (date(2024, 5, 1), "1:x=16:1714521600000000;"),
        (time(0, 0, 1), "1:x=10:1000000000;"),
        (timedelta(seconds=-1), "1:x=8:-1000000;"),
        (b"\x00\xff", "1:x=4:00ff;"),
        (["a", "b,1"], "1:x=11:[1:a,3:b,1];"),
        ([1.0, None], "1:x=7:[1:1,~];"),
        ([], "1:x=2:[];"),
        ({"b": 1, "a": None}, "1:x=10:{1:b=1:1;};"),
        (None, ""),
    ],
)
def test_each_value_has_one_form_for_ever(value, form):
    assert canonical({"x": value}) == form
    assert forms(frame(x=[value])).to_list() == [form]


CELLS = {
    "text": st.text(max_size=5).filter(lambda t: max(t, default="a") < "\ud800"),
    "whole": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(),
    "flag": st.booleans(),
    "day": st.dates(date(1600, 1, 1), date(2200, 1, 1)),
    "at": st.datetimes(datetime(1600, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    "clock": st.times(),
    "span": st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    "raw": st.binary(max_size=4),
    "some": st.lists(st.floats() | st.none(), max_size=3),
    "group": st.fixed_dictionaries(
        {"a": st.integers(0, 9) | st.none(), "b": st.text("x;:", max_size=3)}
    ),
}
TYPES = {
    "text": pl.String, "whole": pl.Int64, "number": pl.Float64, "flag": pl.Boolean, "day": pl.Date,
    "at": pl.Datetime("us", "UTC"), "clock": pl.Time, "span": pl.Duration("us"), "raw": pl.Binary,
    "some": pl.List(pl.Float64), "group": pl.Struct({"a": pl.Int64, "b": pl.String}),
}  # fmt: skip
ROW = st.fixed_dictionaries({name: st.none() | cell for name, cell in CELLS.items()})


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=3))
def test_both_fast_ways_equal_the_plain_one(rows):
    """That for a few rows, and that for many."""
    frame, plain = pl.DataFrame(rows, schema=TYPES), [canonical(row) for row in rows]
    assert forms(frame).to_list() == plain
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(same, "FEW", 0)
        assert forms(frame).to_list() == plain


def test_a_number_and_its_text_are_the_same_and_a_missing_column_is_nothing():
    assert numbers(frame(x=[12])) == numbers(frame(x=["12"])) == numbers(frame(x=[12.0]))
    assert numbers(frame(x=[1], y=pl.Series([None], dtype=pl.String))) == numbers(frame(x=[1]))


def test_no_value_can_pass_for_two():
    assert numbers(frame(a=["1;1:b=1:2"])) != numbers(frame(a=["1"], b=["2"]))
    assert numbers(frame(a=[["x", "y"]])) != numbers(frame(a=[["x,1:y"]]))


def test_hashes_are_these_for_ever():
    rows = marked(frame(user_id=["ann", "ann"], item_id=["a", "a"], event_id=[None, "x"]))
    assert rows["same"].to_list() == [int.from_bytes(bytes.fromhex("0f1e5aee3f8839c3")), None]
    assert rows["named"].to_list() == [None, bytes.fromhex("1fdb5dbb3c6ca86c09f374f8bf9fda25")]
    other = marked(frame(user_id=["bob"], item_id=["b"], event_id=["x"]))
    assert other["named"].to_list() == rows["named"].to_list()[1:]
    negative = bytes.fromhex("fde6dd9ece59a664")
    assert numbers(frame(user_id=["bob"], item_id=["b"])) == [int.from_bytes(negative, signed=True)]

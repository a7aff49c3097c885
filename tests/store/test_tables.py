"""The in-memory store, column types, and what a receipt says."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penchant.errors import SchemaError
from penchant.store import dtypes
from penchant.store.memory import MemoryTables
from penchant.store.tables import Receipt
from penchant.store.workspace import Workspace
from penchant.testing.stores import TablesContract, events


class TestMemory(TablesContract):
    def open(self, folder):
        return MemoryTables()


def test_receipt_adds_up_and_reports():
    receipt = Receipt("events", new=3, known=2)
    assert receipt.rows == 5
    assert "2 already there" in str(receipt)
    assert Receipt("events", new=3).report().findings == []


def test_times_are_kept_as_utc_whatever_they_came_as():
    tables = MemoryTables()
    at = datetime(2024, 5, 1, 12)
    zone = timezone(timedelta(hours=2))
    one = pl.DataFrame({"user_id": ["ann"], "item_id": ["a"]})
    forms = [
        pl.Series("timestamp", [at]),  # without a zone: UTC
        pl.Series("timestamp", [at.replace(tzinfo=UTC)]).dt.cast_time_unit("ms"),
        pl.Series("timestamp", [at.replace(tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo"),
        pl.Series("timestamp", [datetime(2024, 5, 1, 14, tzinfo=zone)]),
    ]
    receipts = [tables.append("events", one.with_columns(form)) for form in forms]
    assert [r.new for r in receipts] == [1, 0, 0, 0]
    assert tables.read("events").collect()["timestamp"].to_list() == [at.replace(tzinfo=UTC)]
    day = tables.append("events", one.with_columns(timestamp=date(2024, 5, 1)))
    assert day.new == 1


def test_fractions_of_a_microsecond_are_counted():
    frame = events(("ann", "a", 0)).with_columns(
        pl.col("timestamp").dt.cast_time_unit("ns").dt.offset_by("1ns")
    )
    report = MemoryTables().append("events", frame).report()
    assert report.count("timestamp cut to microseconds") == 1


def test_ids_become_text_and_categories_too():
    tables = MemoryTables()
    frame = events(("7", "a", 0), device="phone")
    tables.append("events", frame.with_columns(pl.col("device").cast(pl.Categorical)))
    assert tables.append("events", frame.with_columns(pl.col("user_id").cast(pl.Int32))).known == 1


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pl.Series("big", [2**64 - 1], dtype=pl.UInt64), "events.big"),
        (pl.Series("thing", [object()], dtype=pl.Object), "events.thing"),
        (pl.Series("timestamp", ["yesterday"]), "events.timestamp"),
    ],
)
def test_what_cannot_be_kept_is_named(column, said):
    with pytest.raises(SchemaError, match=said):
        MemoryTables().append("events", events(("ann", "a", 0)).with_columns(column))


SIMPLE = st.sampled_from(
    [pl.Null(), pl.Boolean(), pl.Int64(), pl.Float64(), pl.String(), pl.Date(), dtypes.UTC]
)
TYPES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        inner.map(pl.List),
        st.dictionaries(st.sampled_from("ab"), inner, min_size=1).map(pl.Struct),
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(TYPES, TYPES)
@example(
    pl.List(pl.List(pl.Struct({"a": pl.Null, "b": pl.Null}))),
    pl.List(pl.List(pl.Struct({"b": pl.Null, "a": pl.Null}))),
)
def test_widening_has_no_order_and_keeps_its_type(a, b):
    both = dtypes.widen(a, b)
    assert both == dtypes.widen(b, a) or {a, b} <= {both}
    assert dtypes.widen(a, a) == a == dtypes.widen(a, pl.Null())
    if both is not None:
        assert dtypes.widen(both, a) == both == dtypes.widen(both, b)


@settings(deadline=None)
@given(TYPES)
def test_types_survive_json(dtype):
    assert dtypes.from_json(dtypes.to_json({"x": dtype}))["x"] == dtype


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float32, np.bool_])
def test_every_number_has_a_plain_type(dtype):
    series = pl.Series("x", np.zeros(1, dtype))
    assert dtypes.plain(series.dtype) in (pl.Int64(), pl.Float64(), pl.Boolean())


def test_attributes_in_another_order_stay_with_their_names(tmp_path):
    for tables in (MemoryTables(), Workspace(tmp_path / "shop").tables):
        tables.append("items", pl.DataFrame({"item_id": ["x"], "size": [{"b": 3, "a": 4}]}))
        tables.append("items", pl.DataFrame({"item_id": ["y"], "size": [{"a": 1, "b": 2}]}))
        kept = tables.read("items").lazy().collect().sort("item_id")
        assert kept["size"].to_list() == [{"a": 4, "b": 3}, {"a": 1, "b": 2}]


def test_attributes_in_groups_are_kept():
    tables = MemoryTables()
    tables.append("items", pl.DataFrame({"item_id": ["a"], "size": [{"cm": 3, "in": None}]}))
    tables.append("items", pl.DataFrame({"item_id": ["b"], "size": [{"cm": 1.5, "in": "x"}]}))
    assert tables.read("items").collect()["size"].to_list() == [
        {"cm": 3.0, "in": None},
        {"cm": 1.5, "in": "x"},
    ]

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from penchant.data.coerce import COERCE, as_flag, as_id, as_labels, as_number, as_path, as_text
from penchant.data.schema import (
    as_events,
    as_exposures,
    as_feedback,
    as_items,
    as_relations,
    as_users,
)
from penchant.data.times import as_time, without_zone
from penchant.errors import SchemaError
from penchant.types import Report

QUICK = settings(max_examples=60, deadline=None)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def events(**columns: object) -> pl.DataFrame:
    base = {"user_id": ["u"], "item_id": ["i"], "timestamp": [NOON]}
    return pl.DataFrame({**base, **columns}, strict=False)


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ([1, 2, None], ["1", "2", None]),
        ([17850.0, 1.5, float("nan"), float("inf")], ["17850", "1.5", None, None]),
        (["17850.0", " 007 ", "", "nan", "None", "NA"], ["17850", "007", None, None, None, "NA"]),
        ([Decimal("3.00")], ["3"]),
        ([True], ["true"]),
        ([None], [None]),
        ([b"ab"], ["ab"]),
    ],
)
def test_ids(values: list[object], ids: list[str | None]) -> None:
    assert as_id(pl.Series("id", values, strict=False)).to_list() == ids


@QUICK
@given(st.lists(st.integers(-(2**52), 2**52), min_size=1))
def test_an_id_is_the_same_however_it_was_stored(numbers: list[int]) -> None:
    forms = [
        pl.Series(numbers),
        pl.Series([float(n) for n in numbers]),
        pl.Series([str(n) for n in numbers]),
        pl.Series([f"{n}.0" for n in numbers]),
    ]
    assert all(as_id(form).to_list() == [str(n) for n in numbers] for form in forms)


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-01T12:00:00Z",
        "2024-05-01 12:00",
        "2024-05-01T14:00:00+02:00",
        "2024-05-01T07:00:00.000-0500",
        "2024-05-01 12:00:00 UTC",
        " 2024-05-01T12:00:00,000000000Z ",
        "1714564800",
        "1714564800.0",
        "1714564800000",
        1714564800,
        1714564800.0,
        1714564800000,
        1714564800000000,
        1714564800000000000,
        datetime(2024, 5, 1, 12),
        datetime(2024, 5, 1, 14, tzinfo=ZoneInfo("Europe/Berlin")),
    ],
)
def test_times_in_every_form(value: object) -> None:
    time = as_time(pl.Series("timestamp", [value]))
    assert time.dtype == pl.Datetime("us", "UTC")
    assert time.to_list() == [NOON]


def test_days() -> None:
    day = datetime(2024, 5, 1, tzinfo=UTC)
    for value in ("2024-05-01", date(2024, 5, 1), 20240501, "20240501"):
        assert as_time(pl.Series([value])).to_list() == [day]


@pytest.mark.parametrize(
    "value", ["soon", "2024-02-30", "12/1/2010 8:26", "1e400", True, [1], b"x"]
)
def test_what_is_no_time_is_null(value: object) -> None:
    assert as_time(pl.Series([value])).to_list() in (
        [None],
        [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)],
    )


@QUICK
@given(
    st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=8),
    st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]),
)
def test_iso_text_in_any_zone_is_the_same_moment(times: list[datetime], zone: str) -> None:
    zoned = [time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for time in times]
    text = pl.Series("timestamp", [time.isoformat() for time in zoned])
    assert as_time(text).to_list() == zoned
    assert without_zone(text) == 0


def test_mixed_zones_are_one_time_line_and_naive_ones_are_noted() -> None:
    table = pl.DataFrame(
        {
            "user_id": [1, 1, 1],
            "item_id": [1, 2, 3],
            "timestamp": [
                "2024-05-01T14:00:00+02:00",
                "2024-05-01T07:00:00-05:00",
                "2024-05-01 12:00",
            ],
        }
    )
    report = Report()
    assert as_events(table, report=report)["timestamp"].to_list() == [NOON] * 3
    assert report.count("timestamp without a time zone, taken as UTC") == 1


def test_one_value_is_read_as_in_company() -> None:
    texts = ["2024-05-01", "1714564800", "x", "2024-05-01T14:00:00+02:00", "20240501", None, "5.5"]
    together = as_time(pl.Series(texts, dtype=pl.String)).to_list()
    assert together == [as_time(pl.Series([t], dtype=pl.String))[0] for t in texts]


def test_lists() -> None:
    paths = ["Beauty > Hair & Care >Wax", "A|B", '["x", "y, z"]', "", None, "one, thing"]
    expected = [
        ["Beauty", "Hair & Care", "Wax"],
        ["A", "B"],
        ["x", "y, z"],
        None,
        None,
        ["one, thing"],
    ]
    assert as_path(pl.Series(paths)).to_list() == expected
    labels = ["a, b", "Drama|War", "<q-gate><noise>", "['x', 'y']", "a;;b"]
    expected = [["a", "b"], ["Drama", "War"], ["q-gate", "noise"], ["x", "y"], ["a", "b"]]
    assert as_labels(pl.Series(labels)).to_list() == expected
    assert as_path(pl.Series([["a ", "", None], []])).to_list() == [["a"], None]
    assert as_path(pl.Series([[["a", "b"], ["c"]]])).to_list() == [["a", "b"]]
    assert as_labels(pl.Series([[1, 2]])).to_list() == [["1", "2"]]


def test_numbers_flags_and_text() -> None:
    assert as_number(pl.Series(["2.5", " 3 ", "2,95", "nan", "inf"])).to_list() == [
        2.5,
        3.0,
        *[None] * 3,
    ]
    assert as_number(pl.Series([date(2024, 5, 1)])).to_list() == [None]
    assert as_flag(pl.Series(["yes", "0", "False", "perhaps"])).to_list() == [
        True,
        False,
        False,
        None,
    ]
    assert as_flag(pl.Series([1, 0])).to_list() == [True, False]
    assert as_text(pl.Series([["two", "parts"], [], None])).to_list() == ["two parts", None, None]
    assert as_text(pl.Series([{"a": 1}])).to_list() == ['{"a":1}']


ANY = st.one_of(
    st.lists(st.one_of(st.none(), st.text()), min_size=1),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1),
    st.lists(st.binary(), min_size=1),
    st.lists(st.lists(st.text()), min_size=1),
    st.lists(st.lists(st.lists(st.integers(0, 9))), min_size=1),
    st.lists(st.datetimes(), min_size=1),
    st.lists(st.timedeltas(timedelta(days=-90_000), timedelta(days=90_000)), min_size=1),
    st.lists(st.fixed_dictionaries({"x": st.integers(0, 9)}), min_size=1),
    st.lists(st.none(), min_size=1),
)


@QUICK
@given(ANY, st.sampled_from(sorted(COERCE)))
@example([-6.213559680000001e16], "time")  # eight microseconds before the year 1
def test_no_value_of_any_type_crashes_and_twice_is_once(values: list[object], kind: str) -> None:
    column = pl.Series("x", values, strict=False)  # polars trips over [[[]], [[0]]]
    try:
        once = COERCE[kind](column)
    except SchemaError:
        assert kind == "id"
        return
    assert len(once) == len(column)
    assert once.name == "x"
    assert COERCE[kind](once).to_list() == once.to_list()


CELLS = st.sampled_from(["1", "2.0", "", None, "ann"])
TIMES = st.sampled_from(["2024-05-01", "soon", None, "1714564800"])


@QUICK
@given(st.lists(st.tuples(CELLS, CELLS, TIMES), max_size=20))
def test_rows_in_are_rows_out_and_rows_set_aside(rows: list[tuple[str | None, ...]]) -> None:
    names = ["user_id", "item_id", "timestamp"]
    rows = [*rows, ("u", "i", "2024-05-01")]
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    report = Report()
    shaped = as_events(table, report=report)
    aside = sum(report.count(f"rows without {name} set aside") for name in names)
    assert table.height == shaped.height + aside
    assert_frame_equal(as_events(shaped, report=Report()), shaped)


def test_events_of_another_shop() -> None:
    table = pl.DataFrame(
        {
            "customer": [17850.0, None, 3.0],
            "sku": ["0012", "7", "8"],
            "at": ["2010-12-01 08:26:00", "2010-12-01 08:26:00", "never"],
            "rating": ["4", "x", ""],
            "store": ["north", "south", "north"],
        }
    )
    mapping = {"user_id": "customer", "item_id": "sku", "timestamp": "at", "value": "rating"}
    report = Report()
    came = as_events(table, mapping=mapping, default_event="rating", report=report)
    assert came.columns == ["user_id", "item_id", "timestamp", "event", "value", "store"]
    time = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert came.rows() == [("17850", "0012", time, "rating", 4.0, "north")]
    assert report.count("unreadable timestamp") == 1
    assert report.count("unreadable value") == 1
    assert report.count("rows without user_id set aside") == 1
    assert report.count("rows without timestamp set aside") == 1
    assert report.count("events without a type, taken as 'rating'") == 1


def test_a_missing_column_says_how_to_map() -> None:
    table = pl.DataFrame({"CustomerID": [1], "StockCode": [2], "InvoiceDate": ["2024"]})
    with pytest.raises(SchemaError) as caught:
        as_events(table, report=Report())
    message = str(caught.value)
    assert "no column user_id, item_id, timestamp" in message
    assert "Came: CustomerID, StockCode, InvoiceDate" in message
    assert "--map user_id=CustomerID --map item_id=StockCode --map timestamp=InvoiceDate" in message
    with pytest.raises(SchemaError, match="--map item_id=<your column>"):
        as_items(pl.DataFrame({"q": [1]}), report=Report())
    with pytest.raises(SchemaError, match="no columns at all"):
        as_users(pl.DataFrame(), report=Report())


def test_a_mapping_to_nowhere() -> None:
    with pytest.raises(SchemaError, match=r"mapped to 'costumer'.*Did you mean 'customer'"):
        as_events(pl.DataFrame({"customer": [1]}), mapping={"user_id": "costumer"}, report=Report())


def test_a_mapped_column_hides_one_of_that_name_and_one_may_serve_twice() -> None:
    table = events(customer=["c"], title=["t"])
    report = Report()
    came = as_events(
        table, mapping={"user_id": "customer", "text": "title", "label": "title"}, report=report
    )
    assert came.select("user_id", "text", "label").row(0) == ("c", "t", "t")
    assert report.count("columns replaced by a mapped one") == 1
    swapped = as_events(
        events(), mapping={"user_id": "item_id", "item_id": "user_id"}, report=Report()
    )
    assert swapped.select("user_id", "item_id").row(0) == ("i", "u")


def test_no_readable_time_at_all_is_an_error_and_a_format_helps() -> None:
    table = events(timestamp=["12/1/2010 8:26"])
    with pytest.raises(SchemaError, match=r"not one of 1 values is a time.*time_format"):
        as_events(table, report=Report())
    came = as_events(table, time_format="%m/%d/%Y %H:%M", report=Report())
    assert came["timestamp"].to_list() == [datetime(2010, 12, 1, 8, 26, tzinfo=UTC)]


def test_ids_cannot_be_lists() -> None:
    with pytest.raises(SchemaError, match="user_id: List"):
        as_events(events(user_id=[["a"]]), report=Report())


def test_event_types_are_small_and_whole() -> None:
    report = Report()
    table = pl.concat([events(event=["Purchase"]), events(event=[""])])
    assert as_events(table, report=report)["event"].to_list() == ["purchase", "view"]
    assert report.count("event types put in small letters") == 1
    assert report.count("events without a type, taken as 'view'") == 1


def test_items_keep_the_first_complete_one_of_an_id() -> None:
    table = pl.DataFrame(
        {
            "item_id": [2, 1, 1, 1, None],
            "title": ["b", None, "full", "later", "x"],
            "brand": [None] * 5,
            "price": ["1.5", "2", "2", "2", "3"],
            "year": [2001, 2002, 2003, 2004, 2005],
        }
    )
    report = Report()
    came = as_items(table, report=report)
    kinds = [pl.String, pl.String, pl.String, pl.Float64, pl.Int64]
    assert came.columns == ["item_id", "title", "brand", "price", "year"]
    assert came.dtypes == kinds
    assert came.select("item_id", "title", "year").rows() == [("2", "b", 2001), ("1", "full", 2003)]
    assert report.count("rows with the item_id of another set aside") == 2
    assert report.count("rows without item_id set aside") == 1


def test_ten_megabytes_pass_the_door() -> None:
    long = "word " * 2_000_000
    came = as_items(pl.DataFrame({"item_id": ["1"], "description": [long]}), report=Report())
    assert len(came["description"][0]) == len(long.strip())


def test_exposures_users_and_relations() -> None:
    shown = as_exposures(events(position=["1"], shelf=["top"]), report=Report())
    assert shown.columns == ["user_id", "item_id", "timestamp", "position", "shelf"]
    assert shown["position"].to_list() == [1]
    report = Report()
    users = as_users(pl.DataFrame({"user_id": [1, 1], "age": [None, "30"]}), report=report)
    assert users.rows() == [("1", "30")]
    edges = as_relations(pl.DataFrame({"source": [1], "target": [2]}), report=report)
    assert edges.rows() == [("1", "2", "friend")]
    assert report.count("relations without a kind, taken as 'friend'") == 1
    some = {"source": [1, 2, 3], "target": [2, 3, 1], "relation": ["trusts", None, None]}
    report = Report()
    edges = as_relations(pl.DataFrame(some), report=report, default_relation="knows")
    assert edges["relation"].to_list() == ["trusts", "knows", "knows"]
    assert report.count("relations without a kind, taken as 'knows'") == 2


def test_feedback_names_one_thing_or_takes_all_back() -> None:
    rows = [("More", "Tea", None), ("never", None, 7), ("clear", None, None)]
    rows += [("less", None, None), ("less", "Tea", 7), ("maybe", "Tea", None), (None, "Tea", None)]
    table = pl.DataFrame(rows, schema=["event", "interest", "item_id"], orient="row")
    report = Report()
    came = as_feedback(
        table.with_columns(user_id=pl.lit("u"), timestamp=pl.lit(NOON)), report=report
    )
    assert came.columns == ["user_id", "timestamp", "event", "interest", "item_id"]
    assert came["event"].to_list() == ["more", "never", "clear"]
    assert came["item_id"].to_list() == [None, "7", None]
    assert report.count("rows that name no interest or item, or both, set aside") == 2
    assert report.count("rows whose event is not one of more, less, never, clear set aside") == 1
    assert report.count("rows without event set aside") == 1


def test_an_empty_table_stays_empty() -> None:
    came = as_events(events().clear(), report=Report())
    assert came.is_empty()
    assert came.columns == ["user_id", "item_id", "timestamp", "event"]

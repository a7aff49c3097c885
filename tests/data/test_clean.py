from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from penchant.data.clean import CleanConfig, clean
from penchant.data.machines import MachinesConfig, machines, resolution
from penchant.data.missing import MissingConfig
from penchant.data.outliers import OutliersConfig
from penchant.errors import ConfigError
from penchant.random import rng
from penchant.types import Report

QUICK = settings(max_examples=40, deadline=None)
NOW = datetime(2024, 6, 1, tzinfo=UTC)
START = datetime(2024, 5, 1, tzinfo=UTC)


def log(rows: list[tuple[object, ...]], **columns: object) -> pl.DataFrame:
    """Events from (user, item, seconds after the start)."""
    table = pl.DataFrame(
        {
            "user_id": [str(row[0]) for row in rows],
            "item_id": [str(row[1]) for row in rows],
            "timestamp": [START + timedelta(seconds=float(row[2])) for row in rows],
            "event": ["view"] * len(rows),
        },
        schema_overrides={
            **dict.fromkeys(["user_id", "item_id", "event"], pl.String),
            "timestamp": pl.Datetime("us", "UTC"),
        },
    )
    return table.with_columns(pl.Series(name, values) for name, values in columns.items())


def cleaned(events: pl.DataFrame, items: pl.DataFrame | None = None, **settings_: object):
    report = Report()
    out = clean(events, items, CleanConfig(**settings_), report, now=NOW)
    return *out, report


def aside(report: Report) -> int:
    """Events counted as set aside."""
    found = [f for f in report.findings if f.what.endswith("set aside") and f.step != "items"]
    return sum(f.count for f in found)


ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(-(10**9 * 2), 10**7)), max_size=40
)


@QUICK
@given(
    ROWS,
    st.sampled_from([0.0, 60.0]),
    st.integers(1, 3),
    st.sampled_from(["keep", "drop"]),
    st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=40, max_size=40),
)
def test_cleaning_twice_is_cleaning_once_and_counts_add_up(
    rows, near, core, unknown, values
) -> None:
    events = log(rows).with_columns(pl.Series("value", values[: len(rows)], dtype=pl.Float64))
    items = pl.DataFrame({"item_id": ["0", "1", "2"], "title": ["a", "<b>b</b>", None]})
    config = {
        "near_seconds": near,
        "core_users": core,
        "core_items": core,
        "unknown_items": unknown,
        "missing": {"value": {"how": "constant", "value": 1.0}},
    }
    once, its, report = cleaned(events, items, **config)
    assert events.height == once.height + aside(report)
    twice, same, quiet = cleaned(once, its, **config)
    assert_frame_equal(once, twice)
    assert_frame_equal(its, same)
    assert not quiet.findings
    assert set(once["item_id"]) <= set(its["item_id"])


def test_exact_duplicates_look_at_every_column() -> None:
    rows = [("u", "i", 0)] * 3
    assert cleaned(log(rows))[0].height == 1
    assert cleaned(log(rows, quantity=[1, 1, 2]))[0].height == 2
    assert cleaned(log(rows), duplicates=False)[0].height == 3
    assert cleaned(log(rows, tags=[["a"], ["a"], ["b"]]))[0].height == 2


def test_the_same_event_id_counts_once_whatever_else_differs() -> None:
    events = log([("u", "i", 0), ("u", "j", 5), ("u", "i", 9), ("u", "i", 9), ("u", "i", 9)])
    events = events.with_columns(pl.Series("event_id", ["a", "a", None, None, "b"]))
    out, _, report = cleaned(events)
    assert out["event_id"].to_list() == ["a", None, "b"]
    assert report.count("exact duplicates set aside") == 2


def test_near_duplicates_collapse_only_when_asked() -> None:
    events = log([("u", "i", 0), ("u", "i", 2), ("u", "i", 4), ("u", "j", 4), ("u", "i", 60)])
    assert cleaned(events)[0].height == 5
    out, _, report = cleaned(events, near_seconds=3)
    assert out["item_id"].to_list() == ["i", "j", "i"]
    assert report.count("near duplicates set aside") == 2


def test_impossible_times() -> None:
    day = 86_400
    events = log(
        [("u", "i", 0), ("u", "i", -60 * 365 * day), ("u", "i", 31.5 * day), ("u", "i", 33 * day)]
    )
    out, _, report = cleaned(events)
    assert out.height == 2
    assert report.count("events before 1971-01-01 set aside") == 1
    assert report.count("events in the future set aside") == 1
    assert cleaned(events, future_days=10)[0].height == 3
    late = cleaned(events, earliest="2024-05-20")[0]
    assert late.height == 1


def test_unknown_items() -> None:
    items = pl.DataFrame({"item_id": ["a"], "title": ["A"]})
    events = log([("u", "a", 0), ("u", "b", 1)])
    out, its, report = cleaned(events, items)
    assert its.rows() == [("a", "A"), ("b", None)]
    assert out.height == 2
    assert report.count("items that are only known from events, added bare") == 1
    out, its, report = cleaned(events, items, unknown_items="drop")
    assert its.height == out.height == 1
    assert report.count("events of unknown items set aside") == 1
    assert cleaned(events)[1]["item_id"].to_list() == ["a", "b"]


def test_core_is_a_fixpoint() -> None:
    events = log(
        [("u", "i", 0), ("u", "j", 1), ("v", "i", 2), ("v", "j", 3), ("w", "j", 4), ("w", "k", 5)]
    )
    out, its, report = cleaned(events, core_users=2, core_items=2)
    assert set(out["user_id"]) == {"u", "v"}
    assert report.count("events outside the core set aside") == 2
    assert "k" in its["item_id"], "the catalogue keeps what nobody came for"


def person(name: str, seconds: np.ndarray) -> list[tuple[object, ...]]:
    return [(name, n % 50, s) for n, s in enumerate(seconds)]


def test_machines_are_found_and_people_are_not() -> None:
    draw = rng(1, "machines")
    fast = person("fast", np.arange(3000) * 1.0 + draw.random(3000) * 0.2)
    even = person("even", np.arange(300) * 3600.0 / 4)
    daily = person("daily", np.arange(400) * 86_400.0)
    rater = person("rater", np.cumsum(3 + draw.exponential(4, 800)))
    wholesale = [("wholesale", n % 400, n // 600 * 86_400 + 3600) for n in range(7_971)]
    events = log(fast + even + daily + rater + wholesale)
    found = machines(events, MachinesConfig())
    assert found.rows() == [("even", "too even"), ("fast", "too fast")]
    out, _, report = cleaned(events, duplicates=False, future_days=1000)
    assert set(out["user_id"]) == {"daily", "rater", "wholesale"}
    assert report.count("users that act like machines") == 2
    assert report.count("events of users that act like machines set aside") == 3300


@pytest.mark.parametrize(
    "change", [{"per_minute": 5}, {"minutes": 1, "per_minute": 10}, {"per_day": 100}]
)
def test_each_measure_of_machines_can_be_set(change: dict[str, float]) -> None:
    rater = log(person("rater", np.cumsum(3 + rng(2, "r").exponential(1.5, 500))))
    assert machines(rater, MachinesConfig()).is_empty()
    assert machines(rater, MachinesConfig(**change)).height == 1


def test_evenness_can_be_set_and_machines_left_alone() -> None:
    clock = log(person("clock", np.arange(60) * 61.0 + (np.arange(60) % 4 == 0)))
    assert machines(clock, MachinesConfig()).is_empty()
    assert machines(clock, MachinesConfig(even_gaps=30, even_share=0.4)).height == 1
    loose = {"even_gaps": 30, "even_share": 0.4}
    kept, _, report = cleaned(clock, machines={**loose, "action": "note"})
    assert kept.height == 60
    assert report.count("users that act like machines") == 1
    assert not cleaned(clock, machines={**loose, "action": "off"})[2].count(
        "users that act like machines"
    )


def test_resolution() -> None:
    us = pl.Series([0, 86_400_000_000, 172_800_000_000])
    assert resolution(us) == 86_400_000_000
    assert resolution(us + 60_000_000) == 60_000_000
    assert resolution(us + 1) == 1


def test_missing_values() -> None:
    events = log([("u", i, n) for n, i in enumerate("aabba")], price=[1.0, None, 10.0, None, 4.0])

    def prices(**config: object) -> list[float | None]:
        out, _, report = cleaned(events, missing={"price": MissingConfig(**config)})
        count = sum(f.count for f in report.findings if "price" in f.what)
        assert count == 2
        return out["price"].to_list()

    assert prices(how="drop") == [1.0, 10.0, 4.0]
    assert prices(how="constant", value=9.0) == [1.0, 9.0, 10.0, 9.0, 4.0]
    assert prices(how="mean") == [1.0, 5.0, 10.0, 5.0, 4.0]
    assert prices(how="median") == [1.0, 4.0, 10.0, 4.0, 4.0]
    assert prices(how="median", within="item_id") == [1.0, 2.5, 10.0, 10.0, 4.0]
    assert prices(how="interpolate") == [1.0, 5.5, 10.0, 7.0, 4.0]
    assert prices(how="interpolate", within="item_id") == [1.0, 2.5, 10.0, None, 4.0]


@pytest.mark.parametrize("by", ["iqr", "zscore"])
def test_outliers(by: str) -> None:
    values = [*np.linspace(-1, 1, 50).tolist(), 1000.0, None]
    events = log([("u", n, n) for n in range(52)], value=values)

    def treated(**config: object) -> pl.Series:
        out, _, report = cleaned(events, outliers={"value": OutliersConfig(by=by, **config)})
        assert sum(f.count for f in report.findings if f.what.startswith("outliers")) == 1
        return out["value"]

    assert len(treated()) == 51
    assert treated(action="null").null_count() == 2
    clipped = treated(action="clip")
    assert len(clipped) == 52
    assert 1.0 < clipped.max() < 1000.0
    assert len(cleaned(events, outliers={"value": {"by": by, "limit": 1e6}})[0]) == 52


def test_outliers_within_groups_and_without_spread() -> None:
    rows = [(n % 2, n, n) for n in range(40)]
    events = log(rows, value=[float(n % 10) + 1000 * (n % 2) for n in range(40)])
    assert cleaned(events, outliers={"value": {"within": "user_id"}})[0].height == 40
    same = log(rows, value=[1.0] * 39 + [5.0])
    assert cleaned(same, outliers={"value": {}})[0].height == 40


def test_numbers_of_items_are_treated_too() -> None:
    items = pl.DataFrame({"item_id": ["a", "b"], "price": [2.0, None]})
    _, its, report = cleaned(log([("u", "a", 0)]), items, missing={"price": {"how": "mean"}})
    assert its["price"].to_list() == [2.0, 2.0]
    assert report.findings[0].step == "items"


def test_settings_that_name_no_column_of_numbers() -> None:
    events = log([("u", "i", 0)], price=[1.0])
    with pytest.raises(ConfigError, match=r"clean\.missing: no column 'prize' came.*'price'"):
        cleaned(events, missing={"prize": {}})
    with pytest.raises(ConfigError, match=r"clean\.outliers: no column 'shop'"):
        cleaned(events, outliers={"price": {"within": "shop"}})
    with pytest.raises(ConfigError, match=r"clean\.outliers\.event: String came; expected numbers"):
        cleaned(events, outliers={"event": {}})


def test_markup_can_be_left() -> None:
    items = pl.DataFrame({"item_id": ["i"], "title": ["Fish &amp; chips"]})
    events = log([("u", "i", 0)])
    _, its, report = cleaned(events, items)
    assert its["title"][0] == "Fish & chips"
    assert report.count("title with markup or stray spaces, made plain") == 1
    assert cleaned(events, items, markup=False)[1]["title"][0] == "Fish &amp; chips"


def test_one_user_one_item_and_nothing() -> None:
    assert cleaned(log([("u", "i", 0)]))[0].height == 1
    empty, its, report = cleaned(log([]))
    assert empty.is_empty()
    assert its.is_empty()
    assert not report.findings


def test_settings_round_trip_to_toml(tmp_path) -> None:
    config = CleanConfig(missing={"price": MissingConfig()}, machines={"action": "off"})
    (tmp_path / "clean.toml").write_text(config.to_toml())
    assert CleanConfig.from_toml(tmp_path / "clean.toml") == config

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from penchant.data.check import CHECKS, CheckConfig, CheckResult, check
from penchant.data.read import read
from penchant.types import Report

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def log(n: int = 1200, **columns: object) -> pl.DataFrame:
    """A log that nothing is wrong with."""
    base = {
        "user_id": [str(i % 40) for i in range(n)],
        "item_id": [str(i * 7 % 60) for i in range(n)],
        "timestamp": [NOW - timedelta(hours=i * 0.37 + 1) for i in range(n)],
        "event": ["view"] * n,
    }
    return pl.DataFrame({**base, **columns})


def items(n: int = 60, **columns: object) -> pl.DataFrame:
    base = {"item_id": [str(i) for i in range(n)], "title": [f"item {i}" for i in range(n)]}
    return pl.DataFrame({**base, **columns})


def results(*args: object, **named: object) -> dict[str, CheckResult]:
    return {r.name: r for r in check(*args, now=NOW, **named)}


def test_good_tables_pass_everywhere() -> None:
    found = results(log(), items())
    assert {r.status for r in found.values()} == {"PASS"}
    assert len(found) == len(CHECKS) + 1


WRONG = {
    "ids": (log(user_id=[None] * 100 + ["a"] * 1100), "WARN"),
    "times": (log(timestamp=["x"] * 700 + ["2024-05-01"] * 500), "FAIL"),
    "events": (log(10), "WARN"),
    "users": (log(user_id=["one"] * 1200), "FAIL"),
    "items": (log(item_id=["one"] * 1200), "FAIL"),
    "time range": (log().with_columns(pl.col("timestamp") - timedelta(days=40 * 365)), "WARN"),
    "future": (log().with_columns(pl.col("timestamp") + timedelta(days=30)), "WARN"),
    "resolution": (log().with_columns(pl.col("timestamp").dt.truncate("1d")), "WARN"),
    "duplicates": (pl.concat([log(), log()]), "FAIL"),
    "event types": (log(event=["ogle"] * 1200), "WARN"),
    "values": (log(value=["x"] * 3 + ["1.5"] * 1197), "WARN"),
    "negative": (log(quantity=[-1] * 5 + [1] * 1195), "WARN"),
    "machines": (
        log(timestamp=[NOW - timedelta(minutes=15 * (i // 40)) for i in range(1200)]).with_columns(
            user_id=pl.lit("clock"), timestamp=NOW - pl.duration(minutes=15) * pl.int_range(1200)
        ),
        "WARN",
    ),
    "catalogue": (log(item_id=["new"] * 600 + ["1"] * 600), "WARN"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_flaw_of_events_is_found(name: str) -> None:
    events, status = WRONG[name]
    found = results(events, items())[name]
    assert found.status == status
    assert found.advice
    assert found.count or name in ("time range",)


BAD_ITEMS = {
    "item text": items(title=[None] * 60),
    "item ids": pl.concat([items(), items()]),
    "item titles": items(title=["same"] * 60),
    "long texts": items(title=["x" * 10_001] + ["y"] * 59),
    "encoding": items(title=["cafÃ©", *[f"t{i}" for i in range(59)]]),
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_each_flaw_of_items_is_found(name: str) -> None:
    found = results(log(), BAD_ITEMS[name])[name]
    assert found.status == "WARN"
    assert found.count
    assert found.advice


def test_good_letters_are_not_taken_for_broken_ones() -> None:
    titles = ["São Paulo", "Château", "ÂGE", "NOËL", "“quoted”", "100 €", *map(str, range(54))]
    assert results(log(), items(title=titles))["encoding"].status == "PASS"


def test_a_missing_column_is_one_failure_that_teaches() -> None:
    (found,) = check(log().rename({"user_id": "customer"}), now=NOW)
    assert (found.name, found.status) == ("columns", "FAIL")
    assert "--map user_id=customer" in found.message
    assert results(log().rename({"user_id": "customer"}), mapping={"user_id": "customer"})["ids"]


def test_nothing_one_event_and_no_items() -> None:
    for n in (0, 1):
        found = results(log(n))
        assert found["events"].status == "FAIL"
        assert found["catalogue"].status == "WARN"


def test_repeats_say_which_setting_they_lead_to() -> None:
    again = log(item_id=[str(i % 40) for i in range(1200)])
    assert results(again)["repeats"].message.endswith("allow")
    assert results(log(60))["repeats"].message.endswith("filter")
    fixed = CheckConfig(events={"repeats": "filter"})
    assert results(again, None, fixed)["repeats"].message.endswith("filter")


def test_contexts_and_categories_are_named() -> None:
    found = results(
        log(store=["a", "b"] * 600, note=[str(i) for i in range(1200)]),
        items(category=["A > B", "A"] * 30),
    )
    assert found["context"].message == "columns that may serve as context: store"
    assert found["category"].message == "60 items have one, 1–2 levels deep"


@pytest.mark.parametrize(
    ("settings", "name", "events"),
    [
        ({"least_events": 5000}, "events", log()),
        ({"many": 0.01}, "ids", log(user_id=[None] * 20 + ["a"] * 1180)),
        ({"midnight": 0.0}, "resolution", log()),
        ({"span_days": 100}, "time range", log()),
        ({"clean": {"future_days": 0}}, "future", log(timestamp=[NOW + timedelta(hours=1)] * 1200)),
    ],
)
def test_thresholds_can_be_set(
    settings: dict[str, object], name: str, events: pl.DataFrame
) -> None:
    assert results(events, items())[name].status == "PASS" or name == "ids"
    assert results(events, items(), CheckConfig(**settings))[name].status == "WARN"


def test_other_thresholds_can_be_set() -> None:
    bad = log(user_id=[None] * 200 + ["a"] * 1000)
    assert results(bad, None, CheckConfig(most=0.1))["ids"].status == "FAIL"
    assert results(log(), items(), CheckConfig(long_text=3))["long texts"].status == "WARN"
    many = log(note=[str(i) for i in range(1200)])
    assert "note" in results(many, None, CheckConfig(context_values=2000))["context"].message


def test_what_reading_lost_is_told(tmp_path) -> None:
    rows = "".join("u,i\n" for _ in range(5))
    (tmp_path / "t.csv").write_text(f"user_id,item_id,timestamp\n{rows}u,i,2024-05-01\n")
    report = Report()
    table = read(tmp_path / "t.csv", report=report)
    before = list(report.findings)
    found = results(table, report=report)["reading"]
    assert (found.status, found.count) == ("FAIL", 5)
    assert report.findings == before, "the caller's report is not written to"


def test_results_print_and_go_to_json() -> None:
    found = results(log(10))["events"]
    assert str(found).startswith("WARN  events: only 10 events. Below 1,000")
    assert found.to_json()["count"] == 10

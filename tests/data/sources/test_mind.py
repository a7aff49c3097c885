from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penchant.data.sources import Tables
from penchant.data.sources.mind import Mind
from penchant.errors import ReadError
from penchant.types import Report

ENTITY = (
    '[{"Label": "Prince \\"P\\" Philip", "Type": "P", "WikidataId": "Q80976"}, {"Label": "UK"}]'
)
NEWS = (
    f'N1\tlifestyle\troyals\tThe "Brands" Queen\tShop the\thttps://x/1\t{ENTITY}\t[]\n'
    'N2\thealth\tweightloss\t50 Worst Habits\t\thttps://x/2\t[]\t[{"Label": "UK"}]\n'
)
BEHAVIORS = (
    "2\tU1\t11/12/2019 9:05:58 PM\tN5 N6\tN1-0 N2-1\n"
    "1\tU1\t11/11/2019 9:05:58 AM\tN5 N6\tN1-1 N2-0 N3-1\n"
    "3\tU2\t11/11/2019 12:05:58 AM\t\tN1-0\n"
)


def folder(where: Path, news: str = NEWS, behaviors: str = BEHAVIORS) -> Path:
    where.mkdir(exist_ok=True)
    (where / "news.tsv").write_text(news)
    (where / "behaviors.tsv").write_text(behaviors)
    return where


def read(where: Path) -> tuple[Tables, Report]:
    report = Report()
    return Mind().read(where, report=report), report


def test_news_become_items(tmp_path: Path) -> None:
    tables, _ = read(folder(tmp_path))
    assert tables.items is not None
    assert tables.items.rows() == [
        (
            *("N1", 'The "Brands" Queen', "Shop the", ["lifestyle", "royals"]),
            *(['Prince "P" Philip', "UK"], "https://x/1"),
        ),
        ("N2", "50 Worst Habits", None, ["health", "weightloss"], ["UK"], "https://x/2"),
    ]


def test_clicks_are_events_and_all_shown_are_exposures(tmp_path: Path) -> None:
    tables, _ = read(folder(tmp_path))
    assert tables.events is not None and tables.exposures is not None
    clicks = tables.events.filter(~pl.col("undated")).sort("timestamp", "position")
    assert clicks.select("user_id", "item_id", "position", "session_id").rows() == [
        ("U1", "N1", 0, "1"),
        ("U1", "N3", 2, "1"),
        ("U1", "N2", 1, "2"),
    ]
    assert clicks["timestamp"][2] == datetime(2019, 11, 12, 21, 5, 58, tzinfo=UTC)
    assert tables.exposures.height == 6 and tables.exposures["clicked"].sum() == 3
    midnight = tables.exposures.filter(pl.col("user_id") == "U2")["timestamp"].item()
    assert midnight == datetime(2019, 11, 11, 0, 5, 58, tzinfo=UTC)


def test_a_history_counts_once_and_comes_before_the_first_impression(tmp_path: Path) -> None:
    tables, report = read(folder(tmp_path))
    assert tables.events is not None
    past = tables.events.filter("undated").sort("timestamp")
    first = datetime(2019, 11, 11, 9, 5, 58, tzinfo=UTC)
    assert past.select("item_id", "timestamp").rows() == [
        ("N5", first - timedelta(seconds=2)),
        ("N6", first - timedelta(seconds=1)),
    ]
    what = "history clicks without a time, placed one second apart before the first impression"
    assert report.count(what) == 2
    assert report.count("later histories of a user that differ, not read") == 0


def test_a_history_that_differs_later_is_counted(tmp_path: Path) -> None:
    other = "4\tU1\t11/13/2019 9:05:58 PM\tN5 N6 N7\tN1-0\n"
    _, report = read(folder(tmp_path, behaviors=BEHAVIORS + other))
    assert report.count("later histories of a user that differ, not read") == 1


def test_splits_in_folders_are_joined(tmp_path: Path) -> None:
    folder(tmp_path / "MINDsmall_dev", behaviors="9\tU3\t11/15/2019 9:00:00 AM\tN1\tN2 N1\n")
    folder(tmp_path / "MINDsmall_train")
    assert Mind().matches(tmp_path)
    tables, report = read(tmp_path)
    assert tables.items is not None and tables.items.height == 2
    assert tables.exposures is not None and tables.exposures["clicked"].null_count() == 2
    assert report.count("shown without a word on clicks, no events") == 2
    assert report.count("rows that repeat a item_id set aside, the first kept") == 2


def test_broken_lines_are_counted(tmp_path: Path) -> None:
    folder(
        tmp_path,
        news=NEWS + "N3\tnews\n",
        behaviors=BEHAVIORS
        + "4\t\t11/11/2019 9:05:58 AM\t\tN1-0\n"
        + "5\tU1\tyesterday\t\tN1-0\n"
        + "6\tU1\n"
        + "7\tU4\t11/11/2019 9:05:58 AM\t\t-1 N2-1\n",
    )
    tables, report = read(tmp_path)
    assert tables.exposures is not None and tables.exposures.height == 7
    assert report.count("without a user id set aside") == 1
    assert report.count("without a readable time set aside") == 1
    assert report.count("shown without an item id set aside") == 1
    assert sum(f.count for f in report.findings if "too few" in f.what) == 2


def test_what_is_no_mind_says_so(tmp_path: Path) -> None:
    assert not Mind().matches(tmp_path)
    with pytest.raises(ReadError, match=r"news\.tsv and behaviors\.tsv"):
        read(tmp_path)
    folder(tmp_path, behaviors="")
    assert not Mind().matches(tmp_path)
    with pytest.raises(ReadError, match=r"behaviors\.tsv: empty"):
        read(tmp_path)

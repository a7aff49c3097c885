from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from penchant.data.sources import Tables
from penchant.data.sources.recbole import RecBole, RecBoleConfig
from penchant.errors import ReadError, SchemaError
from penchant.types import Report

INTER = (
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "196\t242\t3\t881250949\n186\t0302\t3.5\t8.9171742E8\n"
)
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tprice:float\n"
    "242\tToy Story\t1995\tAnimation Children's\t3.5\n0302\tL.A. Confidential\tunknown\t\t\n"
)
USER = "user_id:token\tage:token\toccupation:token\n196\t49\twriter\n"


def read(path: Path, config: RecBoleConfig | None = None) -> tuple[Tables, Report]:
    report = Report()
    return RecBole(config).read(path, report=report), report


def test_atomic_files_become_tables(tmp_path: Path) -> None:
    (tmp_path / "ml.inter").write_text(INTER)
    (tmp_path / "ml.item").write_text(ITEM)
    (tmp_path / "ml.user").write_text(USER)
    (tmp_path / "ml.net").write_text("source_id:token\ttarget_id:token\n196\t186\n\t1\n")
    assert RecBole().matches(tmp_path) and RecBole().matches(tmp_path / "ml.inter")
    for path in (tmp_path, tmp_path / "ml.inter"):
        tables, report = read(path)
        assert tables.events is not None and tables.items is not None
        assert tables.users is not None and tables.relations is not None
        assert tables.events.rows() == [
            ("196", "242", datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC), "rating", 3.0),
            ("186", "0302", datetime(1998, 4, 4, 19, 17, tzinfo=UTC), "rating", 3.5),
        ]
        assert tables.items.columns == ["item_id", "title", "year", "genres", "price"]
        assert tables.items.row(0) == ("242", "Toy Story", 1995, ["Animation", "Children's"], 3.5)
        assert tables.items.row(1) == ("0302", "L.A. Confidential", None, [], None)
        assert tables.users.row(0) == ("196", "49", "writer")
        assert tables.relations.rows() == [("196", "186", "follows")]
        assert report.count("without a user id set aside") == 1
        assert report.count("year unreadable, left empty") == 1


def test_categories_with_commas_keep_their_spaces(tmp_path: Path) -> None:
    (tmp_path / "a.inter").write_text(INTER)
    (tmp_path / "a.item").write_text(
        "item_id:token\ttitle:token\tcategories:token_seq\tbrand:token\n"
        "1\tBrush\t'Beauty', 'Hair Care'\tX\n2\tCafe\tFood, Coffee\t\n3\tHat\tShoes Hats\t\n"
    )
    tables, _ = read(tmp_path)
    assert tables.items is not None
    assert tables.items["category"].to_list() == [
        ["Beauty", "Hair Care"],
        ["Food", "Coffee"],
        ["Shoes", "Hats"],
    ]


def test_labels_tell_what_was_only_shown(tmp_path: Path) -> None:
    (tmp_path / "ads.inter").write_text(
        "user_id:token\titem_id:token\tlabel:float\ttimestamp:float\thours:float_seq\n"
        "u\ta\t1\t1000\t1 2.5\nu\tb\t0\t1000\t\n"
    )
    tables, report = read(tmp_path, RecBoleConfig(event="view"))
    assert tables.events is not None and tables.exposures is not None
    assert tables.events["event"].to_list() == ["view"]
    assert tables.events["hours"].to_list() == [[1.0, 2.5]]
    assert tables.exposures["clicked"].to_list() == [True, False]
    assert report.count("rows only shown (label 0), kept as exposures and not as events") == 1


def test_other_field_names_and_milliseconds(tmp_path: Path) -> None:
    (tmp_path / "shop.inter").write_text("uid:token\tiid:token\tat:float\nu\ti\t1588687728923\n")
    with pytest.raises(SchemaError, match="'user_id' is missing"):
        read(tmp_path)
    config = RecBoleConfig(user="uid", item="iid", time="at", per_second=1000)
    tables, _ = read(tmp_path, config)
    assert tables.events is not None
    assert tables.events["timestamp"].item() == datetime(2020, 5, 5, 14, 8, 48, 923000, tzinfo=UTC)
    assert tables.events["event"].item() == "click"


def test_broken_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "ml.inter").write_text(
        INTER + "1\t2\n1\t2\t3\t4\t5\n\t2\t3\t4\n1\t\t3\t4\n1\t2\tx\t4\n1\t2\t3\tx\n\n"
    )
    tables, report = read(tmp_path)
    assert tables.events is not None and tables.events.height == 2
    assert sorted(f.count for f in report.findings) == [1, 1, 1, 1, 1, 2]


def test_wrong_files_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"NAME\.inter"):
        read(tmp_path)
    path = tmp_path / "ml.inter"
    path.write_text("")
    assert not RecBole().matches(path)
    with pytest.raises(ReadError, match="empty"):
        read(path)
    path.write_text("user_id\titem_id\n1\t2\n")
    assert not RecBole().matches(path)
    with pytest.raises(SchemaError, match="expected NAME:TYPE"):
        read(path)
    path.write_text(INTER)
    (tmp_path / "other.inter").write_text(INTER)
    with pytest.raises(ReadError, match="2 data sets"):
        read(tmp_path)


def test_parts_of_one_data_set_are_joined(tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / f"ml.{part}.inter").write_text(INTER)
    tables, _ = read(tmp_path)
    assert tables.events is not None and tables.events.height == 4
    assert tables.events.schema["value"] == pl.Float64

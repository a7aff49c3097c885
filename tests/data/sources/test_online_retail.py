import gzip
import os
from pathlib import Path

import polars as pl
import pytest

from penchant.data.sources import Tables
from penchant.data.sources.online_retail import OnlineRetail, OnlineRetailConfig
from penchant.errors import ConfigError, MissingExtraError, ReadError, SchemaError
from penchant.types import Report

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("PENCHANT_DATA", ROOT / "../shared/data"))
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROWS = (
    "536365,85123A,WHITE HANGING  HEART ,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    "536366,85123A,WHITE HANGING HEART,1,2010-12-01 08:28:00,2.95,17850.0,United Kingdom\n"
    "536367,85123A,CREAM HEART,2,2010-12-02 08:28:00,2.65,13047.0,France\n"
    "536368,85123A,?,1,2010-12-02 09:28:00,0,,France\n"
    "536369,85123A,wrongly marked,-9,2010-12-02 09:29:00,0,,France\n"
    "536370,85123A,Damaged,-9,2010-12-02 09:29:00,0,,France\n"
    "C536379,85123A,WHITE HANGING HEART,-1,2010-12-03 09:41:00,2.95,17850.0,United Kingdom\n"
    '536371,22139,"SET OF ""3"", RED",1,2010-12-01 09:00:00,4.25,13047.0,France\n'
    "536371,POST,POSTAGE,1,2010-12-01 09:00:00,18.0,13047.0,France\n"
    "536371,M,Manual,1,2010-12-01 09:00:00,18.0,13047.0,France\n"
    "536371,gift_0001_20,VOUCHER,1,2010-12-01 09:00:00,18.0,13047.0,France\n"
    "536372,99999,ONLY ANONYMOUS,1,2010-12-01 09:00:00,1.0,,France\n"
)


def read(path: Path, **settings: object) -> tuple[pl.DataFrame, pl.DataFrame, Report]:
    report = Report()
    tables: Tables = OnlineRetail(OnlineRetailConfig(**settings)).read(path, report=report)
    assert tables.events is not None and tables.items is not None
    return tables.events, tables.items, report


def test_invoices_become_purchases_and_cancellations(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(HEADER + ROWS)
    assert OnlineRetail().matches(path) and OnlineRetail().matches(tmp_path)
    events, items, report = read(path)
    assert events["user_id"].to_list() == ["17850", "17850", "13047", "17850", "13047"]
    assert events["event"].to_list() == ["purchase"] * 3 + ["cancel", "purchase"]
    assert events["value"].to_list() == [15.3, 2.95, 5.3, -2.95, 4.25]
    assert events["quantity"].to_list() == [6, 1, 2, -1, 1]
    assert events["session_id"][3] == "C536379" and events["country"][2] == "France"
    assert events.schema["timestamp"] == pl.Datetime("us", "UTC")
    assert dict(items.select("item_id", "title").iter_rows()) == {
        "85123A": "WHITE HANGING HEART",
        "22139": 'SET OF "3", RED',
    }
    assert items["price"][0] == pytest.approx(2.8)  # the median of what known customers paid
    counts = {f.what: f.count for f in report.findings}
    assert counts == {
        "postage, fees and other lines that are no goods set aside": 3,
        "without a customer set aside": 4,
        "stock codes that no known customer bought, left out": 1,
        "descriptions that are notes, not names, ignored": 3,
        "stock codes with several descriptions, the most frequent taken": 1,
    }


def test_what_is_no_goods_and_which_items_count_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(HEADER + ROWS)
    events, _, _ = read(path, not_goods="22139")
    assert "POST" in events["item_id"].to_list() and "22139" not in events["item_id"].to_list()
    _, items, _ = read(path, sales_only=False)
    assert items.row(by_predicate=pl.col("item_id") == "99999") == ("99999", "ONLY ANONYMOUS", 1.0)
    _, items, _ = read(path, junk="(?i)damaged", not_goods="POST|M|GIFT.*")
    assert items["title"][0] == "WHITE HANGING HEART"
    with pytest.raises(ConfigError, match="not a regular expression"):
        OnlineRetailConfig(junk="(")


def test_the_second_edition_has_other_names_and_dates(tmp_path: Path) -> None:
    path = tmp_path / "online_retail_II.csv.gz"
    with gzip.open(path, "wt", encoding="latin-1") as file:
        file.write("Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n")
        file.write("489434,85048,15CM LIGHTS £,12,12/1/2009 7:45,6.95,13085,United Kingdom\n")
    events, items, report = read(path)
    assert str(events["timestamp"][0]) == "2009-12-01 07:45:00+00:00"
    assert items["title"].to_list() == ["15CM LIGHTS £"]
    assert report.count("files not in UTF-8, read as Latin-1") == 1


def test_broken_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(
        HEADER
        + ROWS
        + "536365,85123A,HEART\n"
        + "536365,22139,A,x,2010-12-01 08:26:00,2.55,17850.0,France\n"
        + "536365,22139,A,0,2010-12-01 08:26:00,2.55,17850.0,France\n"
        + "536365,22139,A,1,soon,2.55,17850.0,France\n"
        + "536365,22139,A,1,2010-12-01 08:26:00,dear,17850.0,France\n"
        + "536365,,A,1,2010-12-01 08:26:00,1,17850.0,France\n"
    )
    events, _, report = read(path)
    assert events.height == 5
    assert report.count("without a readable quantity set aside") == 2
    assert report.count("without a readable time set aside") == 1
    assert report.count("without a readable price set aside") == 1
    assert report.count("without a stock code set aside") == 1
    assert sum(f.count for f in report.findings if "too few" in f.what) == 1


def test_other_files_say_what_is_wrong(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("InvoiceNo,StockCode\n1,2\n")
    assert not OnlineRetail().matches(other)
    with pytest.raises(SchemaError, match="'CustomerID' is missing"):
        read(other)
    other.write_text("")
    assert not OnlineRetail().matches(other)
    with pytest.raises(ReadError, match="empty"):
        read(other)
    with pytest.raises(ReadError, match="expected the Online Retail file"):
        read(tmp_path)


def test_a_cut_off_archive_says_so(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv.gz"
    raw = gzip.compress((HEADER + ROWS * 50).encode())
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ReadError, match=r"retail\.csv\.gz: cannot be read to its end"):
        read(path)


def test_a_workbook_without_its_reader_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Online Retail.xlsx"
    path.write_bytes(b"PK")
    monkeypatch.setattr("penchant.data.sources.online_retail.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install fastexcel"):
        read(path)


def test_sheets_of_a_workbook_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "online_retail_II.xlsx"
    path.write_bytes(b"PK")
    sheet = pl.DataFrame(
        {
            "Invoice": ["489434"],
            "StockCode": ["85048"],
            "Description": ["LIGHTS"],
            "Quantity": ["12"],
            "InvoiceDate": ["2009-12-01 07:45:00"],
            "Price": ["6.95"],
            "Customer ID": ["13085"],
            "Country": ["France"],
        }
    )
    sheets = {"Year 2009-2010": sheet, "Year 2010-2011": sheet, "Notes": pl.DataFrame({"a": [1]})}
    monkeypatch.setattr("penchant.data.sources.online_retail.find_spec", lambda name: name)
    monkeypatch.setattr(pl, "read_excel", lambda *args, **settings: sheets)
    events, _, report = read(path)
    assert events.height == 2
    assert report.count("sheets without the invoice columns left out") == 1


@pytest.mark.skipif(
    not (DATA / "online-retail-raw.csv.gz").is_file(),
    reason="the real files are not here (PENCHANT_DATA)",
)
def test_the_real_file_agrees_with_its_cleaned_copy() -> None:
    events, items, report = read(DATA / "online-retail-raw.csv.gz")
    clean = pl.read_parquet(DATA / "online-retail/events.parquet")
    assert events.height == 404_909
    assert events["user_id"].n_unique() == 4_363 and items.height == 3_676
    names = ["user_id", "item_id", "timestamp", "event", "quantity", "session_id", "country"]
    assert events.select(names).sort(names).equals(clean.select(names).sort(names))
    assert events["value"].sum() == pytest.approx(clean["value"].sum())
    prices = items.join(pl.read_parquet(DATA / "online-retail/items.parquet"), on="item_id")
    assert ((prices["price"] - prices["price_right"]).abs() < 1e-9).all()
    assert items["title"].null_count() == 0
    lost = [f.count for f in report.findings if "set aside" in f.what]
    assert events.height + sum(lost) == 541_909

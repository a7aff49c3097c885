import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from penchant.data.sources import Tables
from penchant.data.sources.amazon import Amazon, AmazonConfig
from penchant.errors import ReadError
from penchant.types import Report

R2014 = {
    "reviewerID": "A2SUAM1J3GNN3B",
    "asin": "0000013714",
    "helpful": [2, 3],
    "reviewText": "I bought this for my husband.",
    "overall": 5.0,
    "summary": "Heavenly Highway Hymns",
    "unixReviewTime": 1252800000,
}
M2014 = (
    "{'asin': '0000013714', 'title': \"Girls' Ballet Tutu\", 'price': 3.17, "
    "'related': {'also_bought': ['B00JHONN1S']}, 'salesRank': {'Toys': 211836}, "
    "'brand': 'Coxlures', 'description': 'Soft. [White]', "
    "'categories': [['Sports', 'Other Sports', 'Dance'], ['Clothing']]}\n"
)
R2018 = {
    "overall": 2.0,
    "vote": "1,234",
    "verified": True,
    "reviewerID": "AUI6WTTT0QZYS",
    "asin": "5120053084",
    "reviewText": "Large, Black",
    "summary": "So so",
    "unixReviewTime": 1514764800,
}
M2018 = {
    "asin": "5120053084",
    "title": "Slime Time",
    "feature": ["Washable"],
    "description": ['The "best"', "slime"],
    "price": "$12.99",
    "brand": "Sol",
    "rank": "5,024 in Toys",
    "category": ["Toys & Games", "Arts & Crafts"],
}
R2023 = {
    "rating": 4.0,
    "title": "Light!",
    "text": "Works",
    "asin": "B01CUPMQZE",
    "parent_asin": "B0PARENT01",
    "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
    "timestamp": 1588687728923,
    "helpful_vote": 7,
    "verified_purchase": False,
}
M2023 = {
    "main_category": "All Beauty",
    "title": "Howard LC0008",
    "average_rating": 4.8,
    "features": [],
    "description": [],
    "price": None,
    "store": "Howard Products",
    "categories": [],
    "details": {"Brand": "Howard", "Package Dimensions": "7.1 x 5.5"},
    "parent_asin": "B0PARENT01",
}


def jsonl(*records: Any) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def read(path: Path, **settings: int) -> tuple[Tables, Report]:
    report = Report()
    return Amazon(AmazonConfig(**settings)).read(path, report=report), report


def test_the_release_of_2014(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "reviews_Toys.json.gz", "wt") as file:
        file.write(jsonl(R2014))
    (tmp_path / "meta_Toys.json").write_text(M2014)
    assert Amazon().matches(tmp_path)
    tables, report = read(tmp_path)
    assert tables.events is not None and tables.items is not None
    assert tables.events.row(0, named=True) == {
        "user_id": "A2SUAM1J3GNN3B",
        "item_id": "0000013714",
        "timestamp": datetime(2009, 9, 13, tzinfo=UTC),
        "event": "rating",
        "value": 5.0,
        "text": "Heavenly Highway Hymns\nI bought this for my husband.",
        "verified": None,
        "helpful": 2,
        "variant": None,
    }
    assert tables.items.row(0, named=True) == {
        "item_id": "0000013714",
        "title": "Girls' Ballet Tutu",
        "description": "Soft. [White]",
        "category": ["Sports", "Other Sports", "Dance"],
        "brand": "Coxlures",
        "price": 3.17,
    }
    assert not report.findings


def test_the_release_of_2018(tmp_path: Path) -> None:
    (tmp_path / "Toys_5.json").write_text(jsonl(R2018))
    priced = [
        M2018,
        M2018,
        {**M2018, "asin": "B2", "price": "$1.99 - $1,005.00", "description": ""},
        {**M2018, "asin": "B3", "price": ".a-box-inner{background:#fff}", "feature": None},
        {**M2018, "asin": "B4", "price": "$1,299.50", "description": "plain"},
    ]
    (tmp_path / "meta_Toys.json").write_text(jsonl(*priced))
    tables, report = read(tmp_path)
    assert tables.events is not None and tables.items is not None
    assert tables.events["helpful"].to_list() == [1234]
    assert tables.events["verified"].to_list() == [True]
    assert tables.items["price"].to_list() == [12.99, 1.99, None, 1299.5]
    assert tables.items["category"][0].to_list() == ["Toys & Games", "Arts & Crafts"]
    assert tables.items["description"].to_list() == [
        'The "best"\nslime\nWashable',
        "Washable",
        'The "best"\nslime',
        "plain\nWashable",
    ]
    assert report.count("prices that are no amount, left empty") == 1
    assert report.count("prices from – to, the lower taken") == 1
    assert report.count("rows that repeat a item_id set aside, the first kept") == 1


def test_the_release_of_2023(tmp_path: Path) -> None:
    (tmp_path / "All_Beauty.jsonl").write_text(jsonl(R2023))
    (tmp_path / "meta_All_Beauty.jsonl").write_text(jsonl(M2023))
    tables, _ = read(tmp_path)
    assert tables.events is not None and tables.items is not None
    event = tables.events.row(0, named=True)
    assert event["item_id"] == "B0PARENT01" and event["variant"] == "B01CUPMQZE"
    assert event["timestamp"] == datetime(2020, 5, 5, 14, 8, 48, 923000, tzinfo=UTC)
    assert event["text"] == "Light!\nWorks" and event["helpful"] == 7
    item = tables.items.row(0, named=True)
    assert item["brand"] == "Howard" and item["category"] == ["All Beauty"]
    assert item["description"] is None and item["price"] is None


@pytest.mark.parametrize("block", [1, 1 << 20])
def test_broken_lines_are_counted_and_the_rest_is_read(tmp_path: Path, block: int) -> None:
    path = tmp_path / "Toys_5.json"
    good = [{**R2018, "asin": f"B{i}"} for i in range(5)]
    bad = [
        {**R2018, "reviewerID": None},
        {**R2018, "asin": " "},
        {**R2018, "overall": "five"},
        {**R2018, "unixReviewTime": "soon"},
    ]
    broken = b'{"overall": 5.0, "asin\n[1, 2]\nnot json\n\xff\xfe{}\n{\'a\': open("x")}\n\n'
    path.write_bytes(jsonl(*good[:3]).encode() + broken + jsonl(*good[3:], *bad).encode())
    tables, report = read(path, block=block)
    assert tables.events is not None
    assert tables.events["item_id"].to_list() == [f"B{i}" for i in range(5)]
    counts = {f.what: f.count for f in report.findings}
    assert counts == {
        "lines that are not a JSON object (or a Python dict), set aside": 5,
        "without a user id set aside": 1,
        "without an item id set aside": 1,
        "without a readable time set aside": 1,
        "ratings without a readable value set aside": 1,
    }


def test_odd_but_whole_lines_are_read_and_hopeless_ones_counted(tmp_path: Path) -> None:
    path = tmp_path / "Toys_5.json"
    line = json.dumps(R2018)
    odd = [
        line,
        line.replace("2.0", '2.0, "x": NaN'),
        line.replace('"vote": "1,234"', f'"vote": {10**30}'),
        line.replace("So so", "\\ud800"),  # half of a character
        "{'a': " + "[" * 5_000 + "]" * 5_000 + "}",
        "{('a', 1): 2}",
        "{'a': 1e999}",
        '{"unknown": 1}',
    ]
    path.write_text("\n".join(odd))
    tables, report = read(path)
    assert tables.events is not None and tables.events.height == 3
    assert report.count("lines that are not a JSON object (or a Python dict), set aside") == 4
    assert report.count("without a user id set aside") == 1


def test_a_file_alone_is_read_alone(tmp_path: Path) -> None:
    (tmp_path / "Toys_5.json").write_text(jsonl(R2018))
    (tmp_path / "meta_Toys.json").write_text(jsonl(M2018))
    events, _ = read(tmp_path / "Toys_5.json")
    assert events.items is None and events.events is not None
    items, _ = read(tmp_path / "meta_Toys.json")
    assert items.events is None and items.items is not None
    assert not Amazon().matches(tmp_path / "meta_Toys.json")


def test_other_files_say_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "other.json").write_text('{"a": 1}\n')
    assert not Amazon().matches(tmp_path)
    with pytest.raises(ReadError, match="expected JSON lines of reviews"):
        read(tmp_path)
    (tmp_path / "Toys_5.json").write_text(jsonl(R2018))
    _, report = read(tmp_path)
    assert report.count("files that are neither reviews nor metadata left out") == 2


def test_a_cut_off_archive_says_so(tmp_path: Path) -> None:
    path = tmp_path / "Toys_5.json.gz"
    raw = gzip.compress(jsonl(*({**R2018, "asin": f"B{i * 7919}"} for i in range(500))).encode())
    path.write_bytes(raw[:-20])
    with pytest.raises(ReadError, match="cannot be read to its end"):
        read(path)


def test_columns_are_typed_even_where_nothing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "Toys_5.json"
    path.write_text(jsonl({"reviewerID": "u", "asin": "i", "overall": 1, "unixReviewTime": 0}))
    tables, _ = read(path)
    assert tables.events is not None
    assert tables.events.schema["text"] == pl.String and tables.events["text"].item() is None
    assert tables.events.schema["helpful"] == pl.Int64

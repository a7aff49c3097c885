from dataclasses import dataclass
from pathlib import Path

import pytest

from penchant.data.sources import Tables
from penchant.data.sources.registry import SOURCES, detect, source
from penchant.errors import ConfigError, ReadError
from penchant.types import QUIET, Progress, Report


@dataclass
class Extra:
    name: str = "mine"

    def matches(self, path: Path) -> bool:
        return path.suffix == ".mine"

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        return Tables()


def test_sources_are_found_by_name() -> None:
    names = ["amazon", "mind", "movielens", "online-retail", "recbole"]
    assert sorted(one.name for one in SOURCES) == names
    assert [source(name).name for name in names] == names
    with pytest.raises(ConfigError, match=r"'movielen' came.*Did you mean 'movielens'\?"):
        source("movielen")


def test_each_format_is_told_from_the_others(tmp_path: Path) -> None:
    files = {
        "movielens/ratings.csv": "userId,movieId,rating,timestamp\n",
        "amazon/Toys_5.json": '{"reviewerID": "u", "asin": "i", "overall": 5}\n',
        "online-retail/data.csv": (
            "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        ),
        "recbole/ml.inter": "user_id:token\titem_id:token\ttimestamp:float\n",
        "mind/news.tsv": "N1\ta\tb\tc\td\te\tf\tg\n",
        "mind/behaviors.tsv": "1\tU1\t11/11/2019 9:05:58 AM\t\tN1-0\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    for name in ("movielens", "amazon", "online-retail", "recbole", "mind"):
        told = [one.name for one in SOURCES if one.matches(tmp_path / name)]
        assert told == [name]
        found = detect(tmp_path / name)
        assert found is not None and found.name == name


def test_other_files_are_no_source(tmp_path: Path) -> None:
    assert detect(tmp_path) is None
    for name, content in {
        "events.csv": "user_id,item_id\n",
        "a.json": "[1]\n",
        "b.csv": "",
    }.items():
        (tmp_path / name).write_text(content)
        assert detect(tmp_path / name) is None
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00\x01\n")
    assert detect(str(tmp_path)) is None
    with pytest.raises(ReadError, match="no such file or folder"):
        detect(tmp_path / "absent")


def test_extra_sources_come_first_and_change_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.mine"
    path.write_text("")
    extra = Extra()
    assert detect(path, extra=[extra]) is extra and detect(path) is None
    assert source("mine", extra=[extra]) is extra
    assert source("amazon", extra=[Extra("amazon")]) is not source("amazon")
    with pytest.raises(ConfigError, match="'mine' came"):
        source("mine")

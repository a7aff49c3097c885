import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from penchant.errors import DataError
from penchant.evaluate.fingerprint import data_hash, fingerprint, peak_memory
from penchant.evaluate.report import evaluation
from penchant.types import Report

EVENTS = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], "value": [1.0, None]})


def origin(seed=3):
    return fingerprint(
        EVENTS, config={"kind": "last"}, seed=seed, seconds={"fit": 1.23456},
        clock=lambda: datetime(2024, 5, 1, tzinfo=UTC),
    )  # fmt: skip


def made(**more):
    draws = np.random.default_rng(0)
    base = draws.random(300)
    values = {
        "penchant": {"ndcg@10": base + 0.1, "recall@10": base, "diversity": np.full(300, np.nan)},
        "popularity": {"ndcg@10": base, "recall@10": base},
        "EASE | x": {"ndcg@10": base + draws.normal(0.1, 0.2, 300)},
    }
    cold = np.arange(300) < 40
    report = Report()
    report.add("split", "later events", 4)
    options = {
        "whole": {"penchant": {"coverage@10": 0.5}},
        "slices": {"cold users": cold, "nobody": np.zeros(300, bool)},
        "report": report,
        "chosen": {"EASE | x": {"penalty": 50.0}},
        "interests": ({"level": 1, "accuracy": 0.5},),
        **more,
    }
    return evaluation(values, origin(), model="penchant", **options)


def test_figures_differences_and_slices_are_there():
    found = made()
    assert found.value("coverage@10") == 0.5
    assert found.value("ndcg@10") == pytest.approx(found.value("recall@10") + 0.1)
    assert np.isnan(found.value("diversity"))
    assert found.scorers == ["penchant", "popularity", "EASE | x"]
    assert found.slices == ["all", "cold users"]
    lead = {(d.metric, d.baseline): d for d in found.differences}
    assert set(lead) == {
        ("ndcg@10", "popularity"),
        ("ndcg@10", "EASE | x"),
        ("recall@10", "popularity"),
    }
    assert lead["ndcg@10", "popularity"].clear
    assert lead["ndcg@10", "popularity"].difference == pytest.approx(0.1)
    assert not lead["recall@10", "popularity"].clear
    assert lead["ndcg@10", "EASE | x"].p > 0.05
    sizes = {r.slice: r.users for r in found.rows if r.metric == "recall@10"}
    assert sizes == {"all": 300, "cold users": 40}


def test_table_json_and_markdown_tell_the_same():
    found = made()
    frame = found.to_frame()
    assert frame.columns == ["slice", "scorer", "metric", "value", "low", "high", "users"]
    assert frame.height == len(found.rows)
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["fingerprint"]["seed"] == 3
    assert told["fingerprint"]["date"] == "2024-05-01T00:00:00+00:00"
    assert told["set_aside"][0]["count"] == 4
    assert told["rows"][2]["value"] is None
    text = found.to_markdown()
    value = f"{found.value('ndcg@10'):.4f}"
    assert value in text
    assert value in str(found)
    assert "EASE \\| x" in text
    assert "later events: 4" in text
    assert "lead of penchant" in str(found)
    assert "cold users" in str(found)
    console = Console(record=True, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(found)
        assert value in console.export_text()


def test_the_same_input_gives_the_same_evaluation():
    assert made().rows == made().rows
    assert made().differences == made().differences


def test_files_are_written_whole(tmp_path):
    found = made()
    paths = found.write(tmp_path / "runs")
    assert [p.name for p in paths] == ["evaluation.json", "evaluation.md"]
    assert json.loads(paths[0].read_text())["model"] == "penchant"
    assert paths[1].read_text() == found.to_markdown()
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == sorted(p.name for p in paths)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    found = made()
    found.write(tmp_path)
    before = (tmp_path / "evaluation.json").read_text()

    def full(handle):
        raise OSError("disk full")

    monkeypatch.setattr("penchant.evaluate.writing.os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        found.write(tmp_path)
    assert (tmp_path / "evaluation.json").read_text() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_what_was_not_measured_is_said():
    with pytest.raises(DataError, match="there are metrics"):
        made().value("ndcg@99")
    with pytest.raises(DataError, match="was not measured"):
        evaluation({"a": {"x": np.ones(2)}}, origin(), model="b")
    with pytest.raises(DataError, match="same users"):
        evaluation({"a": {"x": np.ones(2)}, "b": {"x": np.ones(3)}}, origin(), model="a")
    with pytest.raises(DataError, match="slice s"):
        evaluation({"a": {"x": np.ones(2)}}, origin(), model="a", slices={"s": np.ones(3, bool)})


def test_a_fingerprint_knows_the_data_and_nothing_of_its_order():
    assert data_hash(EVENTS) == data_hash(EVENTS.reverse().select("value", "item_id", "user_id"))
    changed = EVENTS.with_columns(item_id=pl.Series(["x", "z"]))
    assert data_hash(changed) != data_hash(EVENTS)
    assert data_hash(EVENTS.clear()) != data_hash(EVENTS)
    found = origin()
    assert found.seconds == {"fit": 1.235}
    assert found.version
    assert " core" in found.hardware
    assert peak_memory() is None or peak_memory() > 1

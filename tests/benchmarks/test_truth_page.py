"""Distances to the truth are what they are called, and the page says what was measured."""

import json

import numpy as np
import pytest
from benchmarks.interests.truth_page import page
from benchmarks.interests.world import changes, distance, profiles

from penchant import EngineConfig, WorldConfig, make_world


def test_distances_are_from_nought_to_one():
    P = np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    Q = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    assert distance(P, Q) == pytest.approx([0.0, 0.0, 1.0])
    # by hand: M = (3/4, 1/4); (log2(4/3) + 1/2·log2(2/3) + 1/2·log2 2) / 2 = 0.3113
    assert distance(P[:1], np.array([[0.5, 0.5]]))[0] ** 2 == pytest.approx(0.31128, abs=1e-5)


@pytest.fixture(scope="module")
def told():
    settings = {"users": 120, "events": 20_000, "days": 365, "change_rate": 2.0}
    return changes(make_world(WorldConfig.small(**settings)))


def test_changes_are_told_apart_by_size(told):
    sizes = told["by_size"]
    assert sizes[-1]["changes"] == told["changes"] > 30
    assert sum(s["changes"] for s in sizes[:-1]) <= told["changes"]
    assert 0.0 <= told["bursts_taken"] <= told["bursts"]
    small, large = sizes[0]["found"], max(s["found"] for s in sizes)
    assert large > small


def test_profiles_are_nearer_to_the_truth_than_chance():
    settings = {
        "tree.kind": "given",
        "encode.kind": "hashed",
        "interests.layers": ["base", "context", "popularity"],
    }
    found = profiles(make_world(WorldConfig.small()), EngineConfig().but(**settings))["profiles"]
    everybody = [row for row in found if row["events"] == [0, None]]
    assert {row["what"] for row in everybody} >= {"base", "whole", "context, mobile"}
    for row in everybody:
        assert 0.0 < row["profile"] < 0.6
        assert row["low"] < row["profile"] < row["high"]
        assert row["less"] == pytest.approx(1 - row["profile"] / row["counts"])
        assert row["told"] < row["counts"]


def test_the_page_is_made_of_the_result_files(tmp_path, told):
    assert "Not measured yet: profiles." in page(tmp_path)
    origin = {"seed": 0, "commit": "abc", "hardware": "2 cores", "date": "2024-05-01T00:00:00"}
    row = {"what": "base", "level": 1, "events": [5, 20], "users": 1234, "profile": 0.1,
           "low": 0.09, "high": 0.11, "counts": 0.2, "less": 0.5, "told": 0.08}  # fmt: skip
    files = {
        "profiles": {"profiles": [row, row | {"events": [0, None]}]},
        "changes": {"worlds": {"small": told}},
    }
    for kind, what in files.items():
        (tmp_path / f"world-{kind}~0.json").write_text(json.dumps(origin | {"kind": kind} | what))
    made = page(tmp_path)
    assert "| base | 1 | 5–19 | 1,234 | 0.100 [0.090, 0.110] | 0.200 | +50% | 0.080 |" in made
    assert "| base | 1 | all | 1,234 |" in made
    assert f"| {told['false_a_year']:.3f} | {told['bursts']:,} |" in made
    assert "2024-05-01, commit abc" in made

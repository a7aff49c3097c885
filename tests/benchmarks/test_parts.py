"""Parts are cut as `penchant evaluate` cuts, and what peers are given holds no answer."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from benchmarks.quality.measure import COLD, summary, values
from benchmarks.quality.parts import about, export, marks, parts, plan, prepared
from benchmarks.quality.peers.part import Part

from penchant import EngineConfig, World, WorldConfig, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    made: World = make_world(WorldConfig.small(users=60, events=2_000))
    made.events.write_parquet(folder / "events.parquet")
    made.items.write_parquet(folder / "items.parquet")
    return folder


@pytest.fixture(scope="module", params=["last", "time"])
def cut(request: pytest.FixtureRequest, world: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    export(world, request.param, folder, EngineConfig())
    return folder


def frames(part: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    names = ("train", "asks", "barred", "answers/targets")
    return tuple(pl.read_parquet(part / f"{name}.parquet") for name in names)


def test_the_test_part_is_what_is_evaluated(cut: Path, world: Path) -> None:
    config = EngineConfig()
    kind = about(cut / "test")["split"]
    whole = plan(prepared(world, config), config, kind)
    from penchant.data.split import split
    from penchant.data.strength import strength

    (fold,) = split(
        whole.events, whole.config.split, repeats=about(cut / "test")["repeats"],
        positive=strength(whole.events, whole.weights) > 0, seed=0,
        context=[n for n in whole.context if n in whole.events.columns],
    )  # fmt: skip
    train, asks, _, targets = frames(cut / "test")
    assert train.height == fold.train.height
    assert asks.height == fold.asks.height
    assert targets.height == fold.targets.select("user_id", "item_id").n_unique()


@pytest.mark.parametrize("name", ["validation", "test"])
def test_no_answer_is_given_to_a_peer(cut: Path, name: str) -> None:
    train, asks, barred, targets = frames(cut / name)
    given = {p.name for p in (cut / name).iterdir()}
    assert given == {"train.parquet", "asks.parquet", "barred.parquet", "items.parquet",
                     "about.json", "answers"}  # fmt: skip
    told = about(cut / name)
    assert train["item"].max() < told["known"]
    late = train.join(asks.filter(pl.col("user") >= 0), on="user").filter(
        pl.col("time") > pl.col("at")
    )
    assert late.is_empty()
    if not told["repeats"]:
        assert targets.join(barred, on=["ask", "item"], how="semi").is_empty()


def test_validation_lies_inside_training(cut: Path) -> None:
    inner, outer = frames(cut / "validation"), frames(cut / "test")
    assert inner[0].height < outer[0].height
    if about(cut / "test")["split"] == "time":
        assert inner[0]["time"].max() < outer[0]["time"].max()
        assert inner[1]["at"].max() <= outer[0]["time"].max()


def test_an_export_is_not_made_twice(cut: Path, world: Path) -> None:
    path = cut / "test" / "about.json"
    path.write_text(json.dumps(about(cut / "test") | {"mark": 1}), encoding="utf-8")
    export(world, about(cut / "test")["split"], cut, EngineConfig())
    assert about(cut / "test")["mark"] == 1


def test_validation_users_are_drawn_alike(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.quality.parts.VALIDATION_USERS", 20)
    config = EngineConfig()
    data = prepared(world, config)
    a, b = (parts(plan(data, config, "last"))[0] for _ in range(2))
    assert len(a.moments) == 20
    assert (a.users == b.users).all()


def test_a_peer_fills_from_popularity_and_counts_it(cut: Path) -> None:
    part = Part.read(cut / "test")
    rows = part.servable[:3]
    items = np.tile(np.arange(5, dtype=np.int32), (3, 1))
    lists = part.answer(rows, items, np.ones((3, 5), np.float32))
    served = [r for r, row in zip(rows, lists.items[rows], strict=True) if row[0] >= 0]
    assert lists.popular.sum() == len(part.ask_user) - len(
        [r for r in served if not lists.popular[r]]
    )
    for row, user in enumerate(part.ask_user):
        shown = lists.items[row][lists.items[row] >= 0]
        barred = part.barred[row].indices
        assert not set(shown) & set(barred), user
        assert len(set(shown)) == len(shown)
        assert part.counts[shown].min(initial=1) >= 0


def test_figures_come_with_groups_and_intervals(cut: Path) -> None:
    part = Part.read(cut / "test")
    rows = np.arange(len(part.ask_user))
    lists = part.answer(rows[:0], np.zeros((0, 5), np.int32), np.zeros((0, 5), np.float32))
    told = summary(lists, cut / "test", seed=0)
    every = told["figures"]["all"]
    assert every["users"] == len(rows)
    assert every["ndcg@10"]["low"] <= every["ndcg@10"]["value"] <= every["ndcg@10"]["high"]
    assert told["filled_by_popularity"] == len(rows)
    shape = (len(rows), part.n_items)
    targets = marks(cut / "test" / "answers" / "targets.parquet", shape)
    cold = np.diff(targets[:, part.known :].tocsr().indptr) > 0
    found = values(lists, cut / "test")
    assert (COLD in found) == bool(cold.any())
    if cold.any():
        assert len(found[COLD]["ndcg@10"]) == cold.sum()
        assert found[COLD]["ndcg@10"].max() == 0.0

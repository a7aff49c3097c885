"""Engines that learned a set once, and once more with another seed, kept between benchmarks."""

import json
from pathlib import Path

import polars as pl
from benchmarks.where import data

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.data import columns as c
from penchant.engine.saved import unpack
from penchant.interests.model import InterestModel
from penchant.types import Progress

WORLD = "world"
LEARNED = {"xwines": 1500, "online-retail": 400, WORLD: 800}
"""People of each set, drawn at random, that models are learned from."""
CHANGES = {"interests.dynamic.epochs": 4}
"""What is asked here does not rest on the last percent of the dynamic layer."""


def engine(
    name: str, work: Path, progress: Progress, *, seed: int = 0, people: int | None = None
) -> Engine:
    """An engine that knows a set, or the world, or so many people of it; texts are encoded once."""
    config = EngineConfig().but(seed=seed, **CHANGES)
    folder = work / (name if people is None else f"{name}-{people}")
    made = Engine(folder, config, progress=progress)
    if (folder / "added").exists():
        return made
    events, items = _tables(name, progress)
    if people is not None:
        some = events[c.USER].unique().sort().sample(min(people, events[c.USER].n_unique()), seed=0)
        events = events.join(some.to_frame(), on=c.USER, how="semi")
    made.add(events=events, items=items)
    (folder / "added").touch()
    return made


def model(
    name: str, work: Path, progress: Progress, *, seed: int, people: int | None = None
) -> InterestModel:
    """What is learned with a seed; the tree of the seed before is the previous one."""
    made = engine(name, work, progress, seed=seed, people=people)
    assert made.workspace is not None
    kept = made.workspace.path / "seeds.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if str(seed) not in known:
        known[str(seed)] = made.fit().version
        kept.write_text(json.dumps(known) + "\n", encoding="utf-8")
    return unpack(made.workspace.models.load(known[str(seed)]))[0]


def _tables(name: str, progress: Progress) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and items."""
    if name == WORLD:
        size = WorldConfig(events=40_000, users=800, items=1_000, exposure_rate=0.0)
        world = make_world(size, progress=progress)
        return world.events, world.items
    tables = (pl.read_parquet(data() / name / f"{kind}.parquet") for kind in ("events", "items"))
    events, items = tables
    return events, items

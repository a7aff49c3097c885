"""A workspace of any size to serve: a drawn model (see `made`), its items, and people with events."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.serve.made import NOW, Drawn, drawn

from penchant import Engine, EngineConfig
from penchant.clock import DAY, when
from penchant.engine.facts import Facts
from penchant.engine.saved import pack
from penchant.interests.changes import ChangeDetector
from penchant.interests.reading import Reading
from penchant.random import rng

EVENTS = 200
CONFIG = EngineConfig().but(**{"encode.kind": "hashed", "encode.hashed_dim": 384})


def opened(folder: Path, items: int, people: int) -> None:
    """Make the workspace, unless it is there."""
    if (folder / "penchant.json").exists():
        return
    world = drawn(items)
    engine = Engine(folder, CONFIG)
    engine.add(events=_events(world, people), items=world.table)
    _save(engine, world)


def person(k: int) -> str:
    """The id of the k-th person."""
    return f"u{k:06d}"


def _events(world: Drawn, people: int) -> pl.DataFrame:
    """Everybody's events, as the drawn model's people have them."""
    parts = []
    for k, moment in enumerate(world.moments(people, EVENTS, seed=5)):
        parts.append(
            pl.DataFrame(
                {
                    "user_id": person(k),
                    "item_id": world.model.catalogue.items.ids.gather(moment.item.astype(np.int64)),
                    "timestamp": pl.Series(moment.time).cast(pl.Datetime("us", "UTC")),
                    "event": "view",
                }
            )
        )
    return pl.concat(parts)


def _save(engine: Engine, world: Drawn) -> None:
    """The drawn model as the version that serves."""
    model, text = world.model, world.model.catalogue.text
    model.reading = Reading()
    model.reading.mean_ = np.asarray(text.mean(axis=0), np.float32)
    model.changes = ChangeDetector(CONFIG.interests.changes)
    leaves = len(model.catalogue.tree.nodes[0])
    model.changes.prior_ = np.ones((leaves, 2))
    facts = Facts(None, 1, NOW, engine.tables.latest())
    manifest = {
        "config": engine.config.model_dump(mode="json"), "summary": {"items": len(text)},
        "facts": facts.to_json(),
    }  # fmt: skip
    assert engine.workspace is not None
    version = engine.workspace.models.save(pack(model), manifest)
    engine.workspace.models.promote(version)


def fresh_events(n: int, items: int, seed: int) -> list[dict[str, object]]:
    """Events of these people that were never sent, with ids of their own."""
    draw = rng(seed, "fresh events")
    at = when(NOW + DAY).astimezone(UTC)
    return [
        {
            "user_id": person(int(draw.integers(2000))), "item_id": str(int(draw.integers(items))),
            "timestamp": datetime.fromtimestamp(at.timestamp() + k / 1000, UTC).isoformat(),
            "event": "view", "event_id": f"{seed}-{k}",
        }
        for k in range(n)
    ]  # fmt: skip

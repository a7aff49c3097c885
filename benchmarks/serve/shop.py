"""A workspace of any size to serve: a drawn model (see `made`), its items, people with events."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.serve.made import NOW, Drawn, drawn

from penchant import Engine, EngineConfig
from penchant.clock import DAY, when
from penchant.engine.facts import Facts
from penchant.engine.saved import pack
from penchant.interests.changepoint import RATES
from penchant.interests.changes import ChangeDetector
from penchant.interests.model import InterestModel
from penchant.interests.reading import Reading
from penchant.random import rng

EVENTS = 200
CONFIG = EngineConfig().but(
    **{"encode.kind": "hashed", "encode.hashed_dim": 384, "interests.context.kind": "naive-bayes"}
)


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
    assert engine.workspace is not None
    model, items = _whole(world.model), len(world.model.catalogue)
    facts = Facts(None, 1, NOW, engine.tables.latest())
    manifest = {
        "config": engine.config.model_dump(mode="json"), "summary": {"items": items},
        "facts": facts.to_json(),
    }  # fmt: skip
    version = engine.workspace.models.save(pack(model), manifest)
    engine.workspace.models.promote(version)


def _whole(model: InterestModel) -> InterestModel:
    """A drawn model with what lists do not need, so that it can be saved."""
    text = model.catalogue.text
    model.reading, model.changes = Reading(), ChangeDetector(CONFIG.interests.changes)
    model.reading.mean_ = np.asarray(text.mean(axis=0), np.float32)
    level = min(model.changes.config.level, model.catalogue.tree.levels)
    nodes = len(model.catalogue.tree.nodes[level - 1])
    model.changes.prior_ = np.full((nodes, len(RATES)), 1.0 / len(RATES))
    base = model.layers["base"]
    base.penalty_, base.text_, base.activity_, base.unit_ = 100.0, 0.1, 0.5, 0.05
    base.fitted_ = len(text)
    return model


def fresh_events(n: int, items: int, seed: int) -> list[dict[str, object]]:
    """Events of these people that were never sent, with ids of their own."""
    draw = rng(seed, "fresh events")
    at = when(NOW + DAY).astimezone(UTC)
    return [
        {
            "user_id": person(int(draw.integers(2000))),
            "item_id": f"i{int(draw.integers(items)):07d}",
            "timestamp": datetime.fromtimestamp(at.timestamp() + k / 1000, UTC).isoformat(),
            "event": "view", "event_id": f"{seed}-{k}",
        }
        for k in range(n)
    ]  # fmt: skip

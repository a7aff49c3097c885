"""How fast profiles are: of one person with a long history, and of very many at once.

    python -m benchmarks.interests.speed                # measure, write results/promises/speed.json
    python -m benchmarks.interests.speed --users 20000  # a smaller crowd

A world of 10,000 items (see `penchant.make_world`) is learned from a part of its people; then the
events of all are added, and those of one who has 10,000 of them. What is timed is what a caller
waits for: `engine.interests(user)`, with evidence for every level, and `engine.interests_many()`.
Both are warm: the log is in memory and each was called once before.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import polars as pl
from benchmarks.interests.promises import RESULTS, WORK, told

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.data import columns as c
from penchant.types import Progress

BUSY = "the busy one"
CHANGES = {"encode.kind": "hashed", "interests.dynamic.epochs": 2}
"""Quality is not asked about: cheap vectors, and few passes of the dynamic layer."""


def crowd(users: int, items: int, each: int, progress: Progress) -> tuple[pl.DataFrame, ...]:
    """Events and items of a world, and who stands for everybody in learning."""
    config = WorldConfig(events=users * each, users=users, items=items, exposure_rate=0.0)
    world = make_world(config, progress=progress)
    first = world.events[c.USER].unique().sort().head(max(users // 20, 100))
    return world.events, world.items, first.to_frame()


def long_history(events: pl.DataFrame, n: int) -> pl.DataFrame:
    """The events of several people as one person's: n of them, over the whole time."""
    some = events.sample(n, seed=0).sort(c.TIME)
    return some.with_columns(pl.lit(BUSY).alias(c.USER))


def made(users: int, items: int, each: int, length: int, work: Path, progress: Progress) -> Engine:
    """An engine that learned from some and knows everybody; one that is there is taken up."""
    folder = work / f"speed-{users}-{items}-{each}-{length}"
    engine = Engine(folder, EngineConfig().but(**CHANGES), progress=progress)
    if (folder / "ready").exists():
        return engine
    shutil.rmtree(folder)
    engine = Engine(folder, EngineConfig().but(**CHANGES), progress=progress)
    events, things, first = crowd(users, items, each, progress)
    engine.add(events=events.join(first, on=c.USER, how="semi"), items=things)
    engine.fit()
    engine.add(events=pl.concat([events, long_history(events, length)]))
    (folder / "ready").touch()
    return engine


def one(engine: Engine, repeats: int = 30) -> dict[str, Any]:
    """Milliseconds of one long profile, as a caller has it."""
    found = engine.interests(BUSY)
    spent = [timed(lambda: engine.interests(BUSY)) for _ in range(repeats)]
    wall, cpu = (1000 * median(some) for some in zip(*spent, strict=True))
    return {
        "events": found.events,
        "repeats": repeats,
        "ms": round(wall, 1),
        "cpu_ms": round(cpu, 1),
    }


def many(engine: Engine, users: int, repeats: int = 1) -> dict[str, Any]:
    """People a second, of one batch."""
    ids = [u for u in engine.data.log.users.ids.to_list() if u != BUSY][:users]
    engine.interests_many(ids[:2000])
    spent = [timed(lambda: engine.interests_many(ids)) for _ in range(repeats)]
    wall, cpu = (len(ids) / median(some) for some in zip(*spent, strict=True))
    return {
        "users": len(ids), "repeats": repeats, "users_a_second": round(wall),
        "users_a_cpu_second": round(cpu),
    }  # fmt: skip


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time: what they would be with cores of one's own."""
    began, busy = perf_counter(), process_time()
    work()
    return perf_counter() - began, process_time() - busy


def main() -> None:
    import torch
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=10, help="events of a person, on average")
    parser.add_argument("--length", type=int, default=10_000, help="events of the busy one")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    lines = Lines(Console(stderr=True, width=100))
    engine = made(asked.users, asked.items, asked.each, asked.length, asked.work, lines)
    found = {
        "users": asked.users, "items": asked.items, "events": len(engine.data.log),
        "interests": [len(level) for level in engine.tree.nodes], "changes": CHANGES,
        "threads": torch.get_num_threads(), "one": one(engine), "many": many(engine, asked.users),
    }  # fmt: skip
    asked.results.mkdir(parents=True, exist_ok=True)
    path = asked.results / "speed.json"
    path.write_text(json.dumps(told("speed") | found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

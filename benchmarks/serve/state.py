"""One event: until it is on disk, and until the next answer knows it; an item: until it can be
recommended.

    python -m benchmarks.serve.state --workspace /tmp/shop       # results/state.json

In process, on SQLite. State: what is asked of the store and taken in before the next answer, for
somebody who was asked about lately. Milliseconds of the processor, and by the clock.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep, spent
from benchmarks.serve.shop import CONFIG, fresh_events, opened, person

from penchant import Engine
from penchant.data.incoming import read_rows
from penchant.store.tables import Kind, Receipt

ITEMS = 20
"""New items, one by one."""


def measured(engine: Engine, items: int, people: int, events: int) -> dict[str, Any]:
    """Events and items, one by one."""
    known = [person(k) for k in range(min(people, 300))]
    for user in known:
        engine.recommend(user, 1)
    rows = [
        read_rows("events", [row | {"user_id": known[k % len(known)]}], now=engine.clock()).frame
        for k, row in enumerate(fresh_events(events, items, int(time.time())))
    ]
    third = max(1, events // 3)

    def taken(kind: Kind, frames: Iterable[pl.DataFrame]) -> Iterator[Receipt]:
        for frame in frames:
            yield engine.take(kind, frame)

    def both(frame: pl.DataFrame) -> None:
        engine.take("events", frame)
        engine.live.catch_up()

    names = [f"fresh-{time.time_ns()}-{k}" for k in range(ITEMS)]
    fresh = (pl.DataFrame({"item_id": [n], "title": [f"A new thing {n}"]}) for n in names)
    found = {
        "state": spent(lambda _: engine.live.catch_up(), taken("events", rows[:third])),
        "both": spent(both, rows[third : 2 * third]),
        "kept": spent(lambda frame: engine.take("events", frame), rows[2 * third :]),
    }
    engine.live.catch_up()
    found["item"] = spent(lambda _: engine.live.catch_up(), taken("items", fresh))
    return found | {"events": events, "items": items, "people": people}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=1_000)
    asked = parser.parse_args()
    opened(asked.workspace, asked.items, asked.people)
    engine = Engine(asked.workspace, CONFIG)
    found = origin("state") | {"command": "python -m benchmarks.serve.state"}
    found |= measured(engine, asked.items, asked.people, asked.events)
    keep("state", found)


if __name__ == "__main__":
    main()

"""One event: until it is on disk, and until the next answer knows it; an item: until it can be
recommended.

    python -m benchmarks.serve.state --workspace /tmp/shop       # results/state.json

In process, on SQLite. State: what is asked of the store and taken in before the next answer, for
somebody who was asked about lately. Milliseconds of the processor, and by the clock.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks.interests.promises import told as origin
from benchmarks.serve.load import RESULTS
from benchmarks.serve.shop import CONFIG, fresh_events, opened, person

from penchant import Engine
from penchant.data.incoming import read_rows


class Timed:
    """How long calls took."""

    def __init__(self) -> None:
        self._clock: list[float] = []
        self._busy: list[float] = []

    def __call__(self, work: Callable[[], Any]) -> None:
        began, used = time.perf_counter(), time.process_time()
        work()
        self._busy.append(1000 * (time.process_time() - used))
        self._clock.append(1000 * (time.perf_counter() - began))

    def told(self) -> dict[str, Any]:
        """Milliseconds, by both."""
        both = {"processor": self._busy, "clock": self._clock}
        return {
            f"{name}_p{q}": round(float(np.percentile(times, q)), 2)
            for name, times in both.items() for q in (50, 99)
        }  # fmt: skip


def measured(engine: Engine, items: int, people: int, events: int) -> dict[str, Any]:
    """Events and items, one by one."""
    known = [person(k) for k in range(min(people, 300))]
    for user in known:
        engine.recommend(user, 1)
    rows = fresh_events(events, items, int(time.time()))
    kept, state, both, joined = Timed(), Timed(), Timed(), Timed()
    for k, row in enumerate(rows):
        one = read_rows("events", [row | {"user_id": known[k % len(known)]}], now=engine.clock())
        if k % 2:
            both(lambda one=one: (engine.take("events", one.frame), engine.live.catch_up()))
        else:
            kept(lambda one=one: engine.take("events", one.frame))
            state(engine.live.catch_up)
    for k in range(20):
        name = f"fresh-{time.time_ns()}-{k}"
        engine.take("items", pl.DataFrame({"item_id": [name], "title": [f"A new thing {k}"]}))
        joined(engine.live.catch_up)
    return {
        "kept": kept.told(), "state": state.told(), "both": both.told(), "item": joined.told(),
        "events": events, "items": items, "people": people,
    }  # fmt: skip


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
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "state.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

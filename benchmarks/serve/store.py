"""How fast the SQL store takes events in and gives them back, and how much room it takes.

    python -m benchmarks.serve.store --rows 1000000 [--url postgresql://…] [--ids]

Events have user, item, time, event, value and session; with --ids a sender's event_id too. What is
found is written to benchmarks/serve/results/, one file a database and size.
"""

import argparse
import os
import platform
import resource
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import polars as pl
from benchmarks.serve.figures import keep
from benchmarks.where import commit

from penchant.random import rng
from penchant.store.sql.database import Database
from penchant.store.sql.tables import SqlTables

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
YEAR = 365 * 86_400_000_000


def events(n: int, ids: bool) -> pl.DataFrame:
    """A log over one year in no order: long-tailed users and items, one in three with a value."""
    draw = rng(0, "store")
    value = np.where(draw.random(n) < 0.3, draw.integers(1, 6, n), np.nan)
    frame = pl.DataFrame(
        {
            "user_id": pl.Series(draw.zipf(1.3, n) % 100_000).cast(pl.String),
            "item_id": pl.Series(draw.zipf(1.2, n) % 50_000).cast(pl.String),
            "timestamp": pl.Series(START + draw.integers(0, YEAR, n)),
            "event": np.array(["view", "click", "cart", "purchase"])[draw.integers(0, 4, n)],
            "value": value,
            "session_id": pl.Series(draw.integers(0, 2**40, n)).cast(pl.String),
        }
    ).with_columns(
        pl.format("user-{}", "user_id"),
        pl.format("item-{}", "item_id"),
        pl.col("timestamp").cast(pl.Datetime("us", "UTC")),
        pl.col("value").fill_nan(None),
    )
    return frame.with_columns(event_id=pl.int_range(n).cast(pl.String)) if ids else frame


class Stopwatch:
    """Wall and processor seconds of named steps, and the most memory so far."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}

    def time(self, name: str, rows: int, work: Callable[[], Any]) -> Any:
        wall, cpu = perf_counter(), process_time()
        made = work()
        wall, cpu = perf_counter() - wall, process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        self.steps[name] = {
            "rows": rows, "wall_s": wall, "cpu_s": cpu, "rows_per_s": rows / wall,
            "rows_per_cpu_s": rows / cpu, "peak_mb": peak,
        }  # fmt: skip
        print(
            f"{name:28} {wall:8.3f} s wall {cpu:8.3f} s cpu {rows / wall:12,.0f} rows/s", flush=True
        )
        return made


def plain(frame: pl.DataFrame) -> None:
    """What Python's sqlite3 does alone, for comparison: rows put in one by one, in memory, not told
    apart, without an index."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, a, b, c, d, e, f)")
    rows = zip(*(frame[name].to_physical().to_list() for name in frame.columns[:6]), strict=True)
    connection.executemany("INSERT INTO event (a, b, c, d, e, f) VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def measure(tables: SqlTables, frame: pl.DataFrame) -> dict[str, Any]:
    watch, n = Stopwatch(), frame.height
    some = frame[:500_000]
    watch.time("plain sqlite3, for comparison", some.height, lambda: plain(some))
    watch.time("append all", n, lambda: tables.append("events", frame))
    found = watch.time("read all", n, lambda: tables.read("events").collect())
    assert found.equals(frame), "what was read is not what came"
    watch.time(
        "append the first 100k again", 100_000, lambda: tables.append("events", frame[:100_000])
    )
    later = frame[:100_000].with_columns(pl.col("timestamp").dt.offset_by("1y"))
    if "event_id" in later.columns:
        later = later.with_columns(pl.format("later-{}", "event_id"))
    watch.time("append 100k more", 100_000, lambda: tables.append("events", later))
    few = [
        later[k : k + 100].with_columns(pl.col("timestamp").dt.offset_by("1y")) for k in range(50)
    ]
    if "event_id" in later.columns:
        few = [
            f.with_columns(pl.format("{}-{}", pl.lit(str(k)), "event_id"))
            for k, f in enumerate(few)
        ]
    watch.time("50 appends of 100", 5_000, lambda: [tables.append("events", f) for f in few])
    sizes = frame["user_id"].value_counts()
    some = sizes.filter(pl.col("count").is_between(150, 250))["user_id"].sort().head(100).to_list()
    watch.time(
        "100 people of ~200 events", len(some), lambda: [tables.people("events", [u]) for u in some]
    )
    watch.time("1000 times latest", 1000, lambda: [tables.latest() for _ in range(1000)])
    watch.time("forget one", 1, lambda: tables.forget(some[0]))
    return watch.steps


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", default=None)
    parser.add_argument("--ids", action="store_true")
    said, load = parser.parse_args(), os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        database = Database(said.url or f"sqlite:///{file}")
        tables = SqlTables(database)
        steps = measure(tables, events(said.rows, said.ids))
        database.close()
        size = file.stat().st_size if file.exists() else None
    kind = "postgresql" if said.url else "sqlite"
    result = {
        "database": kind, "rows": said.rows, "event_ids": said.ids, "steps": steps, "bytes": size,
        "bytes_per_event": size and size / said.rows, "sqlite": sqlite3.sqlite_version,
        "python": platform.python_version(), "polars": pl.__version__, "cores": os.cpu_count(),
        "load": load, "commit": commit(), "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    keep(f"store-{kind}-{said.rows}{'-ids' if said.ids else ''}", result)


if __name__ == "__main__":
    main()

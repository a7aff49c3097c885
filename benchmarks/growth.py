"""How fit time and memory grow with events and items, on the simulated world.

    python benchmarks/growth.py                        # every point that has not been measured
    python benchmarks/growth.py 1000000:100000         # one point: events:items
    python benchmarks/growth.py --page                 # write docs/growth.md and docs/growth.svg

Each world is made, and each fit is run, in a process of its own. A fit is what `penchant fit` does,
from tables on disk to a saved version, with the encoder that needs no text model: its time would
say nothing of the rest. One result file a point under benchmarks/growth.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from where import commit

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "growth"
EACH = 100
"""Events of a person, on average."""
POINTS = [
    *((events, 100_000) for events in (10_000, 100_000, 1_000_000, 10_000_000)),
    *((1_000_000, items) for items in (1_000, 10_000, 300_000)),
    (10_000_000, 300_000),
]
"""Events and items: events grow beyond the closed form's range, then items grow, then both."""


class Watch:
    """Progress that adds up wall and CPU seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.busy: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator["Watch"]:
        """Time a piece of work."""
        began, busy = perf_counter(), process_time()
        try:
            yield self
        finally:
            spent, busy = perf_counter() - began, process_time() - busy
            self.busy[name] = self.busy.get(name, 0.0) + busy
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
            print(
                f"  {name}: {spent:.1f} s ({busy:.1f} of CPU), {peak():,.0f} MiB",
                file=sys.stderr,
                flush=True,
            )

    def advance(self, n: int = 1, note: str = "") -> None:
        """How far it is does not matter here."""


def peak() -> float:
    """Largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make(events: int, items: int, folder: Path) -> dict[str, Any]:
    """Write a world's tables; nothing is learned from shown lists, so none are drawn."""
    from penchant import WorldConfig, make_world

    began = perf_counter()
    users = max(50, events // EACH)
    config = WorldConfig(events=events, items=items, users=users, exposure_rate=0.0)
    world = make_world(config, progress=Watch())
    folder.mkdir(parents=True, exist_ok=True)
    world.items.write_parquet(folder / "items.parquet")
    world.events.write_parquet(folder / "events.parquet")
    return {"seconds": perf_counter() - began, "peak_mib": peak()}


def fit(folder: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Add the tables to a fresh workspace and learn from them."""
    from penchant import Engine, EngineConfig

    watch, config = Watch(), EngineConfig().but(**{"encode.kind": "hashed"}, **changes)
    engine = Engine(folder / "workspace", config, progress=watch)
    began = perf_counter()
    engine.add(events=folder / "events.parquet", items=folder / "items.parquet")
    added, began, busy = perf_counter() - began, perf_counter(), process_time()
    fitted = engine.fit()
    seconds = perf_counter() - began
    return {
        "seconds": seconds,
        "cpu_seconds": process_time() - busy,
        "peak_mib": peak(),
        "add_seconds": added,
        "parts": dict(fitted.seconds),
        "steps": watch.seconds,
        "cpu_steps": watch.busy,
        "summary": dict(fitted.summary),
        "report": fitted.report.to_json(),
        "disk_mib": sum(f.stat().st_size for f in (folder / "workspace").rglob("*") if f.is_file())
        / 2**20,
    }


def apart(what: str, point: str, folder: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Run `make` or `fit` in a process of its own."""
    command = [sys.executable, __file__, point, "--only", what, "--folder", str(folder)]
    command += [f"--set={key}={json.dumps(value)}" for key, value in changes.items()]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(events: int, items: int, folder: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """One point, and where it was measured."""
    import shutil

    import torch

    from penchant.cores import cores

    point, place = f"{events}:{items}", folder / f"{events}-{items}"
    made = place / "made.json"
    if not made.exists():
        world = apart("make", point, place, {})
        made.write_text(json.dumps(world), encoding="utf-8")
    shutil.rmtree(place / "workspace", ignore_errors=True)
    found = apart("fit", point, place, changes)
    shutil.rmtree(place / "workspace", ignore_errors=True)
    return {
        "events": events,
        "items": items,
        "changes": changes,
        "world": json.loads(made.read_text(encoding="utf-8")),
        "fit": found,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "hardware": f"{platform.machine()}, Python {platform.python_version()}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("points", nargs="*", help="events:items, as 1000000:100000")
    parser.add_argument("--set", action="append", default=[], help="a setting, as seed=1")
    parser.add_argument("--folder", type=Path, default=Path("build/growth"), help="for worlds")
    parser.add_argument("--results", type=Path, default=RESULTS, help="for result files")
    parser.add_argument("--only", choices=("make", "fit"), help=argparse.SUPPRESS)
    parser.add_argument("--page", action="store_true", help="write docs/growth.md and the picture")
    asked = parser.parse_args()
    if asked.page:
        from growth_page import write

        write(asked.results, HERE.parent / "docs", POINTS)
        return
    pairs = (pair.split("=", 1) for pair in asked.set)
    changes = {key: json.loads(value) for key, value in pairs}
    points = [tuple(map(int, p.split(":"))) for p in asked.points] or sorted(POINTS)
    if asked.only:
        (point,) = points
        found = make(*point, asked.folder) if asked.only == "make" else fit(asked.folder, changes)
        print(json.dumps(found))
        return
    asked.results.mkdir(parents=True, exist_ok=True)
    for events, items in points:
        path = asked.results / f"{events}-{items}.json"
        if path.exists() and not asked.points:
            continue
        print(f"{events:,} events, {items:,} items", file=sys.stderr, flush=True)
        found = measured(events, items, asked.folder, changes)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

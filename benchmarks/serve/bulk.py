"""A large log, from a file to answers: put in, opened, asked; each in a process of its own.

    python -m benchmarks.serve.bulk --folder /tmp/bulk           # results/bulk.json
    python -m benchmarks.serve.bulk --folder /tmp/bulk --fit     # …, learned from: bulk-fit.json

The model that serves is drawn (see `made`) and knows none of these events: they all came after it,
which is the most that opening it can have to read. With `--fit` one is learned from them in full
(`benchmarks/growth.py` says how long that takes). Memory is the most that a process had, in GiB.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import polars as pl
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep, spent
from benchmarks.serve.made import NOW
from benchmarks.serve.shop import CONFIG, opened, person

from penchant import Engine
from penchant.clock import DAY
from penchant.random import rng

EVENTS = 200
"""Events of a person, on average."""
ASKED = 1_000
_STEP = 2_000_000


def log(folder: Path, events: int, items: int) -> Path:
    """A log of views as a file: long-tailed items, everybody about as busy, over the year after the
    model was learned."""
    file = folder / f"log-{events}-{items}.parquet"
    if not file.exists():
        draw, parts = rng(0, "bulk"), []
        for a in range(0, events, _STEP):
            n = min(_STEP, events - a)
            people = draw.integers(0, max(events // EVENTS, 1), n)
            parts.append(
                pl.DataFrame(
                    {
                        "user_id": pl.Series(people).cast(pl.String).str.zfill(6),
                        "item_id": pl.Series(draw.zipf(1.1, n) % items).cast(pl.String),
                        "timestamp": pl.Series(NOW + draw.integers(1, 365 * DAY, n)),
                        "event": "view",
                    }
                ).with_columns(
                    pl.format("u{}", "user_id"),
                    pl.format("i{}", pl.col("item_id").str.zfill(7)),
                    pl.col("timestamp").cast(pl.Datetime("us", "UTC")),
                )
            )
        pl.concat(parts).write_parquet(file)
    return file


def put_in(folder: Path, file: Path) -> dict[str, Any]:
    """Events into the store."""
    engine = Engine(folder / "workspace", CONFIG)
    return {"rows": sum(r.new for r in engine.add(events=file).receipts)}


def asked(folder: Path, people: int) -> dict[str, Any]:
    """Open the workspace; the first answer, and lists and profiles of many people."""
    engine = Engine(folder / "workspace", CONFIG)
    first = measured(lambda: {"items": len(engine.recommend(person(0), 10))})
    some = [person(int(k)) for k in rng(0, "asked").choice(people, min(ASKED, people), False)]
    lists = spent(lambda user: engine.recommend(user, 10), some)
    return {"first": first, "people": len(some), "list": lists}


def fitted(folder: Path) -> dict[str, Any]:
    """Learn from all of it."""
    found = Engine(folder / "workspace", CONFIG).fit()
    return {"steps": {name: round(s, 1) for name, s in found.seconds.items()}}


def apart(step: str, said: argparse.Namespace) -> dict[str, Any]:
    """A step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serve.bulk", "--step", step]
    command += ["--folder", str(said.folder), "--events", str(said.events)]
    done = subprocess.run(
        [*command, "--items", str(said.items)], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return found


def measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Seconds and memory of a step in this process."""
    began, used = perf_counter(), process_time()
    found = work()
    wall, busy = perf_counter() - began, process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found | {"wall_s": round(wall, 1), "cpu_s": round(busy, 1), "peak_gib": round(peak, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--step", choices=["make", "import", "ask", "fit"], help=argparse.SUPPRESS)
    said = parser.parse_args()
    said.folder.mkdir(parents=True, exist_ok=True)
    people = max(said.events // EVENTS, 1)

    def made() -> dict[str, Any]:
        shutil.rmtree(said.folder / "workspace", ignore_errors=True)  # what is there comes no more
        opened(said.folder / "workspace", said.items, people=10)
        return {"file_mb": round(log(said.folder, said.events, said.items).stat().st_size / 1e6)}

    work: dict[str, Callable[[], dict[str, Any]]] = {
        "make": made,
        "import": lambda: put_in(said.folder, log(said.folder, said.events, said.items)),
        "ask": lambda: asked(said.folder, people),
        "fit": lambda: fitted(said.folder),
    }
    if said.step:
        print(json.dumps(measured(work[said.step])))
        return
    command = "python -m benchmarks.serve.bulk" + " --fit" * said.fit
    found = origin("bulk") | {"command": command}
    found |= {"events": said.events, "items": said.items, "people": people}
    for step in ("make", "import", "ask", *(["fit"] if said.fit else [])):
        found[step] = apart(step, said)
        print(step, found[step], file=sys.stderr)
    keep("bulk-fit" if said.fit else "bulk", found)


if __name__ == "__main__":
    main()

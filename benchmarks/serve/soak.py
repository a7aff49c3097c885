"""The service under mixed load for half an hour: does its memory stay what it is?

    python -m benchmarks.serve.soak --workspace /tmp/shop --minutes 30     # results/soak.json

Lists, profiles, reasons and events of people drawn at random, at a steady pace; memory of all its
processes is looked at every ten seconds. Growth is from the mean of the fifth part after the first
(the caches are full then) to that of the last.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep
from benchmarks.serve.running import Running, served
from benchmarks.serve.shop import fresh_events, opened, person

from penchant.random import rng


def mixed(running: Running, items: int, people: int, until: float, seed: int) -> dict[str, int]:
    """One asker's share of the load; how often what was answered."""
    draw, counts = rng(seed, "soak"), {"asked": 0, "events": 0, "errors": 0}
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for k in range(10_000_000):
            if time.monotonic() > until:
                return counts
            user, what = person(int(draw.integers(people))), draw.random()
            if what < 0.2:
                rows = fresh_events(20, items, seed * 10_000_000 + k)
                answer = client.post("/v1/events", json={"events": rows})
                counts["events"] += 20
            elif what < 0.9:
                answer = client.get(f"/v1/users/{user}/recommendations?n=10")
            else:
                answer = client.get(f"/v1/users/{user}/interests?top=5")
            counts["asked"] += 1
            counts["errors"] += answer.status_code >= 400
            time.sleep(0.01)
    return counts


def watched(running: Running, until: float) -> list[float]:
    """Its memory every ten seconds (GiB)."""
    found = []
    while time.monotonic() < until:
        found.append(running.memory() / 2**30)
        time.sleep(10)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--askers", type=int, default=4)
    asked = parser.parse_args()
    opened(asked.workspace, asked.items, asked.people)
    with served(
        asked.workspace, 1, log=asked.workspace / "serve.log", sets=("serve.rate=100000",)
    ) as running:
        until = time.monotonic() + 60 * asked.minutes
        with ThreadPoolExecutor(asked.askers + 1) as pool:
            memory = pool.submit(watched, running, until)
            load = [
                pool.submit(mixed, running, asked.items, asked.people, until, 1 + seed)
                for seed in range(asked.askers)
            ]
            counts = [one.result() for one in load]
    gib, fifth = np.array(memory.result()), max(1, len(memory.result()) // 5)
    early, late = gib[fifth : 2 * fifth].mean(), gib[-fifth:].mean()
    found: dict[str, Any] = origin("soak") | {
        "command": "python -m benchmarks.serve.soak", "items": asked.items,
        "minutes": asked.minutes, **{k: sum(c[k] for c in counts) for k in counts[0]},
        "memory_gib": [round(float(x), 3) for x in gib[:: max(1, len(gib) // 60)]],
        "growth": round(float(late / early - 1), 4),
    }  # fmt: skip
    keep("soak", found)


if __name__ == "__main__":
    main()

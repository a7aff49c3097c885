"""The service under mixed load for half an hour: does its memory stay what it is?

    python -m benchmarks.serve.soak --workspace /tmp/shop --minutes 30     # results/soak.json

Lists, reasons, profiles, events, feedback, new items and erasures of people drawn at random, at a
steady pace; memory of all its processes is looked at every ten seconds. Growth is from the mean of
the fifth part after the first (the caches are full then) to that of the last.
"""

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep
from benchmarks.serve.running import Running, served
from benchmarks.serve.shop import fresh_events, opened, person

from penchant.random import rng

MIX: Mapping[str, float] = {
    "lists": 0.62, "lists with reasons": 0.05, "profiles": 0.1, "what changed": 0.01,
    "events": 0.2, "feedback": 0.0095, "new items": 0.0005, "erased": 0.01,
}  # fmt: skip
"""What is asked, and what share of the calls it has."""


def sent(client: httpx.Client, what: str, user: str, items: int, n: int) -> httpx.Response:
    """One call of a kind; n: a number of its own."""
    if what == "events":
        return client.post("/v1/events", json={"events": fresh_events(20, items, n)})
    if what == "feedback":
        said = {"direction": ("more", "less")[n % 2], "item": f"i{n % items:07d}"}
        return client.post(f"/v1/users/{user}/feedback", json=said)
    if what == "new items":
        return client.post("/v1/items", json={"item_id": f"new{n}", "title": f"A thing, the {n}th"})
    if what == "erased":
        return client.delete(f"/v1/users/{user}")
    asked = {
        "lists": "recommendations?n=10", "profiles": "interests?top=5", "what changed": "evolution",
        "lists with reasons": "recommendations?n=10&explain=true",
    }  # fmt: skip
    return client.get(f"/v1/users/{user}/{asked[what]}")


def mixed(running: Running, items: int, people: int, until: float, seed: int) -> Counter[str]:
    """One asker's share of the load; how often each was answered, and errors."""
    draw, counts = rng(seed, "soak"), Counter[str]()
    kinds, shares = list(MIX), np.cumsum(list(MIX.values())) / sum(MIX.values())
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for k in count(seed * 10_000_000):
            if time.monotonic() > until:
                return counts
            what, user = kinds[int(np.searchsorted(shares, draw.random()))], draw.integers(people)
            if what == "erased":  # somebody else: those who are asked about stay
                user = people + k % 1_000_000
            answer = sent(client, what, person(int(user)), items, k)
            counts[what] += 1
            if answer.status_code >= 400:
                counts[f"error {answer.status_code}, {what}"] += 1
            time.sleep(0.01)
    raise AssertionError("numbers ended")


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
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    opened(asked.workspace, asked.items, asked.people)
    log, sets = asked.workspace / "serve.log", ("serve.rate=100000",)
    with served(asked.workspace, asked.workers, log=log, sets=sets) as running:
        until = time.monotonic() + 60 * asked.minutes
        with ThreadPoolExecutor(asked.askers + 1) as pool:
            memory = pool.submit(watched, running, until)
            load = [
                pool.submit(mixed, running, asked.items, asked.people, until, 1 + seed)
                for seed in range(asked.askers)
            ]
            counts = sum((one.result() for one in load), Counter[str]())
    gib, fifth = np.array(memory.result()), max(1, len(memory.result()) // 5)
    early, late = gib[fifth : 2 * fifth].mean(), gib[-fifth:].mean()
    found: dict[str, Any] = origin("soak") | {
        "command": "python -m benchmarks.serve.soak", "items": asked.items,
        "minutes": asked.minutes, "workers": asked.workers,
        "asked": sum(counts[what] for what in MIX), "events": 20 * counts["events"],
        "errors": sum(n for what, n in counts.items() if what.startswith("error")),
        "calls": dict(sorted(counts.items())),
        "memory_gib": [round(float(x), 3) for x in gib[:: max(1, len(gib) // 60)]],
        "growth": round(float(late / early - 1), 4),
    }  # fmt: skip
    keep("soak", found)


if __name__ == "__main__":
    main()

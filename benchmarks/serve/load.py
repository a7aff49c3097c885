"""The service under load, over HTTP on loopback: lists a second, events a second, freshness.

    python -m benchmarks.serve.load --workspace /tmp/shop     # results/load.json

`wrk` (Debian's package of that name) asks for recommendations of people drawn at random over 32
connections; the events are posted in batches of 100, each of which is on disk when it is answered,
and counted afterwards. Freshness: the best item of somebody's list is bought, and from the answer
to that event on the list is asked for until that item is gone from it.
"""

import argparse
import re
import subprocess
import tempfile
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

_LUA = """
math.randomseed(os.time())
request = function()
  local path = string.format("/v1/users/u%06d/recommendations?n=10", math.random(0, PEOPLE - 1))
  return wrk.format("GET", path)
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %.3f %.3f %.3f %d\\n", summary.requests,
    summary.duration, summary.errors.status, summary.errors.connect + summary.errors.read +
    summary.errors.write + summary.errors.timeout, latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000, summary.bytes))
end
"""


def lists(running: Running, people: int, seconds: int, connections: int = 32) -> dict[str, Any]:
    """Recommendations a second, and how long each took (ms)."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA.replace("PEOPLE", str(people)))
        script.flush()
        before = running.busy()
        done = subprocess.run(
            ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", script.name, running.url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = re.search(r"RESULT (.*)", done.stdout)
    assert found is not None, done.stdout
    n, us, status, broken, p50, p95, p99, _ = map(float, found[1].split())
    return {
        "connections": connections, "seconds": round(us / 1e6, 1), "lists": int(n),
        "a_second": round(n / (us / 1e6), 1), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99,
        "errors": int(status + broken),
        "processor_ms": round(1000 * (running.busy() - before) / max(n, 1), 2),
    }  # fmt: skip


def events(running: Running, items: int, seconds: int, senders: int = 4) -> dict[str, Any]:
    """Events a second in posts of 100, and how long each post took (ms)."""
    took: list[float] = []
    counts = {"sent": 0, "accepted": 0, "failed": 0}
    until = time.monotonic() + seconds

    def send(sender: int) -> None:
        with httpx.Client(base_url=running.url, timeout=60) as client:
            for batch in range(10_000):
                if time.monotonic() > until:
                    return
                seed = int(time.time()) * 1000 + sender * 100_000_000_000 + batch
                rows = fresh_events(100, items, seed)
                began = time.perf_counter()
                answer = client.post("/v1/events", json={"events": rows})
                took.append(1000 * (time.perf_counter() - began))
                counts["sent"] += 100
                if answer.status_code == 200:
                    counts["accepted"] += answer.json()["accepted"]
                else:
                    counts["failed"] += 1

    began = time.monotonic()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(send, range(senders)))
    spent = time.monotonic() - began
    return {
        **counts, "senders": senders, "a_second": round(counts["accepted"] / spent, 1),
        **{f"p{q}_ms": round(float(np.percentile(took, q)), 1) for q in (50, 99)},
    }  # fmt: skip


def freshness(running: Running, people: int, asked: int = 200) -> dict[str, Any]:
    """Milliseconds from the answer to an event to the answer with a list that knows it. Each call
    has a connection of its own: whichever process is free answers."""
    took, tries = [], []
    anew = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=running.url, timeout=60, limits=anew) as client:
        for k in range(asked):
            path = f"/v1/users/{person(k % people)}/recommendations?n=3"
            best = client.get(path).json()["items"][0]["item_id"]
            event = {"user_id": person(k % people), "item_id": best, "event": "purchase"}
            client.post("/v1/events", json=event).raise_for_status()
            began = time.perf_counter()
            tried = 1
            while best in [r["item_id"] for r in client.get(path).json()["items"]]:
                tried += 1
            took.append(1000 * (time.perf_counter() - began))
            tries.append(tried)
    return {
        "asked": asked, "most_tries": max(tries),
        **{f"p{q}_ms": round(float(np.percentile(took, q)), 1) for q in (50, 99)},
    }  # fmt: skip


def beside(running: Running, people: int, connections: int = 4) -> dict[str, Any]:
    """Freshness while others ask for lists without a pause."""
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(lists, running, people, 30, connections)
        found = freshness(running, people)
        return found | {"beside": others.result()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    opened(asked.workspace, asked.items, asked.people)
    found: dict[str, Any] = origin("load") | {
        "command": "python -m benchmarks.serve.load", "items": asked.items,
        "people": asked.people, "workers": asked.workers,
    }  # fmt: skip
    log = asked.workspace / "serve.log"
    began = time.monotonic()
    sets = ("serve.rate=100000", "serve.waiting=256")
    with served(asked.workspace, asked.workers, log=log, sets=sets) as running:
        found["ready_s"] = round(time.monotonic() - began, 2)
        lists(running, asked.people, 5)
        found["freshness"] = freshness(running, asked.people)
        found["freshness_busy"] = beside(running, asked.people)
        found["lists"] = lists(running, asked.people, asked.seconds)
        found["events"] = events(running, asked.items, asked.seconds)
        found["memory_gib"] = round(running.memory() / 2**30, 2)
    keep("load", found)


if __name__ == "__main__":
    main()

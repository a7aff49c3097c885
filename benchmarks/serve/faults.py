"""A service that is killed, or whose database is, while events come in: is an acknowledged one ever
lost, or doubled?

    python -m benchmarks.serve.faults --workspace /tmp/faulty --kills 200        # SQLite
    python -m benchmarks.serve.faults --workspace /tmp/faulty --kills 200 --postgres
    python -m benchmarks.serve.faults --workspace /tmp/faulty --gone 20
    python -m benchmarks.serve.faults --workspace /tmp/faulty --store postgresql://…

Senders post batches with ids of their own and write down which were answered with 200; a batch
whose answer never came, or was another, is sent again, as a client does. Meanwhile the process gets
SIGKILL at random times and is started anew; or (`--gone`) it is let be, and its PostgreSQL is
stopped at once and started again. In the end the store is read, and held against their own lists.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep
from benchmarks.serve.postgres import Postgres, postgres
from benchmarks.serve.running import free_port

from penchant import Engine, EngineConfig


class Senders:
    """Clients that post until they are told to stop; `acknowledged`: ids that were answered,
    `refused`: how often with which other status, `slowest`: seconds of the slowest answer."""

    def __init__(self, url: str, threads: int) -> None:
        self.url, self.stop = url, threading.Event()
        self.acknowledged: set[str] = set()
        self.refused: Counter[int] = Counter()
        self.sent, self.again, self.slowest = 0, 0, 0.0
        self.threads = [threading.Thread(target=self._send, args=(k,)) for k in range(threads)]

    def _send(self, sender: int) -> None:
        with httpx.Client(base_url=self.url, timeout=20) as client:
            self._send_by(client, sender)

    def _send_by(self, client: httpx.Client, sender: int) -> None:
        batch = 0
        while not self.stop.is_set():
            ids = [f"{sender}-{batch}-{k}" for k in range(20)]
            rows = [
                {
                    "user_id": f"u{(batch * 7 + k) % 50}", "item_id": f"i{k}", "event": "view",
                    "event_id": id_, "timestamp": 1_700_000_000 + batch,
                }
                for k, id_ in enumerate(ids)
            ]  # fmt: skip
            while not self.stop.is_set() and not self._posted(client, rows):
                self.again += 1
                time.sleep(0.05)
            else:
                self.sent += 20
                batch += 1

    def _posted(self, client: httpx.Client, rows: list[dict[str, Any]]) -> bool:
        """Whether a batch was acknowledged."""
        began = time.monotonic()
        try:
            answer = client.post("/v1/events", json={"events": rows})
        except httpx.HTTPError:
            return False
        self.slowest = max(self.slowest, time.monotonic() - began)
        if answer.status_code != 200:
            self.refused[answer.status_code] += 1
            return False
        self.acknowledged.update(row["event_id"] for row in rows)
        return True

    def wait(self) -> float:
        """Until one more batch is acknowledged, a minute at most; the seconds that it took."""
        before, began = len(self.acknowledged), time.monotonic()
        while len(self.acknowledged) == before and time.monotonic() < began + 60:
            time.sleep(0.01)
        return time.monotonic() - began

    @contextmanager
    def sending(self) -> Iterator[None]:
        """They post until the block ends."""
        for thread in self.threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in self.threads:
                thread.join()


def started(workspace: Path, port: int, log: Any, store: str | None) -> subprocess.Popen[bytes]:
    """The service."""
    command = [
        sys.executable, "-m", "penchant.cli", "--workspace", str(workspace),
        "serve", "--port", str(port),
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if store is not None:
        environment["PENCHANT_STORE"] = store
    return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def killed(
    workspace: Path, kills: int, minutes: float, seed: int, store: str | None
) -> dict[str, Any]:
    """Kill it so often, or for so many minutes, and count."""
    draw, port, done = random.Random(seed), free_port(), 0
    end = time.monotonic() + 60 * minutes
    senders = Senders(f"http://127.0.0.1:{port}", 4)
    with (workspace / "serve.log").open("ab") as log:
        process = started(workspace, port, log, store)
        with senders.sending():
            while done < kills and time.monotonic() < end:
                senders.wait()  # it is up again when something was acknowledged
                time.sleep(draw.random() * 0.3)
                process.send_signal(signal.SIGKILL)
                process.wait()
                done += 1
                process = started(workspace, port, log, store)
            senders.wait()
        process.terminate()
        process.wait()
    return {"kills": done, **counted(workspace, senders, store)}


def gone(workspace: Path, times: int, seed: int, server: Postgres) -> dict[str, Any]:
    """Take the database away so often, for up to two seconds each, and count."""
    draw, port, back = random.Random(seed), free_port(), list[float]()
    health: Counter[int] = Counter()
    senders = Senders(f"http://127.0.0.1:{port}", 4)
    with (workspace / "serve.log").open("ab") as log:
        process = started(workspace, port, log, server.url)
        with senders.sending(), httpx.Client(base_url=senders.url, timeout=20) as client:
            senders.wait()
            for _ in range(times):
                time.sleep(draw.random())
                server.stop()
                time.sleep(2 * draw.random())
                health[client.get("/v1/health").status_code] += 1
                server.start()
                back.append(senders.wait())
        assert process.poll() is None, "the service ended"
        process.terminate()
        process.wait()
    return {
        "times": times, "back_s": round(max(back), 2), "slowest_s": round(senders.slowest, 2),
        "refused": by_status(senders.refused), "health": by_status(health),
        **counted(workspace, senders, server.url),
    }  # fmt: skip


def by_status(counts: Counter[int]) -> dict[str, int]:
    """How often which."""
    return {str(status): n for status, n in sorted(counts.items())}


def counted(workspace: Path, senders: Senders, store: str | None) -> dict[str, Any]:
    """What the store has beside what was acknowledged."""
    config = EngineConfig() if store is None else EngineConfig().but(**{"store.url": store})
    kept = Engine(workspace, config).tables.read("events").collect()["event_id"]
    there = set(kept)
    return {
        "acknowledged": len(senders.acknowledged), "sent_again": senders.again,
        "kept": len(kept), "lost": len(senders.acknowledged - there),
        "doubled": len(kept) - len(there),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--gone", type=int, help="take the database away so often instead")
    parser.add_argument("--minutes", type=float, default=120, help="at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", help="URL of a database; SQLite in the workspace without one")
    parser.add_argument("--postgres", action="store_true", help="a server of one's own instead")
    asked = parser.parse_args()
    Engine(asked.workspace)
    if asked.gone:
        with postgres() as server:
            found = gone(asked.workspace, asked.gone, asked.seed, server)
        told(found, "gone", "postgresql")
    elif asked.postgres:
        with postgres() as server:
            found = killed(asked.workspace, asked.kills, asked.minutes, asked.seed, server.url)
        told(found, "faults", "postgresql")
    else:
        found = killed(asked.workspace, asked.kills, asked.minutes, asked.seed, asked.store)
        kind = "sqlite" if asked.store is None else asked.store.split("+")[0].split(":")[0]
        told(found, "faults", kind)


def told(found: dict[str, Any], what: str, store: str) -> None:
    """Write what was found down, and say it."""
    run = origin("faults") | {
        "command": "python -m benchmarks.serve.faults", "store": store,
        "sqlite": sqlite3.sqlite_version, **found,
    }  # fmt: skip
    keep(f"{what}-{store}", run)


if __name__ == "__main__":
    main()

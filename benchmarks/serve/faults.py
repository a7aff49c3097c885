"""A service that is killed while events come in: is an acknowledged one ever lost, or doubled?

    python -m benchmarks.serve.faults --workspace /tmp/faulty --kills 200        # SQLite
    python -m benchmarks.serve.faults --workspace /tmp/faulty --store postgresql://…

Senders post batches with ids of their own and write down which were answered with 200; a batch
whose answer never came is sent again, as a client does. Meanwhile the process gets SIGKILL at
random times and is started anew. In the end the store is read, and held against their own lists.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from benchmarks.interests.promises import told as origin
from benchmarks.serve.load import RESULTS
from benchmarks.serve.running import free_port

from penchant import Engine, EngineConfig


class Senders:
    """Clients that post until they are told to stop; `acknowledged`: ids that were answered."""

    def __init__(self, url: str, threads: int) -> None:
        self.url, self.stop = url, threading.Event()
        self.acknowledged: set[str] = set()
        self.sent, self.again = 0, 0
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
            while not self.stop.is_set():
                try:
                    client.post("/v1/events", json={"events": rows}).raise_for_status()
                except httpx.HTTPError:
                    self.again += 1
                    time.sleep(0.05)
                    continue
                self.acknowledged.update(ids)
                break
            self.sent += 20
            batch += 1


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
    draw, port = random.Random(seed), free_port()
    end = time.monotonic() + 60 * minutes
    url = f"http://127.0.0.1:{port}"
    senders, done = Senders(url, 4), 0
    with (workspace / "serve.log").open("ab") as log:
        process = started(workspace, port, log, store)
        for thread in senders.threads:
            thread.start()
        while done < kills and time.monotonic() < end:
            before = len(senders.acknowledged)
            until = time.monotonic() + 60
            while len(senders.acknowledged) == before and time.monotonic() < until:
                time.sleep(0.01)  # it is up again when something was acknowledged
            time.sleep(draw.random() * 0.3)
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
            process = started(workspace, port, log, store)
        senders.stop.set()
        for thread in senders.threads:
            thread.join()
        process.terminate()
        process.wait()
    return {"kills": done, **counted(workspace, senders, store)}


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
    parser.add_argument("--minutes", type=float, default=120, help="at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", help="URL of a database; SQLite in the workspace without one")
    asked = parser.parse_args()
    Engine(asked.workspace)
    kind = "sqlite" if asked.store is None else asked.store.split("+")[0].split(":")[0]
    found = origin("faults") | {
        "command": "python -m benchmarks.serve.faults", "store": kind,
        "sqlite": sqlite3.sqlite_version,
        **killed(asked.workspace, asked.kills, asked.minutes, asked.seed, asked.store),
    }  # fmt: skip
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"faults-{kind}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

"""Clients that post events while something goes wrong, and what the store has of theirs then."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from penchant import Engine, EngineConfig


class Senders:
    """Clients that post until they are told to stop; `acknowledged`: ids that were answered,
    `refused`: how often with which other status and kind of problem, `slowest`: seconds of the
    slowest answer."""

    def __init__(self, url: str, threads: int, headers: Mapping[str, str] | None = None) -> None:
        self.url, self.headers, self.stop = url, dict(headers or {}), threading.Event()
        self.acknowledged: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.sent, self.again, self.slowest = 0, 0, 0.0
        self.threads = [threading.Thread(target=self._send, args=(k,)) for k in range(threads)]

    def _send(self, sender: int) -> None:
        with httpx.Client(base_url=self.url, headers=self.headers, timeout=20) as client:
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
            self.refused[told(answer)] += 1
            return False
        self.acknowledged.update(row["event_id"] for row in rows)
        return True

    def wait(self) -> float:
        """Until one more batch is acknowledged, a minute at most; the seconds that it took."""
        before, began = len(self.acknowledged), time.monotonic()
        while len(self.acknowledged) == before and time.monotonic() < began + 60:
            time.sleep(0.01)
        return time.monotonic() - began

    def stuck(self, seconds: float) -> None:
        """Until nothing was acknowledged for so long."""
        before, since = len(self.acknowledged), time.monotonic()
        while time.monotonic() < since + seconds:
            time.sleep(0.01)
            if len(self.acknowledged) != before:
                before, since = len(self.acknowledged), time.monotonic()

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


def told(answer: httpx.Response) -> str:
    """The status of an answer, and of a problem its kind: `503 store`."""
    kind = "problem+json" in answer.headers.get("content-type", "")
    name = f" {answer.json()['type'].rpartition(':')[2]}" if kind else ""
    return f"{answer.status_code}{name}"


def ordered(counts: Mapping[str, int]) -> dict[str, int]:
    """How often which."""
    return dict(sorted(counts.items()))


def counted(workspace: Path, senders: Senders, store: str | None) -> dict[str, Any]:
    """What the store has beside what was acknowledged."""
    config = EngineConfig() if store is None else EngineConfig().but(**{"store.url": store})
    kept = Engine(workspace, config).tables.read("events").collect()["event_id"].drop_nulls()
    there = set(kept)
    return {
        "acknowledged": len(senders.acknowledged), "sent_again": senders.again,
        "kept": len(kept), "lost": len(senders.acknowledged - there),
        "doubled": len(kept) - len(there),
    }  # fmt: skip

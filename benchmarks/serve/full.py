"""A service whose disk is full: what does it answer then, and how soon does it take in events?

The workspace is on a small file system of its own (`disk`), beside some files that are only there
to take room. Senders post until nothing is acknowledged any more; then everything else that a
service is asked is asked for some seconds. Then one of those files is removed, and so on. The
service is let be all the while.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from benchmarks.serve.disk import NoMountError, small_disk
from benchmarks.serve.disk import fill as fill_file
from benchmarks.serve.running import free_port
from benchmarks.serve.senders import Senders, counted, ordered, started, told

from penchant import WorldConfig, make_world
from penchant.clock import now
from penchant.serve.keys import fresh, hashed
from penchant.store.sql.keys import Key, SqlKeys
from penchant.testing.served import CONFIG, stocked

ROOM: Final = 2_000_000  # bytes that are made free each time
BASE: Final = 16_000_000  # bytes of the disk beside those
STUCK: Final = 2.0  # seconds without an acknowledgement that are taken for a full disk
ASKED: Final = 8.0  # seconds that are asked for then
READS: Final = (
    "/v1/users/{user}/recommendations?n=10",
    "/v1/users/{user}/interests",
    "/v1/items/{item}",
    "/v1/items/{item}/similar",
    "/v1/status",
    "/v1/tree",
    "/v1/ready",
    "/v1/metrics",
)
"""What only reads, as far as the one who asks can see: lists that are given out are kept, too."""
WRITES: Final[tuple[tuple[str, str, dict[str, Any] | None], ...]] = (
    ("POST", "/v1/items", {"items": [{"item_id": f"new{k}", "title": "x" * 5000}
                                     for k in range(200)]}),
    ("POST", "/v1/users/u0001/feedback", {"direction": "more", "item": "i00001"}),
    ("DELETE", "/v1/users/u0002", None),
    ("POST", "/v1/fit", None),
)  # fmt: skip
"""What else writes; some of it may find a little room left."""


@dataclass
class Asked:
    """How often what else was asked while there was no room, and how it was answered; `slowest`:
    seconds of the slowest answer to what only reads."""

    health: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    def ask(self, client: httpx.Client, seconds: float) -> None:
        """Ask for so long."""
        end, k = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            self.health[told(client.get("/v1/health"))] += 1
            for path in READS:
                began = time.monotonic()
                named = path.format(user=f"u{k % 60:04d}", item=f"i{k % 300:05d}")
                answer = client.get(named)
                self.reads[told(answer)] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                k += 1
        for method, path, body in WRITES:
            self.writes[told(client.request(method, path, json=body))] += 1

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "health": ordered(self.health), "reads": ordered(self.reads),
            "writes": ordered(self.writes), "slowest_read_s": round(self.slowest, 2),
        }  # fmt: skip


def filled(folder: Path, times: int) -> dict[str, Any]:
    """Fill a small disk, mounted over a folder, so often, and count."""
    try:
        with small_disk(folder, BASE + (times + 2) * ROOM) as disk:
            return _filled(disk, times, folder.with_name(f"{folder.name}.log"))
    except NoMountError as error:
        sys.exit(f"--full: {error}")


def _filled(disk: Path, times: int, said: Path) -> dict[str, Any]:
    shop, token = disk / "shop", _shop(disk / "shop")
    for k in range(times + 1):
        fill_file(disk / f"ballast{k}", ROOM)
    port, asked, back = free_port(), Asked(), list[float]()
    headers = {"Authorization": f"Bearer {token}"}
    senders = Senders(f"http://127.0.0.1:{port}", 4, headers)
    with said.open("ab") as log:
        process = started(shop, port, log, None)
        try:
            with (
                senders.sending(),
                httpx.Client(base_url=senders.url, headers=headers, timeout=60) as client,
            ):
                senders.wait()
                for k in range(times):
                    senders.stuck(STUCK)
                    asked.ask(client, ASKED)
                    (disk / f"ballast{k}").unlink()
                    back.append(senders.wait())
                metrics = client.get("/v1/metrics").text
            assert process.poll() is None, "the service ended"
        finally:
            process.terminate()
            process.wait()
    (disk / f"ballast{times}").unlink()
    return {
        "filled": times, "room_bytes": ROOM, "back_s": round(max(back), 2),
        "slowest_s": round(senders.slowest, 2), "refused": ordered(senders.refused),
        "lists_lost": _figure(metrics, "penchant_lists_lost_total"), **asked.to_json(),
        **counted(shop, senders, None),
    }  # fmt: skip


def _shop(folder: Path) -> str:
    """A small shop that has learned, and a key that opens everything."""
    world = make_world(WorldConfig.small(users=60, events=2000))
    config = CONFIG.but(**{"serve.present": "log", "serve.rate": 100_000.0})
    engine = stocked(world, folder, config)
    assert engine.workspace is not None
    engine.workspace.write_config(config.to_toml())
    engine.fit()
    token = fresh()
    key = Key("", "all", hashed(token), ("admin", "ingest", "read"), now())
    SqlKeys(engine.workspace.database).add(key)
    engine.workspace.database.close()
    return token


def _figure(text: str, name: str) -> int:
    """A counter, as Prometheus reads it."""
    line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
    return int(float(line.split()[1]))

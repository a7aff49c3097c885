"""Two service processes on one PostgreSQL: what goes into one is known to the other, nothing is
lost, and what is sent to both counts once."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.testing.layers import quick

CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.layers": ("base", "popularity"),
        "serve.auth": "off",
        "serve.present": "log",
        "serve.lists": False,
    }
)


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=40, events=1500))


@contextmanager
def served(workspace: Path, store: str) -> Iterator[httpx.Client]:
    """One process of the service."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with (workspace / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "penchant.cli", "-w", workspace, "serve", "--port", str(port)],
            stdout=log, stderr=log,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PENCHANT_STORE": store},
        )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=60) as client:
            until = time.monotonic() + 120
            while True:
                assert process.poll() is None and time.monotonic() < until, "it did not start"
                try:
                    if client.get("/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.2)
            yield client
    finally:
        process.terminate()
        assert process.wait(60) in (0, -15, 143)


@pytest.fixture
def two(world, postgres_url, tmp_path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Both, on a shop that has learned from the first part of its log."""
    (tmp_path / "config.toml").write_text(CONFIG.to_toml(), encoding="utf-8")
    engine = Engine(tmp_path, CONFIG.but(**{"store.url": postgres_url}))
    engine.add(events=world.events.sort("timestamp").head(1200), items=world.items)
    engine.fit()
    with ExitStack() as stack:
        shop = (tmp_path, postgres_url)
        yield stack.enter_context(served(*shop)), stack.enter_context(served(*shop))


def batches(world) -> list[list[dict[str, object]]]:
    """The rest of the log in small posts, each event with an id."""
    later = world.events.sort("timestamp").slice(1200)
    rows = [
        {
            "user_id": row["user_id"], "item_id": row["item_id"], "event": row["event"],
            "timestamp": row["timestamp"].isoformat(), "event_id": f"later-{k}",
        }
        for k, row in enumerate(later.iter_rows(named=True))
    ]  # fmt: skip
    return [rows[k : k + 10] for k in range(0, len(rows), 10)]


def test_two_processes_say_the_same_and_lose_nothing(world, two):
    some = batches(world)
    sent = [(two[k % 2], batch) for k, batch in enumerate(some)]
    sent += [(two[1 - k % 2], batch) for k, batch in enumerate(some) if k % 3 == 0]  # to both

    def post(one: tuple[httpx.Client, list[dict[str, object]]]) -> tuple[int, int]:
        answer = one[0].post("/events", json={"events": one[1]}).raise_for_status().json()
        return answer["accepted"], answer["known"]

    with ThreadPoolExecutor(6) as pool:
        counted = list(pool.map(post, sent))
    events = sum(map(len, some))
    assert sum(accepted for accepted, _ in counted) == events
    assert sum(known for _, known in counted) == sum(map(len, some[::3]))
    for client in two:
        assert client.get("/status").json()["rows"]["events"] == 1200 + events

    at = (world.events["timestamp"].max() + timedelta(hours=2)).isoformat()
    for user in world.events["user_id"].unique().sort().head(15):
        asked = [f"/users/{user}/recommendations", f"/users/{user}/interests"]
        for path in asked:
            one, other = (c.get(path, params={"at": at}).json() for c in two)
            one.pop("list_id", None), other.pop("list_id", None)
            assert one == other, path

    ann = str(world.events["user_id"][0])
    assert two[1].get(f"/users/{ann}/interests").json()["events"] > 0
    assert two[0].delete(f"/users/{ann}").status_code in (200, 204)
    assert two[1].get(f"/users/{ann}/interests").json()["events"] == 0
    said = two[1].post(f"/users/{ann}/feedback", json={"direction": "never", "item": "i00001"})
    assert said.status_code == 200
    assert len(two[0].get(f"/users/{ann}/feedback").json()["statements"]) == 1

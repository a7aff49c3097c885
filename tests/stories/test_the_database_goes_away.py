"""PostgreSQL is stopped as by a crash while the service runs and events come in, and comes back:
who asks meanwhile is told, and afterwards all goes on by itself, with nothing lost or doubled."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from benchmarks.serve.faults import Senders, counted
from benchmarks.serve.postgres import Postgres, postgres, programs
from benchmarks.serve.running import served

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.testing.served import CONFIG

STORE = "urn:penchant:problem:store"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of this test's own."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed: penchant[postgres]")
    with postgres() as server:
        yield server


@pytest.fixture
def config(server: Postgres) -> EngineConfig:
    return CONFIG.but(**{"store.url": server.url, "serve.auth": "off"})


@pytest.fixture
def shop(
    server: Postgres, config: EngineConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A workspace that has learned; processes that are begun find its database."""
    monkeypatch.setenv("PENCHANT_STORE", server.url)
    world = make_world(WorldConfig.small(users=40, events=1500))
    engine = Engine(tmp_path, config)
    engine.add(events=world.events, items=world.items)
    engine.fit()
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    return tmp_path


def test_a_database_that_was_gone_is_used_again(server, config, shop):
    with served(shop, log=shop / "serve.log") as running:
        senders, before = Senders(running.url, 2), rows(shop, config)
        with senders.sending(), httpx.Client(base_url=f"{running.url}/v1", timeout=30) as http:
            senders.wait()
            shown = [listed(http)]
            for _ in range(2):
                server.stop()
                while_it_is_gone(http)
                server.start()
                senders.wait()
                shown.append(listed(http))
                now = {"status": "ready", "model": "0001", "fallback": None}
                assert http.get("/ready").json() == now
        assert set(senders.refused) == {"503 store"}
        until_kept(running.url, shown)
    assert rows(shop, config) == before + len(senders.acknowledged)
    assert counted(shop, senders, server.url)["lost"] == 0
    kept = Engine(shop, config).tables.people("exposures", ["u0001"])["list_id"]
    assert dict(kept.value_counts().rows()) == dict.fromkeys(shown, 10)


def rows(shop: Path, config: EngineConfig) -> int:
    """Events that are kept."""
    return int(Engine(shop, config).rows()["events"])


def listed(http: httpx.Client) -> str:
    """Somebody is shown a list, and somebody's profile; the list's name."""
    assert http.get("/users/u0002/interests").status_code == 200
    told = http.get("/users/u0001/recommendations?n=10")
    assert told.status_code == 200, told.text
    return str(told.json()["list_id"])


def while_it_is_gone(http: httpx.Client) -> None:
    """All that needs the store is told to come back; the process is well, but not ready."""
    event = {"user_id": "ann", "item_id": "i00001", "event_id": "never acknowledged"}
    calls = [
        ("POST", "/events", {"json": event}),
        ("POST", "/events", {"content": b'{"user_id": "ann", "item_id": "i00001"}\n',
                             "headers": {"content-type": "application/x-ndjson"}}),
        ("POST", "/users/ann/feedback", {"json": {"direction": "more", "item": "i00001"}}),
        ("GET", "/users/u0001/recommendations", {}),
        ("GET", "/users/u0001/interests", {}),
        ("GET", "/status", {}),
        ("GET", "/ready", {}),
        ("DELETE", "/users/nobody", {}),
    ]  # fmt: skip
    for method, path, more in calls:
        told = http.request(method, path, **more)
        assert (told.status_code, told.json()["type"]) == (503, STORE), (path, told.text)
        assert told.headers["content-type"] == "application/problem+json"
        assert int(told.headers["retry-after"]) > 0
    assert http.get("/health").status_code == 200
    assert http.get("/metrics").status_code == 200


def until_kept(url: str, shown: list[str]) -> None:
    """Lists wait until they can be stored; a minute at most."""
    until = time.monotonic() + 60
    while httpx.get(f"{url}/v1/status").json()["rows"]["exposures"] < 10 * len(shown):
        assert time.monotonic() < until, "lists that were given out are not kept"
        time.sleep(0.1)

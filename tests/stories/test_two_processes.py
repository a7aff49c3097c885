"""Two service processes on one PostgreSQL, as on two machines that share a folder of models: what
goes into one is known to the other, nothing is lost, what is sent to both counts once, and what one
of them learns answers in both."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.engine.saved import Standing
from penchant.errors import CorruptModelError
from penchant.store.backup import backup, restore
from penchant.store.workspace import Workspace
from penchant.testing.layers import quick

CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.layers": ("base", "popularity"),
        "serve.auth": "off",
        "serve.present": "log",
        "serve.lists": False,
        "refit.least": 10_000,  # too few to say: what is learned anew serves
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


def beside(engine: Engine, folder: Path) -> None:
    """A workspace of another machine: settings and models of this one's."""
    assert engine.workspace is not None
    file = folder.with_suffix(".tar")
    backup(engine.workspace, file, "2024-05-01T00:00:00")
    restore(file, folder)


@pytest.fixture
def shops(world, postgres_url, tmp_path) -> tuple[Path, Path]:
    """Two workspaces on one database, whose folder of models is the same; it has learned from the
    first part of its log."""
    shops = tmp_path / "one", tmp_path / "other"
    engine = Engine(shops[0], CONFIG.but(**{"store.url": postgres_url}))
    engine.add(events=world.events.sort("timestamp").head(1200), items=world.items)
    assert engine.workspace is not None
    engine.workspace.write_config(CONFIG.to_toml())
    engine.fit()
    beside(engine, shops[1])
    shutil.rmtree(shops[1] / "models")
    (shops[1] / "models").symlink_to(shops[0] / "models")
    return shops


@pytest.fixture
def two(shops, postgres_url) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A service of each."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(served(shop, postgres_url)) for shop in shops)
        yield one, other


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


def same(two: tuple[httpx.Client, httpx.Client], path: str) -> dict[str, object]:
    """What both answer, which has to be the same."""
    one, other = (client.get(path).raise_for_status().json() for client in two)
    for answer in (one, other):
        answer.pop("list_id", None)
    assert one == other, path
    return dict(one)


def at_once(calls: list[Callable[[], httpx.Response]]) -> None:
    """All of them, several at a time."""
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda call: call(), calls):
            answer.raise_for_status()


def test_items_and_words_that_come_to_both_at_once_are_all_kept(two):
    """Items: new ones of each, and the same ones described by both, of whom the last is right,
    wholly. Words: of the same people, on different items, and on the same one."""
    calls: list[Callable[[], httpx.Response]] = []
    for k in range(20):
        for n, client in enumerate(two):
            mine = {"item_id": f"new-{n}-{k}", "title": f"Jam {k}", "brand": f"b{n}"}
            both = {
                "item_id": f"both-{k % 4}",
                "title": "Jam",
                "stock": f"{n}-{k}",
                f"c{n}": f"v{k}",
            }
            calls.append(partial(client.post, "/items", json={"items": [mine, both]}))
            word = {"direction": "more" if n else "less", "item": f"i{2 * k + n + 1:05d}"}
            calls.append(partial(client.post, f"/users/u000{k % 3 + 1}/feedback", json=word))
            last = {"direction": "more" if n else "never", "item": "i00100"}
            calls.append(partial(client.post, "/users/u0009/feedback", json=last))
    at_once(calls)
    for k in range(20):
        for n in range(2):
            assert same(two, f"/items/new-{n}-{k}")["brand"] == f"b{n}"
    for k in range(4):
        kept = same(two, f"/items/both-{k}")
        n, turn = str(kept.pop("stock")).split("-")
        assert kept == {"item_id": f"both-{k}", "title": "Jam", f"c{n}": f"v{turn}"}
        assert int(turn) >= 12, "one of the last"
    words = [w for u in (1, 2, 3) for w in same(two, f"/users/u000{u}/feedback")["statements"]]
    assert len(words) == 40
    assert len(same(two, "/users/u0009/feedback")["statements"]) == 1
    for user in ("u0001", "u0009"):
        same(two, f"/users/{user}/recommendations")


def test_what_one_learns_and_what_is_promoted_answers_in_both(two, shops, postgres_url, world):
    at_once([partial(two[k % 2].post, "/events", json={"events": b})
             for k, b in enumerate(batches(world))])  # fmt: skip
    assert same(two, "/ready")["model"] == "0001"
    begun = two[0].post("/fit").raise_for_status().json()
    until = time.monotonic() + 300
    while (told := two[0].get("/fit").json())["state"] == "running" and time.monotonic() < until:
        time.sleep(0.5)
        for client in two:
            assert client.get("/users/u0001/recommendations").status_code == 200
    assert (told["state"], told["number"]) == ("done", begun["number"])
    assert told["fitted"]["version"] == "0002"
    assert same(two, "/ready") == {"status": "ready", "model": "0002", "fallback": None}
    for k in range(1, 10):
        same(two, f"/users/u000{k}/recommendations"), same(two, f"/users/u000{k}/interests")
    store = CONFIG.but(**{"store.url": postgres_url}).store
    assert Workspace(shops[1], store=store).models.rollback() == "0001"
    assert same(two, "/ready")["model"] == "0001"
    same(two, "/users/u0001/recommendations")


def follows(engine: Engine) -> Standing:
    """What serves once the engine has looked at what came to the store, as `/ready` does."""
    assert engine.model
    return engine.standing


def test_models_that_are_copied_answer_once_they_are_promoted_again(world, postgres_url, tmp_path):
    """Where no folder is shared: until then the version before answers, and that is told."""
    config = CONFIG.but(**{"store.url": postgres_url})
    one = Engine(tmp_path / "one", config)
    one.add(events=world.events, items=world.items)
    one.fit()
    beside(one, tmp_path / "other")
    other, later = Engine(tmp_path / "other", config), Engine(tmp_path / "later", config)
    assert other.version == "0001"
    other.noticed = lambda _: None
    one.fit()
    standing = follows(other)
    assert standing.version == "0001" and standing.fallback is not None
    assert standing.fallback.meant == "0002"
    with pytest.raises(CorruptModelError):
        later.recommend("u0001")
    for shop in ("other", "later"):
        shutil.copytree(
            tmp_path / "one" / "models", tmp_path / shop / "models",
            ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True,
        )  # fmt: skip
    one.workspace.models.promote("0002")
    for engine in (other, later):
        assert (follows(engine).version, engine.standing.fallback) == ("0002", None)
    lists = [e.recommend("u0001").to_json()["items"] for e in (one, other, later)]
    assert lists[0] == lists[1] == lists[2]

"""`penchant serve` and `penchant keys`, as a person and as a script would call them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from penchant import Engine, WorldConfig, make_world
from penchant.cli.main import app
from penchant.testing.served import CONFIG


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "shop"
    world = make_world(WorldConfig.small(users=60, events=2000))
    engine = Engine(folder, CONFIG)
    engine.add(events=world.events, items=world.items)
    engine.fit()
    (folder / "config.toml").write_text(CONFIG.to_toml())
    return folder


def test_a_key_is_made_listed_and_ended(tmp_path):
    Engine(tmp_path)
    assert "no keys yet" in run("keys", "-w", tmp_path).stderr
    made = run("keys", "add", "my shop", "--scope", "read", "--scope", "ingest", "-w", tmp_path)
    token = made.stdout.strip()
    assert re.fullmatch(r"pck_[\w-]{43}", token)
    assert "shown this once" in made.stderr
    told = json.loads(
        run("keys", "add", "b", "--scope", "admin", "--days", 2, "--rate", 5, "--json", "-w",
            tmp_path).stdout
    )  # fmt: skip
    ends = datetime.fromisoformat(told["expires"])
    assert timedelta(days=1) < ends - datetime.now(UTC) < timedelta(days=2)
    assert (told["rate"], told["scopes"], told["key"][:4]) == (5.0, ["admin"], "pck_")
    run("keys", "revoke", told["id"], "-w", tmp_path)
    listed = run("keys", "-w", tmp_path)
    assert "my shop" in listed.stdout
    assert "revoked" in listed.stdout
    assert token not in listed.stdout
    rows = json.loads(run("keys", "list", "--json", "-w", tmp_path).stdout)
    assert [bool(row["revoked"]) for row in rows] == [False, True]
    files = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
    assert not any(token.encode() in kept for kept in files)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["keys", "ad"], "Did you mean 'add'"),
        (["keys", "add"], "NAME"),
        (["keys", "add", "x"], "--scope"),
        (["keys", "add", "x", "--scope", "write"], "expected one of ingest, read, admin"),
        (["keys", "revoke"], "ID"),
        (["keys", "revoke", "99"], "99"),
        (["serve", "--tls-cert", __file__], "expected both"),
        (["serve", "--present", "then"], "expected one of now, log"),
    ],
)
def test_a_mistake_is_told(words, said, tmp_path):
    Engine(tmp_path)
    assert said in run(*words, "-w", tmp_path, code=2).stderr


def test_there_must_be_a_workspace(tmp_path):
    for verb in ("serve", "keys"):
        told = run(verb, "-w", tmp_path / "none", code=2).stderr
        assert "there is no workspace here" in told


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def begun(shop: Path, port: int, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "penchant.cli", "serve", "-w", str(shop), "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*command, *words], stderr=subprocess.PIPE, text=True, env=environment)


def ready(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            if httpx.get(f"{url}/ready", timeout=30).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service was not ready within a minute")


def test_it_serves_and_stops_with_all_that_waits_stored(shop):
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    process = begun(shop, port, "--workers", "2", "--present", "log")
    ready(url, process)
    told = [httpx.get(f"{url}/users/shown/recommendations?n=3", timeout=60) for _ in range(4)]
    event = {"user_id": "fresh", "item_id": told[0].json()["items"][0]["item_id"]}
    assert httpx.post(f"{url}/events", json=event, timeout=60).json()["accepted"] == 1
    for _ in range(4):  # whichever of the two answers
        profile = httpx.get(f"{url}/users/fresh/interests?top=1", timeout=60).json()
        assert profile["events"] == 1
    metrics = httpx.get(f"{url}/metrics", timeout=60).text
    route = 'route="/v1/users/{user_id}/recommendations"'
    assert f'penchant_requests_total{{method="GET",{route},status="200"}} 4.0' in metrics
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM), log
    rows = Engine(shop).tables.read("exposures").filter(user_id="shown").collect()
    assert rows.height == 12
    lines = [line for line in log.splitlines() if line.startswith("{")]
    assert {json.loads(line)["event"] for line in lines} >= {"request"}
    assert "fresh" not in log
    assert "only this machine is served" in log


def test_versions_are_promoted_and_rolled_back_under_load(shop, tmp_path):
    """Every list is whole, of one version or the other, while they change places; then all workers
    answer with the one that serves."""
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    other = CONFIG.but(**{"interests.base.linear.penalty": (3000.0,)})
    Engine(folder, other).fit()
    users = [f"u{k:04}" for k in range(6)]

    def lists(engine: Engine) -> dict[str, list[tuple[str, float]]]:
        return {u: [(r.item_id, r.score) for r in engine.recommend(u, 5)] for u in users}

    of = {v: lists(_promoted(folder, v)) for v in ("0001", "0002")}
    assert of["0001"] != of["0002"]
    port, over = free_port(), threading.Event()
    url = f"http://127.0.0.1:{port}/v1"
    process = begun(folder, port, "--workers", "2", "--present", "log", "--quiet")
    ready(url, process)

    answers: list[tuple[str, httpx.Response]] = []

    def asking(users: list[str]) -> None:
        for user in cycle(users):  # a connection each time: whichever worker is free answers
            if over.is_set():
                return
            url_ = f"{url}/users/{user}/recommendations?n=5"
            answers.append((user, httpx.get(url_, timeout=60)))

    def some_came() -> None:
        wanted, until = len(answers) + 12, time.monotonic() + 120
        while len(answers) < wanted and not any(thread.done() for thread in asked):
            assert time.monotonic() < until, "answers stopped coming"
            time.sleep(0.01)

    try:
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(asking, users[k:] + users[:k]) for k in (0, 2, 4)]
            for _ in range(4):
                run("rollback", "-w", folder)
                some_came()
                run("promote", "0002", "-w", folder)
                some_came()
            over.set()
            for thread in asked:
                thread.result()
        assert {answer.status_code for _, answer in answers} == {200}
        told = {(user, tuple(_items(answer))) for user, answer in answers}
        may = {(user, tuple(items)) for lists_ in of.values() for user, items in lists_.items()}
        assert told <= may
        assert len(told) > len(users), "both versions answered"
        in_a_row, until = 0, time.monotonic() + 120
        while in_a_row < 4 * len(users):  # whichever answers: soon it is the one that serves
            assert time.monotonic() < until, "a version that serves no more still answers"
            user = users[in_a_row % len(users)]
            answer = httpx.get(f"{url}/users/{user}/recommendations?n=5", timeout=60)
            in_a_row = in_a_row + 1 if _items(answer) == of["0002"][user] else 0
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _promoted(folder: Path, version: str) -> Engine:
    run("promote", version, "-w", folder)
    return Engine(folder)


def _items(answer: httpx.Response) -> list[tuple[str, float]]:
    return [(item["item_id"], item["score"]) for item in answer.json()["items"]]


def test_a_model_that_is_broken_at_the_start_is_told_until_another_serves(shop, tmp_path):
    """In the log, which stays JSON, also in the process that learns the next one."""
    shop = Path(shutil.copytree(shop, tmp_path / "shop"))
    assert Engine(shop, CONFIG).fit().version == "0002"
    broken = next((shop / "models" / "0002").glob("layer-base.safetensors"))
    broken.write_bytes(broken.read_bytes()[:-1] + b"?")
    noted = run("interests", "u0001", "-w", shop).stderr
    assert "version 0001 serves, not 0002" in noted and "`penchant rollback`" in noted
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    process = begun(shop, port)
    ready(url, process)
    why = {"meant": "0002", "serves": "0001", "why": f"{broken.name} does not match its checksum"}
    assert httpx.get(f"{url}/ready", timeout=60).json()["fallback"] == why
    assert "penchant_model_fallback 1.0" in httpx.get(f"{url}/metrics", timeout=60).text
    event = {"user_id": "fresh", "item_id": "i00001"}
    assert httpx.post(f"{url}/events", json=event, timeout=60).json()["accepted"] == 1
    assert httpx.post(f"{url}/fit", timeout=60).status_code == 202
    while (fit := httpx.get(f"{url}/fit", timeout=60).json())["state"] == "running":
        time.sleep(0.2)
    assert (fit["state"], fit["fitted"]["version"]) == ("done", "0003")
    assert fit["fitted"]["comparison"]["before"] == "0001"
    assert httpx.get(f"{url}/users/fresh/interests?top=1", timeout=60).status_code == 200
    told = httpx.get(f"{url}/status", timeout=60).json()
    assert (told["model"], told["fallback"]) == ("0003", None)
    assert told["metrics"]["comparison"] == fit["fitted"]["comparison"]
    assert "penchant_model_fallback 0.0" in httpx.get(f"{url}/metrics", timeout=60).text
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert "Warning" not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (said,) = [line for line in lines if line["event"] == "model fell back"]
    assert said == {"time": said["time"], "level": "warning", "event": "model fell back", **why}


def test_a_port_in_use_is_told_before_it_serves(tmp_path):
    Engine(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("serve", "--port", port, "-w", tmp_path, code=2).stderr
    assert f"--port: {port} of 127.0.0.1 is in use" in told and "serving" not in told
    nowhere = run("serve", "--host", "192.0.2.1", "-w", tmp_path, code=2).stderr
    assert "nothing can listen at 192.0.2.1" in nowhere


def test_without_the_extra_it_says_how_to_get_it(shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'penchant[serve]'" in run("serve", "-w", shop, code=2).stderr

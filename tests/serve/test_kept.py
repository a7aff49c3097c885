"""What a service leaves behind: lists as exposures, acts in the audit log, lines in the log."""

import asyncio
import gc
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from weakref import ref

import httpx
import polars as pl
import pytest

import penchant
from penchant import Engine
from penchant.engine.serving import ServeConfig
from penchant.errors import DataError, HeldError, StoreError
from penchant.serve.app import create_app
from penchant.serve.beside import refit_beside
from penchant.serve.fits import Fits
from penchant.serve.keys import MemoryKeys, fresh, hashed
from penchant.serve.lists import Lists, Shown
from penchant.serve.logs import JsonLines
from penchant.serve.metrics import FOLDER, Metrics
from penchant.serve.problem import Problem
from penchant.store.audit import masked
from penchant.store.lock import fitting
from penchant.store.sql.keys import Key
from penchant.testing.served import CONFIG, NOW, client, stocked

SECRET = "ann.the.secret@example.com"


def exposures(engine, user):
    return engine.tables.read("exposures").filter(user_id=user).collect()


def test_a_list_is_kept_as_exposures_at_the_latest_when_the_service_stops(own):
    with client(create_app(own, ServeConfig(auth="off"))) as http:
        told = http.get("/users/shown/recommendations?n=4").json()
    rows = exposures(own, "shown").sort("position")
    assert rows["item_id"].to_list() == [r["item_id"] for r in told["items"]]
    assert rows["position"].to_list() == [1, 2, 3, 4]
    assert set(rows["list_id"]) == {told["list_id"]}
    assert set(rows["timestamp"]) == {NOW}


def test_lists_of_somebody_who_is_erased_are_not_kept(own):
    with client(create_app(own, ServeConfig(auth="off"))) as http:
        http.get("/users/gone/recommendations?n=2")
        http.delete("/users/gone")
        http.get("/users/stays/recommendations?n=2")
    assert exposures(own, "gone").height == 0
    assert exposures(own, "stays").height == 2


def test_lists_of_somebody_whom_another_process_erased_are_not_kept(own):
    with client(create_app(own, ServeConfig(auth="off"))) as http:
        http.get("/users/elsewhere/recommendations?n=2")
        http.get("/users/u0002/recommendations?n=2")
        own.tables.append("users", pl.DataFrame({"user_id": ["elsewhere"]}))
        own.tables.forget("elsewhere")
        lost = http.get("/metrics").text
    assert exposures(own, "elsewhere").height == 0
    assert exposures(own, "u0002").height >= 2
    assert "penchant_lists_lost_total 0.0" in lost


def seen(user):
    return pl.DataFrame({"user_id": [user], "item_id": ["i00001"], "timestamp": [NOW]})


@pytest.mark.parametrize("kind", ["memory", "database"])
def test_no_list_comes_between_the_look_at_who_was_erased_and_the_keeping(kind, tmp_path):
    engine = Engine(tmp_path if kind == "database" else None, CONFIG)
    other = engine if kind == "memory" else Engine(tmp_path, CONFIG)
    service = create_app(engine, ServeConfig(auth="off")).state.service
    for user in ("ann", "bob", "cy"):
        engine.add(events=seen(user))
    lists = [shown(1, "ann"), shown(2, "bob"), shown(3, "cy")]
    other.forget("cy")
    people = engine.tables.people

    def then(kind, users):
        found = people(kind, users)
        other.forget("ann")
        return found

    engine.tables.people = then
    service._keep(lists)
    engine.tables.people = people
    assert set(engine.tables.read("exposures").collect()["user_id"]) == {"bob"}
    assert b"penchant_lists_lost_total 4.0" in service.metrics.text()


def test_a_list_is_held_against_all_erasures_since_it_was_made(own):
    """Also where others were kept after the erasure, and before it."""
    service = create_app(own, ServeConfig(auth="off")).state.service
    own.add(events=seen("made-before"))
    late = Shown("late", "made-before", NOW, ("a", "b"), own.tables.latest())
    own.forget("made-before")
    stranger = Shown("new", "never-seen", NOW, ("a", "b"), own.tables.latest())
    service._keep([stranger])
    service._keep([late])
    assert exposures(own, "never-seen").height == 2, "nobody was erased since"
    assert exposures(own, "made-before").height == 0


def shown(k, user="u"):
    return Shown(str(k), user, NOW, ("a", "b"))


def test_lists_are_tried_again_when_the_store_fails_and_counted_when_they_are_lost():
    stored, fails = [], [True, True]

    async def store(rows):
        if fails:
            fails.pop()
            raise StoreError("full")
        stored.extend(rows)

    async def through(metrics):
        lists = Lists(store, metrics)
        lists.begin()
        await lists.put(shown(1))
        await lists.put(shown(2))
        await lists.close()

    metrics = Metrics()
    asyncio.run(through(metrics))
    assert [s.list_id for s in stored] == ["1", "2"]
    assert b"penchant_lists_lost_total 0.0" in metrics.text()
    fails.extend([True] * 10)
    asyncio.run(through(metrics))
    assert b"penchant_lists_lost_total 4.0" in metrics.text()


def test_answers_wait_for_no_store_that_refuses(monkeypatch):
    """A full disk, say: as many lists are kept as there is room for, the others are counted, and
    nobody waits with an answer; when the store takes them again, none waits."""
    monkeypatch.setattr("penchant.serve.lists.MOST", 3)
    monkeypatch.setattr("penchant.serve.lists._PAUSE", 0.01)
    stored, refuses = [], [True]

    async def store(rows):
        if refuses:
            raise StoreError("full")
        stored.extend(one.list_id for one in rows)

    async def through(metrics):
        lists = Lists(store, metrics)
        lists.begin()
        async with asyncio.timeout(10):
            for k in range(50):
                await asyncio.gather(*(lists.put(shown(f"{k}-{n}")) for n in range(10)))
        refuses.clear()
        await lists.close()

    metrics = Metrics()
    asyncio.run(through(metrics))
    assert 3 <= len(stored) <= 6
    assert f"penchant_lists_lost_total {2.0 * (500 - len(stored))}" in metrics.text().decode()


def test_lists_that_come_while_others_are_stored_are_not_taken_for_a_failure(monkeypatch):
    pauses, stored, sleep = [], [], asyncio.sleep

    async def noted(seconds):
        pauses.append(seconds)
        await sleep(0)

    async def busy():
        lists = Lists(store, Metrics())

        async def one(k):
            await lists.put(shown(k))

        monkeypatch.setattr("penchant.serve.lists.asyncio.sleep", noted)
        store.more = one
        await one(0)
        lists.begin()
        while len(stored) < 10:
            await sleep(0)
        store.more = None
        await lists.close()

    async def store(rows):
        stored.extend(one.list_id for one in rows)
        if store.more is not None:
            await store.more(len(stored))

    asyncio.run(busy())
    assert stored == [str(k) for k in range(len(stored))]
    assert set(pauses) == {pauses[0]}, "none is longer than the first"


def test_a_fit_runs_in_the_background_one_at_a_time(own):
    own.add(events=seen("came-before-the-fit"))  # where nothing came, nothing is learned
    keys, before = MemoryKeys(), len(own.tables.audit.read())
    token = fresh()
    keys.add(Key("", "boss", hashed(token), ("admin",), NOW))
    headers = {"Authorization": f"Bearer {token}"}
    app = create_app(own, ServeConfig(), keys=keys)
    with client(app, **headers) as http:
        assert http.get("/fit").json()["state"] == "idle"
        begun = http.post("/fit")
        assert (begun.status_code, begun.headers["location"]) == (202, "/v1/fit")
        assert http.post("/fit").status_code == 409
        assert http.get("/users/u0002/interests").status_code == 200
        for _ in range(600):
            if http.get("/fit").json()["state"] != "running":
                break
            asyncio.run(asyncio.sleep(0.1))
        told = http.get("/fit").json()
        assert told["state"] == "done", told
        assert told["fitted"]["promoted"] and told["fitted"]["version"] == own.version
        http.get(f"/users/{SECRET}/export")
        http.delete(f"/users/{SECRET}")
    entries = own.tables.audit.read(before)
    acts = [(e.actor, e.action, e.subject) for e in entries]
    hash_ = masked(SECRET)
    assert acts == [("1", "fit", None), ("1", "export", hash_), ("1", "forget", hash_)]
    assert SECRET not in str(entries)


def test_an_erasure_is_in_the_audit_log_whoever_left_meanwhile(own, monkeypatch):
    own.add(users=pl.DataFrame({"user_id": ["in-a-hurry"]}))
    before, go, forget = len(own.tables.audit.read()), threading.Event(), own.forget

    def slow(user, **named):
        assert go.wait(20)
        return forget(user, **named)

    monkeypatch.setattr(own, "forget", slow)
    with client(create_app(own, ServeConfig(auth="off"))) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.delete("/users/in-a-hurry", timeout=0.2)
        go.set()
    acts = [(e.action, e.subject, e.detail) for e in own.tables.audit.read(before)]
    assert acts == [("forget", masked("in-a-hurry"), {"rows": 1})]


def test_a_fit_that_began_is_in_the_audit_log_whoever_left_meanwhile(monkeypatch):
    engine, go = Engine(), threading.Event()
    app = create_app(engine, ServeConfig(auth="off"))
    fits = app.state.service.fits
    start = fits.start

    def slow(noted):
        assert go.wait(20)
        return start(noted)

    monkeypatch.setattr(fits, "start", slow)
    with client(app) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.post("/fit", timeout=0.2)
        go.set()
    assert [(e.action, e.subject) for e in engine.tables.audit.read()] == [("fit", None)]


def test_an_erasure_beside_a_reader_is_told_as_it_is(world, tmp_path):
    """The rows are gone, and that is in the audit log; the copies in SQLite's log are not yet."""
    engine = stocked(world, tmp_path, CONFIG.but(**{"store.wait": 0.3}))
    half = engine.workspace.scratch("half-a-fit")
    with client(create_app(engine, ServeConfig(auth="off"))) as http:
        with engine.tables.database.reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
            engine.add(users=pl.DataFrame({"user_id": ["u0003"]}))
            told = http.delete("/users/u0003")
        assert told.status_code == 200
        assert told.json()["rows"] > 1 and "erase once more" in told.json()["note"]
        assert not any(engine.person("u0003").values()) and not half.exists()
        again = http.delete("/users/u0003").json()
        assert again == {"user_id": "u0003", "rows": 0, "note": None}
    rows = [act.detail["rows"] for act in engine.tables.audit.read()]
    assert rows == [told.json()["rows"], 0]


def test_one_fit_runs_at_a_time_in_all_processes_and_all_tell_the_same(tmp_path):
    go = threading.Event()

    def slow():
        assert go.wait(20)
        raise DataError("nothing to learn from")

    one, other = (Fits(slow, lambda: NOW, tmp_path) for _ in range(2))
    assert other.status()["state"] == "idle"
    assert one.start()["number"] == 1
    assert other.status()["state"] == "running"
    with pytest.raises(Problem) as refused:
        other.start()
    assert refused.value.status_code == 409
    go.set()
    while other.status()["state"] == "running":
        pass
    assert "nothing to learn from" in other.status()["problem"]["detail"]
    assert other.start()["number"] == 2
    while one.status()["state"] == "running":
        pass
    (tmp_path / "fit.json").write_text('{"state": "running", "number": 3}')
    while one.status()["state"] == "running":  # until the last one has let go
        pass
    assert one.status()["problem"]["type"].endswith(":broken")


def test_a_fit_that_cannot_begin_keeps_no_other_from_it(tmp_path, monkeypatch):
    fits = Fits(dict, lambda: NOW, tmp_path)

    def full(path, text):
        raise StoreError("the disk is full")

    def unheard():
        raise StoreError("the database is gone")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="disk is full"):
        patch.setattr("penchant.serve.fits.write_text", full)
        fits.start()
    with pytest.raises(StoreError, match="database is gone"):
        fits.start(unheard)
    assert fits.status()["state"] == "idle"
    assert fits.start()["number"] == 1
    until(lambda: fits.status()["state"] == "done")


def test_a_fit_before_which_another_came_says_so(tmp_path):
    """Between the look whether one runs and the begin of the process that learns."""

    def late():
        with fitting(tmp_path), fitting(tmp_path, wait=0.0):
            return {}

    fits = Fits(late, lambda: NOW, tmp_path)
    fits.start()
    until(lambda: fits.status()["state"] == "failed")
    problem = fits.status()["problem"]
    assert problem["status"] == 409 and "only one can do at a time" in problem["detail"]


def test_what_cannot_be_locked_is_no_fit_that_runs(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="could not be reached"):
        Fits(dict, lambda: NOW, tmp_path / "file" / "shop").start()


def test_a_fit_by_hand_keeps_the_service_from_one(world, tmp_path, monkeypatch):
    engine = stocked(world, tmp_path)
    monkeypatch.setattr("penchant.engine.engine.fitting", partial(fitting, wait=0.05))
    with client(create_app(engine, ServeConfig(auth="off"))) as http:
        with fitting(tmp_path):
            told = http.post("/fit")
            assert told.status_code == 409
            assert "not asked for here" in told.json()["detail"]
            for learn in (engine.fit, engine.refit):
                with pytest.raises(HeldError, match=r"another fit \(process \d+\).*Wait until"):
                    learn()
        assert http.get("/fit").json()["state"] == "idle"
    assert not engine.tables.audit.read()


def test_a_fit_that_fails_says_so():
    with client(create_app(Engine(), ServeConfig(auth="off"))) as http:
        assert http.post("/fit").status_code == 202
        for _ in range(100):
            told = http.get("/fit").json()
            if told["state"] != "running":
                break
        assert told["state"] == "failed"
        assert "no events yet" in told["problem"]["detail"]


@pytest.fixture
def lines():
    """The lines of the log, as they are written."""
    found, log = [], logging.getLogger("penchant.serve")

    class Handler(logging.Handler):
        def emit(self, record):
            found.append(self.format(record))

    handler = Handler()
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    before = log.level
    log.setLevel(logging.INFO)
    yield found
    log.removeHandler(handler)
    log.setLevel(before)


def test_the_log_names_routes_and_nobody(own, lines):
    keys, token = MemoryKeys(), fresh()
    keys.add(Key("", "boss", hashed(token), ("admin",), NOW))
    headers = {"Authorization": f"Bearer {token}"}
    with client(create_app(own, ServeConfig(), keys=keys), **headers) as http:
        http.get(f"/users/{SECRET}/interests", params={"at": "2024-03-01", "top": 1})
        http.get(f"/users/{SECRET}/recommendations", params={"allow": SECRET})
        http.post("/events", json={"user_id": SECRET, "item_id": "i00001", "text": SECRET})
        http.post("/events", json={"user_id": SECRET, "value": SECRET})
        http.get(f"/users/{SECRET}/nosuch")
        http.get(f"/users/{SECRET}/reasons", params={"item": SECRET})
        http.get("/items", headers={"User-Agent": SECRET, "X-Request-ID": SECRET})
        traced = http.get("/health", headers={"X-Request-ID": "0123456789abcdef"})
        http.delete(f"/users/{SECRET}")
    assert traced.headers["x-request-id"] == "0123456789abcdef"
    text = "\n".join(lines)
    assert SECRET not in text
    assert token not in text
    assert hashed(token) not in text
    told = [json.loads(line) for line in lines]
    assert {"route", "method", "status", "ms", "request", "key", "time"} <= set(told[0])
    assert told[0]["route"] == "/v1/users/{user_id}/interests"
    assert told[0]["key"] == "1"
    assert {t["route"] for t in told} >= {"unmatched", "/v1/events", "/v1/health"}
    assert all(re.fullmatch(r"[0-9a-f]{16}", t["request"]) for t in told)


def test_an_error_of_the_process_that_learns_is_told_by_its_kind_and_place(tmp_path, lines, capfd):
    """Where no folder can be: a NUL is in its name."""
    with pytest.raises(RuntimeError, match="met an error"):
        refit_beside(tmp_path / f"{SECRET}\0", CONFIG)
    (line,) = [json.loads(line) for line in lines]
    assert line["error"]["kind"] == "ValueError"
    assert line["error"]["at"][-1].endswith("mkdir")
    assert SECRET not in lines[0]
    assert capfd.readouterr().err == ""


def test_many_ask_and_put_in_at_once(own):
    """Nothing is lost or doubled, and nobody meets an error, whoever else is at it."""
    with client(create_app(own, ServeConfig(auth="off", waiting=1_000))) as http:

        def visit(k):
            rows = [
                {"user_id": f"crowd{k}", "item_id": f"i{n:05}", "event_id": f"{k}-{n}"}
                for n in range(5)
            ]
            told = [
                http.post("/events", json={"events": rows}),
                http.get(f"/users/crowd{k}/recommendations?n=3"),
                http.post("/events", json={"events": rows}),
                http.get(f"/users/crowd{k}/interests?top=1"),
                http.post("/items", json={"item_id": f"new{k}", "title": f"A thing {k}"}),
            ]
            assert [t.status_code for t in told] == [200] * 5
            assert (told[0].json()["accepted"], told[2].json()["known"]) == (5, 5)
            return told[3].json()["events"]

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(visit, range(24))) == [5] * 24


def test_metrics_count(own):
    with client(create_app(own, ServeConfig(auth="off"))) as http:
        http.get("/users/u0002/recommendations?n=3")
        http.get("/users/x/nosuch")
        rows = [{"user_id": "metric", "item_id": "a", "timestamp": NOW.isoformat()}, {}]
        http.post("/events", json={"events": rows})
        told = http.get("/metrics").text
    route = 'route="/v1/users/{user_id}/recommendations"'
    assert f'penchant_requests_total{{method="GET",{route},status="200"}} 1.0' in told
    assert 'route="unmatched",status="404"} 1.0' in told
    assert "penchant_recommendations_total 3.0" in told
    assert 'penchant_rows_total{kind="events",result="accepted"} 1.0' in told
    assert 'penchant_rows_total{kind="events",result="rejected"} 1.0' in told
    assert "penchant_event_lag_seconds 0.0" in told
    assert 'penchant_model_info{version="memory"} 1.0' in told
    assert f'penchant_request_seconds_bucket{{le="0.001",{route}}}' in told


COUNTS = """
import os, sys
from penchant.serve.metrics import Metrics
metrics = Metrics()
metrics.lists.set(int(sys.argv[1]))
metrics.lost.inc(int(sys.argv[1]))
metrics.serves(sys.argv[2])
print("counted", flush=True)
sys.stdin.read()
print(metrics.text().decode())
"""


def test_what_a_worker_held_that_was_killed_is_counted_no_more(tmp_path):
    """What it did, is."""
    there = os.environ | {
        FOLDER: str(tmp_path),
        "PYTHONPATH": str(Path(penchant.__file__).parents[1]),
    }

    def worker(*said):
        made = subprocess.Popen(
            [sys.executable, "-c", COUNTS, *said], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=there, text=True,
        )  # fmt: skip
        assert made.stdout.readline() == "counted\n"
        return made

    with worker("7", "0001") as killed, worker("2", "0002") as lives, worker("1", "0002") as told:
        killed.kill()
        killed.wait()
        text, _ = told.communicate("")
        lives.communicate("")
    assert "penchant_lists_waiting 3.0" in text
    assert "penchant_lists_lost_total 10.0" in text
    assert 'version="0002"' in text and 'version="0001"' not in text


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_the_collector_is_told_what_stays_and_lets_a_model_go_that_no_longer_serves(own):
    app = create_app(own, ServeConfig(auth="off"))
    service = app.state.service
    service.alone = True
    try:
        with client(app) as http:
            http.get("/users/u0001/recommendations?n=2")
            until(lambda: gc.get_freeze_count() > 10_000)  # told by whoever came first
            before = ref(own.live)
            own._serve(own.model, own.live.facts)  # another version serves
            http.get("/users/u0001/recommendations?n=2")
            assert service._stays() is own.live
            assert before() is None
            assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()

"""The machine's clock goes back an hour, or forward a day and back, while the service runs."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

import penchant
from penchant import Engine
from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.serve.fits import Fits
from penchant.serve.keys import MemoryKeys, fresh, hashed
from penchant.store.audit import Entry, MemoryAudit
from penchant.store.models import Models
from penchant.store.sql.audit import SqlAudit
from penchant.store.sql.database import Database
from penchant.store.sql.keys import Key
from penchant.testing.served import CONFIG, NOW, client

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    """A clock that can be put anywhere."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def shop(world, clock):
    engine = Engine(None, CONFIG, clock=clock)
    engine.add(events=world.events, items=world.items)
    engine.fit()
    return engine


@pytest.fixture
def http(shop, clock):
    clock.time = NOW
    with client(create_app(shop, ServeConfig(auth="off"))) as http:
        yield http


def does(http: httpx.Client, user: str, item: str, **more: str) -> dict[str, object]:
    row = {"user_id": user, "item_id": item, **more}
    return http.post("/events", json=row).raise_for_status().json()


def events(http: httpx.Client, user: str) -> int:
    return int(http.get(f"/users/{user}/interests?top=1").raise_for_status().json()["events"])


@pytest.mark.parametrize(("ahead", "back"), [(timedelta(0), -HOUR), (DAY, timedelta(0))])
def test_what_was_done_before_and_after_counts_at_once(http, shop, clock, ahead, back):
    user = f"stepped{ahead.days}"
    clock.time = NOW + ahead
    does(http, user, "i00001")
    clock.time = NOW + back
    assert events(http, user) == 1
    does(http, user, "i00002")
    does(http, user, "i00001")
    assert events(http, user) == 3
    mine = shop.tables.people("events", [user])
    assert mine["timestamp"].to_list() == [NOW + ahead, NOW + back, NOW + back]
    shown = http.get(f"/users/{user}/recommendations?explain=true&n=3").json()
    assert datetime.fromisoformat(shown["at"]) == NOW + ahead


def test_an_event_from_a_sender_whose_clock_is_ahead_counts_at_once(http):
    does(http, "ahead", "i00003", timestamp=(NOW + timedelta(minutes=3)).isoformat())
    assert events(http, "ahead") == 1
    assert http.get("/users/ahead/interests?top=1&at=2024-06-01").json()["events"] == 0


def test_an_event_sent_again_is_known_whatever_the_clock_says_by_then(http, clock):
    assert does(http, "again", "i00001", event_id="again-1")["accepted"] == 1
    for step in (-HOUR, DAY):
        clock.time = NOW + step
        assert does(http, "again", "i00001", event_id="again-1")["known"] == 1


def test_the_last_word_stands(http, clock):
    def says(**words: str) -> list[str]:
        told = http.post("/users/speaker/feedback", json=words).raise_for_status().json()
        assert told == http.get("/users/speaker/feedback").json() | {"report": told["report"]}
        return [word["direction"] for word in told["statements"]]

    assert says(direction="more", item="i00001") == ["more"]
    clock.time = NOW - HOUR
    assert says(direction="never", item="i00001") == ["never"]
    assert says(direction="more", item="i00001") == ["more"]
    assert says(direction="clear") == []
    clock.time = NOW + 2 * HOUR
    assert http.get("/users/speaker/feedback").json()["statements"] == []
    assert says(direction="less", item="i00002") == ["less"]


def test_lists_keep_their_names_apart(shop, clock):
    clock.time = NOW
    with client(create_app(shop, ServeConfig(auth="off"))) as http:
        names = set()
        for step in (timedelta(0), -HOUR, timedelta(0)):
            clock.time = NOW + step
            names.add(http.get("/users/reader/recommendations?n=4").json()["list_id"])
    kept = shop.tables.people("exposures", ["reader"])
    assert set(kept["list_id"]) == names and len(names) == 3
    assert kept.height == 12


def test_keys_end_by_the_clock_and_fill_up_by_another(shop, clock):
    clock.time, keys = NOW, MemoryKeys()
    token, ends = fresh(), fresh()
    keys.add(Key("", "slow", hashed(token), ("read",), NOW, rate=0.01))
    keys.add(Key("", "ends", hashed(ends), ("read",), NOW, expires=NOW + HOUR))

    def status(of: str) -> int:
        return http.get("/tree", headers={"Authorization": f"Bearer {of}"}).status_code

    with client(create_app(shop, ServeConfig(), keys=keys)) as http:
        assert (status(token), status(ends)) == (200, 200)
        for step in (timedelta(0), DAY, -HOUR):
            clock.time = NOW + step
            assert status(token) == 429, step
            assert status(ends) == (401 if step == DAY else 200)


def test_versions_and_acts_are_in_the_order_they_came(tmp_path, clock):
    database = Database(f"sqlite:///{tmp_path / 'd.db'}")
    models, log = Models(tmp_path / "models", database, clock), SqlAudit(database)
    kept = MemoryAudit()
    for number, step in enumerate((timedelta(0), -HOUR, DAY, timedelta(0)), start=1):
        clock.time = NOW + step
        version = models.save({"part": ({}, {"n": number})}, {})
        models.promote(version)
        for one in (log, kept):
            one.append(Entry(clock(), "1", f"act {number}"))
    assert [(v.name, v.current) for v in models.versions()] == [
        ("0001", False), ("0002", False), ("0003", False), ("0004", True),
    ]  # fmt: skip
    assert models.rollback() == "0003"
    assert [e.action for e in log.read()] == [e.action for e in kept.read()]
    assert [e.action for e in log.read(after=2)] == ["act 3", "act 4"]


def test_a_fit_that_ended_before_it_began_is_done(tmp_path, clock):
    def learn() -> dict[str, object]:
        clock.time = NOW - HOUR
        return {}

    clock.time = NOW
    fits = Fits(learn, clock, tmp_path)
    fits.start()
    while fits.status()["state"] == "running":
        pass
    told = fits.status()
    assert (told["state"], told["number"]) == ("done", 1)
    assert datetime.fromisoformat(told["ended"]) == NOW - HOUR


def test_no_code_but_one_reads_the_wall_clock():
    """Waits and durations are by the monotonic clock; what is now is asked of a `Clock`."""
    reads = re.compile(r"\btime\.time\(|from time import .*\btime\b|datetime\.(now|utcnow|today)\(")
    home = Path(penchant.__file__).parent
    found = {
        str(path.relative_to(home)) for path in home.rglob("*.py")
        if reads.search(path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert found == {"clock.py"}

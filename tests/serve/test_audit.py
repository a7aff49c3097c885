"""`GET /v1/audit`: who did what that only an admin may."""

from datetime import timedelta

import pytest

from penchant import Engine
from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.serve.cursor import cursor
from penchant.store.audit import Entry, masked
from penchant.testing.served import NOW, client


@pytest.fixture
def engine():
    return Engine(clock=lambda: NOW)


@pytest.fixture
def http(engine):
    with client(create_app(engine, ServeConfig(auth="off"))) as http:
        yield http


def numbers(http, **asked):
    told = http.get("/audit", params=asked)
    assert told.status_code == 200, told.text
    return [act["number"] for act in told.json()["acts"]]


def test_where_nothing_was_done_there_is_nothing(http):
    assert http.get("/audit").json() == {"acts": [], "next": None}


def test_what_was_done_over_http_and_elsewhere_stands_there_newest_first(http, engine):
    http.post("/events", json={"user_id": "ann", "item_id": "a", "timestamp": "2024-05-01"})
    engine.forget("bob", by="command line")
    http.get("/users/ann/export")
    http.delete("/users/ann")
    engine.forget("cy")  # nobody said who asked
    told = http.get("/audit").json()["acts"]
    assert [(act["number"], act["actor"], act["action"], act["subject"]) for act in told] == [
        (3, "local", "forget", masked("ann")),
        (2, "local", "export", masked("ann")),
        (1, "command line", "forget", masked("bob")),
    ]
    assert told[0]["detail"] == {"rows": 1}
    assert told[0]["time"] == NOW.isoformat()
    assert "ann" not in http.get("/audit").text


def test_it_is_read_page_by_page_and_narrowed(http, engine):
    kinds = ["forget", "export", "fit", "forget", "forget"]
    for n, kind in enumerate(kinds):
        whom = None if kind == "fit" else masked("ann/1" if n % 2 else "bob")
        engine.tables.audit.append(Entry(NOW + timedelta(days=n), "1", kind, whom))
    assert numbers(http) == [5, 4, 3, 2, 1]
    assert numbers(http, action="forget") == [5, 4, 1]
    assert numbers(http, of="ann/1") == [4, 2]
    assert numbers(http, of="nobody") == []
    assert numbers(http, since=(NOW + timedelta(days=3)).isoformat()) == [5, 4]
    seen, after = [], None
    while after is not None or not seen:
        page = http.get("/audit", params={"limit": 2, **({"cursor": after} if after else {})})
        seen.append([act["number"] for act in page.json()["acts"]])
        after = page.json()["next"]
        engine.tables.audit.append(Entry(NOW, "1", "fit"))  # what comes is on no later page
    assert seen == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "erase"}, {"since": "soon"}, {"limit": 0}, {"limit": 1_001}, {"of": ""},
        {"cursor": "é"}, {"cursor": cursor("tea")}, {"cursor": cursor("9" * 30)},
        {"cursor": cursor("-1")}, {"cursor": cursor("²")}, {"by": "1"},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(http, asked):
    told = http.get("/audit", params=asked)
    assert told.status_code == 422, told.text
    assert next(iter(asked)) in told.text

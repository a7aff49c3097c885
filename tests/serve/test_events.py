"""Events in: one, many, lines; what is bad is named and sinks nothing."""

import gzip
import json

import httpx
import polars as pl
import pytest

from penchant import Engine
from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.testing.served import NOW, client, stocked

LINES = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def shop(world):
    """An engine with a log and no model."""
    return stocked(world)


@pytest.fixture(scope="module")
def http(shop):
    with client(create_app(shop, ServeConfig(auth="off"))) as http:
        yield http


def of(engine: Engine, user: str) -> pl.DataFrame:
    return engine.tables.read("events").filter(user_id=user).collect()


def test_one_event_is_stored_with_its_context_when_the_answer_comes(http, shop):
    told = http.post("/events", json={"user_id": "one", "item_id": "i00001", "device": "tv"})
    assert told.status_code == 200
    assert told.json() == {
        "accepted": 1, "known": 0, "replaced": 0, "differing": 0,
        "rejected": [], "rejected_total": 0,
    }  # fmt: skip
    row = of(shop, "one").row(0, named=True)
    assert (row["item_id"], row["event"], row["device"], row["timestamp"]) == (
        "i00001", "view", "tv", NOW
    )  # fmt: skip


def test_truth_and_fractions_are_no_ids(http):
    told = http.post("/events", json={"user_id": True, "item_id": 1.5})
    assert told.status_code == 422
    assert told.json()["rejected"] == [
        {"index": 0, "field": "user_id",
         "reason": "True came; expected an id: text or a whole number"}
    ]  # fmt: skip


def test_an_event_sent_twice_counts_once(http, shop):
    event = {"user_id": "two", "item_id": "i00001", "event_id": "e1"}
    assert http.post("/events", json=event).json()["accepted"] == 1
    assert http.post("/events", json={"events": [event, event]}).json()["known"] == 2
    assert of(shop, "two").height == 1


@pytest.mark.parametrize("media", ["application/json", LINES["content-type"]])
@pytest.mark.parametrize("stored", [False, True])
def test_an_event_under_the_id_of_another_is_counted(world, tmp_path, media, stored):
    shop = Engine(tmp_path / "shop") if stored else stocked(world)
    rows = [{"user_id": name, "item_id": "a", "event_id": "1"} for name in ("ann", "bob", "ann")]
    lines = "\n".join(map(json.dumps, rows))
    body = lines if media in LINES.values() else json.dumps({"events": rows})
    with client(create_app(shop, ServeConfig(auth="off"))) as http:
        told = http.post("/events", content=body, headers={"content-type": media}).json()
        metrics = http.get("/metrics").text
    assert (told["accepted"], told["known"], told["differing"]) == (1, 2, 1)
    assert 'penchant_rows_differing_total{kind="events"} 1.0' in metrics


def test_bad_rows_are_named_and_good_ones_stored(http, shop):
    rows = [
        {"user_id": "mix", "item_id": "a"},
        {"user_id": "mix"},
        {"user_id": "mix", "item_id": "b", "value": "much"},
        "mix",
        {"user_id": "mix", "item_id": "c", "timestamp": "yesterday"},
        {"user_id": "mix", "item_id": "d", "deep": {"er": 1}},
        {"user_id": "mix", "item_id": "e"},
    ]
    told = http.post("/events", json={"events": rows}).json()
    assert told["accepted"] == 2
    assert sorted(r["index"] for r in told["rejected"]) == [1, 2, 3, 4, 5]
    fields = {r["index"]: r["field"] for r in told["rejected"]}
    assert (fields[1], fields[2], fields[4]) == ("item_id", "value", "timestamp")
    assert all(r["reason"] for r in told["rejected"])
    assert of(shop, "mix")["item_id"].to_list() == ["a", "e"]


def test_where_all_rows_are_bad_the_call_is(http):
    told = http.post("/events", json={"events": [{"user_id": "x"}, {}]})
    assert told.status_code == 422
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["rejected_total"] == 2
    assert told.json()["type"] == "urn:penchant:problem:invalid"


def test_nothing_is_nothing(http):
    assert http.post("/events", json={"events": []}).json()["accepted"] == 0
    assert http.post("/events", content=b"", headers=LINES).json()["accepted"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b'{"user_id": NaN}', 400),
        (b'{"user_id": "\\ud800", "item_id": "a"}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"events": [], "items": []}', 422),
        (b'{"user_id": "u\\u0000", "item_id": "a"}', 422),
        (b'{"user_id": "u", "item_id": "a", "value": 1e999}', 422),
        (b'{"user_id": "u", "item_id": "a", "value": 1' + b"0" * 400 + b"}", 422),
    ],
)
def test_a_body_that_is_no_event_is_told(http, body, status):
    told = http.post("/events", content=body, headers={"content-type": "application/json"})
    assert told.status_code == status, told.text
    assert told.json()["status"] == status


def test_too_many_rows_are_told_how_to_be_sent(http):
    rows = [{"user_id": "u", "item_id": "a"}] * 10_001
    told = http.post("/events", json={"events": rows})
    assert told.status_code == 422
    assert "x-ndjson" in told.json()["detail"]


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data"])
def test_another_type_is_told(http, media):
    told = http.post("/events", content=b"{}", headers={"content-type": media})
    assert told.status_code == 415
    assert "application/json" in told.json()["detail"]


@pytest.mark.parametrize("path", ["/events", "/items"])
@pytest.mark.parametrize("media", ["application/json", "application/x-ndjson"])
def test_a_packed_body_is_told(http, path, media):
    packed = gzip.compress(b'{"events": []}')
    told = http.post(
        path, content=packed, headers={"content-type": media, "content-encoding": "gzip"}
    )
    assert told.status_code == 415
    assert told.json()["detail"] == "content-encoding: gzip came; send the body as it is"


def test_no_type_at_all_is_told(http):
    assert http.post("/events", content=b"{}").status_code == 415


def lines(n: int, user: str = "lines"):
    for k in range(n):
        yield json.dumps({"user_id": user, "item_id": f"i{k}", "event_id": f"{user}{k}"})


def test_lines_are_taken_in_as_they_come(http, shop):
    def chunks():
        text = "\n".join(lines(12_000)).encode()
        for a in range(0, len(text), 10_007):
            yield text[a : a + 10_007]

    told = http.post("/events", content=chunks(), headers=LINES)
    assert told.json()["accepted"] == 12_000
    assert of(shop, "lines").height == 12_000
    again = http.post("/events", content="\n".join(lines(12_000)), headers=LINES).json()
    assert (again["accepted"], again["known"]) == (0, 12_000)


def test_bad_lines_are_named_by_their_number(http, shop):
    good = list(lines(3, "named"))
    body = "\n".join([good[0], "", "nope", "[]", "x" * 1_500_000, good[1], good[2] + "\r", ""])
    told = http.post("/events", content=body, headers=LINES).json()
    assert told["accepted"] == 3
    assert [r["index"] for r in told["rejected"]] == [2, 3, 4]
    assert of(shop, "named").height == 3


def test_of_many_bad_lines_all_are_counted(http):
    told = http.post("/events", content="nope\n" * 3_000, headers=LINES)
    assert told.status_code == 422
    assert told.json()["rejected_total"] == 3_000
    assert len(told.json()["rejected"]) == 1_000


def test_what_a_sender_who_broke_off_had_sent_is_stored_piece_by_piece(http, shop):
    def broken():
        yield "\n".join(lines(6_000, "broken")).encode() + b"\n"
        raise ConnectionError

    with pytest.raises((ConnectionError, httpx.HTTPError)):
        http.post("/events", content=broken(), headers=LINES)
    told = http.post("/events", content="\n".join(lines(6_000, "broken")), headers=LINES).json()
    assert told["accepted"] + told["known"] == 6_000
    assert of(shop, "broken").height == 6_000


def test_items_users_and_relations_come_in_too(http, shop):
    kettle = {"item_id": "kettle", "title": "Kettle", "category": ["Kitchen", "Water"]}
    assert http.post("/items", json=kettle).json()["accepted"] == 1
    told = http.post("/items", json={"items": [{**kettle, "title": "A kettle"}]}).json()
    assert told["replaced"] == 1
    assert http.get("/items/kettle").json()["title"] == "A kettle"
    assert http.post("/users", json={"user_id": "ann", "country": "NO"}).json()["accepted"] == 1
    assert http.get("/users/ann").json()["attributes"] == {"country": "NO"}
    edge = {"source": "ann", "target": "bob"}
    assert http.post("/relations", json={"relations": [edge, {"source": "x"}]}).json() == {
        "accepted": 1, "known": 0, "replaced": 0, "differing": 0, "rejected_total": 1,
        "rejected": [{"index": 1, "field": "target", "reason": told_of(http)}],
    }  # fmt: skip


def told_of(http) -> str:
    told = http.post("/relations", json={"source": "x"}).json()
    return told["rejected"][0]["reason"]


def test_before_the_first_fit_questions_say_so(http):
    for path in ("/users/u0001/interests", "/users/u0001/recommendations", "/tree", "/ready"):
        told = http.get(path)
        assert told.status_code == 503, path
        assert told.json()["type"] == "urn:penchant:problem:not-fitted"
        assert told.headers["retry-after"] == "30"
    assert http.get("/health").status_code == 200
    assert http.get("/status").json()["fitted"] is False


def test_items_of_any_columns_are_stored_and_answered(http, shop):
    odd = [{"item_id": "fine"}, {"item_id": "odd", "__same__": 1, "__row__": 2, "__number__": 3}]
    assert http.post("/items", json={"items": odd}).json()["accepted"] == 2
    assert http.get("/items/odd").json() == odd[1]
    shop.add(items=pl.DataFrame({"item_id": ["shot"], "thumb": [b"\xff\xd8\xff\x00"]}))
    assert http.get("/items/shot").json() == {"item_id": "shot", "thumb": "_9j_AA=="}
    assert http.get("/items", params={"limit": 1_000}).status_code == 200


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_time_that_no_calendar_has_is_refused(ask, at):
    for path in ("interests", "recommendations", "forecast"):
        told = ask.get(f"/users/u0002/{path}", params={"at": at})
        assert (told.status_code, "years 1 to 9999" in told.text) == (422, True)
    stated = {"direction": "more", "item": "i00001", "at": at}
    assert ask.post("/users/u0002/feedback", json=stated).status_code == 422
    assert ask.post("/interests/from-text", json={"text": "tea", "at": at}).status_code == 422

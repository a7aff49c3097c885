"""What goes wrong outside is told as what it is: rows that do not fit, senders who leave, a
database that refuses; and thousands of broken bodies end in nothing worse."""

import asyncio
import logging
import sqlite3
from contextlib import closing

import httpx
import pytest
from benchmarks.serve.disk import NoMountError, fill, small_disk
from benchmarks.serve.fuzzed import call, hammered, kept

from penchant import Engine
from penchant.engine.serving import ServeConfig
from penchant.errors import StoreError
from penchant.serve.app import create_app
from penchant.serve.keys import fresh, hashed
from penchant.store.sql.database import Database
from penchant.store.sql.keys import Key, SqlKeys
from penchant.testing.served import CONFIG, NOW, client, stocked

BODIES = 1_200


@pytest.fixture
def quiet():
    """The log says nothing: what is wrong here is meant to be."""
    log = logging.getLogger("penchant.serve")
    before, log.disabled = log.disabled, True
    yield
    log.disabled = before


def test_broken_bodies_are_told_and_the_store_has_what_was_acknowledged(world, tmp_path, quiet):
    """`python -m benchmarks.serve.fuzz --bodies 100000` does the same at length."""
    engine = stocked(world, tmp_path)
    engine.fit()
    before = engine.rows()
    app = create_app(engine, ServeConfig(auth="off", present="log", lists=False))
    tally = asyncio.run(hammered(app, range(BODIES), seed=5))
    assert tally.bad == []
    found = kept(engine, before, tally)
    assert found["kept"] == found["acknowledged"]
    assert (found["lost"], found["doubled"]) == (0, 0)
    counts = {kind: set(statuses) for kind, statuses in tally.statuses.items()}
    assert len(counts) == 6
    assert all(statuses >= {200, 400, 415, 422} for statuses in counts.values()), counts
    assert tally.left > 3


def test_the_version_that_is_told_is_the_one_that_answers(world, tmp_path, caplog):
    """Not the one that was promoted last, whose files are broken; and that is told too, once in the
    log, as long as it is so elsewhere."""
    shop = stocked(world, tmp_path)
    assert (shop.version, shop.fit().version, shop.fit().version) == (None, "0001", "0002")
    assert shop.version == "0002"
    gone = next((tmp_path / "models" / "0002").glob("*.safetensors"))
    gone.unlink()
    why = {"meant": "0002", "serves": "0001", "why": f"{gone.name} is missing"}
    again = Engine(tmp_path, CONFIG, clock=lambda: NOW)
    with client(create_app(again, ServeConfig(auth="off"))) as http:
        for path in ("/ready", "/status"):
            told = http.get(path).json()
            assert (told["model"], told["fallback"]) == ("0001", why)
        told = http.get("/metrics").text
        assert 'penchant_model_info{version="0001"} 1.0' in told
        assert "penchant_model_fallback 1.0" in told
        assert http.get("/users/u0001/recommendations?n=3").status_code == 200
        (said,) = [r for r in caplog.records if r.getMessage() == "model fell back"]
        assert (said.levelname, said.told) == ("WARNING", why)
        assert again.workspace.models.rollback() == "0001"
        assert http.get("/ready").json() == {"status": "ready", "model": "0001", "fallback": None}
        assert http.get("/status").json()["fallback"] is None
        assert "penchant_model_fallback 0.0" in http.get("/metrics").text
    assert [r.getMessage() for r in caplog.records].count("model fell back") == 1


@pytest.fixture(params=["memory", "database"])
def http(request, tmp_path):
    """A service without a model."""
    engine = Engine(None if request.param == "memory" else tmp_path, CONFIG, clock=lambda: NOW)
    with client(create_app(engine, ServeConfig(auth="off"))) as http:
        http.engine = engine
        yield http


def test_a_row_whose_column_does_not_fit_what_is_stored_sinks_no_other(http):
    first = {"user_id": "a", "item_id": "i", "event_id": "1", "device": "tv", "tags": ["x"]}
    assert http.post("/events", json=first).status_code == 200
    rows = [
        {"user_id": "a", "item_id": "i", "event_id": "2", "tags": "x"},
        {"user_id": "a", "item_id": "i", "event_id": "3"},
        {"user_id": "a"},
        {"user_id": "a", "item_id": "i", "event_id": "4", "device": ["tv"]},
        {"user_id": "a", "item_id": "i", "event_id": "5", "other": 1},
    ]
    told = http.post("/events", json={"events": rows}).json()
    assert told["accepted"] == 2
    assert [(r["index"], r["field"]) for r in told["rejected"]] == [
        (0, "tags"), (2, "item_id"), (3, "device"),
    ]  # fmt: skip
    assert "String" in told["rejected"][0]["reason"]
    for odd in ([], [None], ["x"]):
        assert http.post("/users", json={"user_id": "a", "event_id": odd}).status_code == 422
    kept = http.engine.tables.people("events", ["a"])
    assert kept["event_id"].to_list() == ["1", "3", "5"]
    assert http.post("/events", json=rows[0]).status_code == 422


def test_a_column_may_have_the_name_of_one_that_the_store_has_for_itself(http):
    for column in ("seq", "same", "more", "row"):
        row = {"user_id": "a", "item_id": "i", "event_id": column, column: "mine"}
        assert http.post("/events", json=row).json()["accepted"] == 1, column
        edge = {"source": "a", "target": "b", "relation": column, column: "mine"}
        assert http.post("/relations", json=edge).json()["accepted"] == 1, column
        more = {**edge, column: "yours"}
        assert http.post("/relations", json=more).json()["replaced"] == 1, column
        for value in ("mine", "yours"):
            http.post("/items", json={"item_id": "i", column: value}).raise_for_status()
        kept = http.engine.tables.people("events", ["a"])
        assert kept[column].to_list()[-1] == "mine"
        assert http.engine.tables.read("relations").collect()[column].to_list()[-1] == "yours"
        assert http.get("/items/i").json() == {"item_id": "i", column: "yours"}


def test_who_leaves_in_the_middle_of_a_body_is_no_error_of_the_service(http, caplog):
    app = create_app(http.engine, ServeConfig(auth="off"))
    row = b'{"user_id": "left", "item_id": "i"}'
    for media in ("application/json", "application/x-ndjson"):
        headers = {"content-type": media}
        told = asyncio.run(call(app, "POST", "/v1/events", headers, (row, b"\n", row), cut=True))
        assert told.status == 0
    counted = app.state.service.metrics.text().decode()
    assert 'route="/v1/events",status="499"} 2.0' in counted
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert http.engine.tables.people("events", ["left"]).height == 0


def test_who_asks_with_a_key_does_not_wait_for_somebody_who_writes_at_length(tmp_path, quiet):
    engine = Engine(tmp_path, CONFIG.but(**{"store.wait": 60.0}), clock=lambda: NOW)
    token = fresh()
    SqlKeys(engine.workspace.database).add(Key("", "shop", hashed(token), ("read",), NOW))
    headers = {"Authorization": f"Bearer {token}"}
    with client(create_app(engine), **headers) as http:
        with closing(sqlite3.connect(tmp_path / "penchant.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert http.get("/status", timeout=20).status_code == 200
            other.execute("ROLLBACK")
        wait_for(lambda: SqlKeys(engine.workspace.database).list()[0].used == NOW)


def wait_for(happens) -> None:
    async def seen() -> None:
        async with asyncio.timeout(30):
            while not happens():
                await asyncio.sleep(0.01)

    asyncio.run(seen())


def test_what_a_driver_says_in_the_middle_is_an_error_of_the_store(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'd.db'}")
    with pytest.raises(StoreError, match="the database refused"), database.writing() as connection:
        connection.connection.cursor().execute("INSERT INTO nosuch VALUES (1)")
    with database.writing() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


@pytest.mark.parametrize("way", ["reading", "writing"])
def test_a_connection_that_breaks_in_the_middle_is_told_and_replaced(postgres_url, way):
    import psycopg

    database = Database(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as other:
        with (
            pytest.raises(StoreError, match="cannot be reached"),
            getattr(database, way)() as connection,
        ):
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            other.execute("SELECT pg_terminate_backend(%s)", [number])
            connection.connection.driver_connection.cursor().execute("SELECT 1")
        with getattr(database, way)() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    database.close()


def test_a_server_that_fell_silent_is_given_up_after_less_than_half_a_minute(postgres_url):
    """Unless the URL says otherwise; an answer may take 30 s."""
    for more, waits in (("", "10"), ("?keepalives_idle=3", "3")):
        database = Database(postgres_url + more)
        with database.bare() as driver:
            told = driver.info.get_parameters()
        database.close()
        assert (told["keepalives_idle"], told["tcp_user_timeout"]) == (waits, "25000")


def test_no_room_on_the_disk_is_told(tmp_path, caplog):
    """The log says why, without what came."""
    engine = Engine(tmp_path, CONFIG, clock=lambda: NOW)
    with client(create_app(engine, ServeConfig(auth="off"))) as http:
        with engine.workspace.database.bare() as driver:
            pages = driver.execute("PRAGMA page_count").fetchone()[0]
            driver.execute(f"PRAGMA max_page_count = {pages}")
        rows = [{"user_id": f"secret{k}", "item_id": "i" * 500} for k in range(2_000)]
        told: httpx.Response = http.post("/events", json={"events": rows})
        assert (told.status_code, told.json()["type"]) == (503, "urn:penchant:problem:store")
        assert http.get("/status").json()["rows"]["events"] == 0
    said = [record.told["why"] for record in caplog.records if record.levelno == logging.ERROR]
    assert len(said) == 1 and said[0].endswith("penchant.db: could not be written")


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own."""
    try:
        with small_disk(tmp_path / "disk", 24_000_000) as folder:
            yield folder
    except NoMountError as error:
        pytest.skip(str(error))


def test_a_service_on_a_full_disk_answers_and_goes_on_when_there_is_room(disk, world, quiet):
    """`python -m benchmarks.serve.faults --full 5` does the same at length."""
    engine = stocked(world, disk / "shop")
    engine.fit()
    before, ballast = engine.rows()["events"], disk / "ballast"
    some = {"user_id": "u0001", "item_id": "i00001", "timestamp": "2024-05-01T10:00:00Z"}
    rows = [some | {"event_id": f"e{k}", "note": "x" * 500} for k in range(5_000)]
    refused = (503, "urn:penchant:problem:store")
    with client(create_app(engine, ServeConfig(auth="off"))) as http:
        http.get("/users/u0001/recommendations?n=3").raise_for_status()
        fill(ballast)
        for method, path, body in (
            ("POST", "/events", {"events": rows}),
            ("POST", "/fit", None),
        ):
            told = http.request(method, path, json=body)
            assert (told.status_code, told.json().get("type")) == refused, path
        for path in ("/health", "/ready", "/users/u0001/interests", "/items/i00001", "/status",
                     "/users/u0001/recommendations?n=3"):  # fmt: skip
            assert http.get(path).status_code == 200, path
        ballast.unlink()
        assert http.post("/events", json={"events": rows}).json()["accepted"] == len(rows)
        assert http.get("/status").json()["rows"]["events"] == before + len(rows)
        assert http.get("/fit").json()["state"] == "idle"

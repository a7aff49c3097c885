"""Keys, scopes, and who is served without one."""

import socket
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from penchant.engine.serving import ServeConfig
from penchant.errors import UnknownIdError
from penchant.serve.app import create_app
from penchant.serve.keys import MemoryKeys, fresh, hashed
from penchant.serve.rate import Bucket
from penchant.store.audit import Entry, MemoryAudit
from penchant.store.sql.audit import SqlAudit
from penchant.store.sql.database import Database
from penchant.store.sql.keys import Key, SqlKeys
from penchant.testing.served import NOW, client, running


def key(store, *scopes, **more):
    token = fresh()
    kept = store.add(Key("", "a name", hashed(token), scopes, NOW, **more))
    return token, kept.id


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def store():
    return MemoryKeys()


@pytest.fixture
def http(fitted, store):
    with client(create_app(fitted, ServeConfig(auth="keys"), keys=store)) as http:
        yield http


CALLS = [
    ("POST", "/events", "ingest"),
    ("POST", "/items", "ingest"),
    ("POST", "/users/ann/feedback", "ingest"),
    ("GET", "/users/ann/interests", "read"),
    ("GET", "/users/ann/recommendations", "read"),
    ("GET", "/items", "read"),
    ("GET", "/tree", "read"),
    ("GET", "/metrics", "read"),
    ("GET", "/users/ann/export", "admin"),
    ("DELETE", "/users/ann", "admin"),
    ("GET", "/audit", "admin"),
    ("POST", "/fit", "admin"),
]


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_every_door_wants_its_scope(http, store, method, path, scope):
    wrong = {"ingest": "read", "read": "ingest", "admin": "read"}[scope]
    told = http.request(method, path)
    assert told.status_code == 401
    assert told.headers["www-authenticate"] == "Bearer"
    told = http.request(method, path, headers=bearer(key(store, wrong)[0]))
    assert (told.status_code, told.json()["scope"]) == (403, scope)
    for bad in (bearer("pck_nosuch"), {"Authorization": "Basic YTpi"}):
        assert http.request(method, path, headers=bad).status_code == 401


def test_every_route_but_health_wants_a_key(fitted, http):
    described = http.get("/openapi.json").json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            open_ = path in ("/v1/health", "/v1/ready")
            assert bool(operation.get("security")) != open_, (method, path)
            assert bool(operation["x-scope"]) != open_, (method, path)
            sent = path.removeprefix("/v1").format(user_id="a", item_id="a", node="a")
            assert (http.request(method, sent).status_code == 401) != open_, (method, path)


def test_an_admin_may_do_all(http, store):
    admin = bearer(key(store, "admin")[0])
    assert http.get("/tree", headers=admin).status_code == 200
    assert http.get("/users/ann/export", headers=admin).status_code == 200


def test_a_key_ends(http, store):
    token, id_ = key(store, "read")
    assert http.get("/tree", headers=bearer(token)).status_code == 200
    assert store.list()[0].used == NOW
    late, _ = key(store, "read", expires=NOW - timedelta(seconds=1))
    assert http.get("/tree", headers=bearer(late)).status_code == 401
    ended, id_ = key(store, "read")
    store.revoke(id_, NOW)
    assert http.get("/tree", headers=bearer(ended)).status_code == 401


def test_a_key_may_call_so_often(http, store):
    token, _ = key(store, "read", rate=1.0)
    told = [http.get("/status", headers=bearer(token)) for _ in range(4)]
    assert [t.status_code for t in told[:2]] == [200, 200]
    assert told[-1].status_code == 429
    assert int(told[-1].headers["retry-after"]) >= 1
    other, _ = key(store, "read")
    assert http.get("/status", headers=bearer(other)).status_code == 200


def test_who_comes_back_when_told_is_let_in(http, store, monkeypatch):
    token, _ = key(store, "read")
    monkeypatch.setattr(Bucket, "take", lambda bucket: 1.43)
    assert http.get("/status", headers=bearer(token)).headers["retry-after"] == "2"


def test_a_bucket_fills_at_its_rate_and_no_further():
    now = [0.0]
    bucket = Bucket(2.0, 3.0, clock=lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [0.0] * 3
    assert bucket.take() == pytest.approx(0.5)
    now[0] = 100.0
    assert [bucket.take() for _ in range(3)] == [0.0] * 3
    assert bucket.take() > 0


def test_without_keys_only_this_machine_is_served(fitted, store):
    app = create_app(fitted, ServeConfig(), keys=store)
    with client(app) as http:
        assert http.get("/status").status_code == 200
        for header in ({"Host": "shop.example"}, {"X-Forwarded-For": "10.0.0.1"},
                       {"Origin": "https://evil.example"}, {"Via": "1.1 p"}):  # fmt: skip
            told = http.get("/status", headers=header)
            assert told.status_code == 401, header
            assert "keys add" in told.json()["detail"]
    other = httpx.ASGITransport(app, client=("203.0.113.7", 1))

    async def from_afar():
        async with httpx.AsyncClient(transport=other, base_url="http://localhost") as http:
            return await http.get("/v1/status")

    import asyncio

    assert asyncio.run(from_afar()).status_code == 401


BARE = {
    "a bare proxy_pass of nginx": b"GET /v1/status HTTP/1.0\r\nHost: %b\r\nConnection: close\r\n",
    "no name": b"GET /v1/status HTTP/1.1\r\nHost:\r\nConnection: close\r\n",
    "no port": b"GET /v1/status HTTP/1.1\r\nHost: %b:x\r\nConnection: close\r\n",
    "its own": b"GET /v1/status HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n",
}


@pytest.mark.parametrize("which", BARE)
def test_who_does_not_call_this_machine_by_its_name_is_not_served_without_keys(
    fitted, store, which
):
    with running(create_app(fitted, ServeConfig(), keys=store)) as url:
        host = url.removeprefix("http://")
        asked = BARE[which].replace(b"%b", host.encode()) + b"\r\n"
        with socket.create_connection(tuple(host.split(":"))) as line:
            line.sendall(asked)
            told = line.recv(1_000)
    status = 200 if which == "its own" else 401
    assert int(told.split()[1]) == status, told


def test_once_there_is_a_key_this_machine_needs_one_too(fitted, store):
    token, id_ = key(store, "read")
    with client(create_app(fitted, ServeConfig(), keys=store)) as http:
        assert http.get("/status").status_code == 401
        assert http.get("/status", headers=bearer(token)).status_code == 200
        store.revoke(id_, NOW)
        assert http.get("/status").status_code == 401


def test_web_pages_may_call_only_where_they_are_let(fitted):
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    with client(create_app(fitted, ServeConfig(auth="off"))) as http:
        assert "access-control-allow-origin" not in http.options("/tree", headers=asked).headers
    config = ServeConfig(auth="off", origins=("https://shop.example",))
    with client(create_app(fitted, config)) as http:
        told = http.options("/tree", headers=asked).headers
        assert told["access-control-allow-origin"] == "https://shop.example"
        other = http.options("/tree", headers={**asked, "Origin": "https://evil.example"}).headers
        assert "access-control-allow-origin" not in other


@pytest.mark.parametrize("kind", ["memory", "database"])
def test_a_store_of_keys(kind, tmp_path):
    store = (
        MemoryKeys() if kind == "memory" else SqlKeys(Database(f"sqlite:///{tmp_path / 'k.db'}"))
    )
    assert not store.list()
    _, one = key(store, "read", rate=2.0)
    token, two = key(store, "ingest", "admin", expires=NOW)
    assert [k.id for k in store.list()] == [one, two]
    found = store.find(hashed(token))
    assert found == replace(store.list()[1])
    assert store.find("nosuch") is None
    store.touch(one, NOW)
    store.revoke(two, NOW)
    assert (store.list()[0].used, store.list()[1].revoked) == (NOW, NOW)
    with pytest.raises(UnknownIdError):
        store.revoke("99", NOW)
    if kind == "database":
        assert not any(token.encode() in p.read_bytes() for p in tmp_path.iterdir())
        assert SqlKeys(Database(f"sqlite:///{tmp_path / 'k.db'}")).list() == list(store.list())


@pytest.mark.parametrize("kind", ["memory", "database"])
def test_an_audit_log(kind, tmp_path):
    log = (
        MemoryAudit() if kind == "memory" else SqlAudit(Database(f"sqlite:///{tmp_path / 'k.db'}"))
    )
    entries = [Entry(NOW, "1", f"act {k}", "sha256:x", {"rows": k}) for k in range(3)]
    for entry in entries:
        log.append(entry)
    assert list(log.read()) == entries
    assert list(log.read(after=1, limit=1)) == entries[1:2]

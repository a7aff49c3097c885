"""Keys and the audit log in the database, on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from penchant.errors import StoreError, UnknownIdError
from penchant.store.audit import Entry, Kept, MemoryAudit, Wanted
from penchant.store.sql.audit import SqlAudit
from penchant.store.sql.database import Database
from penchant.store.sql.keys import Key, SqlKeys

NOW = datetime(2024, 5, 1, 12, 0, 0, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'shop.db'}")
    return Database(request.getfixturevalue("postgres_url"))


def test_keys_are_kept_found_used_and_revoked(database):
    keys = SqlKeys(database)
    one = keys.add(Key("", "shop", "hash-1", ("read", "ingest"), NOW))
    two = keys.add(Key("", "back", "hash-2", ("admin",), NOW, NOW + timedelta(days=1), rate=2.5))
    assert (one.id, two.id) == ("1", "2")
    assert keys.find("hash-2") == two and keys.find("hash-3") is None
    keys.touch("1", NOW + timedelta(hours=1))
    keys.revoke("2", NOW)
    first, second = SqlKeys(database).list()
    assert (first.used, first.revoked) == (NOW + timedelta(hours=1), None)
    assert (second.used, second.revoked) == (None, NOW)
    for change in (keys.touch, keys.revoke):
        with pytest.raises(UnknownIdError, match="penchant keys list"):
            change("9", NOW)
    with pytest.raises(StoreError, match="refused") as caught:
        keys.add(Key("", "again", "hash-1", (), NOW))
    assert len(keys.list()) == 2 and "hash-1" not in str(caught.value)
    assert SqlAudit(database).read() == [], "nobody said who did it"


def test_who_makes_and_ends_a_key_stands_in_the_audit_log_if_it_was_done(database):
    keys, log, later = SqlKeys(database), SqlAudit(database), NOW + timedelta(hours=1)
    keys.add(Key("", "shop of ann", "hash-1", ("read", "ingest"), NOW), by="here")
    with pytest.raises(StoreError):
        keys.add(Key("", "again", "hash-1", (), NOW), by="here")
    keys.revoke("1", later, by="here")
    with pytest.raises(UnknownIdError):
        keys.revoke("9", later, by="here")
    assert log.read() == [
        Entry(NOW, "here", "add-key", None, {"key": "1", "scopes": ["read", "ingest"]}),
        Entry(later, "here", "revoke-key", None, {"key": "1"}),
    ]


def test_acts_are_kept_in_their_order(database):
    log = SqlAudit(database)
    acts = [
        Entry(NOW + timedelta(hours=n), "1", "forget", f"hash-{n}", {"rows": n}) for n in range(5)
    ]
    acts.append(Entry(NOW, "2", "fit"))
    for act in acts:
        log.append(act)
    assert list(log.read()) == acts
    assert list(log.read(after=3, limit=2)) == acts[3:5]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def log(request, tmp_path):
    if request.param == "memory":
        return MemoryAudit()
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    return SqlAudit(
        Database(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    )


def test_the_newest_acts_are_found_by_time_kind_and_person(log):
    assert log.newest() == []
    acts = [
        Entry(NOW + timedelta(hours=n), "1", action, whom, {"n": n})
        for n, (action, whom) in enumerate(
            [("forget", "ann"), ("export", "ann"), ("fit", None), ("forget", "bob"),
             ("forget", "ann")]
        )
    ]  # fmt: skip
    for act in acts:
        log.append(act)
    kept = [Kept(n + 1, act) for n, act in enumerate(acts)]

    def found(limit=100, **wanted):
        return [one.number for one in log.newest(Wanted(**wanted), limit)]

    assert log.newest() == kept[::-1]
    assert found(limit=2) == [5, 4]
    assert found(limit=2, before=4) == [3, 2]
    assert found(before=1) == found(action="rollback") == found(subject="cy") == []
    assert found(action="forget") == [5, 4, 1]
    assert found(subject="ann") == [5, 2, 1]
    assert found(since=NOW + timedelta(hours=3)) == [5, 4]
    assert found(since=NOW + timedelta(hours=1), action="forget", subject="ann", before=5) == []
    assert kept[1].to_json() == {
        "number": 2, "time": "2024-05-01T13:00:00.000001+00:00", "actor": "1",
        "action": "export", "subject": "ann", "detail": {"n": 1},
    }  # fmt: skip

"""Keys and the audit log in the database, on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from penchant.errors import StoreError, UnknownIdError
from penchant.store.audit import Entry
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

"""Keys of the service in the database: what is known of each, never the key itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from penchant.clock import micros, when
from penchant.errors import UnknownIdError
from penchant.store.audit import Entry
from penchant.store.sql import audit
from penchant.store.sql.database import Database
from penchant.store.sql.schema import API_KEY


@dataclass(frozen=True)
class Key:
    """One key: its hash, what it opens, and until when (None: always); `rate`: calls a second."""

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    used: datetime | None = None
    rate: float | None = None


class SqlKeys:
    """Keys in a database; every process on it sees a change at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, hash: str) -> Key | None:
        """The key of that hash, revoked or not."""
        with self._database.reading() as connection:
            found = connection.execute(select(API_KEY).where(API_KEY.c.hash == hash)).first()
        return None if found is None else _key(found)

    def add(self, key: Key, by: str | None = None) -> Key:
        """Keep a new key; comes back with its id. `by` says who makes it: then that stands in the
        audit log, in the same transaction."""
        with self._database.writing() as connection:
            count = connection.execute(select(func.count()).select_from(API_KEY)).scalar_one()
            kept = replace(key, id=str(count + 1))
            connection.execute(insert(API_KEY).values(_row(kept)))
            if by is not None:
                about = {"key": kept.id, "scopes": list(kept.scopes)}
                audit.note(connection, Entry(kept.created, by, "add-key", detail=about))
        return kept

    def revoke(self, id: str, at: datetime, by: str | None = None) -> None:
        """It opens nothing from then on. `by` says who ends it: then that stands in the audit log,
        in the same transaction.

        Raises:
            UnknownIdError: there is no such key.
        """
        with self._database.writing() as connection:
            _mark(connection, id, revoked=micros(at))
            if by is not None:
                audit.note(connection, Entry(at, by, "revoke-key", detail={"key": id}))

    def touch(self, id: str, at: datetime) -> None:
        """It was used.

        Raises:
            UnknownIdError: there is no such key.
        """
        with self._database.writing() as connection:
            _mark(connection, id, used=micros(at))

    def list(self) -> Sequence[Key]:
        """All keys, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(select(API_KEY)).all()
        return sorted((_key(row) for row in found), key=lambda key: int(key.id))


def _mark(connection: Connection, id: str, **values: int) -> None:
    done = connection.execute(update(API_KEY).where(API_KEY.c.id == id).values(**values))
    if not done.rowcount:
        raise UnknownIdError(f"key {id!r}: there is none; `penchant keys list` shows them")


def _row(key: Key) -> dict[str, Any]:
    return vars(key) | {
        "scopes": json.dumps(key.scopes),
        "created": micros(key.created),
        **{name: _number(getattr(key, name)) for name in ("expires", "revoked", "used")},
    }


def _key(row: Row[Any]) -> Key:
    values = dict(row._mapping)
    times = {name: _time(values[name]) for name in ("expires", "revoked", "used")}
    scopes = tuple(json.loads(values["scopes"]))
    return Key(**values | times | {"scopes": scopes, "created": when(values["created"])})


def _number(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _time(us: int | None) -> datetime | None:
    return None if us is None else when(us)

"""Keys of the service in the database: what is known of each, never the key itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from penchant.clock import micros, when
from penchant.errors import UnknownIdError
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

    def add(self, key: Key) -> Key:
        """Keep a new key; comes back with its id."""
        with self._database.writing() as connection:
            count = connection.execute(select(func.count()).select_from(API_KEY)).scalar_one()
            kept = replace(key, id=str(count + 1))
            connection.execute(insert(API_KEY).values(_row(kept)))
        return kept

    def revoke(self, id: str, at: datetime) -> None:
        """It opens nothing from then on.

        Raises:
            UnknownIdError: there is no such key.
        """
        self._mark(id, revoked=micros(at))

    def touch(self, id: str, at: datetime) -> None:
        """It was used.

        Raises:
            UnknownIdError: there is no such key.
        """
        self._mark(id, used=micros(at))

    def list(self) -> Sequence[Key]:
        """All keys, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(select(API_KEY)).all()
        return sorted((_key(row) for row in found), key=lambda key: int(key.id))

    def _mark(self, id: str, **values: int) -> None:
        with self._database.writing() as connection:
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

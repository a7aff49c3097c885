"""The tables of the database as they are today; how they came to be stands in `migrations/`.

user_key, item_key, event_name      ids and names, each written once; rows name them by number
event, exposure, feedback           logs: `seq` counts rows as they came; `named` tells them
                                    apart, or `same` those of one user
item, app_user, relation            the last word on each
column_type                         what columns each kind has, and of which type
change                              what came, and when somebody was forgotten or a model promoted:
                                    one row a change, or for several appends of one row each
model, promotion                    versions of the model, and which served when
api_key, audit                      who may ask the service, and what was done there

Columns without a place of their own stand in `more`, as JSON. Times are microseconds since 1970.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from penchant.store.tables import Kind

METADATA: Final = MetaData()
BIG: Final = BigInteger().with_variant(Integer(), "sqlite")  # its row number is an INTEGER


def _number(name: str, **more: Any) -> Column[int]:
    return Column(name, BIG, **more)


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, **more)


def _to(name: str, table: str, **more: Any) -> Column[int]:
    return Column(name, BIG, ForeignKey(f"{table}.row"), **more)


def _key(table: str, name: str) -> Table:
    return Table(
        table,
        METADATA,
        Column("row", BIG, Identity(), primary_key=True),
        _text(name, nullable=False, unique=True),
        sqlite_autoincrement=True,  # the number of who was forgotten is not given again
    )


_NAMED: Final = text("named IS NOT NULL")


def _log(table: str, *columns: Column[Any]) -> Table:
    """Numbers of ids are not declared as foreign keys here: to check each would cost a third of
    all writing, and they are made in the same transaction."""
    return Table(
        table,
        METADATA,
        _number("seq", primary_key=True, autoincrement=False),
        _number("user", nullable=False),
        *columns,
        _text("event_id"),
        _text("more"),
        _number("same"),
        Column("named", LargeBinary),
        Index(f"{table}_same", "user", "same", unique=True),
        Index(f"{table}_named", "named", unique=True, sqlite_where=_NAMED, postgresql_where=_NAMED),
    )


def _keyed(table: str, name: str, key: str) -> Table:
    return Table(
        table,
        METADATA,
        _to(name, key, primary_key=True, autoincrement=False),
        _number("seq", nullable=False),
        _text("more"),
        Index(f"{table}_seq", "seq", unique=True),
    )


USER_KEY: Final = _key("user_key", "user_id")
ITEM_KEY: Final = _key("item_key", "item_id")
EVENT_NAME: Final = _key("event_name", "name")

EVENT: Final = _log(
    "event",
    _number("item", nullable=False),
    _number("time"),
    _number("type"),
    Column("value", Double),
    _text("session"),
)
EXPOSURE: Final = _log(
    "exposure",
    _number("item", nullable=False),
    _number("time"),
    _number("position"),
    _text("session"),
)
FEEDBACK: Final = _log(
    "feedback",
    _number("time"),
    _number("type"),
    _text("interest"),
    _number("item"),
)
ITEM: Final = _keyed("item", "item", "item_key")
APP_USER: Final = _keyed("app_user", "user", "user_key")
RELATION: Final = Table(
    "relation",
    METADATA,
    _number("seq", primary_key=True, autoincrement=False),
    _to("source", "user_key", nullable=False),
    _to("target", "user_key", nullable=False),
    _text("relation"),
    _number("time"),
    _text("more"),
    Index("relation_edge", "source", "target", "relation", unique=True),
    Index("relation_target", "target"),
)

COLUMN_TYPE: Final = Table(
    "column_type",
    METADATA,
    _text("kind", primary_key=True),
    _text("name", primary_key=True),
    _number("place", nullable=False),
    _text("dtype", nullable=False),
)
CHANGE: Final = Table(
    "change",
    METADATA,
    _number("seq", primary_key=True, autoincrement=False),
    _text("kind", nullable=False),
    *(_number(name, nullable=False) for name in ("first", "last", "rows")),
    _number("changes", nullable=False, server_default="1"),
    Index("change_kind", "kind", "last"),
)
MODEL: Final = Table(
    "model",
    METADATA,
    _text("version", primary_key=True),
    _text("created", nullable=False),
    _text("manifest", nullable=False),
    _text("metrics", nullable=False),
)
PROMOTION: Final = Table(
    "promotion",
    METADATA,
    _number("seq", primary_key=True, autoincrement=False),
    _text("version", nullable=False),
    _text("previous"),
    _text("time", nullable=False),
    _text("why", nullable=False),
)
API_KEY: Final = Table(
    "api_key",
    METADATA,
    _text("id", primary_key=True),
    _text("name", nullable=False),
    _text("hash", nullable=False, unique=True),
    _text("scopes", nullable=False),
    _number("created", nullable=False),
    *(_number(name) for name in ("expires", "revoked", "used")),
    Column("rate", Double),
)
AUDIT: Final = Table(
    "audit",
    METADATA,
    _number("seq", primary_key=True, autoincrement=False),
    _number("time", nullable=False),
    *(_text(name, nullable=False) for name in ("actor", "action", "detail")),
    _text("subject"),
)

TABLES: Final[dict[Kind, Table]] = {
    "events": EVENT,
    "items": ITEM,
    "users": APP_USER,
    "relations": RELATION,
    "exposures": EXPOSURE,
    "feedback": FEEDBACK,
}
"""Which table holds a kind."""

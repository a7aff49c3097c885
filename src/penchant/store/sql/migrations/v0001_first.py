"""The first tables: ids, rows of every kind, what changed, models, keys, audit."""

from typing import Any, Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
)

revision = "0001"
down_revision = None

BIG: Final = BigInteger().with_variant(Integer(), "sqlite")

READABLE: Final = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', {0} / 1000000.0, 'unixepoch')",
    "postgresql": "to_timestamp({0} / 1000000.0)",
}


def upgrade() -> None:
    """Make everything."""
    _ids()
    _logs()
    _keyed()
    _about()
    _models()
    _service()
    _views()


def _key(table: str, name: str) -> None:
    op.create_table(
        table,
        Column("row", BIG, Identity(), primary_key=True),
        Column(name, Text, nullable=False, unique=True),
        sqlite_autoincrement=True,
    )


def _ids() -> None:
    _key("user_key", "user_id")
    _key("item_key", "item_id")
    _key("event_name", "name")


def _to(name: str, table: str, **more: Any) -> Column[int]:
    return Column(name, BIG, ForeignKey(f"{table}.row"), **more)


def _number(name: str, **more: Any) -> Column[int]:
    return Column(name, BIG, **more)


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, **more)


def _log(table: str, *columns: Column[Any]) -> None:
    op.create_table(
        table,
        _number("seq", primary_key=True, autoincrement=False),
        _number("user", nullable=False),
        *columns,
        Column("same", LargeBinary, nullable=False),
        _text("more"),
        Index(f"{table}_same", "same", unique=True),
        Index(f"{table}_user", "user"),
    )


def _logs() -> None:
    _log(
        "event", _number("item", nullable=False), _number("time"),
        _number("type"), Column("value", Double), _text("session"), _text("event_id"),
    )  # fmt: skip
    _log(
        "exposure", _number("item", nullable=False), _number("time"),
        _number("position"), _text("session"), _text("event_id"),
    )  # fmt: skip
    _log(
        "feedback", _number("time"), _number("type"), _text("interest"),
        _number("item"), _text("event_id"),
    )  # fmt: skip


def _keyed() -> None:
    for table, name, key in (("item", "item", "item_key"), ("app_user", "user", "user_key")):
        op.create_table(
            table,
            _to(name, key, primary_key=True, autoincrement=False),
            _number("seq", nullable=False),
            _text("more"),
            Index(f"{table}_seq", "seq", unique=True),
        )
    op.create_table(
        "relation",
        _number("seq", primary_key=True, autoincrement=False),
        _to("source", "user_key", nullable=False),
        _to("target", "user_key", nullable=False),
        _text("relation"),
        _number("time"),
        _text("more"),
        Index("relation_edge", "source", "target", "relation", unique=True),
        Index("relation_target", "target"),
    )


def _about() -> None:
    op.create_table(
        "column_type",
        _text("kind", primary_key=True),
        _text("name", primary_key=True),
        _number("place", nullable=False),
        _text("dtype", nullable=False),
    )
    op.create_table(
        "change",
        _number("seq", primary_key=True, autoincrement=False),
        _text("kind", nullable=False),
        *(_number(name, nullable=False) for name in ("first", "last", "rows")),
        Index("change_kind", "kind", "last"),
    )


def _models() -> None:
    op.create_table(
        "model",
        _text("version", primary_key=True),
        _text("created", nullable=False),
        _text("manifest", nullable=False),
        _text("metrics", nullable=False),
    )
    op.create_table(
        "promotion",
        _number("seq", primary_key=True, autoincrement=False),
        _text("version", nullable=False),
        _text("previous"),
        _text("time", nullable=False),
        _text("why", nullable=False),
    )


def _service() -> None:
    op.create_table(
        "api_key",
        _text("id", primary_key=True),
        _text("name", nullable=False),
        _text("hash", nullable=False, unique=True),
        _text("scopes", nullable=False),
        _number("created", nullable=False),
        *(_number(name) for name in ("expires", "revoked", "used")),
        Column("rate", Double),
    )
    op.create_table(
        "audit",
        _number("seq", primary_key=True, autoincrement=False),
        _number("time", nullable=False),
        *(_text(name, nullable=False) for name in ("actor", "action", "detail")),
        _text("subject"),
    )


def _views() -> None:
    """For people: ids and names spelled out, times readable."""
    time = READABLE[op.get_bind().dialect.name].format("r.time")
    op.execute(
        f"CREATE VIEW events AS SELECT r.seq, u.user_id, i.item_id, {time} AS timestamp,"
        " n.name AS event, r.value, r.session AS session_id, r.event_id, r.more FROM event r"
        ' JOIN user_key u ON u.row = r."user" JOIN item_key i ON i.row = r.item'
        " LEFT JOIN event_name n ON n.row = r.type"
    )
    op.execute(
        f"CREATE VIEW exposures AS SELECT r.seq, u.user_id, i.item_id, {time} AS timestamp,"
        " r.position, r.session AS session_id, r.event_id, r.more FROM exposure r"
        ' JOIN user_key u ON u.row = r."user" JOIN item_key i ON i.row = r.item'
    )

"""Rows are told apart by their event_id, or else among those of one user: one index for two.

`same` was the 16 bytes of either hash. Those of an event_id go to `named`; of the others the first
half stays, as a number.
"""

from typing import Any, Final

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary

revision = "0002"
down_revision = "0001"

BIG: Final = BigInteger().with_variant(Integer(), "sqlite")

HALF: Final = {
    "sqlite": "half(same)",
    "postgresql": "('x' || encode(substr(same, 1, 8), 'hex'))::bit(64)::bigint",
}


def upgrade() -> None:
    """Bring each log over, with its rows."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        driver: Any = bind.connection.driver_connection
        driver.create_function("half", 1, _half, deterministic=True)
    for table in ("event", "exposure", "feedback"):
        op.add_column(table, Column("half", BIG))
        op.add_column(table, Column("named", LargeBinary))
        for line in (
            f"UPDATE {table} SET half = {HALF[bind.dialect.name]} WHERE event_id IS NULL",
            f"UPDATE {table} SET named = same WHERE event_id IS NOT NULL",
            f"DROP INDEX {table}_same",
            f"DROP INDEX {table}_user",
            f"ALTER TABLE {table} DROP COLUMN same",
            f"ALTER TABLE {table} RENAME COLUMN half TO same",
            f'CREATE UNIQUE INDEX {table}_same ON {table} ("user", same)',
            f"CREATE UNIQUE INDEX {table}_named ON {table} (named) WHERE named IS NOT NULL",
        ):
            op.execute(line)


def _half(same: bytes) -> int:
    return int.from_bytes(same[:8], "big", signed=True)

"""Appends of one row each that follow each other share a row of `change`, which counts them."""

from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "0003"
down_revision = "0002"

BIG: Final = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Every row there is tells of one change."""
    op.add_column("change", Column("changes", BIG, nullable=False, server_default="1"))

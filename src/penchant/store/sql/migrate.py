"""Brings a database to today's tables by the numbered steps in `migrations/`."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from penchant.errors import StoreError

NEWEST: Final = "0003"
"""The last step that this version knows."""

FOLDER: Final = Path(__file__).with_name("migrations")
_MARK: Final = "alembic_version"


def migrate(connection: Connection, name: str) -> None:
    """Take the steps that are missing; to be called inside a writing transaction.

    Raises:
        StoreError: the database is from a newer version, or holds something else.
    """
    found = _found(connection, name)
    if found == NEWEST:
        return
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(str(FOLDER), version_locations=[str(FOLDER)])
    if found is not None and found not in {s.revision for s in steps.walk_revisions()}:
        raise StoreError(
            f"{name}: the store has version {found}, from a newer penchant; this one reads up to "
            f"{NEWEST}. Upgrade penchant to open it"
        )
    with EnvironmentContext(
        Config(), steps, fn=lambda at, _: steps._upgrade_revs(NEWEST, at)
    ) as way:
        way.configure(connection=connection, transactional_ddl=False)
        way.run_migrations()


def version(connection: Connection) -> str | None:
    """The number of the last step taken; None: none yet."""
    if not inspect(connection).has_table(_MARK):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_MARK}")).scalar()
    return found


def _found(connection: Connection, name: str) -> str | None:
    found = version(connection)
    if found is None and (others := inspect(connection).get_table_names()):
        raise StoreError(
            f"{name}: this database holds other tables ({', '.join(sorted(others)[:3])}); "
            "give Penchant a database of its own"
        )
    return found

"""`penchant backup` and `restore`: a workspace in one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.audit import act
from penchant.cli.session import Session

if TYPE_CHECKING:
    from penchant.store.backup import Backup


def backup(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE.tar", help="A file that is not there yet.")],
) -> None:
    """Put the workspace into one file: tables, models, settings, each with its checksum.

    Others may read and write meanwhile. Tables in PostgreSQL are left to its own tool; the line
    to run is shown.

    Examples:

        penchant backup shop.tar
        penchant backup backups/2024-05-01.tar --json
    """
    from penchant.clock import now
    from penchant.errors import StoreError
    from penchant.store.backup import backup as put

    workspace = session.opened()
    made = put(workspace, file, now().isoformat(timespec="seconds"))
    session.out.answer(made.to_json, f"{file}: {_told(made)}")
    try:
        workspace.tables.audit.append(act("backup", file=file.name))
    except StoreError as error:  # on a full disk above all, a backup is welcome
        session.out.note(f"{file} is whole; the audit log could not be told of it: {error}")
    if not made.tables:
        name = workspace.database.login
        session.out.note(f"The tables are in PostgreSQL: pg_dump -Fc -f {file}.dump '{name}'")


def restore(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE.tar", help="What `penchant backup` wrote.")],
) -> None:
    """Make a new workspace (--workspace FOLDER) out of a backup, after checking all of it.

    Nothing is overwritten: the folder must not be there, or be empty.

    Examples:

        penchant restore shop.tar --workspace new-shop
    """
    from penchant.engine.config import kept_config
    from penchant.store.backup import restore as take

    made = take(file, session.workspace, act("restore"))
    session.out.answer(made.to_json, f"{session.workspace}: {_told(made)}")
    if kept_config(session.workspace).store.url is not None:
        session.out.note(
            "Its config.toml has store.url, so its tables are looked for there: "
            f"`penchant -w {session.workspace} config --unset store.url` uses those of the backup"
        )
    session.out.note(f"Next: `penchant -w {session.workspace} status`")


def _told(made: "Backup") -> str:
    from penchant.store.workspace import human

    what = "tables, models and settings" if made.tables else "models and settings"
    return f"{what} of {made.created}, {made.files} files, {human(made.bytes)}"

"""`penchant keys`: who may call the service, and what for."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.audit import BY
from penchant.cli.options import chosen
from penchant.cli.session import Session
from penchant.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from penchant.store.sql.keys import Key, SqlKeys

ACTIONS = ("list", "add", "revoke")


def keys(
    session: Session,
    action: Annotated[
        str, typer.Argument(metavar="[list|add|revoke]", help="What to do.", show_default=False)
    ] = "list",
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME | ID",
            help="With add: what the key is called; with revoke: its id.",
            show_default=False,
        ),
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="With add: ingest (put events and items in), read (ask), admin (all, also fit and "
            "forget). May be repeated.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, help="With add: it ends after so many days.",
                     show_default=False),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.001, help="With add: calls a second; else serve.rate.",
                     show_default=False),
    ] = None,
) -> None:  # fmt: skip
    """List the keys of the service, make one, or end one.

    A key is shown once, when it is made: only its hash is kept. A running service takes a new key
    at once, and turns a revoked one away within a second.

    Examples:

        penchant keys
        penchant keys add shop --scope ingest --scope read
        penchant keys add report --scope read --days 90 --rate 5
        penchant keys revoke 2
    """
    chosen("keys", action, ACTIONS)
    from penchant.store.sql.keys import SqlKeys

    store = SqlKeys(session.opened().database)
    if action == "add":
        _add(session, store, which, scopes or [], days, rate)
    elif action == "revoke":
        _revoke(session, store, which)
    else:
        found = store.list()
        session.out.answer(lambda: [_plain(key) for key in found], *([_shown(found)] * bool(found)))
        if not found:
            session.out.note("no keys yet. Next: `penchant keys add NAME --scope read`")


def _add(
    session: Session,
    store: "SqlKeys",
    name: str | None,
    scopes: list[str],
    days: int | None,
    rate: float | None,
) -> None:
    from penchant.clock import now
    from penchant.serve.keys import SCOPES, fresh, hashed
    from penchant.store.sql.keys import Key

    if name is None or not name.strip():
        raise DataError("NAME: nothing came; expected what the key is called, as its holder")
    if not scopes:
        raise DataError(f"--scope: nothing came; expected one or more of {', '.join(SCOPES)}")
    wanted = tuple(dict.fromkeys(chosen("--scope", scope, SCOPES) for scope in scopes))
    token, at = fresh(), now()
    ends = None if days is None else at + timedelta(days=days)
    kept = Key("", name.strip(), hashed(token), wanted, at, expires=ends, rate=rate)
    key = store.add(kept, by=BY)
    session.out.answer(lambda: {**_plain(key), "key": token}, token)
    session.out.note(
        f"key {key.id} ({key.name}): {', '.join(key.scopes)}. It is shown this once: keep it safe"
    )


def _revoke(session: Session, store: "SqlKeys", id: str | None) -> None:
    from penchant.clock import now

    if id is None:
        raise DataError("ID: nothing came; expected the id of a key, as `penchant keys` shows it")
    store.revoke(id, now(), by=BY)
    session.out.answer(lambda: {"id": id, "revoked": True}, f"key {id} opens nothing any more")


def _plain(key: "Key") -> dict[str, Any]:
    times = {name: getattr(key, name) for name in ("created", "expires", "revoked", "used")}
    told = {name: None if at is None else at.isoformat() for name, at in times.items()}
    return {"id": key.id, "name": key.name, "scopes": list(key.scopes), **told, "rate": key.rate}


def _shown(found: "Sequence[Key]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("id", "name", "scopes", "made", "used", ""):
        table.add_column(name, no_wrap=name == "id")
    for key in found:
        ends = f"until {key.expires:%Y-%m-%d}" if key.expires else ""
        table.add_row(
            key.id,
            Text(key.name),
            ", ".join(key.scopes),
            f"{key.created:%Y-%m-%d}",
            f"{key.used:%Y-%m-%d}" if key.used else "never",
            f"revoked {key.revoked:%Y-%m-%d}" if key.revoked else ends,
        )
    return table

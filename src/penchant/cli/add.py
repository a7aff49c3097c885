"""`penchant add`: put events, items and people in."""

from collections.abc import Sequence
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import Map, mapping_of
from penchant.cli.session import Session
from penchant.errors import DataError

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.engine.intake import Added, Intake
    from penchant.store.tables import Kind

KINDS: tuple["Kind", ...] = ("items", "users", "relations", "exposures", "feedback", "events")


def _table(name: str, what: str) -> Any:
    return typer.Option(
        f"--{name}",
        metavar="PATH",
        help=what,
        show_default=False,
        rich_help_panel="Tables by name (file, folder or glob; may be repeated)",
    )


def add(
    session: Session,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Files, folders or globs. What each is, is told by its format, its columns or "
            "its name.",
            show_default=False,
        ),
    ] = None,
    events: Annotated[list[str] | None, _table("events", "What users did.")] = None,
    items: Annotated[list[str] | None, _table("items", "What there is: titles, texts, …")] = None,
    users: Annotated[list[str] | None, _table("users", "What is known of users.")] = None,
    relations: Annotated[list[str] | None, _table("relations", "Who follows whom.")] = None,
    exposures: Annotated[list[str] | None, _table("exposures", "What was shown.")] = None,
    feedback: Annotated[
        list[str] | None, _table("feedback", "What users asked more, less or none of.")
    ] = None,
    mapping: Map = None,
    event: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            help="The type of events in tables that have no column for it, as purchase.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Read PATH as this format: amazon, mind, movielens, online-retail, recbole. "
            "Else it is detected.",
            show_default=False,
        ),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            help="How times are written, as '%d/%m/%Y %H:%M'. Else they are ISO 8601, or seconds "
            "since 1970.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Put events, items, users, … into the workspace, which is made if there is none.

    Reads Parquet, Arrow, CSV, TSV and JSON lines (text also gzipped), and the formats of known
    data sets. The same event sent twice counts once; items and users sent again replace the
    earlier ones. What cannot be used is set aside and counted.

    Examples:

        penchant add events.parquet items.parquet
        penchant add ml-latest-small/
        penchant add "logs/2024-*.csv.gz" --map user_id=customer --map item_id=sku
        penchant add --events orders.csv --items goods.jsonl --event purchase
        penchant add visits.csv --time-format "%d/%m/%Y %H:%M"
    """
    from penchant.engine.intake import Intake

    given = (items, users, relations, exposures, feedback, events)
    named = dict(zip(KINDS, given, strict=True))
    tables = {kind: _one(paths) for kind, paths in named.items() if paths}
    if not sources and not tables:
        raise DataError(
            "add: nothing came; name a file or folder, as `penchant add events.parquet`, or say "
            "what it is, as `penchant add --events orders.csv`"
        )
    _must_exist([*(sources or ()), *(path for paths in named.values() for path in paths or ())])
    session.settings()  # what is wrong there is told before anything long is read
    intake = Intake(mapping_of(mapping) or {}, event, format, time_format, session.out.progress)
    _tell(session, _kept(session, sources or (), tables, intake))


def _kept(
    session: Session, sources: Sequence[str], tables: dict["Kind", Any], intake: "Intake"
) -> list["Added"]:
    """Read everything before anything is kept: a mistake adds nothing and makes no workspace."""
    from penchant.engine.intake import Added
    from penchant.types import Report

    read = Added((), Report())
    came = intake.each(sources, tables, read.report)
    engine = session.engine(create=True)
    return [read, *(engine.add(**found) for found in came)]  # type: ignore[arg-type]


def _one(paths: list[str]) -> str | list[str]:
    return paths[0] if len(paths) == 1 else paths


def _must_exist(paths: Sequence[str]) -> None:
    """Look for everything first, so that a typing mistake adds nothing and makes no workspace."""
    from penchant.data.read import find_files

    for path in paths:
        if has_magic(path) or not Path(path).expanduser().exists():
            find_files(path)


def _tell(session: Session, done: Sequence["Added"]) -> None:
    session.out.answer(lambda: _plain(session, done), _receipts(done))
    for added in done:
        session.out.report(added.report)
    changed = {r.kind for added in done for r in added.receipts if r.new + r.replaced}
    if changed == {"feedback"}:
        session.out.note(f"kept in {session.workspace}. It counts at once")
    elif changed:
        session.out.note(f"kept in {session.workspace}. Next: `penchant check`, `penchant fit`")
    elif any(r.known for added in done for r in added.receipts):
        session.out.note("nothing new: all of it was there already")
    else:
        session.out.note("nothing was added: no row came that can be used")


def _plain(session: Session, done: Sequence["Added"]) -> dict[str, Any]:
    each = [added.to_json() for added in done]
    return {
        "workspace": str(session.workspace),
        "tables": [table for one in each for table in one["tables"]],
        "report": [finding for one in each for finding in one["report"]],
    }


def _receipts(done: Sequence["Added"]) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("added")
    for name in ("new", "already there", "replaced"):
        table.add_column(name, justify="right")
    for r in (r for added in done for r in added.receipts):
        table.add_row(r.kind, f"{r.new:,}", f"{r.known:,}", f"{r.replaced:,}")
    return table

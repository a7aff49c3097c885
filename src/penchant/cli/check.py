"""`penchant check`: look at data before anything is learned from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.failures import NO
from penchant.cli.options import Map, mapping_of
from penchant.cli.session import Session
from penchant.cli.text import many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from penchant.data.check import CheckResult
    from penchant.types import Report

STYLES = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red"}


def check(
    session: Session,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="A file, folder or glob to look at; else what the workspace holds.",
            show_default=False,
        ),
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="A table of events.", show_default=False),
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="A table of items.", show_default=False),
    ] = None,
    mapping: Map = None,
) -> None:
    """Look at data before anything is learned from them: PASS, WARN or FAIL, and what to do.

    Nothing is changed. The exit code is 1 where a check fails.

    Examples:

        penchant check
        penchant check orders.csv --map user_id=customer --map item_id=sku
        penchant check --events events.parquet --items items.parquet
    """
    from penchant.types import Report

    report = Report()
    tables: dict[str, Any] = {"events": events, "items": items}
    given = {kind: path for kind, path in tables.items() if path}
    if source is not None:
        found = _tables(session, source, mapping_of(mapping) or {}, report)
        given = {**found, **given}
    engine = session.made(None) if given else session.engine()
    results = engine.check(**given, mapping=mapping_of(mapping))
    session.out.report(report)
    _tell(session, results)
    if any(r.status == "FAIL" for r in results):
        raise typer.Exit(NO)


def _tables(
    session: Session, source: str, mapping: dict[str, str], report: "Report"
) -> dict[str, Any]:
    """The tables behind a path: of a known format, of a folder by name, or a single one."""
    from penchant.data.read import read
    from penchant.data.sources import registry
    from penchant.engine.intake import must_fit

    path, progress = Path(source).expanduser(), session.out.progress
    known = registry.detect(path) if path.exists() and not mapping else None
    if known is not None:
        tables = known.read(path, report=report, progress=progress)
        found = {"events": tables.events, "items": tables.items}
        return {kind: table for kind, table in found.items() if table is not None}
    if path.is_dir():
        named = {kind: _named(path, kind) for kind in ("events", "items")}
        if any(named.values()):
            return {kind: files for kind, files in named.items() if files}
    table = read(source, report=report, progress=progress)
    must_fit(mapping, [table])
    ours = {*table.columns, *(k for k, v in mapping.items() if v in table.columns)}
    return {"items" if "item_id" in ours and "user_id" not in ours else "events": table}


def _named(folder: Path, kind: str) -> list[str]:
    """Files of a folder that are called by their kind, as events.parquet or events-2024.csv."""
    found = (p for p in folder.iterdir() if p.is_file() and p.name.startswith(kind))
    return sorted(str(p) for p in found if p.name[len(kind) : len(kind) + 1] in ".-_")


def _tell(session: Session, results: "Sequence[CheckResult]") -> None:
    counts = {status: sum(r.status == status for r in results) for status in STYLES}
    plain = {
        "ok": not counts["FAIL"],
        "counts": counts,
        "results": [r.to_json() for r in results],
    }
    session.out.answer(lambda: plain, _shown(results))
    session.out.note(_summary(counts))


def _summary(counts: dict[str, int]) -> str:
    said = f"{many(counts['PASS'], 'check')} passed, {many(counts['WARN'], 'warning')}, "
    if counts["FAIL"]:
        return said + f"{counts['FAIL']} failed: mend these before `penchant fit`"
    return said + "none failed. Next: `penchant fit`"


def _shown(results: "Sequence[CheckResult]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("", "check"):
        table.add_column(name, no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("what was found, and what to do", overflow="fold")
    for r in results:
        said = Text(r.message)
        if r.advice:
            said.append(f"\n{r.advice}", style="dim")
        count = f"{r.count:,} of {r.total:,}" if r.total else f"{r.count:,}"
        table.add_row(Text(r.status, style=STYLES[r.status]), r.name, count, said)
    return table

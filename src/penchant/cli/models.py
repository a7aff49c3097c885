"""`penchant models`, `promote` and `rollback`: versions of the model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.audit import BY
from penchant.cli.session import Session

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.store.models import Version


def models(session: Session) -> None:
    """List the versions of the model, oldest first; the one that serves is marked.

    `held out` is the NDCG@10 that the fit measured on what it held out, `change` how much better
    that of a version was than that of the one that served, where they were compared; --json has all
    figures.

    Examples:

        penchant models
        penchant models --json
    """
    found = session.opened().models.versions()
    shown = [_shown(found)] if found else []
    session.out.answer(lambda: [_plain(v) for v in found], *shown)
    if not found:
        session.out.note("no model yet. Next: `penchant fit`")


def promote(
    session: Session,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="As `penchant models` has it.")],
) -> None:
    """Make a version of the model the one that serves, after checking its files.

    Examples:

        penchant promote 0002
    """
    session.opened().models.promote(version, by=BY)
    _told(session, version)


def rollback(session: Session) -> None:
    """Make the version before serve again; broken ones are passed over.

    Examples:

        penchant rollback
    """
    _told(session, session.opened().models.rollback(by=BY))


def _told(session: Session, version: str) -> None:
    session.out.answer(lambda: {"model": version}, f"{version} serves now")


def _plain(v: "Version") -> dict[str, Any]:
    return {
        "version": v.name,
        "current": v.current,
        "created": v.created,
        "bytes": v.bytes,
        "summary": v.manifest.get("summary", {}),
        "metrics": v.metrics,
        "problem": v.problem,
    }


def _shown(found: "list[Version]") -> "Table":
    from rich.table import Table

    sizes = ("events", "users", "items", "interests")
    table = Table(box=None, pad_edge=False)
    for name in ("", "version", "learned (UTC)"):
        table.add_column(name, no_wrap=True)
    compared = any(v.metrics.get("comparison", {}).get("new") is not None for v in found)
    for name in (*sizes, "MB", "held out", *(["change"] if compared else [])):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for v in found:
        known = v.manifest.get("summary", {})
        table.add_row(
            "→" if v.current else "",
            v.name,
            v.created[:16].replace("T", " "),
            *(f"{known[name]:,}" if name in known else "–" for name in sizes),
            f"{v.bytes / 1e6:.{0 if v.bytes >= 1e7 else 1}f}",
            _figure(v.metrics.get("held_out", {}).get("ndcg@10")),
            *([_change(v.metrics.get("comparison", {}))] if compared else []),
            v.problem or "",
        )
    return table


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _change(comparison: Mapping[str, Any]) -> str:
    """By how much the new one's NDCG@10 was above that of the one before."""
    new, running = comparison.get("new"), comparison.get("running")
    return "–" if new is None or not running else f"{new / running - 1:+.1%}"

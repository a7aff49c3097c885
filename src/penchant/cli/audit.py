"""`penchant audit`: who did what that only an admin may; and what verbs put down there."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from penchant.cli.options import chosen, one_user
from penchant.cli.session import Session
from penchant.cli.text import many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from penchant.store.audit import AuditLog, Entry, Kept, Wanted

BY: Final = "command line"
"""Who did it, where it was done there."""
_DONE: Final = {"forget": ("forgotten", "no erasure"), "export": ("handed over", "no export")}


def act(action: str, **detail: Any) -> "Entry":
    """Something that is done at the command line, now."""
    from penchant.clock import now
    from penchant.store.audit import Entry

    return Entry(now(), BY, action, detail=detail)


def audit(
    session: Session,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many, at most.")] = 20,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", show_default=False,
                     help="From this time on (ISO 8601, UTC unless it says otherwise)."),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option("--action", metavar="ACTION", show_default=False,
                     help="Only of this kind: forget, export, fit, promote, rollback, rebuild, "
                     "backup, restore, add-key, revoke-key."),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="USER", show_default=False,
                     help="Only on this person, and when they were forgotten or handed over."),
    ] = None,
) -> None:  # fmt: skip
    """Show who did what that only an admin may, the newest first.

    Erasures, exports, fits, which version serves, keys and restores stand there, whether over HTTP
    (by the id of a key; `local`: by nobody with one) or at the command line. People stand there as
    a hash of their id: --of looks for one. --json has it whole.

    Examples:

        penchant audit
        penchant audit --of ann
        penchant audit --action forget --since 2024-05-01 --n 100
    """
    log, wanted = session.opened().tables.audit, _wanted(since, action, of)
    found = log.newest(wanted, n + 1)
    shown: list[str | Table] = [] if of is None else [_fate(log, of, wanted.subject)]
    shown += [_shown(found[:n])] if found else []
    session.out.answer(lambda: [kept.to_json() for kept in found[:n]], *shown)
    if len(found) > n:
        session.out.note(f"There are more: `penchant audit --n {10 * n}`")
    elif not found and of is None:
        session.out.note(_nothing(log))


def _wanted(since: str | None, action: str | None, of: str | None) -> "Wanted":
    from penchant.clock import micros, when
    from penchant.store.audit import ACTIONS, Wanted, masked

    return Wanted(
        since=None if since is None else when(micros(since, "--since")),
        action=None if action is None else chosen("--action", action, ACTIONS),
        subject=None if of is None else masked(one_user(of)),
    )


def _nothing(log: "AuditLog") -> str:
    if log.newest(limit=1):
        return "nothing like that was done. `penchant audit` shows all that was"
    return "nothing was done yet that stands here: no erasure, no export, no fit, no key"


def _fate(log: "AuditLog", user: str, subject: str | None) -> str:
    """When somebody was forgotten and handed over, whatever else was asked for."""
    from penchant.store.audit import Wanted

    told = []
    for action, (done, not_done) in _DONE.items():
        acts = [kept.act for kept in log.newest(Wanted(action=action, subject=subject), 1_000)]
        if not acts:
            told.append(f"{not_done} stands here")
            continue
        last = next((act for act in acts if act.detail.get("rows")), acts[0])
        told.append(", ".join([f"{done} {last.time:%Y-%m-%d %H:%M} UTC", *_words(last.detail)]))
    return f"{user}: {'; '.join(told)}"


def _words(detail: "Mapping[str, Any]") -> list[str]:
    """What more is known, a few words each."""
    shown = {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in detail.items()}
    return [
        many(int(value), "row") if name == "rows" else f"{name} {value}"
        for name, value in shown.items()
        if value is not None
    ]


def _shown(found: "Sequence[Kept]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("when (UTC)", "by", "what", "on", ""):
        table.add_column(name, no_wrap=bool(name))
    for kept in found:
        act = kept.act
        table.add_row(
            f"{act.time:%Y-%m-%d %H:%M:%S}",
            f"key {act.actor}" if act.actor.isdigit() else Text(act.actor),
            Text(act.action),
            "" if act.subject is None else f"{act.subject[:19]}…",
            Text(", ".join(_words(act.detail))),
        )
    return table

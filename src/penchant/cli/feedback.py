"""`penchant feedback`: what a user asks for by hand."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import User, one_user
from penchant.cli.session import Session
from penchant.errors import DataError

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.engine import Engine
    from penchant.engine.feedback import Feedback


def _of(name: str, what: str) -> Any:
    return typer.Option(f"--{name}", metavar="INTEREST", help=what, show_default=False)


def feedback(
    session: Session,
    user: User,
    more: Annotated[list[str] | None, _of("more", "Wants more of this.")] = None,
    less: Annotated[list[str] | None, _of("less", "Wants less of this.")] = None,
    never: Annotated[list[str] | None, _of("never", "Wants none of this, ever.")] = None,
    clear: Annotated[list[str] | None, _of("clear", "Takes back what was said of this.")] = None,
    clear_all: Annotated[
        bool, typer.Option("--clear-all", help="Takes back all that was said.")
    ] = False,
    item: Annotated[
        bool, typer.Option("--item", help="What is named are items, by item_id, not interests.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="When it was said, or what stood at this time (ISO 8601, UTC unless it says "
            "otherwise). Else now.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Keep what a user asks for by hand, and show what stands; with the user alone, only show.

    It counts at once in `interests`, `recommend` and `explain`, without a fit; the newest word on
    each interest or item counts. An interest is named by id, name or path. Options may be
    repeated.

    Examples:

        penchant feedback ann --more Cooking --less "Garden > Tools"
        penchant feedback ann --never 10042 --item
        penchant feedback ann --clear Cooking
        penchant feedback ann
    """
    one_user(user)
    given = {"more": more, "less": less, "never": never, "clear": clear}
    said = [(direction, name) for direction, names in given.items() for name in names or ()]
    if clear_all and said:
        raise DataError("--clear-all: something else came with it; expected it alone")
    if item and not said:
        raise DataError("--item: of what? expected --more, --less, --never or --clear with it")
    engine = session.engine()
    if clear_all:
        engine.feedback(user, "clear", at=at)
    _must_be_there(engine, [name for _, name in said], item)
    for direction, name in said:
        what = {"item": name} if item else {"interest": name}
        done = engine.feedback(user, direction, at=at, **what)
        session.out.report(done.report)
    if (said or clear_all) and user not in engine.data.log.users:
        session.out.note(f"{user} has no events yet: this is all that is known")
    standing = engine.feedback(user, at=at)
    session.out.answer(standing.to_json, _table(standing) if len(standing) else str(standing))


def _must_be_there(engine: "Engine", names: list[str], item: bool) -> None:
    """Look for everything first, so that a typing mistake says nothing."""
    for name in names:
        if item:
            engine.data.vocabulary.row(name, "item")
        else:
            engine.tree.find(name)


def _table(standing: "Feedback") -> "Table":
    from rich.table import Table
    from rich.text import Text

    title = Text(f"{standing.user_id} asked for")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("of")
    table.add_column("id", style="dim", no_wrap=True)
    table.add_column("said", style="dim", no_wrap=True)
    for s in standing.statements:
        name = f"{s.name} (no longer there)" if s.gone else s.name
        table.add_row(s.direction, Text(name), s.interest or s.item or "", f"{s.time:%Y-%m-%d}")
    return table

"""`penchant recommend`: what to show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import At, Context, context_of, one_user
from penchant.cli.people import note_on
from penchant.cli.session import Session
from penchant.cli.text import pair
from penchant.errors import DataError

if TYPE_CHECKING:
    from penchant.recommend.filters import Filters
    from penchant.recommend.result import Recommendations

SOMEONE = "someone new"
LIST = "What the list may hold"


def _filter(*names: str, metavar: str, what: str) -> Any:
    return typer.Option(
        *names, metavar=metavar, help=what, show_default=False, rich_help_panel=LIST
    )


def recommend(
    session: Session,
    user: Annotated[
        str | None,
        typer.Argument(
            metavar="USER",
            help="For whom: a user_id. May be left out with --like.",
            show_default=False,
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "-n", "--number", min=1, metavar="N", help="How many; else recommend.n of the settings."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", "-x", help="With the reasons: parts, events, interests.")
    ] = False,
    within: Annotated[
        str | None,
        _filter(
            "--within", metavar="INTEREST", what="Only items of this interest: id, name or path."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        _filter(
            "--where",
            metavar="NAME=VALUE",
            what="Only items with this attribute, as brand=Acme. Repeated with the same name: "
            "either value.",
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        _filter("--allow", metavar="ITEM", what="Only these items; @FILE has one a line."),
    ] = None,
    deny: Annotated[
        list[str] | None,
        _filter("--deny", metavar="ITEM", what="Never these items; @FILE has one a line."),
    ] = None,
    seen: Annotated[
        bool | None,
        typer.Option(
            "--seen/--no-seen",
            help="Whether items that the user had may come again; else as people do in the data.",
            rich_help_panel=LIST,
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            "--like",
            metavar="INTEREST=WEIGHT",
            help="An interest given by hand, as 'Red wine=1'; negative is against. May be "
            "repeated.",
            show_default=False,
        ),
    ] = None,
    diversify: Annotated[
        int | None,
        typer.Option(
            "--diversify",
            min=1,
            metavar="LEVEL",
            help="Spread the list over the interests of this level as the profile does.",
            show_default=False,
        ),
    ] = None,
    at: At = None,
    context: Context = None,
) -> None:
    """Recommend items to a user, best first, each score as the sum of its parts.

    Someone of whom nothing is known gets what is popular now, and what --like says.

    Examples:

        penchant recommend ann
        penchant recommend ann -n 5 --explain
        penchant recommend ann --within "Red wine" --where country=Italy --no-seen
        penchant recommend --like "Red wine=1" --like "Dessert wine=-0.5"
        penchant recommend ann --context weekday=sat,device=tablet --json
        penchant recommend ann -n 20 --diversify 1
    """
    if user is None and not like:
        raise DataError(
            "recommend: nobody was named; expected a user, as `penchant recommend ann`, or "
            "interests given by hand, as `penchant recommend --like 'Red wine=1'`"
        )
    asked: dict[str, Any] = {"at": at, "context": context_of(context), "interests": _liked(like)}
    filters = _filters(within, where, allow, deny, seen)
    engine = session.engine()
    asked |= {"filters": filters, "diversify": diversify}
    found = engine.recommend(one_user(user or SOMEONE), n, **asked)
    if user is not None and (note := note_on(engine, user, at)):
        session.out.note(note)
    _tell(session, found, explain)


def _tell(session: Session, found: "Recommendations", explain: bool) -> None:
    from penchant.cli.reasons import block

    shown: list[Any] = [found] if len(found) else []
    if explain and not session.json:
        shown = [block(reason, rank) for rank, reason in enumerate(found.explain(), start=1)]
    session.out.answer(lambda: found.to_json(explain=explain), *shown)
    if not len(found):
        session.out.note(
            f"nothing is left to recommend to {found.user_id}: ask for less at once, or allow "
            "--seen. What the filters took:"
        )
    for finding in found.report.findings:
        if not len(found) or "left empty" in finding.what or "unknown" in finding.what:
            session.out.note(f"  {finding}")


def _liked(said: list[str] | None) -> dict[str, float] | None:
    """`--like` as weights by interest.

    Raises:
        DataError: a weight is no number.
    """
    if not said:
        return None
    return dict(_weighted(word) for word in said)


def _weighted(word: str) -> tuple[str, float]:
    name, weight = pair(word if "=" in word else f"{word}=1", "--like", "'Red wine=1'")
    try:
        return name, float(weight)
    except ValueError:
        raise DataError(
            f"--like: {word!r} came; expected a number behind the '=', as --like 'Red wine=0.5'"
        ) from None


def _filters(
    within: str | None,
    where: list[str] | None,
    allow: list[str] | None,
    deny: list[str] | None,
    seen: bool | None,
) -> "Filters":
    from penchant.recommend.filters import Filters

    wanted: dict[str, list[str]] = {}
    for word in where or ():
        name, value = _attribute(word)
        wanted.setdefault(name, []).append(value)
    return Filters(
        seen=seen,
        within=within,
        where=wanted,
        allow=None if allow is None else _ids(allow),
        deny=_ids(deny or []),
    )


def _attribute(word: str) -> tuple[str, str]:
    """`name=value`, where the value may hold a "=" of its own."""
    name, found, value = word.partition("=")
    if not found or not name.strip():
        raise DataError(f"--where: {word!r} came; expected name=value, as --where brand=Acme")
    return name.strip(), value.strip()


def _ids(said: list[str]) -> list[str]:
    """Item ids; a word that begins with @ names a file of them."""
    return [id_ for word in said for id_ in (_listed(word[1:]) if word[:1] == "@" else [word])]


def _listed(path: str) -> list[str]:
    from penchant.errors import ReadError

    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(
            f"{path}: cannot be read as a list of item ids, one a line ({error})"
        ) from None
    return [line.strip() for line in lines if line.strip()]

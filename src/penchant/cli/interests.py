"""`penchant interests`: who is this."""

from typing import Annotated

import typer

from penchant.cli.options import At, Context, context_of, one_user
from penchant.cli.people import note_on
from penchant.cli.session import Session
from penchant.errors import DataError


def interests(
    session: Session,
    user: Annotated[
        str | None,
        typer.Argument(metavar="USER", help="Whose: a user_id.", show_default=False),
    ] = None,
    tree: Annotated[
        bool, typer.Option("--tree", help="Show the interest tree itself, of everybody.")
    ] = False,
    words: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="WORDS", help="Of somebody who says this.", show_default=False
        ),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            "--over",
            metavar="STEP",
            show_default=False,
            help="How they moved, by day, week, month, quarter or year.",
        ),
    ] = None,
    ahead: Annotated[
        str | None,
        typer.Option(
            "--ahead",
            metavar="STEP",
            show_default=False,
            help="What is forecast for the next day, week, month, quarter or year.",
        ),
    ] = None,
    when: Annotated[
        bool,
        typer.Option("--when", help="What is liked when: by a user, or with no USER by everybody."),
    ] = False,
    level: Annotated[
        int,
        typer.Option("--level", min=1, help="With --when: of which level of the tree."),
    ] = 1,
    at: At = None,
    context: Context = None,
) -> None:
    """Show what a user is interested in, per level and layer, and why; how that moved; what comes
    next; what is liked when; what somebody is interested in who says something; or the whole tree.

    A weight is the chance that the user's next positive event lands on an item of the interest.

    Examples:

        penchant interests ann
        penchant interests ann --at 2024-05-01 --context weekday=sat
        penchant interests ann --over month
        penchant interests ann --ahead month
        penchant interests ann --when
        penchant interests --when --level 2
        penchant interests --text "slow science fiction and cooking"
        penchant interests --tree
    """
    everybody = when and user is None
    if tree + (user is not None) + (words is not None) + everybody != 1:
        raise DataError(
            "interests: name a user, as `penchant interests ann`, or give words, as `penchant "
            "interests --text 'old jazz'`, or ask for the tree, as `penchant interests --tree`, or "
            "what everybody likes when, as `penchant interests --when`"
        )
    if (over or ahead or context) and user is None:
        raise DataError("--over, --ahead, --context: they are about a user; name one before them")
    if bool(over) + bool(ahead) + bool(context) + when > 1:
        raise DataError("--over, --ahead, --context, --when: several came; expected one of them")
    if level != 1 and not when:
        raise DataError("--level: it goes with --when; all levels are shown without it")
    if when:
        _when(session, user, level, at)
        return
    if words is not None:
        found = session.engine().interests_from_text(words, at=at)
        session.out.answer(found.to_json, found)
        return
    if user is None:
        _tree(session)
        return
    if over:
        moved = session.engine().evolution(one_user(user), step=over, until=at)
        session.out.answer(moved.to_json, moved)
        return
    if ahead:
        to_come = session.engine().forecast(one_user(user), step=ahead, at=at)
        session.out.answer(to_come.to_json, to_come)
        return
    said = context_of(context)
    engine = session.engine()
    profile = engine.interests(one_user(user), at=at, context=said)
    if note := note_on(engine, user, at):
        session.out.note(note)
    session.out.answer(profile.to_json, profile)


def _when(session: Session, user: str | None, level: int, at: str | None) -> None:
    engine = session.engine()
    found = engine.lifts(None if user is None else one_user(user), level=level, at=at)
    if user is not None and (note := note_on(engine, user, at)):
        session.out.note(note)
    session.out.answer(found.to_json, found)


def _tree(session: Session) -> None:
    tree = session.engine().tree
    session.out.answer(tree.to_json, tree, markup=True)
